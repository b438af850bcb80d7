/* SPDX-License-Identifier: MIT */
/* Adds up what it is told, and says so: what tests of the owner's tool deploy. */
#include "causeway.h"

static uint32_t total;

CW_OUTPUT(added);

CW_INPUT(add, data, len)
{
    total += len == 0 ? 1 : data[0];
    added(data, len);
}

CW_HANDLER(get_total, data, len, reply)
{
    (void)data;
    (void)len;
    const uint8_t bytes[4] = {(uint8_t)(total >> 24), (uint8_t)(total >> 16),
            (uint8_t)(total >> 8), (uint8_t)total};
    (void)cw_reply_put(reply, bytes, sizeof bytes);
}
