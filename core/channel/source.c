/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"
#include "core/channel/body.h"

/* count reached 2^limit_log2?  Halving in a loop: no variable 64-bit shift on small machines. */
static bool is_spent(const struct cw_channel *c)
{
    uint64_t left = c->count;
    for (uint8_t i = 0; i < c->limit_log2; i++) {
        left >>= 1;
    }
    return left != 0;
}

cw_status cw_channel_ready(const struct cw_channel *c)
{
    if (c->state != CW_CHANNEL_OPEN || c->source == 0 || is_spent(c)) {
        return CW_E_STATE;
    }
    bool full = c->mode == CW_MODE_STRICT && c->count - c->acked >= c->window;
    return full ? CW_AGAIN : CW_OK;
}

cw_status cw_channel_wrap(struct cw_channel *c, const uint8_t *payload, size_t payload_len,
        uint8_t *ret_frame, size_t frame_cap, size_t *ret_frame_len)
{
    cw_status status = cw_channel_ready(c);
    if (status == CW_OK) {
        status = cw_body_seal(c, c->key_event, c->count, payload, payload_len, ret_frame,
                frame_cap, ret_frame_len);
    }
    c->count += status == CW_OK;
    return status;
}

cw_status cw_channel_ack_take(struct cw_channel *c, const uint8_t *ack, size_t ack_len)
{
    uint64_t count;
    CW_EVEN uint8_t expected[CW_ACK_LEN];
    if (c->state != CW_CHANNEL_OPEN || c->mode != CW_MODE_STRICT || c->source == 0) {
        return CW_E_STATE;
    }
    if (ack_len != sizeof expected) {
        return CW_E_FORM;
    }
    cw_bytes_copy(&count, ack + 4, sizeof count);
    cw_body_ack(c, count, expected);
    if (!cw_bytes_equal(ack, expected, sizeof expected) || count > c->count) {
        cw_channel_refuse(c, CW_E_AUTH);
        return CW_E_AUTH;
    }
    c->acked = count > c->acked ? count : c->acked;
    return CW_OK;
}
