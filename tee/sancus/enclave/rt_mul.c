/* SPDX-License-Identifier: MIT */
/* 16-bit multiplication, which the CPU lacks; linked where a module multiplies. */
#include <stdint.h>

uint16_t __mspabi_mpyi(uint16_t a, uint16_t b);

uint16_t __mspabi_mpyi(uint16_t a, uint16_t b)
{
    uint16_t product = 0;
    for (; b != 0; b >>= 1) {
        product = (uint16_t)(product + ((b & 1) != 0 ? a : 0));
        a = (uint16_t)(a << 1);
    }
    return product;
}
