/* SPDX-License-Identifier: MIT */
/*
 * state.h - what the owner remembers of a deployment, in STATE/state.db.
 *
 * What     SQLite (write-ahead log, synchronous=FULL): what is committed survives a crash.  One
 *          process at a time.  Secrets are sealed with the state's key (secret.h).  Every step
 *          that changes a node or a module is written down before it is taken.
 * Trust    OWNER.
 * Memory   Rows are copied out; strings in rows are arrays.
 * Calls    From any thread; from begin to commit or rollback the others wait.
 * Errors   CW_E_SYSTEM: SQLite failed, a line was logged.  CW_E_ABSENT: no such row.
 */
#ifndef CW_DEPLOY_STATE_H
#define CW_DEPLOY_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "core/base/status.h"
#include "core/wire/node.h"

#define CW_STATE_NAME_CAP 256u

struct cw_state; /* private to state*.c */

/* What was loaded, and which life of it was attested last. */
#define CW_LIFE_ABSENT 0u  /* never loaded, or unloaded            */
#define CW_LIFE_LOADING 1u /* LOAD was sent, nothing is known yet  */
#define CW_LIFE_LOADED 2u
#define CW_LIFE_OPEN 3u    /* attested, and a session was opened   */

struct cw_state_module {
    uint32_t number; /* 1 ..; never reused */
    char name[CW_STATE_NAME_CAP];
    char node[CW_STATE_NAME_CAP];
    uint8_t life; /* CW_LIFE_* */
    uint8_t kind; /* CW_FRESH_* */
    uint32_t session;
    uint8_t start[CW_START_LEN];
    uint8_t image_hash[32]; /* of what was loaded */
};

/* How far a connection has come. */
#define CW_PHASE_NONE 0u
#define CW_PHASE_BEGUN 1u /* epoch and key are chosen; either end may have them */
#define CW_PHASE_MADE 2u  /* both ends confirmed                                */

struct cw_state_connection {
    uint32_t conn; /* 1 ..; never reused */
    char name[CW_STATE_NAME_CAP];
    uint32_t src_module; /* 0: the owner */
    uint32_t dst_module;
    uint16_t src_endpoint;
    uint16_t dst_endpoint;
    uint8_t cipher;
    uint8_t mode;
    uint8_t limit_log2;
    uint8_t phase;
    uint8_t start; /* CW_SETCONN_* of this epoch */
    uint16_t window;
    uint32_t event_max;
    uint32_t epoch;
    uint32_t channel;
    uint64_t first;
    uint8_t key[CW_KEY_LEN];
    uint8_t src_start[CW_START_LEN]; /* the lives that this epoch was made for */
    uint8_t dst_start[CW_START_LEN];
    uint64_t src_count; /* last authentic readings; direct: the owner's own count */
    uint64_t src_acked;
    uint64_t dst_count;
};

/* How a state is opened; all zeros: its own key file, and the terminal for a passphrase. */
struct cw_state_access {
    const char *key_file;        /* NULL: folder/key                                           */
    const char *passphrase_file; /* NULL: asked on the terminal.  A new state is locked by it  */
    bool is_scratch;             /* a copy in memory: whatever is done to it, nothing is kept  */
};

/* cw_state_let_go - a scratch copy is in memory: others may work with the state from now on. */
void cw_state_let_go(struct cw_state *s);

/*
 * cw_state_open - STATE/state.db, made when it is not there.
 *
 * folder    the state's; made (mode 0700) when it is not there, unless access->is_scratch
 * access    NULL: as all zeros
 *
 * CW_E_STATE   another process holds it, or nobody can be asked for the passphrase
 * CW_E_DENIED, CW_E_FORM  the key file is open to others, is no key, or not this state's; a wrong
 *              passphrase; a state of another version.  A line was logged each time.
 */
CW_MUST_CHECK cw_status cw_state_open(const char *folder, const struct cw_state_access *access,
        struct cw_state **ret_state);
void cw_state_close(struct cw_state *s);

const char *cw_state_folder(const struct cw_state *s);

/* cw_state_key_path - where the key file of a state is; the caller frees it. */
char *cw_state_key_path(const char *folder, const char *key_file);

/*
 * Another key: all that is sealed is sealed again, in one transaction.  With a passphrase, what
 * the key file opened is opened by it no more; the file is the caller's to remove.
 *
 * cw_state_use_key_file - the file is made if it is not there
 */
CW_MUST_CHECK cw_status cw_state_use_passphrase(struct cw_state *s, const char *passphrase);
CW_MUST_CHECK cw_status cw_state_use_key_file(struct cw_state *s, const char *path);
bool cw_state_has_passphrase(const struct cw_state *s);

/*
 * cw_state_backup - a consistent copy with everything in it, sealed by a passphrase, in a new file.
 *
 * ret_len  bytes of the database
 */
CW_MUST_CHECK cw_status cw_state_backup(struct cw_state *s, const char *path,
        const char *passphrase, size_t *ret_len);

/*
 * cw_state_restore - make folder the state that a backup holds.  All keys that this owner may have
 * sealed with since are given up: their connections get phase NONE; and the fact "restored" says
 * that nothing on a node is known until an apply has asked.
 *
 * CW_E_STATE   there is a state already
 * CW_E_DENIED, CW_E_FORM  the file does not open, is cut short, or is no backup
 * A line was logged each time, and the state is as it was.
 */
struct cw_state_restore {
    const char *key_file; /* where the state's key goes; NULL: folder/key */
    bool force;           /* over what is there                           */
};
CW_MUST_CHECK cw_status cw_state_restore(const char *folder, const char *path,
        const char *passphrase, const struct cw_state_restore *how);

/* Transactions; they do not nest, and end in the thread that began them. */
CW_MUST_CHECK cw_status cw_state_begin(struct cw_state *s);
CW_MUST_CHECK cw_status cw_state_commit(struct cw_state *s); /* or else it was rolled back */
void cw_state_rollback(struct cw_state *s);

/* cw_state_deployment - D, drawn once. */
CW_MUST_CHECK cw_status cw_state_deployment(struct cw_state *s,
        uint8_t ret_deployment[static CW_DEPLOYMENT_LEN]);

/*
 * cw_state_forget - the deployment is over: its connections, links and frames are dropped and the
 * next one draws a new D.  The owner's keys, vendor keys, pins, what is known of devices, and numbers
 * stay.
 */
CW_MUST_CHECK cw_status cw_state_forget(struct cw_state *s);

/* Secrets by name, sealed: the owner's keys, vendor keys. */
CW_MUST_CHECK cw_status cw_state_secret_get(struct cw_state *s, const char *name,
        uint8_t *ret_bytes, size_t cap, size_t *ret_len);
CW_MUST_CHECK cw_status cw_state_secret_put(struct cw_state *s, const char *name,
        const void *bytes, size_t len);

/* Facts by name, in clear: pins, what was set at a node.  Longer than cap: CW_E_SPACE. */
CW_MUST_CHECK cw_status cw_state_fact_get(struct cw_state *s, const char *name, char *ret_text,
        size_t cap);
CW_MUST_CHECK cw_status cw_state_fact_put(struct cw_state *s, const char *name, const char *text);
CW_MUST_CHECK cw_status cw_state_fact_drop(struct cw_state *s, const char *name);

/* cw_state_facts - all whose names begin so, without that beginning; the caller frees them. */
struct cw_state_fact {
    char name[2 * CW_STATE_NAME_CAP];
    char text[2 * CW_STATE_NAME_CAP];
};
CW_MUST_CHECK cw_status cw_state_facts(struct cw_state *s, const char *beginning,
        struct cw_state_fact **ret_facts, size_t *ret_count);

/* cw_state_fact_is - is it there, with exactly this text? */
bool cw_state_fact_is(struct cw_state *s, const char *name, const char *text);

/* cw_state_next - the next number of a kind ("channel", "module", ...); never the same again. */
CW_MUST_CHECK cw_status cw_state_next(struct cw_state *s, const char *kind, uint32_t *ret_number);

/* cw_state_skip - numbers up to and with this one are taken (learnt from a module). */
CW_MUST_CHECK cw_status cw_state_skip(struct cw_state *s, const char *kind, uint32_t number);

/* cw_state_module - the row of a name; a new one with a number of its own when there is none. */
CW_MUST_CHECK cw_status cw_state_module(struct cw_state *s, const char *name,
        struct cw_state_module *ret_module);
CW_MUST_CHECK cw_status cw_state_module_put(struct cw_state *s, const struct cw_state_module *m);

/* cw_state_modules - all rows; the caller frees them. */
CW_MUST_CHECK cw_status cw_state_modules(struct cw_state *s, struct cw_state_module **ret_modules,
        size_t *ret_count);

/* cw_state_endpoint - the number of a module's endpoint: kept for ever, made at first use. */
CW_MUST_CHECK cw_status cw_state_endpoint(struct cw_state *s, uint32_t module, const char *name,
        uint16_t *ret_number);

/* cw_state_connection - the row of a name; a new one (phase NONE) when there is none. */
CW_MUST_CHECK cw_status cw_state_connection(struct cw_state *s, const char *name,
        struct cw_state_connection *ret_connection);
CW_MUST_CHECK cw_status cw_state_connection_find(struct cw_state *s, const char *name,
        struct cw_state_connection *ret_connection);
CW_MUST_CHECK cw_status cw_state_connection_put(struct cw_state *s,
        const struct cw_state_connection *c);
CW_MUST_CHECK cw_status cw_state_connections(struct cw_state *s,
        struct cw_state_connection **ret_connections, size_t *ret_count);
CW_MUST_CHECK cw_status cw_state_connection_drop(struct cw_state *s, uint32_t conn);

/*
 * cw_state_link - number and key of the link between two nodes, made at first use: then the first
 * one dials.  ret_turned: it was made the other way round.
 */
CW_MUST_CHECK cw_status cw_state_link(struct cw_state *s, const char *from, const char *to,
        uint32_t *ret_peer, uint8_t ret_key[static CW_LINK_KEY_LEN], bool *ret_turned);

/* The outbox: sealed frames of direct connections, in the order of their counters. */
CW_MUST_CHECK cw_status cw_state_outbox_put(struct cw_state *s, uint32_t conn, uint64_t counter,
        const uint8_t *frame, size_t len);

/* cw_state_outbox_first - the oldest; the caller frees it.  CW_E_ABSENT: empty. */
CW_MUST_CHECK cw_status cw_state_outbox_first(struct cw_state *s, uint32_t conn,
        uint64_t *ret_counter, uint8_t **ret_frame, size_t *ret_len);

/* cw_state_outbox_drop - all counters below; cw_state_outbox_count - how many there are. */
CW_MUST_CHECK cw_status cw_state_outbox_drop(struct cw_state *s, uint32_t conn, uint64_t below);
CW_MUST_CHECK cw_status cw_state_outbox_count(struct cw_state *s, uint32_t conn,
        uint64_t *ret_count);

/*
 * Is this state an older copy of itself?  A copy would seal other bytes under a counter that was
 * spent already.  Before a counter is spent, cw_state_mark leaves a new file STATE/mark, and
 * cw_state_mark_keep, in the transaction that spends it, writes down which file that is (its
 * content, inode and time of change, which no copy keeps).
 *
 * cw_state_settle - look; a copy's direct connections get phase NONE: they need a new key.
 */
CW_MUST_CHECK cw_status cw_state_mark(struct cw_state *s);
CW_MUST_CHECK cw_status cw_state_mark_keep(struct cw_state *s);
CW_MUST_CHECK cw_status cw_state_settle(struct cw_state *s, bool *ret_was_copy);

/*
 * cw_state_start - what a platform says of its present start, held against what it said before, and
 * remembered: a count of its starts, and a seed of this one.
 *
 * accept    it is believed whatever was there before
 * ret_seen  the count that was remembered; 0: none
 *
 * CW_E_REPLAY  the count is lower, or the same with another seed: an older copy of the platform was
 *              put back.  Nothing changed.
 */
#define CW_STATE_SEED_LEN 32u

CW_MUST_CHECK cw_status cw_state_start(struct cw_state *s, const char *platform, uint64_t count,
        const uint8_t seed[static CW_STATE_SEED_LEN], bool accept, uint64_t *ret_seen);

/* Builds, by the hash of all that went in: bytes and a secret.  The caller frees both. */
CW_MUST_CHECK cw_status cw_state_build_get(struct cw_state *s, const char *module,
        const uint8_t hash[static 32], uint8_t **ret_bytes, size_t *ret_len);

/* cw_state_build_last - the same whatever went in: what was built last. */
CW_MUST_CHECK cw_status cw_state_build_last(struct cw_state *s, const char *module,
        uint8_t **ret_bytes, size_t *ret_len);
CW_MUST_CHECK cw_status cw_state_build_put(struct cw_state *s, const char *module,
        const uint8_t hash[static 32], const uint8_t *bytes, size_t len);

#endif
