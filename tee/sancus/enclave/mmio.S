/* SPDX-License-Identifier: MIT */
/*
 * mmio.S - a device module: the only code that can touch one device's registers (abi.h,
 * section 3).  Linked by itself; its secret section is the device, so it has no memory at all.
 */
#include "silicon/sancus/arch.h"

        .section .text.entry, "ax", @progbits
        .globl  cw_sancus_mmio
cw_sancus_mmio:
        dint
        .word   CW_SANCUS_GET_CALLER
        mov     r15, r11
        mov     #cw_sancus_mmio, r15
        .word   CW_SANCUS_GET_ID
        dec     r15                     /* the id of the driver */
        cmp     r15, r11
        jne     .Lstranger
        cmp     #__cw_device_len, r12
        jhs     .Lback
        tst     r14
        jz      .Lread
        mov.b   r13, __cw_device_ss(r12)
        jmp     .Lback
.Lread:
        mov.b   __cw_device_ss(r12), r12
.Lback:
        clr     r11
        clr     r13
        clr     r14
        clr     r15
        clr     r2
        br      #__cw_driver_ps

.Lstranger:
        mov     r15, r11
        mov     #__cw_driver_ps, r15
        .word   CW_SANCUS_GET_ID
        cmp     r15, r11
        jeq     .Lrefused
        mov     r7, r15                 /* the driver is gone for good: make room */
        clr     r11
        clr     r12
        clr     r13
        clr     r14
        clr     r2
        .word   CW_SANCUS_DISABLE
.Lrefused:
        mov     r15, &cw_sancus_mmio
        jmp     .Lrefused
