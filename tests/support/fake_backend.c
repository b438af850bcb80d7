/* SPDX-License-Identifier: MIT */
#include "tests/support/fake_backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/limits.h"
#include "core/wire/node.h"
#include "core/wire/reader.h"
#include "core/wire/writer.h"

#define OUT_CAP 65536u

struct fake_channel {
    uint32_t id;
    uint64_t next;  /* source: to seal; sink: expected */
    uint64_t acked; /* source                          */
    uint64_t accepted;
    uint32_t refused;
    uint32_t wrong_order;
};

struct cw_node_module {
    struct cw_platform *platform;
    uv_timer_t later;
    struct fake_channel channels[CW_FAKE_CHANNELS];
    uint32_t again;
    uint32_t interrupts;
    uint32_t pouring;
    bool is_pending;
    bool is_dead;
    bool is_hanging;
    bool does_interrupt;
    char says; /* a command after which its device enters it, or before whose answer: see the header */
    uint32_t says_channel;
    uint32_t pending_channel;
    cw_node_loaded_fn loaded;
    cw_node_called_fn called;
    cw_node_called_many_fn called_many;
    uint32_t served;
    cw_node_done_fn unloaded;
    void *ctx;
    void *unload_ctx;
    cw_result result;
    size_t out_len;
    uint8_t out[OUT_CAP];
};

struct cw_platform {
    struct cw_node_setup setup;
    uv_timer_t later;
    cw_node_done_fn closed;
    void *closed_ctx;
};

size_t cw_fake_frame(uint32_t channel, uint64_t counter, const void *payload, size_t len,
        uint8_t *ret_frame)
{
    struct cw_writer w = cw_writer_over(ret_frame, CW_EVENT_HEADER_LEN + len + CW_TAG_LEN);
    cw_writer_u32(&w, channel);
    cw_writer_u64(&w, counter);
    cw_writer_bytes(&w, payload, len);
    memset(ret_frame + CW_EVENT_HEADER_LEN + len, CW_FAKE_TAG, CW_TAG_LEN);
    return CW_EVENT_HEADER_LEN + len + CW_TAG_LEN;
}

static bool is_genuine(const uint8_t *frame, size_t len)
{
    if (len < CW_EVENT_HEADER_LEN + CW_TAG_LEN) {
        return false;
    }
    for (size_t i = len - CW_TAG_LEN; i < len; i++) {
        if (frame[i] != CW_FAKE_TAG) {
            return false;
        }
    }
    return true;
}

static struct fake_channel *channel_of(struct cw_node_module *m, uint32_t id)
{
    for (size_t i = 0; i < CW_FAKE_CHANNELS; i++) {
        if (m->channels[i].id == id || m->channels[i].id == 0) {
            m->channels[i].id = id;
            return &m->channels[i];
        }
    }
    abort(); /* a test with too many channels */
}

static void put(struct cw_node_module *m, cw_frame type, const void *bytes, size_t len)
{
    if (m->out_len + CW_LINK_HEADER_LEN + len > OUT_CAP) {
        abort();
    }
    cw_link_header_encode(&(struct cw_link_header){(uint32_t)len, (uint8_t)type},
            m->out + m->out_len);
    if (len > 0) {
        memcpy(m->out + m->out_len + CW_LINK_HEADER_LEN, bytes, len);
    }
    m->out_len += CW_LINK_HEADER_LEN + len;
}

static void emit(struct cw_node_module *m, struct cw_reader *r)
{
    struct fake_channel *c = channel_of(m, cw_reader_u32(r));
    const uint32_t count = cw_reader_u32(r);
    const uint32_t window = cw_reader_u32(r);
    uint32_t emitted = 0;
    for (; emitted < count && c->next - c->acked < window; emitted++) {
        uint8_t frame[64];
        uint8_t payload[8];
        struct cw_writer w = cw_writer_over(payload, sizeof payload);
        cw_writer_u64(&w, c->next);
        put(m, CW_FRAME_EVENT, frame,
                cw_fake_frame(c->id, c->next, payload, sizeof payload, frame));
        c->next++;
    }
    uint8_t reply[4];
    struct cw_writer w = cw_writer_over(reply, sizeof reply);
    cw_writer_u32(&w, emitted);
    put(m, CW_FRAME_REPLY, reply, sizeof reply);
}

static void tell(struct cw_node_module *m, struct cw_reader *r)
{
    const struct fake_channel *c = channel_of(m, cw_reader_u32(r));
    uint8_t reply[24];
    struct cw_writer w = cw_writer_over(reply, sizeof reply);
    cw_writer_u64(&w, c->accepted);
    cw_writer_u64(&w, c->next);
    cw_writer_u32(&w, c->refused);
    cw_writer_u32(&w, c->wrong_order);
    put(m, CW_FRAME_REPLY, reply, sizeof reply);
}

static cw_result call(struct cw_node_module *m, const uint8_t *in, size_t len)
{
    struct cw_reader r = cw_reader_over(in, len);
    const uint16_t endpoint = cw_reader_u16(&r);
    (void)cw_reader_u16(&r);
    if (endpoint == 7) {
        m->interrupts++;
        return CW_RESULT_DONE;
    }
    const uint8_t command = cw_reader_u8(&r);
    uint8_t frame[1024];
    size_t rest_len;
    const uint8_t *rest;
    switch (command) {
    case 'e':
        emit(m, &r);
        return CW_RESULT_DONE;
    case 's':
        tell(m, &r);
        return CW_RESULT_DONE;
    case 'a':
        m->again = cw_reader_u32(&r);
        return CW_RESULT_DONE;
    case 'q':
        m->pending_channel = cw_reader_u32(&r);
        rest = cw_reader_rest(&r, &rest_len);
        put(m, CW_FRAME_REQUEST, frame,
                cw_fake_frame(m->pending_channel, channel_of(m, m->pending_channel)->next, rest,
                        rest_len, frame));
        m->is_pending = true;
        return CW_RESULT_PENDING;
    case 'x':
        m->is_dead = true;
        return CW_RESULT_DONE;
    case 'h':
        m->is_hanging = true;
        return CW_RESULT_DONE;
    case 'i':
        m->does_interrupt = true;
        return CW_RESULT_DONE;
    case 'd':
    case 'D':
    case 'p':
        m->says = (char)command;
        m->says_channel = cw_reader_u32(&r);
        return CW_RESULT_DONE;
    case 'c':
        put(m, CW_FRAME_REPLY, &m->interrupts, 4);
        return CW_RESULT_DONE;
    default:
        return CW_RESULT_REFUSED;
    }
}

/* Strict: exactly the next.  A request: not below the next. */
static cw_result take_frame(struct cw_node_module *m, const uint8_t *frame, size_t len, bool request)
{
    struct cw_reader r = cw_reader_over(frame, len);
    struct fake_channel *c = channel_of(m, cw_reader_u32(&r));
    const uint64_t counter = cw_reader_u64(&r);
    if (m->again > 0) {
        m->again--;
        return CW_RESULT_AGAIN;
    }
    const bool latest = c->id >= 1000; /* by convention of the tests */
    const bool is_next = request || latest ? counter >= c->next : counter == c->next;
    if (!is_genuine(frame, len) || !is_next) {
        c->refused++;
        c->wrong_order += !is_next;
        return CW_RESULT_REFUSED;
    }
    c->next = counter + 1;
    c->accepted++;
    if (c->id >= 500 && c->id < 600) {
        uint8_t question[64];
        m->pending_channel = 6;
        put(m, CW_FRAME_REQUEST, question,
                cw_fake_frame(6, channel_of(m, 6)->next, "why", 3, question));
        m->is_pending = true;
        return CW_RESULT_PENDING;
    }
    if (request) {
        uint8_t payload[1024];
        uint8_t response[1100];
        const size_t payload_len = len - CW_EVENT_HEADER_LEN - CW_TAG_LEN;
        for (size_t i = 0; i < payload_len; i++) {
            payload[i] = frame[CW_EVENT_HEADER_LEN + payload_len - 1 - i];
        }
        put(m, CW_FRAME_RESPONSE, response,
                cw_fake_frame(c->id, counter, payload, payload_len, response));
    }
    return CW_RESULT_DONE;
}

static cw_result respond(struct cw_node_module *m, const uint8_t *frame, size_t len)
{
    struct cw_reader r = cw_reader_over(frame, len);
    struct fake_channel *c = channel_of(m, m->pending_channel);
    if (cw_reader_u32(&r) != c->id || cw_reader_u64(&r) != c->next || !is_genuine(frame, len)) {
        return CW_RESULT_REFUSED;
    }
    c->next++;
    m->is_pending = false;
    put(m, CW_FRAME_REPLY, frame + CW_EVENT_HEADER_LEN, len - CW_EVENT_HEADER_LEN - CW_TAG_LEN);
    return CW_RESULT_DONE;
}

static cw_result ack(struct cw_node_module *m, cw_entry entry, const uint8_t *in, size_t len)
{
    struct cw_reader r = cw_reader_over(in, len);
    struct fake_channel *c = channel_of(m, cw_reader_u32(&r));
    uint8_t bytes[CW_ACK_LEN];
    if (entry == CW_ENTRY_ACK_MAKE) {
        put(m, CW_FRAME_ACK, bytes, cw_fake_frame(c->id, c->next, "\x80", 2, bytes));
        return CW_RESULT_DONE;
    }
    const uint64_t count = cw_reader_u64(&r);
    if (!is_genuine(in, len) || count > c->next) {
        c->refused++;
        return CW_RESULT_REFUSED;
    }
    c->acked = count > c->acked ? count : c->acked;
    struct cw_writer w = cw_writer_over(bytes, sizeof bytes);
    cw_writer_u32(&w, c->id);
    cw_writer_u64(&w, c->acked);
    put(m, CW_FRAME_REPLY, bytes, 12);
    return CW_RESULT_DONE;
}

static void pour(struct cw_node_module *m, const uint8_t number[4])
{
    uint8_t piece[4 + 4000];
    memcpy(piece, number, 4);
    memset(piece + 4, (int)('a' + m->pouring % 26), sizeof piece - 4);
    put(m, CW_FRAME_STREAM_DATA, piece, sizeof piece);
    m->pouring--;
    if (m->pouring > 0) {
        put(m, CW_FRAME_STREAM_MORE, number, 4);
    } else {
        put(m, CW_FRAME_STREAM_CLOSE, number, 4);
    }
}

/* Takes at most 1000 bytes at once, so that the node must bring the rest again. */
static cw_result stream(struct cw_node_module *m, cw_entry entry, const uint8_t *in, size_t len)
{
    if (entry != CW_ENTRY_STREAM_DATA) {
        return CW_RESULT_DONE;
    }
    const size_t used = len - 4 < 1000 ? len - 4 : 1000;
    uint8_t taken[8];
    memcpy(taken, in, 4);
    struct cw_writer w = cw_writer_over(taken + 4, 4);
    cw_writer_u32(&w, (uint32_t)used);
    put(m, CW_FRAME_STREAM_TAKEN, taken, sizeof taken);
    if (used == 5 && memcmp(in + 4, "pour\n", 5) == 0) {
        m->pouring = 100;
    }
    if (m->pouring > 0) {
        pour(m, in);
        return CW_RESULT_DONE;
    }
    put(m, CW_FRAME_STREAM_DATA, in, 4 + used);
    if (used == 4 && memcmp(in + 4, "bye\n", 4) == 0) {
        put(m, CW_FRAME_STREAM_CLOSE, in, 4);
    }
    return CW_RESULT_DONE;
}

static cw_result serve(struct cw_node_module *m, cw_entry entry, const uint8_t *in, size_t len)
{
    if (m->is_pending && entry != CW_ENTRY_RESPONSE && entry != CW_ENTRY_CANCEL) {
        abort(); /* the node must not enter a module that waits */
    }
    switch (entry) {
    case CW_ENTRY_ATTEST:
    case CW_ENTRY_MANAGE:
        put(m, CW_FRAME_REPLY, in, len);
        return CW_RESULT_DONE;
    case CW_ENTRY_EVENT:
        return take_frame(m, in, len, false);
    case CW_ENTRY_REQUEST:
        return take_frame(m, in, len, true);
    case CW_ENTRY_RESPONSE:
        return respond(m, in, len);
    case CW_ENTRY_CANCEL:
        m->is_pending = false;
        put(m, CW_FRAME_REPLY, "cancelled", 9);
        return CW_RESULT_DONE;
    case CW_ENTRY_ACK_MAKE:
    case CW_ENTRY_ACK_TAKE:
        return ack(m, entry, in, len);
    case CW_ENTRY_CALL:
        return call(m, in, len);
    case CW_ENTRY_STREAM_OPEN:
    case CW_ENTRY_STREAM_DATA:
    case CW_ENTRY_STREAM_CLOSE:
        return stream(m, entry, in, len);
    }
    return CW_RESULT_REFUSED;
}

/* --- the backend --------------------------------------------------------------------------------- */

/* Its device enters it: one event, or a request. */
static void say(struct cw_node_module *m)
{
    struct cw_platform *p = m->platform;
    uint8_t bytes[64];
    cw_result result = CW_RESULT_DONE;
    m->out_len = 0;
    if (m->says == 'p') {
        m->pending_channel = m->says_channel;
        put(m, CW_FRAME_REQUEST, bytes,
                cw_fake_frame(m->says_channel, channel_of(m, m->says_channel)->next, "why", 3, bytes));
        m->is_pending = true;
        result = CW_RESULT_PENDING;
    } else {
        struct cw_writer w = cw_writer_over(bytes, sizeof bytes);
        cw_writer_u32(&w, m->says_channel);
        cw_writer_u32(&w, 1);
        cw_writer_u32(&w, 64);
        struct cw_reader r = cw_reader_over(bytes, w.used_len);
        emit(m, &r);
    }
    m->says = 0;
    p->setup.said(p->setup.ctx, m, result, m->out, m->out_len);
}

static void later(uv_timer_t *timer)
{
    struct cw_node_module *m = timer->data;
    struct cw_platform *p = m->platform;
    if (m->loaded != NULL) {
        const cw_node_loaded_fn loaded = m->loaded;
        m->loaded = NULL;
        loaded(m->ctx, CW_OK, m, NULL);
        return;
    }
    if (m->is_hanging) {
        return;
    }
    if (m->called_many != NULL) {
        const cw_node_called_many_fn many = m->called_many;
        m->called_many = NULL;
        many(m->ctx, CW_OK, m->served, m->result, m->out, m->out_len);
        return;
    }
    if (m->called == NULL) {
        return;
    }
    const cw_node_called_fn called = m->called;
    if (m->says == 'D') {
        say(m);
        m->out_len = 0; /* its answer */
    }
    m->called = NULL;
    if (m->is_dead) {
        called(m->ctx, CW_E_ABSENT, CW_RESULT_REFUSED, NULL, 0);
        p->setup.lost(p->setup.ctx, m, "it was told to");
        return;
    }
    called(m->ctx, CW_OK, m->result, m->out, m->out_len);
    if (m->says != 0) {
        say(m);
    }
    if (m->does_interrupt) {
        m->does_interrupt = false;
        p->setup.interrupt(p->setup.ctx, m, 7);
    }
}

static cw_status fake_open(const struct cw_node_setup *setup, struct cw_platform **ret_platform,
        char *ret_why, size_t why_cap)
{
    struct cw_platform *p = calloc(1, sizeof *p);
    if (p == NULL) {
        snprintf(ret_why, why_cap, "no memory");
        return CW_E_SYSTEM;
    }
    p->setup = *setup;
    *ret_platform = p;
    return CW_OK;
}

atomic_bool cw_fake_is_broken;

static void freed(uv_handle_t *handle)
{
    free(handle->data);
}

static void failed_later(uv_timer_t *timer)
{
    struct cw_node_module *m = timer->data;
    m->loaded(m->ctx, CW_E_FORM, NULL, "it is told to fail");
    uv_close((uv_handle_t *)timer, freed);
}

static void fake_load(struct cw_platform *p, const char *name, const uint8_t *image,
        size_t image_len, cw_node_loaded_fn done, void *ctx)
{
    (void)name;
    struct cw_node_module *m = calloc(1, sizeof *m);
    if (m == NULL) {
        abort();
    }
    m->platform = p;
    m->loaded = done;
    m->ctx = ctx;
    (void)uv_timer_init(p->setup.loop, &m->later);
    m->later.data = m;
    const bool fails = (image_len == 4 && memcmp(image, "fail", 4) == 0) ||
            (image_len == 5 && memcmp(image, "frail", 5) == 0 && atomic_load(&cw_fake_is_broken));
    (void)uv_timer_start(&m->later, fails ? failed_later : later, 0, 0);
}

static void fake_call(struct cw_platform *p, struct cw_node_module *m, cw_entry entry,
        const uint8_t *in, size_t in_len, cw_node_called_fn done, void *ctx)
{
    (void)p;
    if (m->called != NULL) {
        abort(); /* one call at a time */
    }
    m->called = done;
    m->ctx = ctx;
    m->out_len = 0;
    m->result = serve(m, entry, in, in_len);
    (void)uv_timer_start(&m->later, later, 0, 0);
}

static void fake_call_many(struct cw_platform *p, struct cw_node_module *m, cw_entry entry,
        const uint8_t *in, size_t in_len, cw_node_called_many_fn done, void *ctx)
{
    (void)p;
    if (m->called != NULL || m->called_many != NULL) {
        abort(); /* one call at a time */
    }
    m->called_many = done;
    m->ctx = ctx;
    m->out_len = 0;
    m->served = 0;
    struct cw_reader r = cw_reader_over(in, in_len);
    for (;;) {
        const uint32_t len = cw_reader_u32(&r);
        if (r.status != CW_OK || len > r.left_len) {
            abort(); /* the node must not send a part of an input */
        }
        m->result = serve(m, entry, r.next, len);
        r.next += len;
        r.left_len -= len;
        if (m->result != CW_RESULT_DONE || r.left_len == 0 || m->served == 3) {
            break; /* little room: the node must bring the rest again */
        }
        m->served++;
    }
    (void)uv_timer_start(&m->later, later, 0, 0);
}

static void unloaded(uv_handle_t *handle)
{
    struct cw_node_module *m = handle->data;
    if (m->called_many != NULL) {
        m->called_many(m->ctx, CW_E_ABSENT, 0, CW_RESULT_REFUSED, NULL, 0);
    }
    if (m->called != NULL) {
        m->called(m->ctx, CW_E_ABSENT, CW_RESULT_REFUSED, NULL, 0);
    }
    const cw_node_done_fn done = m->unloaded;
    void *ctx = m->unload_ctx;
    free(m);
    done(ctx);
}

static void fake_unload(struct cw_platform *p, struct cw_node_module *m, cw_node_done_fn done,
        void *ctx)
{
    (void)p;
    m->unloaded = done;
    m->unload_ctx = ctx;
    uv_close((uv_handle_t *)&m->later, unloaded);
}

static void fake_describe(struct cw_platform *p, char *ret_json, size_t cap)
{
    (void)p;
    snprintf(ret_json, cap, "{\"chip\": \"fake\"}");
}

/* The evidence tells what becomes of it: "no" and "bad", "late" after a while; else the quote is the evidence backwards, and the collateral its length. */
struct fake_quoting {
    uv_timer_t later;
    cw_node_called_fn done;
    void *ctx;
    size_t len;
    uint8_t evidence[CW_QUOTE_EVIDENCE_MAX];
};

static void quote_closed(uv_handle_t *handle)
{
    struct fake_quoting *q = handle->data;
    uint8_t quote[CW_QUOTE_EVIDENCE_MAX];
    uint8_t bytes[8 + 2 * CW_QUOTE_EVIDENCE_MAX];
    char collateral[32];
    for (size_t i = 0; i < q->len; i++) {
        quote[i] = q->evidence[q->len - 1 - i];
    }
    const int collateral_len = snprintf(collateral, sizeof collateral, "{\"len\": %zu}", q->len);
    struct cw_writer w = cw_writer_over(bytes, sizeof bytes);
    cw_quote_put(&w, &(struct cw_quote){quote, (uint32_t)q->len, (uint8_t *)collateral,
                             (uint32_t)collateral_len});
    if (q->len == 2 && memcmp(q->evidence, "no", 2) == 0) {
        q->done(q->ctx, CW_OK, CW_RESULT_REFUSED, (const uint8_t *)"it is told to refuse", 20);
    } else if (q->len == 3 && memcmp(q->evidence, "bad", 3) == 0) {
        q->done(q->ctx, CW_OK, CW_RESULT_DONE, bytes, w.used_len - 1);
    } else {
        q->done(q->ctx, CW_OK, CW_RESULT_DONE, bytes, w.used_len);
    }
    free(q);
}

static void quote_later(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, quote_closed);
}

static void fake_quote(struct cw_platform *p, const uint8_t *evidence, size_t evidence_len,
        cw_node_called_fn done, void *ctx)
{
    struct fake_quoting *q = calloc(1, sizeof *q);
    if (q == NULL) {
        abort();
    }
    q->done = done;
    q->ctx = ctx;
    q->len = evidence_len;
    memcpy(q->evidence, evidence, evidence_len);
    (void)uv_timer_init(p->setup.loop, &q->later);
    q->later.data = q;
    const bool is_late = evidence_len == 4 && memcmp(evidence, "late", 4) == 0;
    (void)uv_timer_start(&q->later, quote_later, is_late ? 200 : 0, 0);
}

static void closed(uv_handle_t *handle)
{
    struct cw_platform *p = handle->data;
    const cw_node_done_fn done = p->closed;
    void *ctx = p->closed_ctx;
    free(p);
    done(ctx);
}

static void fake_close(struct cw_platform *p, cw_node_done_fn done, void *ctx)
{
    p->closed = done;
    p->closed_ctx = ctx;
    (void)uv_timer_init(p->setup.loop, &p->later);
    p->later.data = p;
    uv_close((uv_handle_t *)&p->later, closed);
}

const struct cw_node_backend cw_node_fake = {
        .name = "fake",
        .protection = "none: it is a test",
        .open = fake_open,
        .load = fake_load,
        .call = fake_call,
        .call_many = fake_call_many,
        .unload = fake_unload,
        .describe = fake_describe,
        .quote = fake_quote,
        .close = fake_close,
};
