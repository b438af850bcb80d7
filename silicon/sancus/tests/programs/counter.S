; SPDX-License-Identifier: MIT
; Sends one byte over the UART: the non-volatile counter; then two random words, compared: 'd' if
; they differ, as they do but once in 65536 times per pair of four tries.
        .text
        .globl  start
start:
        mov     #0x5a80, &0x0120
        mov     #0x4200, r1
        mov     #10, &0x0082
        mov.b   #3, &0x0080
        mov     &0x0148, r12
        call    #send
        mov     #4, r10
1:      mov     &0x0140, r11
        mov     &0x0140, r13
        cmp     r11, r13
        jne     2f
        sub     #1, r10
        jnz     1b
        mov     #0x73, r12              ; s: the same
        jmp     3f
2:      mov     #0x64, r12              ; d: different
3:      call    #send
        bis     #0x10, r2

send:   bit.b   #8, &0x0081
        jnz     send
        mov.b   r12, &0x0084
        ret

        .section .vectors, "a"
        .word   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, start
