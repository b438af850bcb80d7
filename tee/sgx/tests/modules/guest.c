/* SPDX-License-Identifier: MIT */
/* A module that does what it is told. */
#include "causeway.h"

static uint32_t calls;
static uint8_t initial;

CW_INIT
{
    initial = 42;
}

/* Counts, and answers what CW_INIT left and what it was given. */
CW_ENTRY(echo, data, len, reply, 1000, 1001)
{
    calls++;
    (void)cw_reply_put(reply, &initial, 1);
    (void)cw_reply_put(reply, data, len);
}

CW_ENTRY(count, data, len, reply)
{
    (void)data;
    (void)len;
    const uint8_t low = (uint8_t)calls;
    (void)cw_reply_put(reply, &low, 1);
}

CW_ENTRY(crash, data, len, reply)
{
    (void)data;
    (void)len;
    (void)reply;
    __builtin_trap();
}

/* Writes where nothing is. */
CW_ENTRY(stray, data, len, reply)
{
    (void)data;
    (void)len;
    (void)reply;
    *(volatile uint8_t *)0x1000 = 1;
}

CW_ENTRY(hang, data, len, reply)
{
    (void)data;
    (void)len;
    (void)reply;
    for (volatile uint32_t i = 0;; i++) {
    }
}
