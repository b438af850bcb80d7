/* SPDX-License-Identifier: MIT */
/* One endpoint of every kind, and ways to fail. */
#include "causeway.h"

static uint16_t calls = 40; /* an initial value, so that there is one to copy */
static volatile int16_t deep;

CW_OUTPUT(said);
CW_REQUEST(question);

CW_INPUT(heard, data, len)
{
    said(data, len);
}

CW_HANDLER(answer, data, len, reply)
{
    (void)cw_reply_put(reply, "re:", 3);
    (void)cw_reply_put(reply, data, len);
}

CW_ENTRY(echo, data, len, reply)
{
    calls++;
    (void)cw_reply_put(reply, &calls, 2);
    (void)cw_reply_put(reply, data, len);
}

CW_ENTRY(inquire, data, len, reply)
{
    uint8_t bytes[16];
    size_t bytes_len = 0;
    if (question(data, len, bytes, sizeof bytes, &bytes_len) == CW_OK) {
        (void)cw_reply_put(reply, bytes, bytes_len);
    }
}

/* Writes to code: the chip breaks it off. */
CW_ENTRY(broken, data, len, reply)
{
    (void)data;
    (void)len;
    (void)reply;
    *(volatile uint16_t *)(uintptr_t)&cw_endpoint_broken = 0;
}

static int16_t descend(int16_t n);

/* A pointer, which the owner's build does not follow: it refuses what it sees to have no bound. */
static int16_t (*volatile next)(int16_t) = descend;

static int16_t descend(int16_t n)
{
    volatile int16_t room[16];
    room[0] = n;
    return n == deep ? 0 : (int16_t)(next((int16_t)(n + 1)) + room[0]);
}

/* Overruns its stack. */
CW_ENTRY(bottomless, data, len, reply)
{
    (void)data;
    (void)len;
    deep = -1;
    int16_t sum = descend(0);
    (void)cw_reply_put(reply, &sum, sizeof sum);
}
