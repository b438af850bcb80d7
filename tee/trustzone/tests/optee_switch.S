/* SPDX-License-Identifier: MIT */
/* tee/trustzone/enclave/optee/switch.S, for the machine that tests. */
    .text
    .globl cw_optee_stack
    .hidden cw_optee_stack
cw_optee_stack:
    leaq -64(%rdi), %rax
    movq $0, (%rax)
    movq $0, 8(%rax)
    movq $0, 16(%rax)
    movq $0, 24(%rax)
    movq $0, 32(%rax)
    movq $0, 40(%rax)
    movq %rsi, 48(%rax)
    movq $0, 56(%rax)
    ret

    .globl cw_optee_switch
    .hidden cw_optee_switch
cw_optee_switch:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

    .section .note.GNU-stack, "", @progbits
