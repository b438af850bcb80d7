/* SPDX-License-Identifier: MIT */
/* Implementation notes.  Pairs of words at any address: not for memory of devices, so not before the
 * MMU is on. */
#include "sdk/rt.h"

uintptr_t __stack_chk_guard;

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    uint8_t *at = to;
    const uint8_t *source = from;
    uint64_t a;
    uint64_t b;
    for (; len >= 16; len -= 16) {
        __asm__ volatile("ldp %2, %3, [%1], #16\n\tstp %2, %3, [%0], #16"
                         : "+r"(at), "+r"(source), "=&r"(a), "=&r"(b)
                         :
                         : "memory");
    }
    if (len >= 8) {
        __asm__ volatile("ldr %2, [%1], #8\n\tstr %2, [%0], #8"
                         : "+r"(at), "+r"(source), "=&r"(a)
                         :
                         : "memory");
        len -= 8;
    }
    for (; len > 0; len--) {
        *at++ = *source++;
    }
    return to;
}

void *memset(void *to, int value, size_t len)
{
    uint8_t *at = to;
    const uint64_t word = (uint8_t)value * 0x0101010101010101u;
    for (; len >= 16; len -= 16) {
        __asm__ volatile("stp %1, %1, [%0], #16" : "+r"(at) : "r"(word) : "memory");
    }
    for (; len > 0; len--) {
        *at++ = (uint8_t)value;
    }
    return to;
}
