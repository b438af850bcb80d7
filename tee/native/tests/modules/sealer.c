/* SPDX-License-Identifier: MIT */
#include "causeway.h"

CW_ENTRY(keep, data, len, reply)
{
    static uint8_t sealed[CW_SEALED_LEN(64)];
    size_t sealed_len = 0;
    if (cw_seal(CW_SEAL_IMAGE, data, len, sealed, sizeof sealed, &sealed_len) == CW_OK) {
        (void)cw_reply_put(reply, sealed, sealed_len);
    }
}
