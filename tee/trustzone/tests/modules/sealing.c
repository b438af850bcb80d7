/* SPDX-License-Identifier: MIT */
/* Seals what it is told, and opens it: the first byte of each argument is the cw_sealing. */
#include "causeway.h"

#define TEXT_MAX 64u

CW_ENTRY(keep, data, len, reply, TEXT_MAX + 1, CW_SEALED_LEN(TEXT_MAX))
{
    uint8_t sealed[CW_SEALED_LEN(TEXT_MAX)];
    size_t sealed_len = 0;
    if (len > 0 && cw_seal((cw_sealing)data[0], data + 1, len - 1, sealed, sizeof sealed,
                    &sealed_len) == CW_OK) {
        (void)cw_reply_put(reply, sealed, sealed_len);
    }
}

CW_ENTRY(show, data, len, reply, CW_SEALED_LEN(TEXT_MAX) + 1, TEXT_MAX)
{
    uint8_t text[TEXT_MAX];
    size_t text_len = 0;
    const cw_status status = len == 0
            ? CW_E_FORM
            : cw_unseal((cw_sealing)data[0], data + 1, len - 1, text, sizeof text, &text_len);
    if (status == CW_OK) {
        (void)cw_reply_put(reply, text, text_len);
    } else {
        (void)cw_reply_put(reply, status == CW_E_AUTH ? "refused" : "no seal", 7);
    }
}
