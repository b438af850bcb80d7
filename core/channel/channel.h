/* SPDX-License-Identifier: MIT */
/*
 * channel.h - one end of an authenticated connection between two modules.
 *
 * What     Turns events into frames and frames into events.  Does no I/O, keeps no pointer to
 *          the caller's buffers, allocates nothing.  What travels back is an event too, under the
 *          back key: the response to a request, with its counter; or an acknowledgement, which is
 *          an empty response with the sink's count.  So both ends seal and open by the same calls.
 * Trust    TRUSTED.  Frame bytes come from the attacker, already in private memory.
 * Memory   The caller owns struct cw_channel; all zeros is a free one.
 * Calls    One caller at a time.  Never blocks.
 * Source   docs/protocol.md section 7; threats T1 to T6 of docs/threat-model.md
 *
 *     FREE --install--> OPEN --wrap, unwrap--> OPEN --limit--> spent (wrap refuses; rekey)
 *                        |---close--> CLOSED (keys wiped, counts kept)
 */
#ifndef CW_CORE_CHANNEL_CHANNEL_H
#define CW_CORE_CHANNEL_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "core/base/status.h"
#include "core/wire/manage.h"

#define CW_CHANNEL_FREE 0u
#define CW_CHANNEL_OPEN 1u
#define CW_CHANNEL_CLOSED 2u

struct cw_endpoint;

struct cw_channel_keys {
    CW_EVEN uint8_t event[CW_KEY_LEN]; /* source to sink                               */
    CW_EVEN uint8_t back[CW_KEY_LEN];  /* sink to source: responses                  */
};

/* The first fields are, in this order, what an answer tells. */
struct cw_channel {
    uint32_t id;
    uint32_t conn;
    uint32_t epoch;
    uint8_t source;          /* 1: this end seals events                                     */
    uint8_t state;           /* CW_CHANNEL_*                                                 */
    uint16_t refused_auth;   /* saturating                                                   */
    uint64_t count;          /* source: counter of the next frame; sink: the next expected   */
    uint64_t acked;          /* source: all below were accepted, as the sink proved          */
    uint32_t gaps;           /* sink, latest: frames skipped, saturating                     */
    uint16_t refused_replay; /* saturating; found before the tag, a hint                     */
    uint16_t dropped;        /* source: outputs without room, saturating                     */
    uint64_t limit;          /* source: no counter from here on                              */
    uint32_t event_max;
    const struct cw_endpoint *endpoint; /* in a module: whose end this is, else NULL */
    uint16_t window;
    uint8_t cipher;
    uint8_t mode;
    struct cw_channel_keys keys;
};

/*
 * cw_channel_install - take the keys and the place of one end.
 *
 * c           any state; what it held before is lost (counts as setconn->start says:
 *             CUT sets count and acked to first, CONTINUE keeps those in *c)
 * setconn     decoded and checked
 * deployment  bound into the keys
 * source      which end this is
 * ret_check   confirms to the owner that key and context are equal at both ends
 */
void cw_channel_install(struct cw_channel *c, const struct cw_setconn *setconn,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN], bool source,
        uint8_t ret_check[static CW_CHECK_LEN]);

/* cw_channel_derive - KDF(K_c, label | deployment | identity).  Owners compare what both ends return
 * with that of the label "cw1.chk". */
void cw_channel_derive(const struct cw_setconn *setconn,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN], const char label[static 8],
        uint8_t ret_key[static CW_KEY_LEN]);

/* cw_channel_close - wipe the keys, keep the counts. */
void cw_channel_close(struct cw_channel *c);

/*
 * cw_channel_ready - may this end seal one more event?
 *
 * CW_OK        yes; a sink may always acknowledge, or respond to the last request
 * CW_AGAIN     window frames are not acknowledged yet
 * CW_E_STATE   closed, the counter limit is reached (rekey), or a sink of events that need no answer
 */
/*@ requires \valid_read(c) && (c->source != 0 ==> c->acked <= c->count);
    assigns \nothing;
    ensures \result == CW_OK ==> c->state == CW_CHANNEL_OPEN;
    ensures \result == CW_OK && c->source != 0 ==> c->count < c->limit;
    ensures \result == CW_OK && c->source != 0 && c->mode == CW_MODE_STRICT ==>
      c->count < c->acked + c->window;
    ensures \result == CW_OK && c->source == 0 ==> c->mode != CW_MODE_LATEST;
    ensures \result == CW_AGAIN ==> c->source != 0 && c->count >= c->acked + c->window; */
CW_MUST_CHECK cw_status cw_channel_ready(const struct cw_channel *c);

/*
 * cw_channel_wrap - seal one event or request; or, at a sink, the response to the request last
 * accepted, or (strict) the acknowledgement of all that were, whose payload is empty.
 *
 * A response must be sealed once for each request accepted, that is the caller's to see to.  An
 * acknowledgement may be sealed as often as one likes: it is the same bytes.
 *
 * ret_frame  [CW_FRAME_LEN(payload_len)] bytes
 *
 * CW_OK       the counter was spent: the frame must go out, or be lost for good
 * CW_E_SPACE  longer than event_max, or than frame_cap; nothing was spent
 * CW_AGAIN, CW_E_STATE  as cw_channel_ready; nothing was spent
 */
CW_MUST_CHECK cw_status cw_channel_wrap(struct cw_channel *c,
        const uint8_t *payload, size_t payload_len, uint8_t *ret_frame, size_t frame_cap);

/*
 * cw_channel_expects - everything that can be refused before cryptography.
 *
 * CW_OK        shape, channel and counter are right
 * CW_E_FORM    too short, odd, or longer than event_max allows
 * CW_E_ABSENT  not this channel
 * CW_E_STATE   closed, or a source to which nothing comes back (latest)
 * CW_E_REPLAY  not the next counter (latest, request: not above the last; response: not that of
 *              the request last sealed; acknowledgement: of what was never sealed)
 */
CW_MUST_CHECK cw_status cw_channel_expects(const struct cw_channel *c,
        const uint8_t *frame, size_t frame_len);

/*
 * cw_channel_unwrap - check and decrypt one frame in place, and commit its counter: at a sink to
 * count, at a source to acked, which only grows.
 *
 * frame            [frame_len] bytes in private memory
 * ret_payload_len  the payload is at frame + CW_EVENT_HEADER_LEN
 * ret_gap          latest: events skipped just before this one; else 0
 *
 * CW_OK      authentic, and counted
 * CW_E_AUTH  wrong tag or padding; the body is zeros now, only a refusal count changed
 * CW_E_FORM, CW_E_ABSENT, CW_E_STATE, CW_E_REPLAY  as cw_channel_expects; only a refusal count
 *            changed
 */
CW_MUST_CHECK cw_status cw_channel_unwrap(struct cw_channel *c, uint8_t *frame, size_t frame_len,
        size_t *ret_payload_len, uint32_t *ret_gap);

/* cw_channel_refuse - count a refusal by its reason. */
/*@ requires \valid(c);
    assigns c->dropped, c->refused_replay, c->refused_auth;
    ensures \old(c->dropped) <= c->dropped <= \old(c->dropped) + 1;
    ensures \old(c->refused_replay) <= c->refused_replay <= \old(c->refused_replay) + 1;
    ensures \old(c->refused_auth) <= c->refused_auth <= \old(c->refused_auth) + 1; */
void cw_channel_refuse(struct cw_channel *c, cw_status reason);

#endif
