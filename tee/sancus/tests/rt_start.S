/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/arch.h"
        .section .text.start, "ax", @progbits
        .globl  start
start:
        mov     #0x5a80, &CW_WDTCTL
        mov     #0x4000, r1
        call    #main
        .section .vectors, "a", @progbits
        .word   start, start, start, start, start, start, start, start
        .word   start, start, start, start, start, start, start, start
