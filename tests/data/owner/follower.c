/* SPDX-License-Identifier: MIT */
/* Counts the events of another module; anyone may ask and tick. */
#include "causeway.h"

static uint32_t events;
static uint32_t ticks;

CW_INPUT(note, data, len)
{
    (void)data;
    (void)len;
    events++;
}

CW_ENTRY(tick, data, len, reply)
{
    (void)data;
    (void)len;
    (void)reply;
    ticks++;
}

CW_ENTRY(get, data, len, reply)
{
    (void)data;
    (void)len;
    const uint8_t bytes[2] = {(uint8_t)events, (uint8_t)(ticks > 0)};
    (void)cw_reply_put(reply, bytes, sizeof bytes);
}
