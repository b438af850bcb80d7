; SPDX-License-Identifier: MIT
; ROUNDS times 60000 turns of a two-instruction loop
        .text
        .globl  start, done
start:  mov     #0x5a80, &0x0120
        mov     #0x0a00, r1
        mov     #ROUNDS, r5
outer:  mov     #60000, r4
inner:  sub     #1, r4
        jne     inner
        sub     #1, r5
        jne     outer
        mov     #0xbeef, &0x0200
done:   bis     #0x10, r2
        jmp     done
        .section .vector, "a"
        .word   start
