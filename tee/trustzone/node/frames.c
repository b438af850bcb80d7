/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/node/frames.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/reader.h"
#include "core/wire/writer.h"

#define PARAMETERS_MAX 4u

/* What each kind of ask has as parameters. */
struct shape {
    uint32_t count;
    uint64_t attr[PARAMETERS_MAX];
};

static const struct shape shapes[] = {
        [CW_TZ_LOAD] = {2, {OPTEE_VALUE_IN, OPTEE_TMEM_IN}},
        [CW_TZ_ENTER] = {3, {OPTEE_VALUE_INOUT, OPTEE_TMEM_IN, OPTEE_TMEM_OUT}},
        [CW_TZ_FETCH] = {3, {OPTEE_VALUE_OUT, OPTEE_NONE, OPTEE_TMEM_OUT}},
        [CW_TZ_INFO] = {2, {OPTEE_NONE, OPTEE_TMEM_OUT}},
        [CW_TZ_PING] = {1, {OPTEE_VALUE_INOUT}},
};
static const struct shape shape_open = {2,
        {OPTEE_VALUE_IN | OPTEE_META, OPTEE_VALUE_IN | OPTEE_META}};
static const struct shape shape_none = {0, {0}};

static const struct shape *shape_of(const struct cw_tz_ask *ask)
{
    if (ask->command == OPTEE_OPEN_SESSION) {
        return &shape_open;
    }
    if (ask->command != OPTEE_INVOKE || ask->function >= sizeof shapes / sizeof shapes[0]) {
        return &shape_none;
    }
    return &shapes[ask->function];
}

static void put_header(struct cw_writer *w, size_t len, uint8_t kind)
{
    cw_writer_u32(w, (uint32_t)len);
    cw_writer_u8(w, kind);
    cw_writer_bytes(w, (const uint8_t[3]){0}, 3);
}

uint8_t *cw_tz_frames_hello(const uint8_t name[static CW_TZ_LINK_NAME_LEN], size_t *ret_len)
{
    const size_t zeros_len = CW_TZ_FRAME_MAX;
    *ret_len = zeros_len + CW_TZ_LINK_HEADER_LEN + CW_TZ_LINK_NAME_LEN;
    uint8_t *bytes = calloc(1, *ret_len);
    if (bytes == NULL) {
        return NULL;
    }
    struct cw_writer w = cw_writer_over(bytes + zeros_len, *ret_len - zeros_len);
    put_header(&w, CW_TZ_LINK_NAME_LEN, CW_TZ_LINK_HELLO);
    cw_writer_bytes(&w, name, CW_TZ_LINK_NAME_LEN);
    return bytes;
}

size_t cw_tz_frames_ready(const uint8_t *bytes, size_t len,
        const uint8_t name[static CW_TZ_LINK_NAME_LEN], size_t *ret_keep)
{
    uint8_t ready[CW_TZ_LINK_HEADER_LEN + CW_TZ_LINK_NAME_LEN];
    struct cw_writer w = cw_writer_over(ready, sizeof ready);
    put_header(&w, CW_TZ_LINK_NAME_LEN, CW_TZ_LINK_READY);
    cw_writer_bytes(&w, name, CW_TZ_LINK_NAME_LEN);
    const uint8_t *at = memmem(bytes, len, ready, sizeof ready);
    *ret_keep = len < sizeof ready ? len : sizeof ready - 1;
    return at != NULL ? (size_t)(at - bytes) + sizeof ready : 0;
}

/* --- calls --------------------------------------------------------------------------------------------- */

static void put_parameter(struct cw_writer *w, uint64_t attr, uint64_t a, uint64_t b)
{
    cw_writer_u64(w, attr);
    cw_writer_u64(w, a);
    cw_writer_u64(w, b);
    cw_writer_u64(w, 0);
}

static void put_uuid(struct cw_writer *w, uint64_t attr)
{
    static const uint8_t uuid[16] = CW_TZ_UUID;
    cw_writer_u64(w, attr);
    cw_writer_bytes(w, uuid, sizeof uuid);
    cw_writer_u64(w, 0);
}

uint8_t *cw_tz_frames_ask(const struct cw_tz_ask *ask, size_t *ret_len)
{
    const struct shape *shape = shape_of(ask);
    const size_t message_len =
            sizeof(struct optee_message) + shape->count * sizeof(struct optee_parameter);
    const size_t len = message_len + ask->in_len;
    const size_t room_at = (ask->in_len + 7) & ~(size_t)7;
    if (ask->in_len > CW_TZ_LINK_MAX || message_len + room_at + ask->room > CW_TZ_LINK_MAX) {
        return NULL;
    }
    uint8_t *bytes = malloc(CW_TZ_LINK_HEADER_LEN + len);
    if (bytes == NULL) {
        return NULL;
    }
    struct cw_writer w = cw_writer_over(bytes, CW_TZ_LINK_HEADER_LEN + len);
    put_header(&w, len, CW_TZ_LINK_CALL);
    cw_writer_u32(&w, ask->command);
    cw_writer_u32(&w, ask->function);
    cw_writer_u32(&w, ask->session);
    cw_writer_bytes(&w, (const uint8_t[16]){0}, 16);
    cw_writer_u32(&w, shape->count);
    for (uint32_t i = 0; i < shape->count; i++) {
        if (shape == &shape_open && i == 0) {
            put_uuid(&w, shape->attr[i]);
        } else if (shape->attr[i] == OPTEE_TMEM_IN) {
            put_parameter(&w, shape->attr[i], 0, ask->in_len);
        } else if (shape->attr[i] == OPTEE_TMEM_OUT) {
            put_parameter(&w, shape->attr[i], room_at, ask->room);
        } else {
            const bool is_value = i == 0 && shape != &shape_open;
            put_parameter(&w, shape->attr[i], is_value ? ask->a : 0, is_value ? ask->b : 0);
        }
    }
    if (ask->in_len > 0) {
        cw_writer_bytes(&w, ask->in, ask->in_len);
    }
    *ret_len = w.used_len;
    return bytes;
}

/* --- answers -------------------------------------------------------------------------------------------- */

cw_status cw_tz_frames_take(const uint8_t *bytes, size_t len, uint8_t *ret_kind,
        const uint8_t **ret_data, size_t *ret_data_len)
{
    if (len < CW_TZ_LINK_HEADER_LEN) {
        return CW_E_SHORT;
    }
    struct cw_reader r = cw_reader_over(bytes, CW_TZ_LINK_HEADER_LEN);
    const uint32_t data_len = cw_reader_u32(&r);
    const uint8_t kind = cw_reader_u8(&r);
    cw_reader_zero(&r, 3);
    cw_reader_expect(&r, data_len <= CW_TZ_LINK_MAX);
    cw_reader_expect(&r, kind == CW_TZ_LINK_ANSWER
            || (kind == CW_TZ_LINK_READY && (data_len == 0 || data_len == CW_TZ_LINK_NAME_LEN))
            || (kind == CW_TZ_LINK_ATTENTION && data_len == 0));
    if (cw_reader_finish(&r) != CW_OK) {
        return CW_E_FORM;
    }
    if (len - CW_TZ_LINK_HEADER_LEN < data_len) {
        return CW_E_SHORT;
    }
    *ret_kind = kind;
    *ret_data = bytes + CW_TZ_LINK_HEADER_LEN;
    *ret_data_len = data_len;
    return CW_OK;
}

/* One parameter; ret_out_len: how many bytes of it follow the message. */
static void take_parameter(struct cw_reader *r, const struct cw_tz_ask *ask, uint64_t attr,
        bool is_value, struct cw_tz_answer *answer, size_t *ret_out_len)
{
    cw_reader_expect(r, cw_reader_u64(r) == attr);
    const uint64_t a = cw_reader_u64(r);
    const uint64_t b = cw_reader_u64(r);
    (void)cw_reader_u64(r);
    if (is_value) {
        answer->a = a;
        answer->b = b;
    } else if (attr == OPTEE_TMEM_OUT && answer->ret == TEE_SUCCESS) {
        cw_reader_expect(r, b <= ask->room);
        *ret_out_len = (size_t)b;
    }
}

cw_status cw_tz_frames_answer(const struct cw_tz_ask *ask, const uint8_t *data, size_t len,
        struct cw_tz_answer *ret_answer)
{
    const struct shape *shape = shape_of(ask);
    struct cw_tz_answer answer = {0};
    struct cw_reader r = cw_reader_over(data, len);
    size_t out_len = 0;
    cw_reader_expect(&r, cw_reader_u32(&r) == ask->command);
    cw_reader_expect(&r, cw_reader_u32(&r) == ask->function);
    answer.session = cw_reader_u32(&r);
    cw_reader_zero(&r, 8);
    answer.ret = cw_reader_u32(&r);
    (void)cw_reader_u32(&r); /* whose result it is */
    cw_reader_expect(&r, cw_reader_u32(&r) == shape->count);
    for (uint32_t i = 0; i < shape->count; i++) {
        const uint64_t attr = shape->attr[i];
        take_parameter(&r, ask, attr, attr == OPTEE_VALUE_INOUT || attr == OPTEE_VALUE_OUT, &answer,
                &out_len);
    }
    answer.out = cw_reader_rest(&r, &answer.out_len);
    if (cw_reader_finish(&r) != CW_OK || answer.out_len != out_len) {
        return CW_E_FORM;
    }
    *ret_answer = answer;
    return CW_OK;
}
