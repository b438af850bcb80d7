/* SPDX-License-Identifier: MIT */
#include "sdk/run.h"

#include "core/base/bytes.h"
#include "core/wire/reader.h"
#include "core/wire/writer.h"
#include "sdk/causeway.h"

struct cw_module cw_run_module;

static struct cw_call call;  /* the entry being served; another one after a request */
static size_t items_len;     /* bytes of items in its output area                   */
static uint32_t event_gap;
static size_t stream_taken;
static bool is_started;
static bool is_busy; /* a request pends: only its answer may come in */

/* Room for an item with a payload of len bytes in the output area? */
static bool has_room(size_t len)
{
    size_t left = call.out_cap - items_len;
    return left >= CW_LINK_HEADER_LEN && left - CW_LINK_HEADER_LEN >= len;
}

/* Append an item; the caller made sure of the room. */
static cw_status put(cw_frame type, const uint8_t *bytes, size_t len)
{
    if (!has_room(len)) {
        return CW_E_SPACE;
    }
    uint8_t header[CW_LINK_HEADER_LEN];
    cw_link_header_encode(&(struct cw_link_header){(uint32_t)len, (uint8_t)type}, header);
    cw_far to_far = call.out_far + items_len;
    cw_status status = cw_enclave_copy_out(to_far, header, sizeof header);
    if (status == CW_OK) {
        status = cw_enclave_copy_out(to_far + sizeof header, bytes, len);
    }
    if (status == CW_OK) {
        items_len += sizeof header + len;
    }
    return status;
}

static const struct cw_endpoint *endpoint_of(const struct cw_channel *c)
{
    return &cw_run_module.endpoints[c->local];
}

static bool is_source(const struct cw_channel *c)
{
    return c->state == CW_CHANNEL_OPEN && c->source != 0;
}

/* Bytes that the longest event of this source takes in the output area. */
static size_t item_max(const struct cw_channel *c)
{
    uint32_t max = endpoint_of(c)->max;
    return CW_LINK_HEADER_LEN + CW_FRAME_LEN(c->event_max < max ? c->event_max : max);
}

/* An input is consumed only when every output has a window, and room for one event. */
static cw_status outputs_ready(size_t answer_len)
{
    size_t needed = answer_len;
    for (uint16_t i = 0; i < cw_run_module.channel_count; i++) {
        const struct cw_channel *c = &cw_run_module.channels[i];
        if (!is_source(c)) {
            continue;
        }
        if (cw_channel_ready(c) != CW_OK) {
            return CW_AGAIN;
        }
        needed += item_max(c);
    }
    return needed <= call.out_cap ? CW_OK : CW_AGAIN;
}

/* Every connection of this output can take an event of len bytes now? */
static cw_status emit_check(uint16_t local, size_t len)
{
    size_t needed = 0;
    cw_status worst = CW_OK;
    for (uint16_t i = 0; i < cw_run_module.channel_count; i++) {
        struct cw_channel *c = &cw_run_module.channels[i];
        if (!is_source(c) || c->local != local) {
            continue;
        }
        cw_status status = len > c->event_max ? CW_E_SPACE : cw_channel_ready(c);
        needed += CW_LINK_HEADER_LEN + CW_FRAME_LEN(len);
        if (status == CW_OK && needed > call.out_cap - items_len) {
            status = CW_AGAIN;
        }
        if (status != CW_OK) {
            cw_channel_refuse(c, CW_AGAIN);
            worst = status;
        }
    }
    return worst;
}

static cw_status send(struct cw_channel *c, cw_frame type, const void *data, size_t len)
{
    size_t frame_len;
    cw_status status = cw_channel_wrap(c, data, len, cw_memory.out, cw_memory.out_cap, &frame_len);
    return status == CW_OK ? put(type, cw_memory.out, frame_len) : status;
}

cw_status cw_emit(const struct cw_endpoint *endpoint, const void *data, size_t len)
{
    if (len > endpoint->max) {
        return CW_E_SPACE;
    }
    uint16_t local = (uint16_t)(endpoint - cw_run_module.endpoints);
    cw_status status = emit_check(local, len);
    for (uint16_t i = 0; status == CW_OK && i < cw_run_module.channel_count; i++) {
        struct cw_channel *c = &cw_run_module.channels[i];
        if (is_source(c) && c->local == local) {
            status = send(c, CW_FRAME_EVENT, data, len);
        }
    }
    return status;
}

/* Go out with what is there; come back with the next call. */
static void leave(cw_result result)
{
    cw_return value = CW_RETURN(result, items_len);
    items_len = 0;
    cw_enclave_leave(value, &call);
}

/* Wait, outside, for the response on c.  Everything else is sent away meanwhile. */
static cw_status await(struct cw_channel *c, size_t *ret_len)
{
    is_busy = true;
    cw_result result = CW_RESULT_PENDING;
    cw_status status;
    do {
        leave(result);
        result = CW_RESULT_REFUSED;
        status = CW_AGAIN;
        if (call.entry == CW_ENTRY_CANCEL) {
            status = CW_E_STATE;
        } else if (call.entry != CW_ENTRY_RESPONSE) {
            result = CW_RESULT_AGAIN;
        } else if (call.in_len <= cw_memory.out_cap &&
                cw_enclave_copy_in(cw_memory.out, call.in_far, call.in_len) == CW_OK &&
                cw_channel_unwrap_response(c, cw_memory.out, call.in_len, ret_len) == CW_OK) {
            status = CW_OK;
        }
    } while (status == CW_AGAIN);
    is_busy = false;
    return status;
}

cw_status cw_request(const struct cw_endpoint *endpoint, const void *data, size_t len,
        void *ret_reply, size_t cap, size_t *ret_len)
{
    uint16_t local = (uint16_t)(endpoint - cw_run_module.endpoints);
    struct cw_channel *c = NULL;
    for (uint16_t i = 0; i < cw_run_module.channel_count; i++) {
        if (is_source(&cw_run_module.channels[i]) && cw_run_module.channels[i].local == local) {
            c = &cw_run_module.channels[i];
        }
    }
    if (c == NULL) {
        return CW_E_ABSENT;
    }
    if (len > endpoint->max) {
        return CW_E_SPACE;
    }
    cw_status status = emit_check(local, len);
    if (status == CW_OK) {
        status = send(c, CW_FRAME_REQUEST, data, len);
    }
    size_t reply_len = 0;
    if (status == CW_OK) {
        status = await(c, &reply_len);
    }
    if (status == CW_OK && reply_len > cap) {
        status = CW_E_SPACE;
    }
    if (status == CW_OK) {
        cw_bytes_copy(ret_reply, cw_memory.out + CW_EVENT_HEADER_LEN, reply_len);
        *ret_len = reply_len;
    }
    return status;
}

cw_status cw_reply_put(struct cw_reply *reply, const void *bytes, size_t len)
{
    if (len > reply->cap - reply->len) {
        return CW_E_SPACE;
    }
    cw_bytes_copy(reply->bytes + reply->len, bytes, len);
    reply->len += len;
    return CW_OK;
}

uint32_t cw_event_gap(void)
{
    return event_gap;
}

cw_status cw_random(void *ret_bytes, size_t len)
{
    return cw_enclave_random(ret_bytes, len);
}

static cw_status serve_attest(size_t len)
{
    uint8_t nonce[CW_NONCE_LEN];
    cw_status status = cw_attest_decode(cw_memory.in, len, nonce);
    if (status != CW_OK) {
        return status;
    }
    cw_evidence_encode(&cw_run_module.life, cw_memory.out);
    size_t proof_len;
    status = cw_session_prove(nonce, cw_memory.out, cw_memory.out + CW_EVIDENCE_LEN,
            cw_memory.out_cap - CW_EVIDENCE_LEN, &proof_len);
    return status == CW_OK ? put(CW_FRAME_REPLY, cw_memory.out, CW_EVIDENCE_LEN + proof_len)
                           : status;
}

static cw_status serve_manage(size_t len)
{
    size_t answer_len = CW_OPENED_LEN;
    if (!has_room(CW_MANAGE_HEADER_LEN + CW_QUERIED_LEN + CW_TAG_LEN)) {
        return CW_AGAIN;
    }
    cw_status status;
    if (len > 1 && cw_memory.in[1] == CW_MANAGE_OPEN) {
        status = cw_session_open(&cw_run_module, cw_memory.in, len, cw_memory.out);
    } else {
        status = cw_module_command(&cw_run_module, cw_memory.in, len, cw_memory.out,
                cw_memory.out_cap, &answer_len);
    }
    return status == CW_OK ? put(CW_FRAME_REPLY, cw_memory.out, answer_len) : status;
}

/* The channel that a message names in its first four bytes. */
static struct cw_channel *channel_named(size_t len)
{
    struct cw_reader r = cw_reader_over(cw_memory.in, len);
    uint32_t id = cw_reader_u32(&r);
    return r.status == CW_OK ? cw_module_channel(&cw_run_module, id) : NULL;
}

static struct cw_reply reply_for(const struct cw_endpoint *endpoint)
{
    struct cw_reply reply = {.bytes = cw_memory.reply, .cap = endpoint->reply_max};
    if (reply.cap > cw_memory.reply_cap) {
        cw_enclave_abort(); /* the image was built with too little memory */
    }
    return reply;
}

static cw_status respond(const struct cw_channel *c, const struct cw_reply *reply)
{
    size_t frame_len;
    cw_status status = cw_channel_wrap_response(c, reply->bytes, reply->len, cw_memory.out,
            cw_memory.out_cap, &frame_len);
    return status == CW_OK ? put(CW_FRAME_RESPONSE, cw_memory.out, frame_len) : status;
}

/* An event or a request: everything is checked before its counter is committed. */
static cw_status serve_event(size_t len, bool request)
{
    struct cw_channel *c = channel_named(len);
    if (c == NULL) {
        return CW_E_ABSENT;
    }
    if ((c->mode == CW_MODE_REQUEST) != request) {
        return CW_E_STATE;
    }
    cw_status status = cw_channel_expects(c, cw_memory.in, len);
    if (status != CW_OK) {
        cw_channel_refuse(c, status);
        return status;
    }
    const struct cw_endpoint *endpoint = endpoint_of(c);
    status = outputs_ready(
            request ? CW_LINK_HEADER_LEN + CW_FRAME_LEN((uint32_t)endpoint->reply_max) : 0);
    if (status != CW_OK) {
        return status;
    }
    size_t payload_len;
    status = cw_channel_unwrap(c, cw_memory.in, len, &payload_len, &event_gap);
    if (status != CW_OK) {
        return status;
    }
    cw_module_accepted(&cw_run_module, c);
    const uint8_t *payload = cw_memory.in + CW_EVENT_HEADER_LEN;
    if (!request) {
        endpoint->call.input(payload, payload_len);
        return CW_OK;
    }
    struct cw_reply reply = reply_for(endpoint);
    endpoint->call.answer(payload, payload_len, &reply);
    return respond(c, &reply);
}

static cw_status serve_ack_make(size_t len)
{
    const struct cw_channel *c = channel_named(len);
    if (c == NULL || len != 4) {
        return CW_E_ABSENT;
    }
    cw_status status = cw_channel_ack_make(c, cw_memory.out);
    return status == CW_OK ? put(CW_FRAME_ACK, cw_memory.out, CW_ACK_LEN) : status;
}

static cw_status serve_ack_take(size_t len)
{
    struct cw_channel *c = channel_named(len);
    if (c == NULL) {
        return CW_E_ABSENT;
    }
    cw_status status = cw_channel_ack_take(c, cw_memory.in, len);
    if (status != CW_OK) {
        return status;
    }
    struct cw_writer w = cw_writer_over(cw_memory.out, cw_memory.out_cap);
    cw_writer_u32(&w, c->id);
    cw_writer_u64(&w, c->acked);
    return put(CW_FRAME_REPLY, cw_memory.out, CW_EVENT_HEADER_LEN);
}

static cw_status serve_call(size_t len)
{
    struct cw_reader r = cw_reader_over(cw_memory.in, len);
    uint16_t index = cw_reader_u16(&r);
    cw_reader_zero(&r, 2);
    size_t argument_len;
    const uint8_t *argument = cw_reader_rest(&r, &argument_len);
    cw_status status = cw_reader_finish(&r);
    if (status != CW_OK) {
        return status;
    }
    if (index >= cw_run_module.endpoint_count ||
            cw_run_module.endpoints[index].kind != CW_KIND_ENTRY) {
        return CW_E_ABSENT;
    }
    const struct cw_endpoint *endpoint = &cw_run_module.endpoints[index];
    if (argument_len > endpoint->max) {
        return CW_E_FORM;
    }
    struct cw_reply reply = reply_for(endpoint);
    endpoint->call.answer(argument, argument_len, &reply);
    return put(CW_FRAME_REPLY, reply.bytes, reply.len);
}

/* An item that names a stream and carries one number at most. */
static cw_status put_stream(cw_frame type, uint32_t stream, uint32_t value, size_t len)
{
    uint8_t item[8];
    struct cw_writer w = cw_writer_over(item, sizeof item);
    cw_writer_u32(&w, stream);
    cw_writer_u32(&w, value);
    return put(type, item, len);
}

size_t cw_stream_send(uint32_t stream, const void *bytes, size_t len)
{
    /* Room stays for the small items that a stream may still need: taken, more, close. */
    const size_t reserve = 4 * (CW_LINK_HEADER_LEN + 8);
    const uint8_t *from = bytes;
    size_t sent = 0;
    while (sent < len) {
        size_t chunk = len - sent;
        size_t left = call.out_cap - items_len;
        if (left <= reserve + CW_LINK_HEADER_LEN + 4) {
            break;
        }
        left -= reserve + CW_LINK_HEADER_LEN + 4;
        chunk = chunk < left ? chunk : left;
        chunk = chunk < cw_memory.out_cap - 4u ? chunk : cw_memory.out_cap - 4u;
        struct cw_writer w = cw_writer_over(cw_memory.out, cw_memory.out_cap);
        cw_writer_u32(&w, stream);
        cw_writer_bytes(&w, from + sent, chunk);
        if (put(CW_FRAME_STREAM_DATA, cw_memory.out, 4 + chunk) != CW_OK) {
            break;
        }
        sent += chunk;
    }
    return sent;
}

void cw_stream_taken(uint32_t stream, size_t len)
{
    (void)stream;
    stream_taken = len;
}

void cw_stream_more(uint32_t stream)
{
    (void)put_stream(CW_FRAME_STREAM_MORE, stream, 0, 4);
}

void cw_stream_end(uint32_t stream)
{
    (void)put_stream(CW_FRAME_STREAM_CLOSE, stream, 0, 4);
}

static cw_status serve_stream(size_t len, uint8_t entry)
{
    struct cw_reader r = cw_reader_over(cw_memory.in, len);
    uint32_t stream = cw_reader_u32(&r);
    size_t bytes_len;
    const uint8_t *bytes = cw_reader_rest(&r, &bytes_len);
    cw_status status = cw_reader_finish(&r);
    if (status != CW_OK) {
        return status;
    }
    if (entry == CW_ENTRY_STREAM_OPEN) {
        return cw_stream_open(stream);
    }
    if (entry == CW_ENTRY_STREAM_CLOSE) {
        cw_stream_close(stream);
        return CW_OK;
    }
    stream_taken = bytes_len;
    status = cw_stream_data(stream, bytes, bytes_len);
    if (status == CW_OK) {
        status = put_stream(CW_FRAME_STREAM_TAKEN, stream, (uint32_t)stream_taken, 8);
    }
    return status;
}

static cw_status serve(uint8_t entry, size_t len)
{
    switch (entry) {
    case CW_ENTRY_ATTEST:
        return serve_attest(len);
    case CW_ENTRY_MANAGE:
        return serve_manage(len);
    case CW_ENTRY_EVENT:
        return serve_event(len, false);
    case CW_ENTRY_REQUEST:
        return serve_event(len, true);
    case CW_ENTRY_ACK_MAKE:
        return serve_ack_make(len);
    case CW_ENTRY_ACK_TAKE:
        return serve_ack_take(len);
    case CW_ENTRY_CALL:
        return serve_call(len);
    case CW_ENTRY_STREAM_OPEN:
    case CW_ENTRY_STREAM_DATA:
    case CW_ENTRY_STREAM_CLOSE:
        return serve_stream(len, entry);
    default:
        return CW_E_STATE;
    }
}

static void start(void)
{
    cw_run_module.channels = cw_memory.channels;
    cw_run_module.channel_count = cw_memory.channel_count;
    cw_run_module.endpoints = __start_cw_endpoints;
    cw_run_module.endpoint_count =
            (uint16_t)(__stop_cw_endpoints - __start_cw_endpoints);
    cw_run_module.cipher = cw_session_cipher();
    cw_run_module.life.kind = cw_enclave_start(cw_run_module.life.start);
    cw_session_start();
    is_started = true;
    cw_init_hook();
}

cw_return cw_run(const struct cw_call *next)
{
    if (is_busy) {
        cw_enclave_abort(); /* the port let a second call in */
    }
    call = *next;
    items_len = 0;
    event_gap = 0;
    if (!is_started) {
        start();
    }
    size_t len = call.in_len;
    cw_status status = len > cw_memory.in_cap
            ? CW_E_SPACE
            : cw_enclave_copy_in(cw_memory.in, call.in_far, len);
    if (status == CW_OK) {
        status = serve(call.entry, len);
    }
    if (status == CW_OK) {
        return CW_RETURN(CW_RESULT_DONE, items_len);
    }
    return CW_RETURN(status == CW_AGAIN ? CW_RESULT_AGAIN : CW_RESULT_REFUSED, items_len);
}
