/* SPDX-License-Identifier: MIT */
/*
 * reader.h - a sticky cursor over received bytes.
 *
 * What     Reads little-endian fields.  After the first failure every read gives zeros, and
 *          cw_reader_finish says what happened, so that a decoder reads like the message's
 *          row in docs/protocol.md.
 * Trust    TRUSTED.  The bytes are the attacker's, already copied into private memory.
 * Memory   Keeps a pointer to the caller's bytes while the cursor lives.
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

struct cw_reader cw_reader_over(const uint8_t *bytes, size_t len);

uint8_t cw_reader_u8(struct cw_reader *r);
uint16_t cw_reader_u16(struct cw_reader *r);
uint32_t cw_reader_u32(struct cw_reader *r);
uint64_t cw_reader_u64(struct cw_reader *r);
void cw_reader_bytes(struct cw_reader *r, uint8_t *ret_bytes, size_t len);

/* cw_reader_zero - a reserved field: anything but zeros is CW_E_FORM. */
void cw_reader_zero(struct cw_reader *r, size_t len);

/* cw_reader_expect - CW_E_FORM unless the condition holds. */
void cw_reader_expect(struct cw_reader *r, bool holds);

/* cw_reader_rest - all bytes left; the cursor is then at the end. */
const uint8_t *cw_reader_rest(struct cw_reader *r, size_t *ret_len);

/*
 * cw_reader_finish - the verdict over all reads.
 *
 * CW_OK       every byte was read and every expectation held
 * CW_E_SHORT  the bytes ended early
 * CW_E_FORM   a field is wrong, or bytes are left over
 */
CW_MUST_CHECK cw_status cw_reader_finish(const struct cw_reader *r);

#endif
