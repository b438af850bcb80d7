/* SPDX-License-Identifier: MIT */
/*
 * line.h - frames of a board's serial line (abi.h, section 5), without any I/O.
 *
 * Trust    UNTRUSTED.  Bytes from a board may be anything; the reader finds the next whole frame.
 * Memory   The caller owns struct cw_sancus_line; no pointer is kept.
 */
#ifndef CW_TEE_SANCUS_NODE_LINE_H
#define CW_TEE_SANCUS_NODE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tee/sancus/abi.h"

#define CW_SANCUS_FRAME_MAX (CW_LINE_HEADER_LEN + CW_LINE_PAYLOAD_MAX + CW_LINE_CRC_LEN)

struct cw_sancus_frame {
    uint8_t type;
    uint16_t seq;
    const uint8_t *payload;
    size_t len;
};

struct cw_sancus_line {
    uint8_t bytes[CW_SANCUS_FRAME_MAX];
    size_t have_len;
    uint32_t damaged; /* frames and bytes that were none, saturating */
};

/* cw_sancus_line_put - one frame; its length.  ret_bytes has room for CW_SANCUS_FRAME_MAX. */
size_t cw_sancus_line_put(const struct cw_sancus_frame *frame, uint8_t *ret_bytes);

/*
 * cw_sancus_line_take - how many of [len] bytes from the board were used; call again for the rest.
 *
 * ret_frame  true in *ret_whole: a frame; its payload is valid until the next call
 */
size_t cw_sancus_line_take(struct cw_sancus_line *line, const uint8_t *bytes, size_t len,
        struct cw_sancus_frame *ret_frame, bool *ret_whole);

#endif
