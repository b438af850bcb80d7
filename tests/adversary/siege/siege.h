/* SPDX-License-Identifier: MIT */
/*
 * siege.h - a hostile node around real modules, and an owner beside it.
 *
 * What     The program stands where a node stands: it enters modules with whatever it likes, and
 *          sees and withholds whatever they leave.  For what only an owner can make, it is the owner
 *          too, with the owner's own code (deploy/manager.h); the attacks know no key of his.
 *          Every attack is held against what docs/protocol.md says must become of it: the result,
 *          the count that grows, and that nothing else changed.
 *
 *              ground.c   a TEE's backends, blocking: load, enter, unload
 *              world.c    two or four modules, their owner's sessions and connections, genuine traffic
 *              judge.c    snapshots, what must become of bytes, the count of cases
 *              frames.c   events, requests, responses, acknowledgements
 *              manage.c   OPEN and commands
 *              answers.c  what comes back to the owner
 *              splice.c   anything anywhere else than it belongs
 *              lives.c    restarts, clones, epochs, sessions
 *
 * Trust    The attacker's.
 * Source   docs/protocol.md sections 5 to 8, 11; docs/threat-model.md
 * Errors   What is no attack but fails (a module does not load, genuine traffic stops) ends the
 *          program with status 1 and a line.
 */
#ifndef CW_TESTS_ADVERSARY_SIEGE_SIEGE_H
#define CW_TESTS_ADVERSARY_SIEGE_SIEGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/channel/channel.h"
#include "core/wire/frame.h"
#include "deploy/manager.h"
#include "posix/proc.h"
#include "tee/node.h"
#include "tee/owner.h"

/* cw_siege_die - what is no attack failed. */
__attribute__((format(printf, 1, 2))) _Noreturn void cw_siege_die(const char *format, ...);

/* --- ground.c ----------------------------------------------------------------------------------- */

#define CW_GROUND_ITEMS_CAP 4096u

struct cw_ground {
    const struct cw_node_backend *node;
    const struct cw_owner_backend *owner;
    char folder[64];
    char uart[128];
    struct cw_node_option option;
    uv_loop_t loop;
    struct cw_platform *platform;
    struct cw_proc board; /* sancus */
};

/* What an entry came back with. */
struct cw_heard {
    bool is_there; /* false: the module is gone */
    cw_result result;
    uint8_t items[CW_GROUND_ITEMS_CAP];
    size_t items_len;
};

void cw_ground_open(struct cw_ground *g, const char *tee, const char *programs);
void cw_ground_close(struct cw_ground *g);

struct cw_node_module *cw_ground_load(struct cw_ground *g, const struct cw_owner_built *built);
void cw_ground_unload(struct cw_ground *g, struct cw_node_module *module);
void cw_ground_enter(struct cw_ground *g, struct cw_node_module *module, unsigned entry,
        const uint8_t *bytes, size_t len, struct cw_heard *ret_heard);

/* cw_heard_item - the first item of a type, NULL: none. */
const uint8_t *cw_heard_item(const struct cw_heard *heard, cw_frame type, size_t *ret_len);

/* --- world.c ------------------------------------------------------------------------------------ */

#define CW_WORLD_MATES_MAX 4u
#define CW_WORLD_TIES_MAX 8u
#define CW_WORLD_CHANNELS 16u
#define CW_WORLD_SMALL 16u   /* payload bytes of the target's endpoints   */
#define CW_WORLD_IN_CAP 94u  /* bytes that a target takes in one entry    */
#define CW_WORLD_BYTES_CAP 256u

/* Bytes of one message. */
struct cw_bytes {
    size_t len;
    uint8_t bytes[CW_WORLD_BYTES_CAP];
};

struct cw_owner {
    uint8_t secret[CW_DH_LEN];
    uint8_t key[CW_DH_LEN];
    uint8_t deployment[CW_DEPLOYMENT_LEN];
    struct cw_owner_node node;
    uint8_t vendor_key[CW_KEY_LEN];
    struct cw_owner_built built[2]; /* the target twice: a chip wants two places */
};

/* A module, and its owner's session with it. */
struct cw_mate {
    const char *name;
    struct cw_owner *owner;
    const struct cw_owner_built *built;
    uint32_t number;
    struct cw_node_module *module;
    struct cw_manager session;
    uint32_t sessions; /* the last number used */
};

/* A connection between two mates. */
struct cw_tie {
    const char *name;
    struct cw_mate *src;
    struct cw_mate *dst;
    const char *src_endpoint;
    const char *dst_endpoint;
    uint8_t output; /* which of emit, or CW_TIE_ASK */
    const struct cw_tie *twin; /* another's connection with the same numbers and K_c, or NULL */
    struct cw_setconn setconn;
};
#define CW_TIE_ASK 0xffu

struct cw_world {
    struct cw_ground *ground;
    struct cw_owner owner;    /* of alice and bob */
    struct cw_owner stranger; /* of mallory and trudy; not on a board */
    struct cw_mate mates[CW_WORLD_MATES_MAX];
    size_t mate_count;
    struct cw_mate *alice; /* source of most */
    struct cw_mate *bob;   /* sink of most: who is attacked */
    struct cw_tie ties[CW_WORLD_TIES_MAX];
    size_t tie_count;
    uint32_t next_channel;
};

void cw_world_open(struct cw_world *w, struct cw_ground *ground, const char *sdk);
void cw_world_close(struct cw_world *w);

void cw_world_random(void *ret_bytes, size_t len);

/* cw_world_start - load a mate anew; it is unclaimed then. */
void cw_world_start(struct cw_world *w, struct cw_mate *m);

/* cw_world_attest - ATTEST and EVIDENCE; the exact bytes in *ret_evidence. */
void cw_world_attest(struct cw_world *w, struct cw_mate *m, struct cw_bytes *ret_evidence);

/* cw_world_claim - attest and open a session; OPEN's and OPENED's bytes in the last two. */
void cw_world_claim(struct cw_world *w, struct cw_mate *m, struct cw_bytes *ret_open,
        struct cw_bytes *ret_opened);

/* cw_world_open_message - OPEN for the evidence last taken, not delivered.  false: no share. */
bool cw_world_open_message(struct cw_mate *m, uint32_t number, const uint8_t *root_key,
        const uint8_t *secret, struct cw_bytes *ret_open);

/* cw_world_seal - a command of a mate's owner with a seq of his choice; the session stays as it is. */
void cw_world_seal(const struct cw_mate *m, uint8_t type, uint32_t seq, const void *body,
        size_t len, struct cw_bytes *ret_message);

/* cw_world_command - a command and its verified answer. */
void cw_world_command(struct cw_world *w, struct cw_mate *m, uint8_t type, const void *body,
        size_t len, struct cw_answer *ret_answer);

/* cw_world_tie - SETCONN at both ends: a new epoch, channel and key. */
void cw_world_tie(struct cw_world *w, struct cw_tie *t, bool cut);

/* cw_world_renew - what SETCONN of the next epoch would be. */
struct cw_setconn cw_world_renew(struct cw_world *w, const struct cw_tie *t, bool cut);
uint16_t cw_world_index(const struct cw_mate *m, const char *endpoint);

/* cw_world_emit - let the source seal one event (or ask); the frame, not delivered. */
void cw_world_emit(struct cw_world *w, const struct cw_tie *t, const void *payload, size_t len,
        struct cw_bytes *ret_frame);

/* cw_world_deliver - a genuine frame; dies if it is not taken.  A request's response in ret_back. */
void cw_world_deliver(struct cw_world *w, const struct cw_tie *t, const struct cw_bytes *frame,
        struct cw_bytes *ret_back);

/* cw_world_ack - a genuine acknowledgement, not delivered; cw_world_acked - deliver it. */
void cw_world_ack(struct cw_world *w, const struct cw_tie *t, struct cw_bytes *ret_ack);
void cw_world_acked(struct cw_world *w, const struct cw_tie *t, const struct cw_bytes *ack);

/* cw_world_respond - deliver a genuine response. */
void cw_world_respond(struct cw_world *w, const struct cw_tie *t, const struct cw_bytes *back);

/* cw_world_pass - one genuine event or request over every connection; dies if one stops. */
void cw_world_pass(struct cw_world *w);

/* cw_world_again - all modules anew, claimed, tied: after a group that spoilt them. */
void cw_world_again(struct cw_world *w);

/* --- judge.c ------------------------------------------------------------------------------------ */

/* What must become of bytes. */
typedef enum cw_fate {
    CW_FATE_UNCOUNTED, /* refused, nothing changes at all           */
    CW_FATE_AUTH,      /* refused, refused_auth of a channel grows   */
    CW_FATE_REPLAY,    /* refused, refused_replay of a channel grows */
    CW_FATE_AGAIN,     /* "again", nothing changes                   */
} cw_fate;

struct cw_forecast {
    cw_fate fate;
    uint32_t channel; /* whose count */
};

/* Everything that can be seen of a module: its life, authentic counts, what reached handlers. */
struct cw_snapshot {
    uint8_t life[CW_EVIDENCE_LEN];
    size_t count;
    struct cw_answer channels[CW_WORLD_CHANNELS];
    uint8_t look[32];
};

#define CW_SIEGE_GROUPS_MAX 32u

struct cw_group {
    const char *name;
    unsigned cases;
    unsigned refused; /* with the expected reason */
    unsigned changed;
};

struct cw_siege {
    struct cw_world *world;
    struct cw_group groups[CW_SIEGE_GROUPS_MAX];
    size_t group_count;
    struct cw_group *group; /* the current one */
    unsigned shown;   /* failures that were printed        */
    unsigned stride;  /* of bits: 1 for every one          */
    unsigned turn;    /* of cases that a stride thins      */
    bool is_planted;  /* a genuine message among the attacks */
};

void cw_siege_group(struct cw_siege *s, const char *name);

/* cw_siege_case - one case whose outcome the caller has found; the format tells a failure. */
__attribute__((format(printf, 4, 5))) void cw_siege_case(struct cw_siege *s, bool refused,
        bool changed, const char *format, ...);

void cw_siege_look(struct cw_world *w, struct cw_mate *m, struct cw_snapshot *ret_snapshot);

/* cw_siege_forecast - what docs/protocol.md section 7 says of bytes that no module sealed for here. */
struct cw_forecast cw_siege_forecast(const struct cw_world *w, const struct cw_snapshot *before,
        unsigned entry, const uint8_t *bytes, size_t len);

/* cw_siege_try - one attack, before it and after it a look; *before becomes what is then. */
void cw_siege_try(struct cw_siege *s, struct cw_mate *m, struct cw_snapshot *before,
        unsigned entry, const uint8_t *bytes, size_t len, struct cw_forecast forecast,
        const char *what);

/* A frame, with the forecast of section 7. */
void cw_siege_frame(struct cw_siege *s, struct cw_mate *m, struct cw_snapshot *before,
        unsigned entry, const uint8_t *bytes, size_t len, const char *what);

/* cw_siege_report - lines by group, or one JSON object; false: something was not as it must be. */
bool cw_siege_report(const struct cw_siege *s, bool json, const char *tee);

/* cw_siege_skips - does a stride leave out the next case of a great many? */
bool cw_siege_skips(struct cw_siege *s);

/* All ways to bend a message: each is handed to `attack` with a word for it. */
typedef void (*cw_bend_fn)(void *ctx, const uint8_t *bytes, size_t len, const char *what);
void cw_siege_bend(const struct cw_siege *s, const struct cw_bytes *genuine, cw_bend_fn attack,
        void *ctx);

/* --- the groups --------------------------------------------------------------------------------- */

void cw_siege_frames(struct cw_siege *s);
void cw_siege_counters(struct cw_siege *s);
void cw_siege_flood(struct cw_siege *s, unsigned count);
void cw_siege_manage(struct cw_siege *s);
void cw_siege_answers(struct cw_siege *s);
void cw_siege_splice(struct cw_siege *s);
void cw_siege_lives(struct cw_siege *s);

#endif
