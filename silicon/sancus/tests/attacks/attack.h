/* SPDX-License-Identifier: MIT */
/*
 * attack.h - the frame of an attack program.
 *
 * A program includes this and goes on at `attack`.  It ends with SUCCEEDED or FAILED, or is
 * stopped by the chip.  R4 says how it went: 0x600d the attack succeeded.
 *
 * A violation continues at the address in RECOVER if that is not 0, else behind the instruction
 * that caused it.  VIOLATIONS counts them.
 */
#ifndef CW_SILICON_SANCUS_TESTS_ATTACKS_ATTACK_H
#define CW_SILICON_SANCUS_TESTS_ATTACKS_ATTACK_H

#include "silicon/sancus/arch.h"

#define RECOVER 0x0202
#define VIOLATIONS 0x0204
#define STACK 0x0400
#define SECRET 0x0500          /* data of the victim, 0x20 bytes    */
#define SECRET_END 0x0520
#define SECRET2 0x0540         /* data of a second module           */
#define SECRET2_END 0x0560
#define BUFFER 0x0600
#define TAG 0x0700
#define TAG2 0x0720
#define KEY 0x0740

.macro SUCCEEDED
        mov     #0x600d, r4
        bis     #0x10, r2
9:      jmp     9b
.endm

.macro FAILED
        mov     #0x0bad, r4
        bis     #0x10, r2
9:      jmp     9b
.endm

/* r15 := id of a new module */
.macro ENABLE ps, pe, ss, se, vendor
        clr     r9
        clr     r10
        mov     #\vendor, r11
        mov     #\ps, r12
        mov     #\pe, r13
        mov     #\ss, r14
        mov     #\se, r15
        .word   CW_SANCUS_ENABLE
.endm

/* Enter a module; it comes back through r7. */
.macro ENTER entry
        mov     #1f, r7
        br      #\entry
1:
.endm

        .text
        .globl  start
start:
        mov     #0x5a80, &CW_WDTCTL
        mov     #STACK, r1
        mov     #0, &RECOVER
        mov     #0, &VIOLATIONS
        clr     r4
        br      #attack

violated:
        add     #1, &VIOLATIONS
        cmp     #0, &RECOVER
        jz      1f
        mov     #STACK, r1
        mov     &RECOVER, r5
        br      r5
1:      reti

#ifndef ON_VIOLATION
#define ON_VIOLATION violated
#endif
#ifndef ON_PORT1
#define ON_PORT1 0
#endif

        .section .vectors, "a"
        .word   0, 0, ON_PORT1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ON_VIOLATION, 0, start
        .text

#endif
