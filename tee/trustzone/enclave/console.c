/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/enclave/console.h"

#include "silicon/trustzone/arch.h"
#include "tee/trustzone/enclave/sysreg.h"

enum { PL011_ENABLE = 0x301 }; /* the UART, its receiver and its sender */

void cw_console_open(void)
{
    cw_mmio_write(TZ_SECURE_UART + PL011_CR, PL011_ENABLE);
}

static void put(char letter)
{
    while ((cw_mmio_read(TZ_SECURE_UART + PL011_FR) & PL011_FR_TX_FULL) != 0) {
    }
    cw_mmio_write(TZ_SECURE_UART + PL011_DR, (uint8_t)letter);
}

void cw_console_say(const char *text)
{
    while (*text != 0) {
        put(*text++);
    }
}

void cw_console_hex(uint64_t value)
{
    cw_console_say("0x");
    unsigned shift = 60;
    while (shift > 0 && value >> shift == 0) {
        shift -= 4;
    }
    for (;; shift -= 4) {
        put("0123456789abcdef"[value >> shift & 15]);
        if (shift == 0) {
            return;
        }
    }
}

void cw_board_line(unsigned line)
{
    const uint32_t mask = 1u << line;
    uint32_t out = cw_mmio_read(TZ_SECURE_GPIO + PL061_DIR);
    cw_mmio_write(TZ_SECURE_GPIO + PL061_DIR, out | mask);
    cw_mmio_write(TZ_SECURE_GPIO + PL061_DATA(mask), mask);
    for (;;) {
        __asm__ volatile("wfi");
    }
}
