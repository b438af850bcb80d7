/* SPDX-License-Identifier: MIT */
/* The database: one number. */
#include "causeway.h"

static uint32_t presses;

CW_INPUT(increment_presses, data, len)
{
    (void)data;
    (void)len;
    presses++;
}

/* The number, in decimal digits. */
CW_HANDLER(get_presses, data, len, reply)
{
    (void)data;
    (void)len;
    char digits[10];
    size_t at = sizeof digits;
    uint32_t rest = presses;
    do {
        at--;
        digits[at] = (char)('0' + rest % 10u);
        rest /= 10u;
    } while (rest > 0);
    (void)cw_reply_put(reply, digits + at, sizeof digits - at);
}
