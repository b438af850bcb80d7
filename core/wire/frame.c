/* SPDX-License-Identifier: MIT */
#include "core/wire/frame.h"

#include "core/wire/reader.h"
#include "core/wire/writer.h"

cw_status cw_link_header_decode(const uint8_t bytes[static CW_LINK_HEADER_LEN],
        struct cw_link_header *ret_header)
{
    struct cw_reader r = cw_reader_over(bytes, CW_LINK_HEADER_LEN);
    struct cw_link_header header = {.len = cw_reader_u32(&r)};
    cw_reader_expect(&r, header.len <= CW_LINK_MAX);
    cw_reader_expect(&r, cw_reader_u8(&r) == CW_VERSION);
    header.type = cw_reader_u8(&r);
    cw_reader_zero(&r, 2);
    cw_status status = cw_reader_finish(&r);
    if (status == CW_OK) {
        *ret_header = header;
    }
    return status;
}

void cw_link_header_encode(const struct cw_link_header *header,
        uint8_t ret_bytes[static CW_LINK_HEADER_LEN])
{
    struct cw_writer w = cw_writer_over(ret_bytes, CW_LINK_HEADER_LEN);
    cw_writer_u32(&w, header->len);
    cw_writer_u8(&w, CW_VERSION);
    cw_writer_u8(&w, header->type);
    cw_writer_u16(&w, 0);
}
