; SPDX-License-Identifier: MIT
; The test firmware of the board: echoes every byte from the UART with bit 5 flipped, toggles
; the LED at each press, counts presses on the display; sleeps in between.
        .text
        .globl  start
start:
        mov     #0x5a80, &0x0120
        mov     #0x4200, r1
        mov.b   #1, &0x002a             ; P2DIR: the LED
        mov.b   #1, &0x0025             ; P1IE: the button
        mov     #100, &0x0082           ; BAUD
        mov.b   #0x13, &0x0080          ; enable, SMCLK, RX interrupt
        mov     #0x30, r10
1:      bis     #0x18, r2               ; sleep with interrupts on
        jmp     1b

received:
        mov.b   &0x0085, r12
        mov.b   #0x10, &0x0081
        xor.b   #0x20, r12
2:      bit.b   #8, &0x0081             ; full?
        jnz     2b
        mov.b   r12, &0x0084
        reti

pressed:
        mov.b   #0, &0x0023
        xor.b   #1, &0x0029
        add     #1, r10
        mov.b   #1, &0x00a0
        mov.b   r10, &0x00a1
        reti

        .section .vectors, "a"
        .word   0, 0, pressed, 0, 0, 0, 0, received, 0, 0, 0, 0, 0, 0, 0, start
