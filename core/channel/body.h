/* SPDX-License-Identifier: MIT */
/*
 * body.h - seal and open the body of a frame.  Private to core/channel.
 *
 * Trust    TRUSTED.
 * Source   docs/protocol.md sections 2 and 7
 */
#ifndef CW_CORE_CHANNEL_BODY_H
#define CW_CORE_CHANNEL_BODY_H

#include "core/channel/channel.h"

/* The first bytes of an EVENT, REQUEST, RESPONSE or ACK, as they are on the wire. */
struct cw_event_header {
    uint32_t channel;
    uint64_t counter;
} __attribute__((packed, aligned(2)));
_Static_assert(sizeof(struct cw_event_header) == CW_EVENT_HEADER_LEN, "as on the wire");

/* cw_body_seal - pad and encrypt under one counter.  CW_E_SPACE: too long; nothing was sealed. */
CW_MUST_CHECK cw_status cw_body_seal(const struct cw_channel *c, const uint8_t *key,
        uint64_t counter, const uint8_t *payload, size_t payload_len, uint8_t *ret_frame,
        size_t frame_cap, size_t *ret_frame_len);

/* cw_body_header - CW_E_FORM: impossible length; CW_E_ABSENT: another channel. */
CW_MUST_CHECK cw_status cw_body_header(const struct cw_channel *c, const uint8_t *frame,
        size_t frame_len, uint64_t *ret_counter);

/* cw_body_open - decrypt in place and find the payload's end.  CW_E_AUTH: the body is zeros. */
CW_MUST_CHECK cw_status cw_body_open(const struct cw_channel *c, const uint8_t *key,
        uint8_t *frame, size_t frame_len, size_t *ret_payload_len);

/* cw_body_ack - channel 4, count 8, MAC(key, count). */
void cw_body_ack(const struct cw_channel *c, uint64_t count, uint8_t ret_ack[static CW_ACK_LEN]);

#endif
