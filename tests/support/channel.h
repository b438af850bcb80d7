/* SPDX-License-Identifier: MIT */
/*
 * channel.h - frames and acknowledgements of a channel, as tests want them.
 *
 * Calls    Results are those of cw_channel_wrap and cw_channel_unwrap, which they call.
 */
#ifndef CW_TESTS_SUPPORT_CHANNEL_H
#define CW_TESTS_SUPPORT_CHANNEL_H

#include <string.h>

#include "core/channel/channel.h"

/* cw_test_wrap - and the length of the frame. */
static inline cw_status cw_test_wrap(struct cw_channel *c, const uint8_t *payload, size_t len,
        uint8_t *ret_frame, size_t cap, size_t *ret_len)
{
    cw_status status = cw_channel_wrap(c, payload, len, ret_frame, cap);
    *ret_len = status == CW_OK ? CW_FRAME_LEN(len) : 0;
    return status;
}

/* cw_test_ack_make - what a strict sink says of its count. */
static inline cw_status cw_test_ack_make(struct cw_channel *sink, uint8_t ret_ack[static CW_ACK_LEN])
{
    return cw_channel_wrap(sink, NULL, 0, ret_ack, CW_ACK_LEN);
}

/* cw_test_ack_take - the same bytes, at the source; they stay as they are. */
static inline cw_status cw_test_ack_take(struct cw_channel *source, const uint8_t *ack, size_t len)
{
    uint8_t copy[CW_ACK_LEN];
    size_t payload_len;
    uint32_t gap;
    return len > sizeof copy ? CW_E_FORM
                             : cw_channel_unwrap(source, memcpy(copy, ack, len), len, &payload_len,
                                       &gap);
}

#endif
