; SPDX-License-Identifier: MIT
; Known cycles per function; the manual's table: mov #n,Rn 2, call #n 4, dec Rn 1, jnz 2, ret 3,
; nop 1, bis #n,SR 2, mov #n,&x 5.
        .text
        .globl  start
start:                                  ; 5 + 2 + 2 + 10 * (4 + 1 + 2) + 4 + 2 = 85
        mov     #0x5a80, &0x0120
        mov     #0x0400, r1
        mov     #10, r5
1:      call    #leaf
        dec     r5
        jnz     1b
        call    #outer
        bis     #0x10, r2
2:      jmp     2b

        .globl  leaf
leaf:                                   ; 1 + 1 + 3 = 5
        nop
        nop
        ret

        .globl  outer
outer:                                  ; 4 + 2 = 6, and what it calls; goes on at tail
        call    #leaf
        jmp     tail

        .globl  never
never:
        ret

        .globl  tail
tail:                                   ; 2 + 100 * (1 + 2) + 3 = 305
        mov     #100, r6
3:      dec     r6
        jnz     3b
        ret

        .section .vectors, "a"
        .word   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, start
