/* SPDX-License-Identifier: MIT */
/*
 * event.h - the first bytes of an EVENT, REQUEST, RESPONSE or ACK.
 *
 * Trust    TRUSTED (pure encoding).
 * Source   docs/protocol.md section 7
 *
 *   frame   channel 4, counter 8, sealed body (payload, 0x80, zeros to an even length), tag 16
 *   ack     the same with an empty payload, under the back key
 *
 * The structure is the bytes of the wire, as in manage.h.
 */
#ifndef CW_CORE_WIRE_EVENT_H
#define CW_CORE_WIRE_EVENT_H

#include <stdint.h>

#include "core/base/limits.h"

struct cw_event_header {
    uint32_t channel;
    uint64_t counter;
} __attribute__((packed, aligned(2)));
_Static_assert(sizeof(struct cw_event_header) == CW_EVENT_HEADER_LEN, "as on the wire");

/* Where the nonce of a frame begins. */
#define CW_EVENT_NONCE 4u
#define CW_EVENT_NONCE_LEN 8u

#endif
