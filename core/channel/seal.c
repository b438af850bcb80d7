/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"
#include "core/channel/body.h"
#include "core/crypto/suite.h"

cw_status cw_body_seal(const struct cw_channel *c, const uint8_t *key, uint64_t counter,
        const uint8_t *payload, size_t payload_len, uint8_t *ret_frame, size_t frame_cap,
        size_t *ret_frame_len)
{
    if (payload_len > c->event_max || CW_FRAME_LEN(payload_len) > frame_cap) {
        return CW_E_SPACE;
    }
    struct cw_event_header header = {c->id, counter};
    size_t body_len = CW_BODY_LEN(payload_len);
    uint8_t *body = ret_frame + sizeof header;
    cw_bytes_copy(ret_frame, &header, sizeof header);
    body[body_len - 1] = 0;
    cw_bytes_copy(body, payload, payload_len);
    body[payload_len] = CW_PAD;
    cw_suite_seal(c->cipher, key, ret_frame + 4, 8, body, body_len, body + body_len);
    *ret_frame_len = CW_FRAME_LEN(payload_len);
    return CW_OK;
}
