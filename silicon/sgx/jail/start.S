/* SPDX-License-Identifier: MIT */
/*
 * start.S - what cannot be said in C: the first instruction, signals, threads, copies that may
 * fault, and the places where a traced thread stands still.
 */
        .text

        .globl  _start
        .type   _start, @function
_start:
        xorl    %ebp, %ebp
        andq    $-16, %rsp
        call    cw_jail_main
        ud2

/*
 * A signal: the kernel clears DF and TF but not AC, and C code here is not aligned to all.
 * (signal, siginfo, ucontext) are in their registers, the stack is the alternate one.
 */
        .globl  cw_shim_entry
        .type   cw_shim_entry, @function
cw_shim_entry:
        pushq   $0x202
        popfq
        jmp     cw_shim_signal

/* long cw_syscall(nr, a, b, c, d, e, f) */
        .globl  cw_syscall
        .type   cw_syscall, @function
cw_syscall:
        movq    %rdi, %rax
        movq    %rsi, %rdi
        movq    %rdx, %rsi
        movq    %rcx, %rdx
        movq    %r8, %r10
        movq    %r9, %r8
        movq    8(%rsp), %r9
        syscall
        ret

        .globl  cw_sigreturn
        .type   cw_sigreturn, @function
cw_sigreturn:
        movl    $15, %eax
        syscall
        ud2

/* long cw_clone(flags, stack, function(argument), argument): the thread never returns. */
        .globl  cw_clone
        .type   cw_clone, @function
cw_clone:
        movq    %rdx, %r8
        movq    %rcx, %r9
        xorl    %edx, %edx
        xorl    %r10d, %r10d
        movl    $56, %eax
        syscall
        testq   %rax, %rax
        jnz     1f
        xorl    %ebp, %ebp
        movq    %r9, %rdi
        call    *%r8
        ud2
1:      ret

/*
 * int cw_copy(to, from, len): 0, or 1 when it faulted at cw_copy_at; the signal's handler then
 * continues at cw_copy_fault.
 */
        .globl  cw_copy, cw_copy_at, cw_copy_fault
        .type   cw_copy, @function
cw_copy:
        movq    %rdx, %rcx
        xorl    %eax, %eax
cw_copy_at:
        rep movsb
        ret
cw_copy_fault:
        movl    $1, %eax
        ret

/* A thread waits here for its first EENTER: the signal's handler knows the place. */
        .globl  cw_shim_first
        .type   cw_shim_first, @function
cw_shim_first:
        ud2

/*
 * Traced: a thread says which it is (rdi) and where the gate is (rsi), and stands still.  What the
 * tracer wants done by a system call it does at the gate: there alone one is possible, and only
 * if the tracer agrees.
 */
        .globl  cw_jail_parked, cw_jail_called
        .type   cw_jail_parked, @function
cw_jail_parked:
        leaq    gate(%rip), %rsi
        int3
        ud2
gate:
        syscall
cw_jail_called:
        int3
        ud2

/*
 * Traced: the handler of a signal shows the tracer what only a signal's frame has, and stops:
 * error code, vector and address of uc_mcontext.
 */
        .globl  cw_trace_entry
        .type   cw_trace_entry, @function
cw_trace_entry:
        movq    192(%rdx), %r8
        movq    200(%rdx), %r9
        movq    216(%rdx), %r10
        int3
        ud2

        .section .note.GNU-stack, "", @progbits
