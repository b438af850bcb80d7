/* SPDX-License-Identifier: MIT */
/*
 * unit.S - AE_WRAP (0x1384) and AE_UNWRAP (0x1385): operands in r9 .. r15, r15 := 1 on success.
 * Arguments of C come in r12; r4 .. r10 belong to the caller.
 */
        .section .text.cw_unit, "ax", @progbits
        .globl  cw_unit_wrap, cw_unit_unwrap
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
cw_unit_unwrap:
        push    r9
        push    r10
        call    #operands
        .word   0x1385
done:
        mov     r15, r12
        pop     r10
        pop     r9
        ret
operands:
        mov     @r12+, r9
        mov     @r12+, r10
        mov     @r12+, r11
        mov     2(r12), r13
        mov     4(r12), r14
        mov     6(r12), r15
        mov     @r12, r12
        ret
