/* SPDX-License-Identifier: MIT */
#include "core/channel/channel.h"

#include "core/base/bytes.h"
#include "core/crypto/suite.h"
#include "core/wire/reader.h"
#include "core/wire/writer.h"

#define LABEL_LEN 8u
#define CONTEXT_LEN 40u
#define PAD 0x80u

/* Key = KDF(K_c, label, deployment, all that identifies the connection, its epoch and ends). */
static void derive(const struct cw_setconn *s,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN], const char *label,
        uint8_t ret_key[static CW_KEY_LEN])
{
    CW_EVEN uint8_t context[CONTEXT_LEN] = {0};
    for (size_t i = 0; i < LABEL_LEN && label[i] != '\0'; i++) {
        context[i] = (uint8_t)label[i];
    }
    struct cw_writer w = cw_writer_over(context + LABEL_LEN, sizeof context - LABEL_LEN);
    cw_writer_bytes(&w, deployment, CW_DEPLOYMENT_LEN);
    cw_writer_u32(&w, s->conn);
    cw_writer_u32(&w, s->epoch);
    cw_writer_u32(&w, s->src_module);
    cw_writer_u16(&w, s->src_endpoint);
    cw_writer_u32(&w, s->dst_module);
    cw_writer_u16(&w, s->dst_endpoint);
    cw_writer_u8(&w, s->cipher);
    cw_writer_u8(&w, s->mode);
    cw_suite_derive(s->cipher, s->key, context, sizeof context, ret_key);
}

void cw_channel_check_value(const struct cw_setconn *setconn,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN],
        uint8_t ret_check[static CW_CHECK_LEN])
{
    CW_EVEN uint8_t whole[CW_KEY_LEN];
    derive(setconn, deployment, "cw1.chk", whole);
    cw_bytes_copy(ret_check, whole, CW_CHECK_LEN);
}

void cw_channel_install(struct cw_channel *c, const struct cw_setconn *s,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN], bool source,
        uint8_t ret_check[static CW_CHECK_LEN])
{
    if (s->start == CW_SETCONN_CUT) {
        c->count = s->first;
        c->acked = s->first;
    }
    c->id = s->channel;
    c->conn = s->conn;
    c->epoch = s->epoch;
    c->event_max = s->event_max;
    c->gaps = 0;
    c->refused_auth = 0;
    c->refused_replay = 0;
    c->dropped = 0;
    c->local = s->local;
    c->window = s->window;
    c->state = CW_CHANNEL_OPEN;
    c->source = source;
    c->cipher = s->cipher;
    c->mode = s->mode;
    c->limit_log2 = s->limit_log2;
    derive(s, deployment, "cw1.evt", c->key_event);
    derive(s, deployment, s->mode == CW_MODE_REQUEST ? "cw1.rsp" : "cw1.ack", c->key_back);
    cw_channel_check_value(s, deployment, ret_check);
}

void cw_channel_close(struct cw_channel *c)
{
    c->state = CW_CHANNEL_CLOSED;
    cw_bytes_wipe(c->key_event, sizeof c->key_event);
    cw_bytes_wipe(c->key_back, sizeof c->key_back);
}

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
    if (c->mode == CW_MODE_STRICT && c->count - c->acked >= c->window) {
        return CW_AGAIN;
    }
    return CW_OK;
}

static cw_status seal(const struct cw_channel *c, const uint8_t *key, uint64_t counter,
        const uint8_t *payload, size_t payload_len,
        uint8_t *ret_frame, size_t frame_cap, size_t *ret_frame_len)
{
    if (payload_len > c->event_max || CW_FRAME_LEN(payload_len) > frame_cap) {
        return CW_E_SPACE;
    }
    size_t body_len = CW_BODY_LEN(payload_len);
    struct cw_writer w = cw_writer_over(ret_frame, frame_cap);
    cw_writer_u32(&w, c->id);
    cw_writer_u64(&w, counter);
    cw_writer_bytes(&w, payload, payload_len);
    cw_writer_u8(&w, PAD);
    if (w.used_len < CW_EVENT_HEADER_LEN + body_len) {
        cw_writer_u8(&w, 0);
    }
    uint8_t *body = ret_frame + CW_EVENT_HEADER_LEN;
    cw_suite_seal(c->cipher, key, ret_frame + 4, 8, body, body_len, body + body_len);
    *ret_frame_len = CW_FRAME_LEN(payload_len);
    return CW_OK;
}

cw_status cw_channel_wrap(struct cw_channel *c, const uint8_t *payload, size_t payload_len,
        uint8_t *ret_frame, size_t frame_cap, size_t *ret_frame_len)
{
    cw_status status = cw_channel_ready(c);
    if (status != CW_OK) {
        return status;
    }
    status = seal(c, c->key_event, c->count, payload, payload_len, ret_frame, frame_cap,
            ret_frame_len);
    if (status == CW_OK) {
        c->count++;
    }
    return status;
}

/* The counter of a frame whose shape and channel are right. */
static cw_status open_header(const struct cw_channel *c, const uint8_t *frame, size_t frame_len,
        uint64_t *ret_counter)
{
    if (frame_len < CW_FRAME_LEN(0) || frame_len % 2 != 0 ||
            frame_len > CW_FRAME_LEN(c->event_max)) {
        return CW_E_FORM;
    }
    struct cw_reader r = cw_reader_over(frame, CW_EVENT_HEADER_LEN);
    if (cw_reader_u32(&r) != c->id) {
        return CW_E_ABSENT;
    }
    *ret_counter = cw_reader_u64(&r);
    return CW_OK;
}

/* Decrypt in place and find the end of the payload. */
static cw_status open_body(const struct cw_channel *c, const uint8_t *key, uint8_t *frame,
        size_t frame_len, size_t *ret_payload_len)
{
    uint8_t *body = frame + CW_EVENT_HEADER_LEN;
    size_t body_len = frame_len - CW_EVENT_HEADER_LEN - CW_TAG_LEN;
    if (!cw_suite_open(c->cipher, key, frame + 4, 8, body, body_len, body + body_len)) {
        return CW_E_AUTH;
    }
    size_t end = body[body_len - 1] == 0 ? body_len - 2 : body_len - 1;
    if (body[end] != PAD || end > c->event_max) {
        cw_bytes_wipe(body, body_len);
        return CW_E_AUTH;
    }
    *ret_payload_len = end;
    return CW_OK;
}

cw_status cw_channel_expects(const struct cw_channel *c, const uint8_t *frame, size_t frame_len)
{
    if (c->state != CW_CHANNEL_OPEN || c->source != 0) {
        return CW_E_STATE;
    }
    uint64_t counter;
    cw_status status = open_header(c, frame, frame_len, &counter);
    if (status != CW_OK) {
        return status;
    }
    bool next = c->mode == CW_MODE_STRICT ? counter == c->count
                                          : counter >= c->count && counter != UINT64_MAX;
    return next ? CW_OK : CW_E_REPLAY;
}

cw_status cw_channel_unwrap(struct cw_channel *c, uint8_t *frame, size_t frame_len,
        size_t *ret_payload_len, uint32_t *ret_gap)
{
    uint64_t counter;
    cw_status status = open_header(c, frame, frame_len, &counter);
    if (status == CW_OK) {
        status = open_body(c, c->key_event, frame, frame_len, ret_payload_len);
    }
    if (status != CW_OK) {
        cw_channel_refuse(c, status);
        return status;
    }
    uint64_t skipped = counter - c->count;
    uint32_t gap = skipped > UINT32_MAX ? UINT32_MAX : (uint32_t)skipped;
    c->count = counter + 1;
    *ret_gap = 0;
    if (c->mode == CW_MODE_LATEST) {
        c->gaps = c->gaps > UINT32_MAX - gap ? UINT32_MAX : c->gaps + gap;
        *ret_gap = gap;
    }
    return CW_OK;
}

static void count_up(uint16_t *counter)
{
    if (*counter != UINT16_MAX) {
        (*counter)++;
    }
}

void cw_channel_refuse(struct cw_channel *c, cw_status reason)
{
    if (reason == CW_AGAIN) {
        count_up(&c->dropped);
    } else if (reason == CW_E_REPLAY) {
        count_up(&c->refused_replay);
    } else {
        count_up(&c->refused_auth);
    }
}

/* channel 4, count 8, MAC(key, count) */
static void ack_encode(const struct cw_channel *c, uint64_t count,
        uint8_t ret_ack[static CW_ACK_LEN])
{
    struct cw_writer w = cw_writer_over(ret_ack, CW_ACK_LEN);
    cw_writer_u32(&w, c->id);
    cw_writer_u64(&w, count);
    cw_suite_mac(c->cipher, c->key_back, ret_ack + 4, 8, ret_ack + 12);
}

static bool acknowledges(const struct cw_channel *c, bool source)
{
    return c->state == CW_CHANNEL_OPEN && c->mode == CW_MODE_STRICT && (c->source != 0) == source;
}

cw_status cw_channel_ack_make(const struct cw_channel *c, uint8_t ret_ack[static CW_ACK_LEN])
{
    if (!acknowledges(c, false)) {
        return CW_E_STATE;
    }
    ack_encode(c, c->count, ret_ack);
    return CW_OK;
}

cw_status cw_channel_ack_take(struct cw_channel *c, const uint8_t *ack, size_t ack_len)
{
    if (!acknowledges(c, true)) {
        return CW_E_STATE;
    }
    if (ack_len != CW_ACK_LEN) {
        return CW_E_FORM;
    }
    struct cw_reader r = cw_reader_over(ack, CW_EVENT_HEADER_LEN);
    if (cw_reader_u32(&r) != c->id) {
        return CW_E_ABSENT;
    }
    uint64_t count = cw_reader_u64(&r);
    CW_EVEN uint8_t expected[CW_ACK_LEN];
    ack_encode(c, count, expected);
    if (!cw_bytes_equal(ack, expected, CW_ACK_LEN) || count > c->count) {
        cw_channel_refuse(c, CW_E_AUTH);
        return CW_E_AUTH;
    }
    if (count > c->acked) {
        c->acked = count;
    }
    return CW_OK;
}

cw_status cw_channel_wrap_response(const struct cw_channel *c,
        const uint8_t *payload, size_t payload_len,
        uint8_t *ret_frame, size_t frame_cap, size_t *ret_frame_len)
{
    if (c->state != CW_CHANNEL_OPEN || c->source != 0 || c->mode != CW_MODE_REQUEST) {
        return CW_E_STATE;
    }
    return seal(c, c->key_back, c->count - 1, payload, payload_len, ret_frame, frame_cap,
            ret_frame_len);
}

cw_status cw_channel_unwrap_response(struct cw_channel *c, uint8_t *frame, size_t frame_len,
        size_t *ret_payload_len)
{
    if (c->state != CW_CHANNEL_OPEN || c->source == 0 || c->mode != CW_MODE_REQUEST) {
        return CW_E_STATE;
    }
    uint64_t counter;
    cw_status status = open_header(c, frame, frame_len, &counter);
    if (status == CW_OK && counter + 1 != c->count) {
        status = CW_E_REPLAY;
    }
    if (status == CW_OK) {
        status = open_body(c, c->key_back, frame, frame_len, ret_payload_len);
    }
    if (status == CW_E_AUTH || status == CW_E_REPLAY) {
        cw_channel_refuse(c, status);
    }
    return status;
}
