/* SPDX-License-Identifier: MIT */
/*
 * node.h - what a TEE gives to the node daemon: how modules get in, are called, and leave.
 *
 * What     A platform is what modules run on: a board behind a UART, a host that forks
 *          processes, a CPU with enclaves.  All calls return at once; what takes time ends in a
 *          callback on the same loop, never before the function that began it returned.
 * Trust    UNTRUSTED.
 * Memory   Bytes given to a function are the caller's again when it returns; bytes given to a
 *          callback are valid until it returns.
 * Calls    From the loop's thread.  At most one call per module is under way.
 */
#ifndef CW_TEE_NODE_H
#define CW_TEE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "core/base/status.h"
#include "core/wire/frame.h"

struct cw_platform;    /* the backend's own */
struct cw_node_module; /* the backend's own: one loaded module */

/* What the command line said for this backend: --platform KEY=VALUE, repeatable. */
struct cw_node_option {
    const char *key;
    const char *value;
};

struct cw_node_setup {
    uv_loop_t *loop;
    const char *state_dir; /* the node's own folder, exists */
    const struct cw_node_option *options;
    size_t option_count;

    /* Called when modules ended without being asked to: the process died, the board restarted.
     * The handle stays valid until unload; load it anew to get the module back. */
    void (*lost)(void *ctx, struct cw_node_module *module, const char *why);

    /* A device wants its module to be entered: entry CW_ENTRY_CALL with this endpoint. */
    void (*interrupt)(void *ctx, struct cw_node_module *module, uint16_t endpoint);

    /*
     * A device entered its module by itself, in the secure world; this is how it came back, as of a
     * call.  In the order in which the module said it.  PENDING: only while no call of it is under way.
     */
    void (*said)(void *ctx, struct cw_node_module *module, cw_result result, const uint8_t *items,
            size_t items_len);
    void *ctx;
};

/* status CW_OK: module is loaded and not entered yet.  Else why says what went wrong. */
typedef void (*cw_node_loaded_fn)(void *ctx, cw_status status, struct cw_node_module *module,
        const char *why);

/* status CW_OK: the module answered; items [items_len] bytes.  CW_E_ABSENT: it is gone. */
typedef void (*cw_node_called_fn)(void *ctx, cw_status status, cw_result result,
        const uint8_t *items, size_t items_len);

/* As cw_node_called_fn; served: inputs that came back DONE before the last one entered, whose
 * result this is.  items are those of all, in order. */
typedef void (*cw_node_called_many_fn)(void *ctx, cw_status status, uint32_t served,
        cw_result result, const uint8_t *items, size_t items_len);

typedef void (*cw_node_done_fn)(void *ctx);

struct cw_node_backend {
    const char *name;      /* the descriptor's "tee" */
    const char *protection; /* one line for people: what protects modules here, or that nothing does */

    /* CW_OK, or a reason in ret_why[why_cap] that says what to do. */
    cw_status (*open)(const struct cw_node_setup *setup, struct cw_platform **ret_platform,
            char *ret_why, size_t why_cap);

    /* image: what the owner's backend of the same name built, [image_len] bytes, foreign. */
    void (*load)(struct cw_platform *platform, const char *name, const uint8_t *image,
            size_t image_len, cw_node_loaded_fn done, void *ctx);

    /* in [in_len] bytes are the attacker's or the module's; the backend does not look at them. */
    void (*call)(struct cw_platform *platform, struct cw_node_module *module, cw_entry entry,
            const uint8_t *in, size_t in_len, cw_node_called_fn done, void *ctx);

    /*
     * The same entry with several inputs, one after the other, up to the first that does not come
     * back DONE, or fewer.  NULL: this TEE gains nothing by it.
     *
     * in  one or more times: length 4 (little-endian), bytes; whole, [in_len] bytes in all
     */
    void (*call_many)(struct cw_platform *platform, struct cw_node_module *module, cw_entry entry,
            const uint8_t *in, size_t in_len, cw_node_called_many_fn done, void *ctx);

    /* Also for a module that was lost; the handle is invalid when done is called. */
    void (*unload)(struct cw_platform *platform, struct cw_node_module *module,
            cw_node_done_fn done, void *ctx);

    /* A JSON object about the platform for `status`: chip, memory, emulated. */
    void (*describe)(struct cw_platform *platform, char *ret_json, size_t cap);

    /*
     * Turn an enclave's evidence into what a remote verifier takes (a quote).  NULL: whoever has
     * the evidence needs nothing more.  Many may be under way; those that are when the platform
     * is closed end before that does.
     *
     * evidence  [evidence_len] foreign bytes
     * done      DONE: items are a struct cw_quote (core/wire/node.h).  Else they are a text for
     *           people, not terminated: why there is none, and what to do
     */
    void (*quote)(struct cw_platform *platform, const uint8_t *evidence, size_t evidence_len,
            cw_node_called_fn done, void *ctx);

    void (*close)(struct cw_platform *platform, cw_node_done_fn done, void *ctx);
};

/* node/backends.c: every backend of this build, ends with NULL. */
extern const struct cw_node_backend *const cw_node_backends[];

extern const struct cw_node_backend cw_node_native;
extern const struct cw_node_backend cw_node_sancus;
extern const struct cw_node_backend cw_node_sgx;
extern const struct cw_node_backend cw_node_trustzone;

#endif
