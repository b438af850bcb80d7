/* SPDX-License-Identifier: MIT */
/*
 * rt_more_entry.S - 64-bit arithmetic: a comes in r8 .. r11, b in r12 .. r15, the result goes to
 * r12 .. r15; r4 .. r10 are kept.  The work is done by rt_more.c on two words in memory.
 */
        .macro ROUTINE name, work, result
        .section .text.\name, "ax", @progbits
        .globl  \name
\name:
        push    r15
        push    r14
        push    r13
        push    r12
        push    r11
        push    r10
        push    r9
        push    r8
        mov     r1, r12
        mov     r1, r13
        add     #8, r13
        call    #\work
        mov     \result(r1), r12
        mov     \result + 2(r1), r13
        mov     \result + 4(r1), r14
        mov     \result + 6(r1), r15
        add     #16, r1
        ret
        .endm

        ROUTINE __mspabi_mpyll, cw_rt_multiply, 0
        ROUTINE __mspabi_divull, cw_rt_divide, 0
        ROUTINE __mspabi_remull, cw_rt_divide, 8
        ROUTINE __mspabi_divlli, cw_rt_divide_signed, 0
        ROUTINE __mspabi_remlli, cw_rt_divide_signed, 8
