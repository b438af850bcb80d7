/* SPDX-License-Identifier: MIT */
#include "core/wire/manage.h"

#include "core/wire/reader.h"
#include "core/wire/writer.h"

cw_status cw_manage_header_decode(const uint8_t bytes[static CW_MANAGE_HEADER_LEN],
        struct cw_manage_header *ret_header)
{
    struct cw_reader r = cw_reader_over(bytes, CW_MANAGE_HEADER_LEN);
    struct cw_manage_header h;
    cw_reader_expect(&r, cw_reader_u8(&r) == CW_VERSION);
    h.type = cw_reader_u8(&r);
    cw_reader_zero(&r, 2);
    h.session = cw_reader_u32(&r);
    h.seq = cw_reader_u32(&r);
    cw_status status = cw_reader_finish(&r);
    if (status == CW_OK) {
        *ret_header = h;
    }
    return status;
}

void cw_manage_header_encode(const struct cw_manage_header *header,
        uint8_t ret_bytes[static CW_MANAGE_HEADER_LEN])
{
    struct cw_writer w = cw_writer_over(ret_bytes, CW_MANAGE_HEADER_LEN);
    cw_writer_u8(&w, CW_VERSION);
    cw_writer_u8(&w, header->type);
    cw_writer_u16(&w, 0);
    cw_writer_u32(&w, header->session);
    cw_writer_u32(&w, header->seq);
}

cw_status cw_open_decode(const uint8_t bytes[static CW_OPEN_LEN], struct cw_open *ret_open)
{
    struct cw_manage_header header;
    cw_status status = cw_manage_header_decode(bytes, &header);
    if (status != CW_OK) {
        return status;
    }
    struct cw_reader r =
            cw_reader_over(bytes + CW_MANAGE_HEADER_LEN, CW_OPEN_LEN - CW_MANAGE_HEADER_LEN);
    struct cw_open o = {.session = header.session};
    cw_reader_expect(&r, header.type == CW_MANAGE_OPEN && header.seq == 0);
    cw_reader_bytes(&r, o.nonce, sizeof o.nonce);
    cw_reader_bytes(&r, o.deployment, sizeof o.deployment);
    o.module = cw_reader_u32(&r);
    status = cw_reader_finish(&r);
    if (status == CW_OK) {
        *ret_open = o;
    }
    return status;
}

void cw_open_encode(const struct cw_open *open, uint8_t ret_bytes[static CW_OPEN_LEN])
{
    struct cw_manage_header header = {.type = CW_MANAGE_OPEN, .session = open->session};
    cw_manage_header_encode(&header, ret_bytes);
    struct cw_writer w = cw_writer_over(ret_bytes + CW_MANAGE_HEADER_LEN,
            CW_OPEN_LEN - CW_MANAGE_HEADER_LEN);
    cw_writer_bytes(&w, open->nonce, sizeof open->nonce);
    cw_writer_bytes(&w, open->deployment, sizeof open->deployment);
    cw_writer_u32(&w, open->module);
}

cw_status cw_setconn_decode(const uint8_t *bytes, size_t len, struct cw_setconn *ret_setconn)
{
    struct cw_reader r = cw_reader_over(bytes, len);
    struct cw_setconn s;
    s.conn = cw_reader_u32(&r);
    s.epoch = cw_reader_u32(&r);
    s.channel = cw_reader_u32(&r);
    s.src_module = cw_reader_u32(&r);
    s.dst_module = cw_reader_u32(&r);
    s.src_endpoint = cw_reader_u16(&r);
    s.dst_endpoint = cw_reader_u16(&r);
    s.cipher = cw_reader_u8(&r);
    s.mode = cw_reader_u8(&r);
    cw_reader_expect(&r, s.mode <= CW_MODE_REQUEST);
    s.limit_log2 = cw_reader_u8(&r);
    cw_reader_expect(&r, s.limit_log2 >= 1 && s.limit_log2 <= 63);
    s.start = cw_reader_u8(&r);
    cw_reader_expect(&r, s.start <= CW_SETCONN_CUT);
    s.window = cw_reader_u16(&r);
    cw_reader_expect(&r, s.window >= 1);
    s.local = cw_reader_u16(&r);
    s.event_max = cw_reader_u32(&r);
    s.first = cw_reader_u64(&r);
    cw_reader_bytes(&r, s.key, sizeof s.key);
    cw_status status = cw_reader_finish(&r);
    if (status == CW_OK) {
        *ret_setconn = s;
    }
    return status;
}

void cw_setconn_encode(const struct cw_setconn *s, uint8_t ret_bytes[static CW_SETCONN_LEN])
{
    struct cw_writer w = cw_writer_over(ret_bytes, CW_SETCONN_LEN);
    cw_writer_u32(&w, s->conn);
    cw_writer_u32(&w, s->epoch);
    cw_writer_u32(&w, s->channel);
    cw_writer_u32(&w, s->src_module);
    cw_writer_u32(&w, s->dst_module);
    cw_writer_u16(&w, s->src_endpoint);
    cw_writer_u16(&w, s->dst_endpoint);
    cw_writer_u8(&w, s->cipher);
    cw_writer_u8(&w, s->mode);
    cw_writer_u8(&w, s->limit_log2);
    cw_writer_u8(&w, s->start);
    cw_writer_u16(&w, s->window);
    cw_writer_u16(&w, s->local);
    cw_writer_u32(&w, s->event_max);
    cw_writer_u64(&w, s->first);
    cw_writer_bytes(&w, s->key, sizeof s->key);
}

cw_status cw_answer_decode(const uint8_t *bytes, size_t len, struct cw_answer *ret_answer)
{
    struct cw_reader r = cw_reader_over(bytes, len);
    struct cw_answer a;
    a.channel = cw_reader_u32(&r);
    a.status = cw_reader_u16(&r);
    cw_reader_expect(&r, a.status <= CW_E_SYSTEM);
    cw_reader_zero(&r, 2);
    a.count = cw_reader_u64(&r);
    cw_reader_bytes(&r, a.check, sizeof a.check);
    cw_status status = cw_reader_finish(&r);
    if (status == CW_OK) {
        *ret_answer = a;
    }
    return status;
}

void cw_answer_encode(const struct cw_answer *answer, uint8_t ret_bytes[static CW_ANSWER_LEN])
{
    struct cw_writer w = cw_writer_over(ret_bytes, CW_ANSWER_LEN);
    cw_writer_u32(&w, answer->channel);
    cw_writer_u16(&w, answer->status);
    cw_writer_u16(&w, 0);
    cw_writer_u64(&w, answer->count);
    cw_writer_bytes(&w, answer->check, sizeof answer->check);
}

cw_status cw_query_decode(const uint8_t *bytes, size_t len, uint16_t *ret_index)
{
    struct cw_reader r = cw_reader_over(bytes, len);
    uint16_t index = cw_reader_u16(&r);
    cw_reader_zero(&r, 2);
    cw_status status = cw_reader_finish(&r);
    if (status == CW_OK) {
        *ret_index = index;
    }
    return status;
}

void cw_query_encode(uint16_t index, uint8_t ret_bytes[static CW_QUERY_LEN])
{
    struct cw_writer w = cw_writer_over(ret_bytes, CW_QUERY_LEN);
    cw_writer_u16(&w, index);
    cw_writer_u16(&w, 0);
}

cw_status cw_queried_decode(const uint8_t *bytes, size_t len, struct cw_queried *ret_queried)
{
    struct cw_reader r = cw_reader_over(bytes, len);
    struct cw_queried q;
    q.index = cw_reader_u16(&r);
    q.total = cw_reader_u16(&r);
    q.channel = cw_reader_u32(&r);
    q.conn = cw_reader_u32(&r);
    q.epoch = cw_reader_u32(&r);
    q.flags = cw_reader_u16(&r);
    q.refused_auth = cw_reader_u16(&r);
    q.count = cw_reader_u64(&r);
    q.acked = cw_reader_u64(&r);
    q.gaps = cw_reader_u32(&r);
    q.refused_replay = cw_reader_u16(&r);
    q.dropped = cw_reader_u16(&r);
    cw_status status = cw_reader_finish(&r);
    if (status == CW_OK) {
        *ret_queried = q;
    }
    return status;
}

void cw_queried_encode(const struct cw_queried *q, uint8_t ret_bytes[static CW_QUERIED_LEN])
{
    struct cw_writer w = cw_writer_over(ret_bytes, CW_QUERIED_LEN);
    cw_writer_u16(&w, q->index);
    cw_writer_u16(&w, q->total);
    cw_writer_u32(&w, q->channel);
    cw_writer_u32(&w, q->conn);
    cw_writer_u32(&w, q->epoch);
    cw_writer_u16(&w, q->flags);
    cw_writer_u16(&w, q->refused_auth);
    cw_writer_u64(&w, q->count);
    cw_writer_u64(&w, q->acked);
    cw_writer_u32(&w, q->gaps);
    cw_writer_u16(&w, q->refused_replay);
    cw_writer_u16(&w, q->dropped);
}

cw_status cw_disable_decode(const uint8_t *bytes, size_t len, uint32_t *ret_channel)
{
    struct cw_reader r = cw_reader_over(bytes, len);
    uint32_t channel = cw_reader_u32(&r);
    cw_status status = cw_reader_finish(&r);
    if (status == CW_OK) {
        *ret_channel = channel;
    }
    return status;
}

void cw_disable_encode(uint32_t channel, uint8_t ret_bytes[static CW_DISABLE_LEN])
{
    struct cw_writer w = cw_writer_over(ret_bytes, CW_DISABLE_LEN);
    cw_writer_u32(&w, channel);
}
