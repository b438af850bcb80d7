/* SPDX-License-Identifier: MIT */
/*
 * writer.h - a sticky cursor that fills a buffer with little-endian fields.
 *
 * What     The opposite of reader.h: after the first field that does not fit nothing more is
 *          written, and cw_writer_finish says so.
 * Trust    TRUSTED.
 * Memory   Keeps a pointer to the caller's buffer while the cursor lives.
 * Proof    As in reader.h: no write passes the end, and what failed stays failed.
 */
#ifndef CW_CORE_WIRE_WRITER_H
#define CW_CORE_WIRE_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

struct cw_writer {
    uint8_t *next;
    size_t left_len;
    size_t used_len;
    cw_status status;
};

/*@ predicate is_writer(struct cw_writer *w) =
      \valid(w) && \valid(w->next + (0 .. w->left_len - 1)) &&
      \separated(w, w->next + (0 .. w->left_len - 1)) &&
      w->used_len + w->left_len <= SIZE_MAX;

    // What every write keeps: the end of the buffer, and a failure.
    predicate wrote{A, B}(struct cw_writer *w) =
      \at(w->left_len, B) <= \at(w->left_len, A) &&
      \at(w->next, B) == \at(w->next, A) + (\at(w->left_len, A) - \at(w->left_len, B)) &&
      \at(w->used_len + w->left_len, B) == \at(w->used_len + w->left_len, A) &&
      (\at(w->status, A) != CW_OK ==> \at(w->status, B) != CW_OK);

    // One of len bytes: all of them, or a failure and none.
    predicate put{A, B}(struct cw_writer *w, integer len) =
      \at(w->status, A) == CW_OK && len <= \at(w->left_len, A)
        ? \at(w->status, B) == CW_OK && \at(w->next, B) == \at(w->next, A) + len &&
          \at(w->left_len, B) == \at(w->left_len, A) - len &&
          \at(w->used_len, B) == \at(w->used_len, A) + len
        : \at(w->status, B) == CW_E_SPACE && \at(w->next, B) == \at(w->next, A) &&
          \at(w->left_len, B) == \at(w->left_len, A) &&
          \at(w->used_len, B) == \at(w->used_len, A);
*/

/*@ requires \valid(bytes + (0 .. cap - 1));
    assigns \nothing;
    ensures \result.next == bytes && \result.left_len == cap && \result.used_len == 0;
    ensures \result.status == CW_OK; */
struct cw_writer cw_writer_over(uint8_t *bytes, size_t cap);

/*@ requires is_writer(w);
    assigns *w, w->next[0 .. w->left_len - 1];
    ensures is_writer(w) && put{Pre, Post}(w, 1); */
void cw_writer_u8(struct cw_writer *w, uint8_t value);

/*@ requires is_writer(w);
    assigns *w, w->next[0 .. w->left_len - 1];
    ensures is_writer(w) && put{Pre, Post}(w, 2); */
void cw_writer_u16(struct cw_writer *w, uint16_t value);

/*@ requires is_writer(w);
    assigns *w, w->next[0 .. w->left_len - 1];
    ensures is_writer(w) && wrote{Pre, Post}(w);
    ensures w->status == CW_OK ==> w->used_len == \old(w->used_len) + 4; */
void cw_writer_u32(struct cw_writer *w, uint32_t value);

/*@ requires is_writer(w);
    assigns *w, w->next[0 .. w->left_len - 1];
    ensures is_writer(w) && wrote{Pre, Post}(w);
    ensures w->status == CW_OK ==> w->used_len == \old(w->used_len) + 8; */
void cw_writer_u64(struct cw_writer *w, uint64_t value);

/*@ requires is_writer(w) && \valid_read((const uint8_t *)bytes + (0 .. len - 1));
    assigns *w, w->next[0 .. w->left_len - 1];
    ensures is_writer(w) && put{Pre, Post}(w, len); */
void cw_writer_bytes(struct cw_writer *w, const void *bytes, size_t len);

/* cw_writer_finish - CW_OK and the bytes used, or CW_E_SPACE. */
/*@ requires \valid_read(w) && \valid(ret_len) && \separated(w, ret_len);
    assigns *ret_len;
    ensures \result == w->status;
    ensures *ret_len == (w->status == CW_OK ? w->used_len : \old(*ret_len)); */
CW_MUST_CHECK cw_status cw_writer_finish(const struct cw_writer *w, size_t *ret_len);

#endif
