/* SPDX-License-Identifier: MIT */
/* Counts the guests that greeter.c tells of, up to 255. */
#include "causeway.h"

#define NAME_MAX 24
#define DIGITS_MAX 4

static uint8_t count;

CW_INPUT(greeted, name, len, NAME_MAX)
{
    (void)name;
    (void)len;
    if (count < 255) {
        count++;
    }
}

CW_HANDLER(guests, data, len, reply, 2, DIGITS_MAX)
{
    char digits[DIGITS_MAX];
    size_t at = sizeof digits;
    uint8_t rest = count;
    (void)data;
    (void)len;
    do {
        at--;
        digits[at] = (char)('0' + rest % 10u);
        rest = (uint8_t)(rest / 10u);
    } while (rest > 0);
    (void)cw_reply_put(reply, digits + at, sizeof digits - at);
}
