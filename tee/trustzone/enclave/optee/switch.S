/* SPDX-License-Identifier: MIT */
/*
 * Two stacks.  What a function of C keeps is kept: x19 .. x30, d8 .. d15, on the stack that is left.
 */
    .section .text.cw_optee_switch, "ax", @progbits

/* void *cw_optee_stack(uint8_t *top, void (*run)(void)): as if run had left by the switch. */
    .globl cw_optee_stack
    .type cw_optee_stack, @function
cw_optee_stack:
    hint #34 /* a place that is called (BTI) */
    sub x0, x0, #160
    mov x2, #160
1:  sub x2, x2, #8
    str xzr, [x0, x2]
    cbnz x2, 1b
    str x1, [x0, #88]
    ret
    .size cw_optee_stack, . - cw_optee_stack

/* void cw_optee_switch(void **ret_here, void *there) */
    .globl cw_optee_switch
    .type cw_optee_switch, @function
cw_optee_switch:
    hint #34
    sub sp, sp, #160
    stp x19, x20, [sp]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x2, sp
    str x2, [x0]
    mov sp, x1
    ldp x19, x20, [sp]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
    .size cw_optee_switch, . - cw_optee_switch

    .section .note.GNU-stack, "", @progbits
