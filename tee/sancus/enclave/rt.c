/* SPDX-License-Identifier: MIT */
/*
 * What clang calls without being asked, and no package supplies: copies of structures, and
 * multiplication.  Each module has its own copy, so no call ever leaves it.  Division, 64-bit
 * arithmetic and variable shifts are in rt_more.c, for modules that use them.
 */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t len);
void *memset(void *bytes, int value, size_t len);
uint16_t __mspabi_mpyi(uint16_t a, uint16_t b);

void *memcpy(void *to, const void *from, size_t len)
{
    uint8_t *target = to;
    for (const uint8_t *source = from; len > 0; len--) {
        *target++ = *source++;
    }
    return to;
}

void *memset(void *bytes, int value, size_t len)
{
    for (uint8_t *byte = bytes; len > 0; len--) {
        *byte++ = (uint8_t)value;
    }
    return bytes;
}

uint16_t __mspabi_mpyi(uint16_t a, uint16_t b)
{
    uint16_t product = 0;
    for (; b != 0; b >>= 1) {
        product = (uint16_t)(product + ((b & 1) != 0 ? a : 0));
        a = (uint16_t)(a << 1);
    }
    return product;
}
