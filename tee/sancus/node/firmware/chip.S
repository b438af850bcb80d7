/* SPDX-License-Identifier: MIT */
/* chip.S - see chip.h. */
#include "silicon/sancus/arch.h"
#include "tee/sancus/abi.h"

        .text
        .globl  chip_enable
chip_enable:
        push    r10
        clr     r10
        mov     0(r12), r11
        mov     4(r12), r13
        mov     6(r12), r14
        mov     8(r12), r15
        mov     2(r12), r12
        .word   CW_SANCUS_ENABLE
        mov     r15, r12
        pop     r10
        ret

        .globl  chip_id_at
chip_id_at:
        mov     r12, r15
        .word   CW_SANCUS_GET_ID
        mov     r15, r12
        ret

/* A module keeps no register, so all of ours wait in memory. */
        .globl  chip_call
chip_call:
        push    r4
        push    r5
        push    r6
        push    r7
        push    r8
        push    r9
        push    r10
        push    r12
        mov     r1, &waiting_sp
        mov     0(r12), r6
        mov     2(r12), r11
        mov     6(r12), r13
        mov     8(r12), r14
        mov     10(r12), r15
        mov     4(r12), r12
        mov     #.Lback, r7
        br      r6
.Lback:
        mov     &waiting_sp, r1
        pop     r14
        mov     r12, 12(r14)
        mov     r13, 14(r14)
        mov     #CW_LINE_OK, r12
.Lrestore:
        clr     &waiting_sp
        pop     r10
        pop     r9
        pop     r8
        pop     r7
        pop     r6
        pop     r5
        pop     r4
        ret

/* All registers are clear here when a module ran, and its state stays as it was. */
        .globl  chip_on_violation
chip_on_violation:
        tst     &waiting_sp
        jz      chip_reboot             /* it was our own mistake */
        mov     &waiting_sp, r1
        pop     r14
        mov     #CW_LINE_VIOLATION, r12
        jmp     .Lrestore

        .globl  chip_sleep
chip_sleep:
        bis     #CW_SR_GIE | CW_SR_CPUOFF, r2
        nop
        dint
        nop
        ret

        .section .bss.waiting_sp, "aw", @nobits
        .balign 2
waiting_sp:
        .space  2
