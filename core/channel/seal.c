/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"
#include "core/channel/channel.h"
#include "core/crypto/suite.h"
#include "core/wire/event.h"

cw_status cw_channel_ready(const struct cw_channel *c)
{
    bool spent = c->source != 0 ? c->count >= c->limit : c->mode == CW_MODE_LATEST;
    bool full = c->source != 0 && c->mode == CW_MODE_STRICT && c->count - c->acked >= c->window;
    return c->state != CW_CHANNEL_OPEN || spent ? CW_E_STATE : full ? CW_AGAIN : CW_OK;
}

cw_status cw_channel_wrap(struct cw_channel *c, const uint8_t *payload, size_t payload_len,
        uint8_t *ret_frame, size_t frame_cap)
{
    cw_status status = cw_channel_ready(c);
    bool is_ack = c->source == 0 && c->mode == CW_MODE_STRICT; /* always the same for a count: empty */
    bool fits = payload_len <= (is_ack ? 0 : c->event_max) && CW_FRAME_LEN(payload_len) <= frame_cap;
    if (status != CW_OK || !fits) {
        return status != CW_OK ? status : CW_E_SPACE;
    }
    /* A source spends the next counter; a response has that of its request. */
    struct cw_event_header header = {c->id, c->source != 0 ? c->count++ : c->count - !is_ack};
    const uint8_t *key = c->source != 0 ? c->keys.event : c->keys.back;
    uint8_t *body = ret_frame + sizeof header;
    size_t body_len = CW_BODY_LEN(payload_len);
    cw_bytes_copy(ret_frame, &header, sizeof header);
    body[body_len - 1] = 0;
    cw_bytes_copy(body, payload, payload_len);
    body[payload_len] = CW_PAD;
    cw_suite_seal(c->cipher, key, ret_frame + CW_EVENT_NONCE, CW_EVENT_NONCE_LEN, body, body_len,
            body + body_len);
    return CW_OK;
}
