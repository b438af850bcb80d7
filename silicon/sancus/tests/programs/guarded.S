; SPDX-License-Identifier: MIT
; A program with a module in C (guarded.c): enables it, enters it three times, then reads its
; data, which is a violation, and sleeps for good.
#include "silicon/sancus/arch.h"
        .text
        .globl  start, theft, done
start:
        mov     #0x5a80, &CW_WDTCTL
        mov     #0x0400, r1
        clr     r9
        clr     r10
        mov     #0x1234, r11
        mov     #module, r12
        mov     #module_end, r13
        mov     #secret, r14
        mov     #secret_end, r15
        .word   CW_SANCUS_ENABLE
        mov     #3, r5
again:
        mov     #5, r12
        mov     #1f, r7
        br      #module
1:      mov     r12, &0x0300            ; what came back
        dec     r5
        jnz     again
theft:
        mov     &secret, r15
after_theft:
        bis     #0x10, r2
done:
        jmp     done

violated:
        reti

        .section .module.entry, "ax"
        .globl  module
module:                                 ; r12 in and out, back to r7
        mov     r1, r6
        mov     #secret_end, r1
        call    #work
        mov     r6, r1
        br      r7

        .section .vectors, "a"
        .word   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, violated, 0, start
