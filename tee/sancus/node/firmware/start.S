/* SPDX-License-Identifier: MIT */
/* start.S - from reset to main, and the interrupt vectors. */
#include "silicon/sancus/arch.h"

        .section .text.start, "ax", @progbits
        .globl  start
start:
        mov     #0x5a80, &CW_WDTCTL     /* hold the watchdog */
        mov     #__stack_top, r1
        mov     #__bss_start, r12
1:      cmp     #__bss_end, r12
        jeq     2f
        clr     0(r12)
        incd    r12
        jmp     1b
2:      call    #main
        .globl  chip_reboot
chip_reboot:
        mov     #0, &CW_WDTCTL          /* without its password the watchdog resets the chip */
        jmp     chip_reboot

/*
 * All interrupts end the sleep in chip_sleep and leave interrupts off: what they want is done in
 * main, and only the driver of a device can make its request go away.
 */
on_port1:
        bis     #1 << CW_IRQ_PORT1, &chip_interrupts
        jmp     on_wake
on_port2:
        bis     #1 << CW_IRQ_PORT2, &chip_interrupts
on_wake:
        bic     #CW_SR_GIE | CW_SR_CPUOFF, 0(r1)
        reti

        .section .vectors, "a", @progbits
        .word   chip_reboot, chip_reboot, on_port1, on_port2, chip_reboot, chip_reboot
        .word   chip_reboot, on_wake, chip_reboot, chip_reboot, chip_reboot, chip_reboot
        .word   chip_reboot, chip_on_violation, chip_reboot, start

        .section .bss.chip_interrupts, "aw", @nobits
        .balign 2
        .globl  chip_interrupts
chip_interrupts:
        .space  2
