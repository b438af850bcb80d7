/* SPDX-License-Identifier: MIT */
/*
 * change.h - what lies between the descriptor and what runs: looked at, decided, told.
 *
 * What     Every node is asked what it has and every module for evidence; from that, the state and
 *          the descriptor follow the decisions.  `plan` prints them, `apply` carries them out.
 *          What a node says is its word: it decides what is tidied up there, not what is believed.
 * Trust    OWNER.  What nodes say is foreign.
 * Calls    cw_change_look and cw_change_sweep from several threads, each with a node of its own.
 */
#ifndef CW_DEPLOY_CHANGE_H
#define CW_DEPLOY_CHANGE_H

#include <pthread.h>

#include "deploy/app.h"

struct json_t;

/* A node of the descriptor, or one that it no longer has and where something may be left. */
struct cw_change_node {
    struct cw_descriptor_node *node; /* former nodes: made from what the state kept   */
    struct cw_nodeclient **client;
    struct cw_nodeclient *own_client; /* of a former node                             */
    struct json_t *says;             /* NULL: nothing, or nothing that can be read    */
    cw_status status;                /* CW_OK: everything that is to be done was done */
    bool is_reached;
    bool is_former;
    const char *start_why; /* plan: a local node, which apply will start; else NULL */
    size_t foreign_count; /* modules of other deployments of this owner */
};

/* A connection as the state had it before anything was done. */
struct cw_change_known {
    uint32_t conn;
    uint32_t channels[2]; /* present, and before a rekey */
    bool is_wanted;       /* the descriptor has it       */
};

/* What is there and should not be. */
struct cw_change_end {
    const char *kind; /* "module", "route", "connection" */
    char name[CW_STATE_NAME_CAP];
    char node[CW_STATE_NAME_CAP];
    char reason[128];
};

struct cw_change {
    struct cw_app *app;
    struct cw_change_node *nodes; /* those of the descriptor first, in its order */
    size_t node_count;
    struct cw_change_known *known;
    size_t known_count;
    struct cw_change_end *ends;
    size_t end_count;
    pthread_mutex_t mutex; /* over ends */
    bool is_restored;      /* the state came from a backup */
    bool is_destroying;    /* nothing is wanted any more   */
};

const char *cw_action_name(cw_action action);

/* cw_change_open - after cw_app_open; asks nobody yet. */
CW_MUST_CHECK cw_status cw_change_open(struct cw_app *app, struct cw_change *ret_change);
void cw_change_close(struct cw_change *change);

/*
 * cw_change_look - reach a node, ask what it has, and its modules for evidence; then decide.
 *
 * Changes nothing: evidence with a fresh nonce is no command.
 */
CW_MUST_CHECK cw_status cw_change_look(struct cw_change *change, struct cw_change_node *n);

/*
 * cw_change_sweep - end what a node has and the state does not want there: modules, routes.
 *
 * With app->is_dry it is only written down in change->ends.
 */
CW_MUST_CHECK cw_status cw_change_sweep(struct cw_change *change, struct cw_change_node *n);

/* cw_change_is_down - a local node that does not run, and so has no modules; apply starts it. */
bool cw_change_is_down(const struct cw_change *change, const struct cw_change_node *n);

/* cw_change_is_wanted - is this connection in the descriptor? */
bool cw_change_is_wanted(const struct cw_change *change, uint32_t conn);

/* Settings that nodes keep for a module: periodic entries, where it serves (settings.c). */
CW_MUST_CHECK cw_status cw_settings_make(struct cw_change *change, struct cw_remote *r);

/* cw_settings_foresee - how many of them would be changed. */
CW_MUST_CHECK cw_status cw_settings_foresee(struct cw_change *change, struct cw_remote *r,
        size_t *ret_count);

#endif
