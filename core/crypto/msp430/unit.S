/* SPDX-License-Identifier: MIT */
/*
 * unit.S - AE_WRAP (0x1384) and AE_UNWRAP (0x1385): operands in r9 .. r15, r15 := 1 on success.
 * Arguments of C come in r12 .. r15, three more on the stack; r4 .. r10 belong to the caller.
 */
        .section .text.cw_unit, "ax", @progbits
        .globl  cw_suite_seal, cw_suite_open, cw_unit_wrap
cw_suite_seal:
cw_unit_wrap:
        push    r9
        push    r10
        call    #operands
        .word   0x1384
        tst     r15
        jnz     done
refused:
        mov     r15, &cw_unit_wrap
        jmp     refused
cw_suite_open:
        push    r9
        push    r10
        call    #operands
        .word   0x1385
done:
        mov     r15, r12
        pop     r10
        pop     r9
        ret
operands:                               /* behind three return addresses and registers on the stack */
        mov     r13, r9
        mov     r14, r10
        mov     r14, r11
        add     r15, r11
        mov     8(r1), r12
        mov     r12, r13
        add     10(r1), r13
        mov     r12, r14
        mov     12(r1), r15
        ret
