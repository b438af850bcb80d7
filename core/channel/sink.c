/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"
#include "core/channel/body.h"

cw_status cw_channel_expects(const struct cw_channel *c, const uint8_t *frame, size_t frame_len)
{
    uint64_t counter;
    bool is_sink = c->state == CW_CHANNEL_OPEN && c->source == 0;
    cw_status status = is_sink ? cw_body_header(c, frame, frame_len, &counter) : CW_E_STATE;
    if (status == CW_OK) {
        bool next = c->mode == CW_MODE_STRICT ? counter == c->count : counter >= c->count;
        status = next && counter != UINT64_MAX ? CW_OK : CW_E_REPLAY;
    }
    return status;
}

cw_status cw_channel_unwrap(struct cw_channel *c, uint8_t *frame, size_t frame_len,
        size_t *ret_payload_len, uint32_t *ret_gap)
{
    uint64_t counter;
    cw_bytes_copy(&counter, frame + 4, sizeof counter);
    if (cw_body_open(c, c->key_event, frame, frame_len, ret_payload_len) != CW_OK) {
        cw_channel_refuse(c, CW_E_AUTH);
        return CW_E_AUTH;
    }
    uint64_t gap = c->mode == CW_MODE_LATEST ? counter - c->count : 0;
    c->count = counter + 1;
    *ret_gap = gap > UINT32_MAX ? UINT32_MAX : (uint32_t)gap;
    c->gaps = c->gaps > UINT32_MAX - *ret_gap ? UINT32_MAX : c->gaps + *ret_gap;
    return CW_OK;
}

cw_status cw_channel_ack_make(const struct cw_channel *c, uint8_t ret_ack[static CW_ACK_LEN])
{
    if (c->state != CW_CHANNEL_OPEN || c->mode != CW_MODE_STRICT || c->source != 0) {
        return CW_E_STATE;
    }
    cw_body_ack(c, c->count, ret_ack);
    return CW_OK;
}
