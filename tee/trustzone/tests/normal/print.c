/* SPDX-License-Identifier: MIT */
#include "silicon/trustzone/arch.h"
#include "tee/trustzone/tests/normal/normal.h"

static void put(char letter)
{
    volatile uint32_t *uart = (volatile uint32_t *)TZ_UART;
    while ((uart[PL011_FR / 4] & PL011_FR_TX_FULL) != 0) {
    }
    uart[PL011_DR / 4] = (uint8_t)letter;
}

void say(const char *text)
{
    while (*text != 0) {
        put(*text++);
    }
}

void say_number(uint64_t value)
{
    say("0x");
    for (unsigned shift = 64; shift > 0;) {
        shift -= 4;
        put("0123456789abcdef"[value >> shift & 15]);
    }
}
