/* SPDX-License-Identifier: MIT */
/*
 * reader.h - a sticky cursor over received bytes.
 *
 * What     Reads little-endian fields.  After the first failure every read gives zeros, and
 *          cw_reader_finish says what happened, so that a decoder reads like the message's
 *          row in docs/protocol.md.
 * Trust    TRUSTED.  The bytes are the attacker's, already copied into private memory.
 * Memory   Keeps a pointer to the caller's bytes while the cursor lives.
 * Proof    Comments that begin with @ are contracts in ACSL, proved by `make prove`: no read
 *          passes the end, and what failed stays failed and reads as zeros.
 */
#ifndef CW_CORE_WIRE_READER_H
#define CW_CORE_WIRE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

struct cw_reader {
    const uint8_t *next;
    size_t left_len;
    cw_status status; /* the first failure */
};

/*@ predicate is_reader(struct cw_reader *r) =
      \valid(r) && \valid_read(r->next + (0 .. r->left_len - 1)) &&
      \separated(r, r->next + (0 .. r->left_len - 1));

    // What every read keeps: the end of the bytes, and the first failure.
    predicate moved{A, B}(struct cw_reader *r) =
      \at(r->next + r->left_len, A) == \at(r->next + r->left_len, B) &&
      \at(r->left_len, B) <= \at(r->left_len, A) &&
      (\at(r->status, A) != CW_OK ==> \at(r->status, B) == \at(r->status, A));

    // One of len bytes: all of them, or a failure and none.
    predicate took{A, B}(struct cw_reader *r, integer len) =
      moved{A, B}(r) &&
      (\at(r->status, A) == CW_OK && len <= \at(r->left_len, A)
        ? \at(r->status, B) == CW_OK && \at(r->left_len, B) == \at(r->left_len, A) - len
        : \at(r->status, B) != CW_OK && \at(r->left_len, B) == \at(r->left_len, A));
*/

/*@ requires \valid_read(bytes + (0 .. len - 1));
    assigns \nothing;
    ensures \result.next == bytes && \result.left_len == len && \result.status == CW_OK; */
struct cw_reader cw_reader_over(const uint8_t *bytes, size_t len);

/*@ requires is_reader(r);
    assigns *r;
    ensures is_reader(r) && took{Pre, Post}(r, 1);
    ensures r->status == CW_OK ? \result == \old(r->next[0]) : \result == 0; */
uint8_t cw_reader_u8(struct cw_reader *r);

/*@ requires is_reader(r);
    assigns *r;
    ensures is_reader(r) && took{Pre, Post}(r, 2);
    ensures r->status == CW_OK
      ? \result == (uint16_t)(\old(r->next[0]) | (\old(r->next[1]) << 8)) : \result == 0; */
uint16_t cw_reader_u16(struct cw_reader *r);

/*@ requires is_reader(r);
    assigns *r;
    ensures is_reader(r) && moved{Pre, Post}(r);
    ensures r->status == CW_OK ? r->left_len == \old(r->left_len) - 4 : \result == 0; */
uint32_t cw_reader_u32(struct cw_reader *r);

/*@ requires is_reader(r);
    assigns *r;
    ensures is_reader(r) && moved{Pre, Post}(r);
    ensures r->status == CW_OK ? r->left_len == \old(r->left_len) - 8 : \result == 0; */
uint64_t cw_reader_u64(struct cw_reader *r);

/*@ requires is_reader(r) && \valid(ret_bytes + (0 .. len - 1));
    requires \separated(ret_bytes + (0 .. len - 1), r, r->next + (0 .. r->left_len - 1));
    assigns *r, ret_bytes[0 .. len - 1];
    ensures is_reader(r) && took{Pre, Post}(r, len);
    ensures \forall integer i; 0 <= i < len ==>
      ret_bytes[i] == (r->status == CW_OK ? \old(r->next)[i] : 0); */
void cw_reader_bytes(struct cw_reader *r, uint8_t *ret_bytes, size_t len);

/* cw_reader_zero - a reserved field: anything but zeros is CW_E_FORM. */
/*@ requires is_reader(r);
    assigns *r;
    ensures is_reader(r) && moved{Pre, Post}(r);
    ensures r->status == CW_OK ==> r->left_len == \old(r->left_len) - len &&
      \forall integer i; 0 <= i < len ==> \old(r->next)[i] == 0; */
void cw_reader_zero(struct cw_reader *r, size_t len);

/* cw_reader_expect - CW_E_FORM unless the condition holds. */
/*@ requires is_reader(r);
    assigns r->status;
    ensures is_reader(r) && moved{Pre, Post}(r);
    ensures r->status == CW_OK <==> \old(r->status) == CW_OK && holds; */
void cw_reader_expect(struct cw_reader *r, bool holds);

/* cw_reader_rest - all bytes left; the cursor is then at the end. */
/*@ requires is_reader(r) && \valid(ret_len) && \separated(ret_len, r);
    requires \separated(ret_len, r->next + (0 .. r->left_len - 1));
    assigns *r, *ret_len;
    ensures is_reader(r) && moved{Pre, Post}(r) && r->status == \old(r->status);
    ensures r->status == CW_OK ==> r->left_len == 0 && \result == \old(r->next);
    ensures \valid_read(\result + (0 .. *ret_len - 1)); */
const uint8_t *cw_reader_rest(struct cw_reader *r, size_t *ret_len);

/*
 * cw_reader_finish - the verdict over all reads.
 *
 * CW_OK       every byte was read and every expectation held
 * CW_E_SHORT  the bytes ended early
 * CW_E_FORM   a field is wrong, or bytes are left over
 */
/*@ requires is_reader(r);
    assigns \nothing;
    ensures \result == CW_OK <==> r->status == CW_OK && r->left_len == 0; */
CW_MUST_CHECK cw_status cw_reader_finish(const struct cw_reader *r);

#endif
