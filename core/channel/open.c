/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"
#include "core/channel/body.h"
#include "core/crypto/suite.h"

cw_status cw_body_header(const struct cw_channel *c, const uint8_t *frame, size_t frame_len,
        uint64_t *ret_counter)
{
    struct cw_event_header header;
    if (frame_len < CW_FRAME_LEN(0) || frame_len % 2 != 0 ||
            frame_len > CW_FRAME_LEN(c->event_max)) {
        return CW_E_FORM;
    }
    cw_bytes_copy(&header, frame, sizeof header);
    *ret_counter = header.counter;
    return header.channel == c->id ? CW_OK : CW_E_ABSENT;
}

cw_status cw_body_open(const struct cw_channel *c, const uint8_t *key, uint8_t *frame,
        size_t frame_len, size_t *ret_payload_len)
{
    uint8_t *body = frame + CW_EVENT_HEADER_LEN;
    size_t body_len = frame_len - CW_EVENT_HEADER_LEN - CW_TAG_LEN;
    if (!cw_suite_open(c->cipher, key, frame + 4, 8, body, body_len, body + body_len)) {
        return CW_E_AUTH;
    }
    size_t end = body[body_len - 1] == 0 ? body_len - 2 : body_len - 1;
    if (body[end] != CW_PAD || end > c->event_max) {
        cw_bytes_wipe(body, body_len);
        return CW_E_AUTH;
    }
    *ret_payload_len = end;
    return CW_OK;
}
