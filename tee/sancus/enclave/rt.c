/* SPDX-License-Identifier: MIT */
/*
 * What clang calls without being asked, and no package supplies: copies of structures.  Each
 * module has its own copy, so no call ever leaves it.  Multiplication, division, 64-bit
 * arithmetic and variable shifts are in rt_more.c and rt_mul.c, for modules that use them.
 */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t len);
void *memset(void *bytes, int value, size_t len);

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
