/* SPDX-License-Identifier: MIT */
/* A module with bad intentions, and two good ones. */
#include "causeway.h"

static uint32_t calls;
static uint8_t initial;

CW_INIT
{
    initial = 42;
}

CW_INPUT(swallow, data, len, 200)
{
    (void)data;
    (void)len;
}

CW_OUTPUT(shout, 100);

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
    uint8_t low = (uint8_t)calls;
    (void)cw_reply_put(reply, &low, 1);
}

static uint64_t number_at(const uint8_t *data, size_t at)
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++) {
        number |= (uint64_t)data[at * 8 + i] << (8 * i);
    }
    return number;
}

/* Any system call: number and five arguments, eight bytes each, little-endian. */
CW_ENTRY(kernel, data, len, reply)
{
    if (len != 48) {
        return;
    }
    register uint64_t d __asm__("r10") = number_at(data, 4);
    register uint64_t e __asm__("r8") = number_at(data, 5);
    uint64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number_at(data, 0)), "D"(number_at(data, 1)), "S"(number_at(data, 2)),
                     "d"(number_at(data, 3)), "r"(d), "r"(e)
                     : "rcx", "r11", "memory");
    (void)cw_reply_put(reply, &result, sizeof result);
}

CW_ENTRY(crash, data, len, reply)
{
    (void)data;
    (void)len;
    (void)reply;
    __builtin_trap();
}

/* What is no answer, on the pipe of answers. */
CW_ENTRY(babble, data, len, reply)
{
    (void)len;
    (void)reply;
    uint64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(1), "D"(1), "S"(data), "d"(len)
                     : "rcx", "r11", "memory");
}
