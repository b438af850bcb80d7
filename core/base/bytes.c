/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"

bool cw_bytes_equal(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *left = a;
    const volatile uint8_t *right = b;
    uint8_t difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference |= (uint8_t)(left[i] ^ right[i]);
    }
    return difference == 0;
}

void cw_bytes_wipe(void *bytes, size_t len)
{
    volatile uint8_t *byte = bytes;
    while (len-- > 0) {
        *byte++ = 0;
    }
}

void cw_bytes_copy(void *to, const void *from, size_t len)
{
    uint8_t *target = to;
    const uint8_t *source = from;
    while (len-- > 0) {
        *target++ = *source++;
    }
}
