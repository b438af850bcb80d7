/* SPDX-License-Identifier: MIT */
/*
 * console.h - what the secure world says on the secure UART.
 *
 * What     Lines for whoever looks after the board: never a secret, never bytes of the normal world.
 * Trust    TRUSTED.
 * Calls    Waits while the UART is full, which QEMU's never is for long.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_CONSOLE_H
#define CW_TEE_TRUSTZONE_ENCLAVE_CONSOLE_H

#include <stdint.h>

/* cw_console_open - once after reset: the UART receives and sends. */
void cw_console_open(void);

void cw_console_say(const char *text);
void cw_console_hex(uint64_t value);

/* cw_board_line - drive one of the lines that QEMU has wired: TZ_LINE_POWER_OFF, TZ_LINE_RESET. */
_Noreturn void cw_board_line(unsigned line);

#endif
