/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"
#include "core/channel/channel.h"
#include "core/crypto/suite.h"
#include "core/wire/event.h"

/* Is this the counter that may come now?  A source takes nothing but the response to its last
 * request. */
/*@ requires \valid_read(c) && c->source <= 1 && (c->source == 1 ==> c->count > 0);
    assigns \nothing;
    ensures c->source == 0 && c->mode == CW_MODE_STRICT ==>
      (\result <==> counter == c->count && counter < UINT64_MAX);
    ensures c->source == 0 && c->mode != CW_MODE_STRICT ==>
      (\result <==> c->count <= counter < UINT64_MAX);
    ensures c->source == 1 ==> (\result <==> counter + 1 == c->count); */
static bool is_due(const struct cw_channel *c, uint64_t counter)
{
    uint64_t next = c->count - c->source;
    bool exact = c->mode == CW_MODE_STRICT || c->source != 0;
    return (exact ? counter == next : counter >= next) && counter != UINT64_MAX;
}

/* Count it; returns how many were skipped before it. */
/*@ requires \valid(c) && c->count <= counter + 1 <= UINT64_MAX;
    requires c->mode == CW_MODE_LATEST ==> c->count <= counter;
    assigns c->count, c->gaps;
    ensures c->count == counter + 1 && c->count >= \old(c->count);
    ensures c->mode == CW_MODE_LATEST
      ? \result == \min(counter - \old(c->count), UINT32_MAX) : \result == 0;
    ensures c->gaps == \min(\old(c->gaps) + \result, UINT32_MAX); */
static uint32_t advance(struct cw_channel *c, uint64_t counter)
{
    uint64_t gap = c->mode == CW_MODE_LATEST ? counter - c->count : 0;
    uint32_t skipped = gap > UINT32_MAX ? UINT32_MAX : (uint32_t)gap;
    c->count = counter + 1;
    c->gaps = c->gaps > UINT32_MAX - skipped ? UINT32_MAX : c->gaps + skipped;
    return skipped;
}

cw_status cw_channel_expects(const struct cw_channel *c, const uint8_t *frame, size_t frame_len)
{
    const struct cw_event_header *header = (const void *)frame;
    if (c->state != CW_CHANNEL_OPEN || (c->source != 0 && c->mode != CW_MODE_REQUEST)) {
        return CW_E_STATE;
    }
    if (frame_len < CW_FRAME_LEN(0) || frame_len % 2 != 0 ||
            frame_len > CW_FRAME_LEN(c->event_max)) {
        return CW_E_FORM;
    }
    if (header->channel != c->id) {
        return CW_E_ABSENT;
    }
    return is_due(c, header->counter) ? CW_OK : CW_E_REPLAY;
}

cw_status cw_channel_unwrap(struct cw_channel *c, uint8_t *frame, size_t frame_len,
        size_t *ret_payload_len, uint32_t *ret_gap)
{
    const uint8_t *key = c->source != 0 ? c->keys.back : c->keys.event;
    const struct cw_event_header *header = (const void *)frame;
    const uint8_t *nonce = frame + CW_EVENT_NONCE;
    uint8_t *body = frame + CW_EVENT_HEADER_LEN;
    cw_status status = cw_channel_expects(c, frame, frame_len);
    if (status == CW_OK) {
        size_t len = frame_len - CW_EVENT_HEADER_LEN - CW_TAG_LEN;
        bool opens = cw_suite_open(c->cipher, key, nonce, CW_EVENT_NONCE_LEN, body, len, body + len);
        size_t end = body[len - 1] == 0 ? len - 2 : len - 1;
        bool is_event = opens && body[end] == CW_PAD && end <= c->event_max;
        cw_bytes_wipe(body, is_event ? 0 : len);
        status = is_event ? CW_OK : CW_E_AUTH;
        *ret_payload_len = end;
    }
    if (status != CW_OK) {
        cw_channel_refuse(c, status);
        return status;
    }
    *ret_gap = advance(c, header->counter);
    return CW_OK;
}
