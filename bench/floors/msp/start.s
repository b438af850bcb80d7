; SPDX-License-Identifier: MIT
        .text
        .globl  start, done
start:  mov     #0x5a80, &0x0120
        mov     #0x0a00, r1
        mov     #ROUNDS, r12
        call    #run
done:   bis     #0x10, r2
        jmp     done
        .section .vector, "a"
        .word   start
