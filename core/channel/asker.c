/* SPDX-License-Identifier: MIT */
#include "core/channel/body.h"

cw_status cw_channel_unwrap_response(struct cw_channel *c, uint8_t *frame, size_t frame_len,
        size_t *ret_payload_len)
{
    if (c->state != CW_CHANNEL_OPEN || c->source == 0 || c->mode != CW_MODE_REQUEST) {
        return CW_E_STATE;
    }
    uint64_t counter;
    cw_status status = cw_body_header(c, frame, frame_len, &counter);
    if (status == CW_OK && counter + 1 != c->count) {
        status = CW_E_REPLAY;
    }
    if (status == CW_OK) {
        status = cw_body_open(c, c->key_back, frame, frame_len, ret_payload_len);
    }
    if (status == CW_E_AUTH || status == CW_E_REPLAY) {
        cw_channel_refuse(c, status);
    }
    return status;
}
