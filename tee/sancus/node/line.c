/* SPDX-License-Identifier: MIT */
#include "tee/sancus/node/line.h"

#include <string.h>

#include "core/wire/reader.h"
#include "core/wire/writer.h"

static uint16_t crc_of(const uint8_t *bytes, size_t len)
{
    uint16_t crc = 0xffff;
    for (size_t i = 0; i < len; i++) {
        crc = (uint16_t)(crc ^ bytes[i] << 8);
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 0x8000u) != 0 ? crc << 1 ^ 0x1021 : crc << 1);
        }
    }
    return crc;
}

size_t cw_sancus_line_put(const struct cw_sancus_frame *frame, uint8_t *ret_bytes)
{
    struct cw_writer w = cw_writer_over(ret_bytes, CW_SANCUS_FRAME_MAX);
    cw_writer_u8(&w, CW_LINE_SYNC0);
    cw_writer_u8(&w, CW_LINE_SYNC1);
    cw_writer_u8(&w, CW_LINE_VERSION);
    cw_writer_u8(&w, frame->type);
    cw_writer_u16(&w, frame->seq);
    cw_writer_u16(&w, (uint16_t)frame->len);
    cw_writer_u16(&w, crc_of(ret_bytes, 8));
    if (frame->len != 0) {
        cw_writer_bytes(&w, frame->payload, frame->len);
        cw_writer_u16(&w, crc_of(frame->payload, frame->len));
    }
    return w.used_len;
}

/* What the bytes so far are: nothing (drop one), a beginning, or all of a frame. */
typedef enum found {
    FOUND_NONE,
    FOUND_PART,
    FOUND_FRAME,
} found;

static found look(const struct cw_sancus_line *line, struct cw_sancus_frame *ret_frame)
{
    static const uint8_t start[] = {CW_LINE_SYNC0, CW_LINE_SYNC1, CW_LINE_VERSION};
    size_t start_len = line->have_len < sizeof start ? line->have_len : sizeof start;
    if (memcmp(line->bytes, start, start_len) != 0) {
        return FOUND_NONE;
    }
    if (line->have_len < CW_LINE_HEADER_LEN) {
        return FOUND_PART;
    }
    struct cw_reader r = cw_reader_over(line->bytes + 3, CW_LINE_HEADER_LEN - 3);
    ret_frame->type = cw_reader_u8(&r);
    ret_frame->seq = cw_reader_u16(&r);
    ret_frame->len = cw_reader_u16(&r);
    ret_frame->payload = line->bytes + CW_LINE_HEADER_LEN;
    if (cw_reader_u16(&r) != crc_of(line->bytes, 8) || ret_frame->len > CW_LINE_PAYLOAD_MAX) {
        return FOUND_NONE;
    }
    size_t whole = CW_LINE_HEADER_LEN +
            (ret_frame->len != 0 ? ret_frame->len + CW_LINE_CRC_LEN : 0);
    if (line->have_len < whole) {
        return FOUND_PART;
    }
    struct cw_reader crc = cw_reader_over(ret_frame->payload + ret_frame->len, CW_LINE_CRC_LEN);
    return ret_frame->len == 0 || cw_reader_u16(&crc) == crc_of(ret_frame->payload, ret_frame->len)
            ? FOUND_FRAME
            : FOUND_NONE;
}

size_t cw_sancus_line_take(struct cw_sancus_line *line, const uint8_t *bytes, size_t len,
        struct cw_sancus_frame *ret_frame, bool *ret_whole)
{
    *ret_whole = false;
    for (size_t used = 0; used < len;) {
        line->bytes[line->have_len] = bytes[used];
        line->have_len++;
        used++;
        found state = look(line, ret_frame);
        /* What looked like a frame and is none may hide the beginning of one. */
        while (state == FOUND_NONE && line->have_len > 0) {
            line->damaged += line->damaged != UINT32_MAX ? 1 : 0;
            line->have_len--;
            (void)memmove(line->bytes, line->bytes + 1, line->have_len);
            state = line->have_len > 0 ? look(line, ret_frame) : FOUND_PART;
        }
        if (state == FOUND_FRAME) {
            line->have_len = 0;
            *ret_whole = true;
            return used;
        }
    }
    return len;
}
