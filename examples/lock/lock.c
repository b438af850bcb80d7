/* SPDX-License-Identifier: MIT */
/* A lock with a secret that is no part of the program: its owner sets it. */
#include "causeway.h"

CW_CONFIG(pin, 8);
CW_CONFIG(tries, 1);
CW_CONFIG(greeting, 16);

static uint8_t failures;

static void say(struct cw_reply *reply, const char *text)
{
    while (*text != '\0') {
        (void)cw_reply_put(reply, text++, 1);
    }
}

/* Anyone may call an entry at any time: also before the owner has set anything. */
CW_ENTRY(open, data, len, reply, 8, 32)
{
    if (!pin.is_set || tries.len != 1) {
        say(reply, "not ready");
    } else if (failures >= tries.bytes[0]) {
        say(reply, "locked for good");
    } else if (len == pin.len && cw_bytes_equal(data, pin.bytes, len)) {
        failures = 0;
        (void)cw_reply_put(reply, greeting.bytes, greeting.len);
    } else {
        failures++;
        CW_LOG("a wrong PIN");
        say(reply, "wrong");
    }
}
