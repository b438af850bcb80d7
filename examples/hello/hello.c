/* SPDX-License-Identifier: MIT */
/* Greets everybody, and tells its owner alone how many it greeted. */
#include "causeway.h"

static uint8_t guests;

/* Anyone may call an entry, and nothing about it is authentic. */
CW_ENTRY(greet, name, len, reply, 32, 64)
{
    if (guests < 255) {
        guests++;
    }
    (void)cw_reply_put(reply, "Hello, ", 7);
    (void)cw_reply_put(reply, len > 0 ? (const void *)name : "world", len > 0 ? len : 5);
    (void)cw_reply_put(reply, "!", 1);
}

/* A handler answers the one who holds the connection's key: here the owner ("direct"). */
CW_HANDLER(count, data, len, reply)
{
    (void)data;
    (void)len;
    char digits[3];
    size_t at = sizeof digits;
    uint8_t rest = guests;
    do {
        at--;
        digits[at] = (char)('0' + rest % 10u);
        rest = (uint8_t)(rest / 10u);
    } while (rest > 0);
    (void)cw_reply_put(reply, digits + at, sizeof digits - at);
}
