/* SPDX-License-Identifier: MIT */
/*
 * probe.S - untrusted software that does to a module what a test asks for.
 *
 *      0x0200  command: 0 idle, 1 ENABLE, 2 enter, 3 GET_ID, 4 a byte r13 to r12
 *      0x0202  how it ended: 1 came back, 2 violation, 3 another interrupt
 *      0x0220  r0 .. r15 to enter with (r0 the target, r2 the status register)
 *      0x0240  r0 .. r15 as they were afterwards
 *
 * A test sets r7 to probe_back to see the way out.
 */
#include "silicon/sancus/arch.h"
#define COMMAND 0x0200
#define ENDED 0x0202
#define IN 0x0220
#define OUT 0x0240

        .section .text.start, "ax", @progbits
        .globl  start, probe_back
start:
        mov     #0x5a80, &CW_WDTCTL
        mov     #0x03fe, r1
idle:
        clr     &COMMAND
1:      tst     &COMMAND
        jz      1b
        mov     &IN + 8, r4
        mov     &IN + 10, r5
        mov     &IN + 12, r6
        mov     &IN + 14, r7
        mov     &IN + 16, r8
        mov     &IN + 18, r9
        mov     &IN + 20, r10
        mov     &IN + 22, r11
        mov     &IN + 24, r12
        mov     &IN + 26, r13
        mov     &IN + 28, r14
        mov     &IN + 30, r15
        cmp     #1, &COMMAND
        jeq     enable
        cmp     #3, &COMMAND
        jeq     get_id
        cmp     #4, &COMMAND
        jeq     store
        clr     &COMMAND
        mov     &IN + 2, r1
        mov     &IN + 4, r2
        br      &IN
enable:
        .word   CW_SANCUS_ENABLE
        jmp     probe_back
get_id:
        .word   CW_SANCUS_GET_ID
        jmp     probe_back
store:
        mov.b   r13, 0(r12)
probe_back:
        mov     r2, &OUT + 4
        mov     #1, &ENDED
save:
        mov     r1, &OUT + 2
        mov     r4, &OUT + 8
        mov     r5, &OUT + 10
        mov     r6, &OUT + 12
        mov     r7, &OUT + 14
        mov     r8, &OUT + 16
        mov     r9, &OUT + 18
        mov     r10, &OUT + 20
        mov     r11, &OUT + 22
        mov     r12, &OUT + 24
        mov     r13, &OUT + 26
        mov     r14, &OUT + 28
        mov     r15, &OUT + 30
        mov     #0, r2
        mov     #0x03fe, r1
        jmp     idle
on_violation:
        mov     r2, &OUT + 4
        mov     #2, &ENDED
        jmp     save
on_other:
        mov     r2, &OUT + 4
        mov     #3, &ENDED
        jmp     save

        .section .vectors, "a", @progbits
        .word   on_other, on_other, on_other, on_other, on_other, on_other, on_other, on_other
        .word   on_other, on_other, on_other, on_other, on_other, on_violation, on_other, start
