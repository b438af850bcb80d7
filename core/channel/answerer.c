/* SPDX-License-Identifier: MIT */
#include "core/channel/body.h"

cw_status cw_channel_wrap_response(const struct cw_channel *c, const uint8_t *payload,
        size_t payload_len, uint8_t *ret_frame, size_t frame_cap, size_t *ret_frame_len)
{
    if (c->state != CW_CHANNEL_OPEN || c->source != 0 || c->mode != CW_MODE_REQUEST) {
        return CW_E_STATE;
    }
    return cw_body_seal(c, c->key_back, c->count - 1, payload, payload_len, ret_frame, frame_cap,
            ret_frame_len);
}
