/* SPDX-License-Identifier: MIT */
/*
 * link.h - how a node reaches the secure world: one request at a time.
 *
 * What     The sessions of tee/trustzone/abi.h, whatever carries them: the link of a board to its
 *          host (link_shim.c), or the driver of the Linux that the node runs in.
 *
 *              DOWN --up--> UP, no session is open --down--> DOWN: every session is gone
 *
 *          A transport tries again by itself as long as it is open.
 * Trust    UNTRUSTED.  What comes back is checked for its form; nothing is believed.
 * Calls    From the loop's thread.  No callback comes before the function that causes it returned.
 */
#ifndef CW_TEE_TRUSTZONE_NODE_LINK_H
#define CW_TEE_TRUSTZONE_NODE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "core/base/status.h"
#include "tee/trustzone/abi.h"

struct cw_tz_link; /* the transport's own */

struct cw_tz_ask {
    uint32_t command;  /* OPTEE_OPEN_SESSION (of CW_TZ_UUID), OPTEE_INVOKE, OPTEE_CLOSE_SESSION */
    uint32_t session;  /* of the two others */
    uint32_t function; /* OPTEE_INVOKE: a cw_tz_call, which says what of the rest there is */
    uint64_t a, b;
    const uint8_t *in; /* [in_len], copied */
    size_t in_len;
    size_t room;       /* for what comes back, at most CW_TZ_OUT_LEN */
};

struct cw_tz_answer {
    uint32_t ret;
    uint32_t session;   /* OPTEE_OPEN_SESSION */
    uint64_t a, b;
    const uint8_t *out; /* [out_len], at most room; valid until the callback returns */
    size_t out_len;
};

struct cw_tz_link_owner {
    void (*up)(void *ctx);
    void (*down)(void *ctx, const char *why); /* the answer that was awaited does not come */
    void (*attention)(void *ctx);             /* something waits for FETCH */
    void *ctx;
};

typedef void (*cw_tz_answered_fn)(void *ctx, const struct cw_tz_answer *answer);
typedef void (*cw_tz_closed_fn)(void *ctx);

struct cw_tz_transport {
    const char *option; /* --platform OPTION=VALUE chooses it */
    bool is_emulated;   /* what it leads to is known to be emulated */

    /* CW_OK, or a reason in ret_why[why_cap]. */
    cw_status (*open)(uv_loop_t *loop, const char *value, const struct cw_tz_link_owner *owner,
            struct cw_tz_link **ret_link, char *ret_why, size_t why_cap);

    /* While it is up, and no other is under way. */
    void (*ask)(struct cw_tz_link *link, const struct cw_tz_ask *ask, cw_tz_answered_fn answered);

    /* The owner is not called any more, except by closed. */
    void (*close)(struct cw_tz_link *link, cw_tz_closed_fn closed);
};

extern const struct cw_tz_transport cw_tz_link_shim;

/* cw_tz_transports - all of this build; ends with NULL. */
extern const struct cw_tz_transport *const cw_tz_transports[];

#endif
