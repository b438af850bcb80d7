/* SPDX-License-Identifier: MIT */
#include "core/wire/frame.h"

cw_status cw_link_header_decode(const uint8_t bytes[static CW_LINK_HEADER_LEN],
        struct cw_link_header *ret_header)
{
    const uint32_t len = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
            (uint32_t)bytes[3] << 24;
    if (len > CW_LINK_MAX || bytes[4] != CW_VERSION || bytes[6] != 0 || bytes[7] != 0) {
        return CW_E_FORM;
    }
    *ret_header = (struct cw_link_header){len, bytes[5]};
    return CW_OK;
}

void cw_link_header_encode(const struct cw_link_header *header,
        uint8_t ret_bytes[static CW_LINK_HEADER_LEN])
{
    ret_bytes[0] = (uint8_t)header->len;
    ret_bytes[1] = (uint8_t)(header->len >> 8);
    ret_bytes[2] = (uint8_t)(header->len >> 16);
    ret_bytes[3] = (uint8_t)(header->len >> 24);
    ret_bytes[4] = CW_VERSION;
    ret_bytes[5] = header->type;
    ret_bytes[6] = 0;
    ret_bytes[7] = 0;
}
