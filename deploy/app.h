/* SPDX-License-Identifier: MIT */
/*
 * app.h - all that a verb works with: the descriptor, the state, nodes, modules.
 *
 * What     Opened as far as a verb needs it, closed as a whole.  Steps are printed as they are
 *          done, each with its time.
 * Trust    OWNER.
 * Errors   Statuses are for the caller; the line for people was printed where the failure was
 *          found.  CW_E_DENIED: evidence or policy refused (exit status 3).
 */
#ifndef CW_DEPLOY_APP_H
#define CW_DEPLOY_APP_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/wire/frame.h"
#include "deploy/descriptor.h"
#include "deploy/failure.h"
#include "deploy/keys.h"
#include "deploy/manager.h"
#include "deploy/nodeclient.h"
#include "deploy/state.h"
#include "tee/owner.h"

/* Exit statuses of the program. */
#define CW_EXIT_DONE 0
#define CW_EXIT_FAILED 1
#define CW_EXIT_WRONG 2   /* wrong use, or a wrong descriptor */
#define CW_EXIT_REFUSED 3 /* evidence refused                 */
#define CW_EXIT_CHANGES 4 /* plan --exit-code: there is something to do */

struct cw_tables; /* verb.h */

struct cw_options {
    bool json;
    bool quiet;
    bool color;
    bool force;
    const char *descriptor; /* NULL: app.json */
    const char *state;      /* NULL: .causeway beside the descriptor */
    const char *key_file;   /* NULL: key in the state's folder       */
    const char *passphrase_file; /* NULL: asked on the terminal        */
    const char *sdk;        /* NULL: found beside the program        */
    const char *accept_rollback; /* a node whose device is taken as it is; NULL: none */
    uint32_t timeout_ms;
};

/* What apply does with a module or a connection. */
typedef enum cw_action {
    CW_ACTION_KEEP,
    CW_ACTION_CREATE,
    CW_ACTION_REPAIR,  /* it runs, but what apply makes with it is not whole, or older */
    CW_ACTION_REPLACE, /* another one takes its place                                           */
    CW_ACTION_REKEY,   /* connections: a new epoch, nothing else                                 */
    CW_ACTION_END,
    CW_ACTION_UNKNOWN, /* its node cannot be asked, or evidence is refused                       */
} cw_action;

struct cw_decision {
    cw_action action;
    char reason[192];
};

/* What a node's module answered when it was asked for evidence. */
typedef enum cw_seen {
    CW_SEEN_NOTHING, /* it was not asked: it is not there, or is to be replaced */
    CW_SEEN_LIFE,    /* evidence that was accepted                              */
    CW_SEEN_ABSENT,
    CW_SEEN_REFUSED, /* evidence that was not                                   */
    CW_SEEN_SILENT,  /* its node cannot be reached                              */
} cw_seen;

/* One end of a connection, as a node has it. */
struct cw_remote_route {
    uint32_t channel;
    bool is_source;
};

/* One module: what the state knows of it, its image, and a session with it. */
struct cw_remote {
    const struct cw_descriptor_module *module;
    const struct cw_descriptor_node *node;
    struct cw_nodeclient *client; /* of its node; not its own */
    struct cw_state_module row;
    struct cw_owner_built built;
    struct cw_owner_node owner_node;
    uint8_t vendor_key[CW_KEY_LEN];
    uint8_t platform[CW_PLATFORM_ID_LEN];
    char *collateral; /* absolute, or NULL */
    char *sdk;        /* NULL: its tee needs none */
    const char **allow_status;
    uint8_t image_hash[32];
    struct cw_manager manager;
    struct cw_owner_verdict verdict;
    bool is_built;
    bool is_attested;
    bool is_new_life; /* not the life that the state knew */
    bool is_loaded_now;
    const struct json_t *says; /* apply: what its node says of it, until the run ends */
    struct cw_remote_route *routes; /* what its node says it has, if it said anything */
    size_t route_count;
    bool is_told;
    bool is_ready;      /* apply: a session is open, and its connections may be made */
    cw_seen seen;
    struct cw_decision decision;
    struct cw_answer *channels;
    size_t channel_count;
    uint8_t *answer;       /* of the entry made last           */
    pthread_mutex_t mutex; /* over a command and its answer    */
};

/* Columns of tables: as wide as the longest name of the descriptor. */
struct cw_widths {
    int node;
    int module;
    int connection;
};

struct cw_app {
    struct cw_options options;
    char *descriptor_path;
    char *state_folder;
    bool is_dry; /* look and tell, change nothing (set before anything is opened) */
    struct cw_descriptor d;
    struct cw_widths width;
    struct cw_mistakes mistakes;
    struct cw_state *state;
    struct cw_keys keys;
    uint8_t deployment[CW_DEPLOYMENT_LEN];
    struct cw_nodeclient **clients; /* one per node of the descriptor, NULL: not connected */
    struct cw_remote *remotes;      /* one per module of the descriptor                    */
    pthread_mutex_t print_mutex;    /* over steps and progress                             */
    struct json_t *steps;           /* --json: what was done                               */
    struct json_t *result;          /* --json: what the program prints at its end          */
    struct cw_failures *failures;   /* --json: what went wrong; else NULL                  */
    const struct cw_tables *tables; /* verbs and options, for help and completion          */
};

/* cw_app_exit - a status as an exit status. */
int cw_app_exit(cw_status status);

/*
 * cw_app_describe - find, read and check the descriptor; mistakes are printed (CW_E_FORM).  Once
 * it is done, it does nothing: a verb may look at its words before it opens the state.
 */
CW_MUST_CHECK cw_status cw_app_describe(struct cw_app *app);

/* cw_app_peek - what can be read of the descriptor, in silence, whatever is wrong with it. */
void cw_app_peek(struct cw_app *app);

/* cw_app_mistakes - print what is wrong in the descriptor. */
void cw_app_mistakes(struct cw_app *app);

/* cw_app_locate - app->state_folder: asked for, or beside the descriptor. */
void cw_app_locate(struct cw_app *app);

/* cw_app_remember - open the state and the owner's keys. */
CW_MUST_CHECK cw_status cw_app_remember(struct cw_app *app);

/* cw_app_open - both. */
CW_MUST_CHECK cw_status cw_app_open(struct cw_app *app);

void cw_app_close(struct cw_app *app);

/* cw_app_unknown - log that the descriptor has no such module, ...; names: what it has, then NULL. */
void cw_app_unknown(const struct cw_app *app, const char *word, const char *kind,
        const char *const *names);

/* cw_app_remote - the module of that name in the descriptor, or NULL (a line was printed). */
struct cw_remote *cw_app_remote(struct cw_app *app, const char *name);

/* cw_app_address - where a node listens.  CW_E_ABSENT: it is local and does not run (logged). */
CW_MUST_CHECK cw_status cw_app_address(const struct cw_app *app,
        const struct cw_descriptor_node *node, char *ret_address, size_t cap);

/* cw_app_client - a connection to a node, made when there is none.  A line tells of failure. */
CW_MUST_CHECK cw_status cw_app_client(struct cw_app *app, const struct cw_descriptor_node *node,
        struct cw_nodeclient **ret_client);

/*
 * cw_app_reach - the same for any node; slot: where its connection is kept until cw_nodeclient_close.
 * May be called in several threads, each with a node of its own, after cw_keys_tls.
 */
CW_MUST_CHECK cw_status cw_app_reach(struct cw_app *app, const struct cw_descriptor_node *node,
        struct cw_nodeclient **slot);

/*
 * Printing, from any thread.  A step: `  1.2 ms  attest     controller: ...`; with --json an object in "steps".
 */
void cw_app_begin_step(struct cw_app *app);
__attribute__((format(printf, 3, 4))) void cw_app_step(struct cw_app *app, const char *verb,
        const char *format, ...);

/*
 * cw_app_json - keep what --json prints at the end, and take the object over.  The program adds
 * ok, verb, exit, steps, errors and warnings (docs/json.md).
 */
void cw_app_json(struct cw_app *app, struct json_t *object);

/* --- modules (remote.c, build.c) ---------------------------------------- */

/* cw_app_build - all images, from the state's store where nothing changed. */
CW_MUST_CHECK cw_status cw_app_build(struct cw_app *app);

/*
 * cw_remote_recall - the image that was built last, from the state; nothing is built or looked at.
 *
 * CW_E_ABSENT  never built (a line was printed)
 */
CW_MUST_CHECK cw_status cw_remote_recall(struct cw_app *app, struct cw_remote *r);

/* cw_app_plan - what only images can tell: endpoints exist and are of the right kind. */
CW_MUST_CHECK cw_status cw_app_plan(struct cw_app *app);

/* cw_remote_endpoint - a row of the image's table, and its index; NULL: there is none. */
const struct cw_owner_endpoint *cw_remote_endpoint(const struct cw_remote *r, const char *name,
        uint16_t *ret_index);

/*
 * cw_remote_enter - one entry of a module.  Items that are left stand in *ret_items.
 *
 * CW_E_ABSENT  the node does not have the module; nothing was printed
 */
CW_MUST_CHECK cw_status cw_remote_enter(struct cw_app *app, struct cw_remote *r, uint8_t entry,
        const uint8_t *bytes, size_t len, cw_result *ret_result, const uint8_t **ret_items,
        size_t *ret_items_len);

/* cw_remote_item - the first item of a type.  NULL: there is none. */
const uint8_t *cw_remote_item(const uint8_t *items, size_t items_len, uint8_t type,
        size_t *ret_len);

/* Load and unload; the state knows before the node does.  Unloading what is not there is done. */
CW_MUST_CHECK cw_status cw_remote_load(struct cw_app *app, struct cw_remote *r);
CW_MUST_CHECK cw_status cw_remote_unload(struct cw_app *app, struct cw_remote *r);

/* cw_remote_take_off - unload a module that is not in the descriptor; the state is not asked. */
CW_MUST_CHECK cw_status cw_remote_take_off(struct cw_app *app, struct cw_nodeclient *client,
        const struct cw_module_name *module, const char *called);

/*
 * cw_remote_attest - evidence with a fresh nonce, verified, held against the policy.
 *
 * CW_E_ABSENT  the module is not loaded; nothing was printed
 * CW_E_DENIED  refused; the reason and the remedy were printed
 */
CW_MUST_CHECK cw_status cw_remote_attest(struct cw_app *app, struct cw_remote *r);

/* cw_remote_open - a session with the life just attested, and a query of all its channels. */
CW_MUST_CHECK cw_status cw_remote_open(struct cw_app *app, struct cw_remote *r);
CW_MUST_CHECK cw_status cw_remote_query(struct cw_app *app, struct cw_remote *r);

/* Commands.  The module's own refusal is the status in the answer. */
CW_MUST_CHECK cw_status cw_remote_setconn(struct cw_app *app, struct cw_remote *r,
        const struct cw_setconn *setconn, struct cw_answer *ret_answer);
CW_MUST_CHECK cw_status cw_remote_disable(struct cw_app *app, struct cw_remote *r,
        uint32_t channel, struct cw_answer *ret_answer);

/* cw_remote_configure - CONFIG: [len] bytes for the parameter at that index of the image. */
CW_MUST_CHECK cw_status cw_remote_configure(struct cw_app *app, struct cw_remote *r,
        uint16_t local, const uint8_t *value, uint16_t len, struct cw_answer *ret_answer);

/* cw_app_configure - what the descriptor's config says and this life was not given yet. */
CW_MUST_CHECK cw_status cw_app_configure(struct cw_app *app, struct cw_remote *r);

/* cw_remote_channel - what the last query said of a connection: its newest epoch, or NULL. */
const struct cw_answer *cw_remote_channel(const struct cw_remote *r, uint32_t conn);

/* cw_remote_ready - recall, connect, attest and open one module: for verbs about one. */
CW_MUST_CHECK cw_status cw_remote_ready(struct cw_app *app, struct cw_remote *r);

void cw_remote_close(struct cw_remote *r);

/* --- connections (connect.c, route.c) ---------------------------------------- */

/* cw_app_connect - make one connection what the descriptor says; what is right is not touched. */
CW_MUST_CHECK cw_status cw_app_connect(struct cw_app *app,
        const struct cw_descriptor_connection *connection, bool *ret_changed);

/* cw_app_foresee - what cw_app_connect would do, by the decisions taken about the two ends. */
CW_MUST_CHECK cw_status cw_app_foresee(struct cw_app *app,
        const struct cw_descriptor_connection *connection, struct cw_decision *ret_decision);

/* cw_app_old_route - the channel before a rekey, which stays routed for a while; 0: none. */
CW_MUST_CHECK cw_status cw_app_old_route(struct cw_app *app, uint32_t conn,
        uint32_t *ret_channel);

/* cw_app_link - both nodes learn of the link between them; number 0: it is one node. */
CW_MUST_CHECK cw_status cw_app_link(struct cw_app *app, const struct cw_remote *src,
        const struct cw_remote *dst, uint32_t *ret_peer);

/* cw_app_route - tell the node of a module that this is one end of the row's epoch. */
CW_MUST_CHECK cw_status cw_app_route(struct cw_app *app, const struct cw_state_connection *row,
        const struct cw_remote *r, uint32_t peer, bool source);

/* cw_app_unroute - and that a channel is over; one that is not known there is none. */
CW_MUST_CHECK cw_status cw_app_unroute(struct cw_app *app, struct cw_nodeclient *client,
        uint32_t channel);

/* cw_app_setconn - the SETCONN of a row, without `local`. */
void cw_app_setconn(const struct cw_state_connection *row, struct cw_setconn *ret_setconn);

const char *cw_cipher_name(uint8_t cipher);
const char *cw_status_name(cw_status status);

#endif
