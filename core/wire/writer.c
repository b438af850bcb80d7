/* SPDX-License-Identifier: MIT */
#include "core/wire/writer.h"

struct cw_writer cw_writer_over(uint8_t *bytes, size_t cap)
{
    struct cw_writer w = {bytes, cap, 0, CW_OK};
    return w;
}

/*@ requires is_writer(w) && \valid_read(from + (0 .. len - 1));
    assigns *w, w->next[0 .. w->left_len - 1];
    ensures is_writer(w) && put{Pre, Post}(w, len); */
static void put(struct cw_writer *w, const uint8_t *from, size_t len)
{
    if (w->status != CW_OK || w->left_len < len) {
        w->status = CW_E_SPACE;
        return;
    }
    /*@ loop invariant 0 <= i <= len;
        loop assigns i, w->next[0 .. len - 1];
        loop variant len - i; */
    for (size_t i = 0; i < len; i++) {
        w->next[i] = from[i];
    }
    w->next += len;
    w->left_len -= len;
    w->used_len += len;
}

void cw_writer_bytes(struct cw_writer *w, const void *bytes, size_t len)
{
    put(w, bytes, len);
}

void cw_writer_u8(struct cw_writer *w, uint8_t value)
{
    put(w, &value, 1);
}

void cw_writer_u16(struct cw_writer *w, uint16_t value)
{
    uint8_t b[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
    put(w, b, sizeof b);
}

void cw_writer_u32(struct cw_writer *w, uint32_t value)
{
    cw_writer_u16(w, (uint16_t)value);
    cw_writer_u16(w, (uint16_t)(value >> 16));
}

void cw_writer_u64(struct cw_writer *w, uint64_t value)
{
    cw_writer_u32(w, (uint32_t)value);
    cw_writer_u32(w, (uint32_t)(value >> 32));
}

cw_status cw_writer_finish(const struct cw_writer *w, size_t *ret_len)
{
    if (w->status == CW_OK) {
        *ret_len = w->used_len;
    }
    return w->status;
}
