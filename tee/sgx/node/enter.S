/* SPDX-License-Identifier: MIT */
/*
 * int cw_sgx_vdso_enter(struct cw_sgx_pass *pass, void *function)
 *
 * The vDSO's function keeps RBX and RBP alone: what else a caller may rely on, and the control
 * words of x87 and SSE, an enclave may have changed.
 */
    .text
    .globl cw_sgx_vdso_enter
    .type cw_sgx_vdso_enter, @function
cw_sgx_vdso_enter:
    endbr64
    pushq %rbp
    movq %rsp, %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $24, %rsp
    stmxcsr 8(%rsp)
    fnstcw 12(%rsp)
    movq %rdi, %rbx
    movq %rsi, %rax
    subq $8, %rsp
    pushq 48(%rbx) /* the seventh argument, run */
    movq 0(%rbx), %rdi
    movq 8(%rbx), %rsi
    movq 16(%rbx), %rdx
    movq 40(%rbx), %rcx
    movq 24(%rbx), %r8
    movq 32(%rbx), %r9
    call *%rax
    movq %rdi, 0(%rbx)
    movq %rsi, 8(%rbx)
    movq %rdx, 16(%rbx)
    movq %r8, 24(%rbx)
    movq %r9, 32(%rbx)
    addq $16, %rsp
    cld
    ldmxcsr 8(%rsp)
    fldcw 12(%rsp)
    addq $24, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size cw_sgx_vdso_enter, . - cw_sgx_vdso_enter
    .section .note.GNU-stack, "", @progbits
