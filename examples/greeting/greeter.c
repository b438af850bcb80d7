/* SPDX-License-Identifier: MIT */
/* Greets whom its owner names, and tells counter.c by an event.  How many there were before, it
 * asks counter.c by a request. */
#include "causeway.h"

#define NAME_MAX 24
#define DIGITS_MAX 4

CW_OUTPUT(greeted, NAME_MAX);
CW_REQUEST(guests, 2, DIGITS_MAX);

CW_HANDLER(greet, name, len, reply, NAME_MAX, 64)
{
    char digits[DIGITS_MAX];
    size_t digits_len = 0;
    if (guests(NULL, 0, digits, sizeof digits, &digits_len) != CW_OK) {
        digits[0] = '?'; /* the counter does not answer: greet all the same */
        digits_len = 1;
    }
    (void)cw_reply_put(reply, "Hello, ", 7);
    (void)cw_reply_put(reply, name, len);
    (void)cw_reply_put(reply, "! Guests before you: ", 21);
    (void)cw_reply_put(reply, digits, digits_len);
    (void)greeted(name, len);
}
