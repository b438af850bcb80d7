/* SPDX-License-Identifier: MIT */
/*
 * The smallest secure world: says hello on the secure UART, then its LED follows the button.  A
 * byte that is typed comes back; r resets, o turns the power off.
 */
#include "silicon/trustzone/arch.h"

/* The assembler does not read C's suffixes. */
    .equ UART, 0x09040000
    .equ GPIO, 0x090b0000

    .globl _start
_start:
    mrs x0, mpidr_el1
    tst x0, #0xff
    b.ne sleep
    ldr x1, =UART
    ldr x2, =GPIO
    mov w3, #0x301
    str w3, [x1, #0x030]
    mov w3, #(1 << TZ_LINE_LED)
    str w3, [x2, #0x400]
    adr x4, hello
1:
    ldrb w3, [x4], #1
    cbz w3, 2f
    str w3, [x1, #0x000]
    b 1b
2:
    ldr w3, [x2, #(4 << TZ_LINE_BUTTON)]
    cmp w3, #0
    mov w4, #(1 << TZ_LINE_LED)
    csel w3, w4, wzr, ne
    str w3, [x2, #(4 << TZ_LINE_LED)]
    ldr w3, [x1, #0x018]
    tbnz w3, #4, 2b
    ldr w3, [x1, #0x000]
    and w3, w3, #0xff
    mov w5, #(1 << TZ_LINE_RESET)
    cmp w3, #'r'
    b.eq line
    mov w5, #(1 << TZ_LINE_POWER_OFF)
    cmp w3, #'o'
    b.eq line
    str w3, [x1, #0x000]
    b 2b
line:
    orr w6, w5, #(1 << TZ_LINE_LED)
    str w6, [x2, #0x400]
    str w5, [x2, #0x3fc]
sleep:
    wfi
    b sleep
hello:
    .asciz "hello\n"
