/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"
#include "core/channel/channel.h"
#include "core/crypto/suite.h"
#include "core/wire/event.h"

/* Is this the counter that may come now?  A source takes the response to its last request, or an
 * acknowledgement of no more than it has sealed. */
/*@ requires \valid_read(c);
    assigns \nothing;
    ensures c->source == 0 && c->mode == CW_MODE_STRICT ==>
      (\result <==> counter == c->count && counter < UINT64_MAX);
    ensures c->source == 0 && c->mode != CW_MODE_STRICT ==>
      (\result <==> c->count <= counter < UINT64_MAX);
    ensures c->source != 0 && c->mode == CW_MODE_REQUEST ==>
      (\result <==> counter + 1 == c->count);
    ensures c->source != 0 && c->mode != CW_MODE_REQUEST ==>
      (\result <==> counter <= c->count && counter < UINT64_MAX); */
static bool is_due(const struct cw_channel *c, uint64_t counter)
{
    bool due = c->source == 0 ? c->mode == CW_MODE_STRICT ? counter == c->count : counter >= c->count
             : c->mode == CW_MODE_REQUEST ? counter < c->count && counter + 1 == c->count
                                          : counter <= c->count;
    return due && counter != UINT64_MAX;
}

/* Count it; returns how many were skipped before it. */
/*@ requires \valid(c) && counter < UINT64_MAX;
    requires c->source == 0 ==> c->count <= counter;
    requires c->source != 0 ==>
      counter + (c->mode == CW_MODE_REQUEST ? 1 : 0) <= c->count && c->acked <= c->count;
    assigns c->count, c->acked, c->gaps;
    ensures c->source == 0 ==> c->count == counter + 1 && c->acked == \old(c->acked);
    ensures c->source != 0 ==> c->count == \old(c->count) &&
      c->acked == \max(\old(c->acked), counter + (c->mode == CW_MODE_REQUEST ? 1 : 0)) &&
      c->acked <= c->count;
    ensures c->source == 0 && c->mode == CW_MODE_LATEST
      ? \result == \min(counter - \old(c->count), UINT32_MAX) : \result == 0;
    ensures c->gaps == \min(\old(c->gaps) + \result, UINT32_MAX); */
static uint32_t advance(struct cw_channel *c, uint64_t counter)
{
    if (c->source != 0) {
        uint64_t acked = counter + (c->mode == CW_MODE_REQUEST); /* which was taken if answered */
        c->acked = acked > c->acked ? acked : c->acked;
        return 0;
    }
    uint64_t gap = c->mode == CW_MODE_LATEST ? counter - c->count : 0;
    uint32_t skipped = gap > UINT32_MAX ? UINT32_MAX : (uint32_t)gap;
    c->count = counter + 1;
    c->gaps = c->gaps > UINT32_MAX - skipped ? UINT32_MAX : c->gaps + skipped;
    return skipped;
}

cw_status cw_channel_expects(const struct cw_channel *c, const uint8_t *frame, size_t frame_len)
{
    const struct cw_event_header *header = (const void *)frame;
    return c->state != CW_CHANNEL_OPEN || (c->source != 0 && c->mode == CW_MODE_LATEST) ? CW_E_STATE
         : frame_len < CW_FRAME_LEN(0) || frame_len % 2 != 0 ||
                    frame_len > CW_FRAME_LEN(c->event_max)                               ? CW_E_FORM
         : header->channel != c->id                                                      ? CW_E_ABSENT
         : is_due(c, header->counter)                                                    ? CW_OK
                                                                                         : CW_E_REPLAY;
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
        *ret_gap = is_event ? advance(c, header->counter) : 0;
    }
    if (status != CW_OK) {
        cw_channel_refuse(c, status);
    }
    return status;
}
