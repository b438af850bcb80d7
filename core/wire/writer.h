/* SPDX-License-Identifier: MIT */
/*
 * writer.h - a sticky cursor that fills a buffer with little-endian fields.
 *
 * What     The opposite of reader.h: after the first field that does not fit nothing more is
 *          written, and cw_writer_finish says so.
 * Trust    TRUSTED.
 * Memory   Keeps a pointer to the caller's buffer while the cursor lives.
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

struct cw_writer cw_writer_over(uint8_t *bytes, size_t cap);

void cw_writer_u8(struct cw_writer *w, uint8_t value);
void cw_writer_u16(struct cw_writer *w, uint16_t value);
void cw_writer_u32(struct cw_writer *w, uint32_t value);
void cw_writer_u64(struct cw_writer *w, uint64_t value);
void cw_writer_bytes(struct cw_writer *w, const void *bytes, size_t len);

/* cw_writer_finish - CW_OK and the bytes used, or CW_E_SPACE. */
CW_MUST_CHECK cw_status cw_writer_finish(const struct cw_writer *w, size_t *ret_len);

#endif
