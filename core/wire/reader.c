/* SPDX-License-Identifier: MIT */
#include "core/wire/reader.h"

struct cw_reader cw_reader_over(const uint8_t *bytes, size_t len)
{
    struct cw_reader r = {bytes, len, CW_OK};
    return r;
}

/* The address of the next len bytes, or NULL and the failure kept. */
/*@ requires is_reader(r);
    assigns *r;
    ensures is_reader(r) && took{Pre, Post}(r, len);
    ensures r->status == CW_OK ? \result == \old(r->next) : \result == \null; */
static const uint8_t *take(struct cw_reader *r, size_t len)
{
    if (r->status != CW_OK) {
        return NULL;
    }
    if (r->left_len < len) {
        r->status = CW_E_SHORT;
        return NULL;
    }
    const uint8_t *bytes = r->next;
    r->next += len;
    r->left_len -= len;
    return bytes;
}

uint8_t cw_reader_u8(struct cw_reader *r)
{
    const uint8_t *b = take(r, 1);
    return b == NULL ? 0 : b[0];
}

uint16_t cw_reader_u16(struct cw_reader *r)
{
    const uint8_t *b = take(r, 2);
    return b == NULL ? 0 : (uint16_t)(b[0] | (unsigned)b[1] << 8);
}

uint32_t cw_reader_u32(struct cw_reader *r)
{
    uint16_t low = cw_reader_u16(r);
    uint16_t high = cw_reader_u16(r);
    return r->status == CW_OK ? low | (uint32_t)high << 16 : 0;
}

uint64_t cw_reader_u64(struct cw_reader *r)
{
    uint32_t low = cw_reader_u32(r);
    uint32_t high = cw_reader_u32(r);
    return r->status == CW_OK ? low | (uint64_t)high << 32 : 0;
}

void cw_reader_bytes(struct cw_reader *r, uint8_t *ret_bytes, size_t len)
{
    const uint8_t *b = take(r, len);
    /*@ loop invariant 0 <= i <= len;
        loop invariant \forall integer k; 0 <= k < i ==> ret_bytes[k] == (b == \null ? 0 : b[k]);
        loop assigns i, ret_bytes[0 .. len - 1];
        loop variant len - i; */
    for (size_t i = 0; i < len; i++) {
        ret_bytes[i] = b == NULL ? 0 : b[i];
    }
}

void cw_reader_zero(struct cw_reader *r, size_t len)
{
    const uint8_t *b = take(r, len);
    /*@ loop invariant 0 <= i <= len;
        loop invariant b == \null ==> i == 0 && r->status == \at(r->status, LoopEntry);
        loop invariant b != \null ==> (r->status == CW_OK <==>
          \forall integer k; 0 <= k < i ==> b[k] == 0);
        loop assigns i, r->status;
        loop variant len - i; */
    for (size_t i = 0; b != NULL && i < len; i++) {
        cw_reader_expect(r, b[i] == 0);
    }
}

void cw_reader_expect(struct cw_reader *r, bool holds)
{
    if (r->status == CW_OK && !holds) {
        r->status = CW_E_FORM;
    }
}

const uint8_t *cw_reader_rest(struct cw_reader *r, size_t *ret_len)
{
    size_t len = r->left_len;
    const uint8_t *b = take(r, len);
    *ret_len = b == NULL ? 0 : len;
    return b;
}

cw_status cw_reader_finish(const struct cw_reader *r)
{
    if (r->status == CW_OK && r->left_len != 0) {
        return CW_E_FORM;
    }
    return r->status;
}
