/* SPDX-License-Identifier: MIT */
/*
 * In and out of the enclave.
 *
 * What arrives with EENTER: RAX = CSSA, RBX = the TCS, RCX = where to leave to; FS and GS are the
 * enclave's; all else is the attacker's: registers, RSP, flags (DF, AC, NT ...), x87 and SSE.
 * Memory is reached from RIP alone until RSP is our own, and what is reached is aligned, so that
 * AC finds nothing.  The exceptions' entry has no stack at all: it may come between any two
 * instructions of everything else, and changes nothing that they use.
 */
#include "silicon/sgx/arch.h"
#include "tee/sgx/enclave/state.h"

    .section .text.cw_entry, "ax", @progbits
    .globl __cw_entry
    .hidden __cw_entry
    .type __cw_entry, @function
__cw_entry:
    cld
    cmpl $1, %eax
    ja never
    je exception

    movl $CW_SGX_STATE_OUTSIDE, %eax
    movl $CW_SGX_STATE_RUNNING, %edx
    cmpxchgl %edx, cw_sgx_state(%rip)
    je again
    movl $CW_SGX_STATE_NEW, %eax
    cmpxchgl %edx, cw_sgx_state(%rip)
    je first
    lfence
    cmpl $CW_SGX_STATE_DEAD, %eax
    movl $CW_SGX_ASM_EXIT_DEAD, %edi
    movl $CW_SGX_ASM_EXIT_REFUSED, %eax
    cmovnel %eax, %edi
    xorl %esi, %esi
    movq %rcx, %rbx
    jmp out

first:
    lfence
    movq %rcx, target(%rip)
    movq %rsp, host_rsp(%rip)
    movq %rbp, host_rbp(%rip)
    leaq __cw_stack_top(%rip), %rsp
    pushq $2
    popfq
    fxrstor64 initial(%rip)
    xorl %ebp, %ebp
    call cw_sgx_start
    testb %al, %al
    jz refuse
    call cw_sgx_main
never:
    ud2

refuse:
    movl $CW_SGX_STATE_RUNNING, %eax
    movl $CW_SGX_STATE_NEW, %edx
    cmpxchgl %edx, cw_sgx_state(%rip)
    jne dead
    movl $CW_SGX_ASM_EXIT_REFUSED, %edi
    jmp leave

again:
    lfence
    movq %rcx, target(%rip)
    movq %rsp, host_rsp(%rip)
    movq %rbp, host_rbp(%rip)
    movq own_rsp(%rip), %rsp
    pushq $2
    popfq
    fxrstor64 initial(%rip)
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret
    .size __cw_entry, . - __cw_entry

/* An exception of the interrupted code, or none: its frame is the first of the SSA. */
exception:
    lfence
    movl __cw_ssa + SGX_PAGE_LEN - SGX_GPRSGX_LEN + SGX_GPR_EXITINFO(%rip), %esi
    movq %rcx, %rbx
    movl $CW_SGX_ASM_EXIT_REFUSED, %edi
    testl %esi, %esi /* SGX_EXITINFO_VALID is its sign */
    movl $0, %edx
    jns none
    lfence
    movl $CW_SGX_STATE_DEAD, cw_sgx_state(%rip)
    movl $CW_SGX_ASM_EXIT_FAULT, %edi
    movzbl %sil, %edx
none:
    movl %edx, %esi

/* RBX where to, RDI and RSI the results, RSP and RBP as the host left them. */
out:
    fxrstor64 initial(%rip)
    xorl %edx, %edx
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r11d, %r11d
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
    xorl %ecx, %ecx /* and the flags of a result, whatever they were */
    movl $SGX_EEXIT, %eax
    .globl __cw_enclu_exit
__cw_enclu_exit:
    enclu
    ud2

/* void cw_sgx_leave(cw_sgx_exit): comes back with the next EENTER. */
    .globl cw_sgx_leave
    .hidden cw_sgx_leave
    .type cw_sgx_leave, @function
cw_sgx_leave:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, own_rsp(%rip)
    movl $CW_SGX_STATE_RUNNING, %eax
    movl $CW_SGX_STATE_OUTSIDE, %edx
    cmpxchgl %edx, cw_sgx_state(%rip)
    jne dead
leave:
    pushq $2
    popfq
    xorl %esi, %esi
    movq target(%rip), %rbx
    movq host_rbp(%rip), %rbp
    movq host_rsp(%rip), %rsp
    jmp out
    .size cw_sgx_leave, . - cw_sgx_leave

/* Never to come back. */
    .globl cw_enclave_abort
    .hidden cw_enclave_abort
    .type cw_enclave_abort, @function
cw_enclave_abort:
dead:
    movl $CW_SGX_STATE_DEAD, cw_sgx_state(%rip)
    movl $CW_SGX_ASM_EXIT_DEAD, %edi
    jmp leave
    .size cw_enclave_abort, . - cw_enclave_abort

/* void cw_sgx_report(target, data, ret_report) */
    .section .text.cw_sgx_report, "ax", @progbits
    .globl cw_sgx_report
    .hidden cw_sgx_report
    .type cw_sgx_report, @function
cw_sgx_report:
    pushq %rbx
    movq %rdi, %rbx
    movq %rsi, %rcx
    movl $SGX_EREPORT, %eax
    .globl __cw_enclu_report
__cw_enclu_report:
    enclu
    popq %rbx
    ret
    .size cw_sgx_report, . - cw_sgx_report

/* uint32_t cw_sgx_key(request, ret_key): SGX_OK or why not. */
    .section .text.cw_sgx_key, "ax", @progbits
    .globl cw_sgx_key
    .hidden cw_sgx_key
    .type cw_sgx_key, @function
cw_sgx_key:
    pushq %rbx
    movq %rdi, %rbx
    movq %rsi, %rcx
    movl $SGX_EGETKEY, %eax
    .globl __cw_enclu_key
__cw_enclu_key:
    enclu
    popq %rbx
    ret
    .size cw_sgx_key, . - cw_sgx_key

    .section .rodata.cw_sgx_initial, "a", @progbits
    .balign 64
initial: /* x87 and SSE as FXRSTOR takes them: control word, MXCSR (Intel's advice), the rest zeros */
    .word 0x037f
    .zero 22
    .long 0x1fbf
    .zero 484

    .section .bss.cw_sgx_thread, "aw", @nobits
    .balign 64
    .globl cw_sgx_state
    .hidden cw_sgx_state
cw_sgx_state:
    .zero 8
target:
    .zero 8
host_rsp:
    .zero 8
host_rbp:
    .zero 8
own_rsp:
    .zero 8

    .section .note.GNU-stack, "", @progbits
