/* SPDX-License-Identifier: MIT */
/*
 * enclaves.S - small enclaves, one entry each: the code page of test images (see cell_support.h).
 *
 * RCX is where EEXIT goes.  Results leave in RSI, RDX and R8 up.  The code is at 0x4000, data at
 * 0x8000 (two pages), see cell_support.c.
 */
#define ENCLU   .byte 0x0f, 0x01, 0xd7
#define DATA    cw_enclaves + 0x4000

        .text
        .balign 4096
        .globl  cw_enclaves, cw_enclaves_end
cw_enclaves:

        .macro  entry name
        .balign 16
        .globl  cw_enclave_\name
cw_enclave_\name:
        .endm
        .macro  exit
        movq    %rcx, %rbx
        movl    $4, %eax
        ENCLU
        .endm

/* What EENTER gave: all that came in is passed on as far as registers reach. */
entry registers
        movq    %rax, %rsi              /* CSSA */
        movq    %rcx, %r8               /* the return address */
        movq    %rbx, %r9               /* the TCS */
        movq    %rsp, %r14
        leaq    DATA + 0x1000(%rip), %rsp
        pushfq
        popq    %r10
        cld
        stmxcsr DATA(%rip)
        movl    DATA(%rip), %r11d
        fnstcw  DATA(%rip)
        movzwl  DATA(%rip), %r12d
        rdfsbase %r13
        rdgsbase %r15
        exit

/* Counts its entries in memory that stays. */
entry count
        incq    DATA(%rip)
        movq    DATA(%rip), %rsi
        exit

/* EEXIT with all registers full, so that the test sees what leaves. */
entry full
        movq    %rcx, %rbx
        movl    $4, %eax
        movq    $0x11, %rdx
        movq    $0x12, %rsi
        movq    $0x13, %rdi
        movq    $0x14, %rbp
        movq    $0x15, %rsp
        movq    $0x18, %r8
        movq    $0x19, %r9
        movq    $0x1a, %r10
        movq    $0x1b, %r11
        movq    $0x1c, %r12
        movq    $0x1d, %r13
        movq    $0x1e, %r14
        movq    $0x1f, %r15
        ENCLU

/* RDI: which fault; after ERESUME or as an exception entry it says what was saved. */
entry fault
        testl   %eax, %eax
        jnz     handler
        movq    %rcx, DATA(%rip)
        leaq    DATA + 0x1000(%rip), %rsp
        movq    $0x5151, %rdx
        movq    %rdx, %xmm5
        movq    $0x5252, %rsi
        cmpl    $0, %edi
        je      of_ud
        cmpl    $1, %edi
        je      of_de
        cmpl    $2, %edi
        je      of_bp
        cmpl    $3, %edi
        je      of_gp
        cmpl    $4, %edi
        je      of_read
        cmpl    $5, %edi
        je      of_write
        cmpl    $6, %edi
        je      of_tcs
        cmpl    $7, %edi
        je      of_syscall
        cmpl    $8, %edi
        je      of_xm
        cmpl    $9, %edi
        je      of_mf
        cmpl    $10, %edi
        je      of_ac
        cmpl    $11, %edi
        je      of_fetch
        cmpl    $12, %edi
        je      of_leaf
        cmpl    $13, %edi
        je      of_int
        cmpl    $14, %edi
        je      of_int20
        cmpl    $15, %edi
        je      of_in
        cmpl    $16, %edi
        je      of_ds
        cmpl    $17, %edi
        je      of_exit
        cmpl    $18, %edi
        je      of_cpuid
        ud2
of_ud:  ud2
        jmp     after
of_de:  xorl    %eax, %eax
        xorl    %r9d, %r9d
        xorl    %edx, %edx
        div     %r9d
        jmp     after
of_bp:  int3
        jmp     after
of_gp:  movabsq $0x8000000000000000, %r9
        movq    (%r9), %r10
        jmp     after
of_read:
        movq    cw_enclaves + 0x8008(%rip), %r10
        jmp     after
of_write:
        movq    %rdx, cw_enclaves + 0x18(%rip)
        jmp     after
of_tcs: movq    cw_enclaves - 0x4000(%rip), %r10
        jmp     after
of_syscall:
        movl    $39, %eax
        syscall
        jmp     after
of_xm:  movl    $0x1f00, 8 + DATA(%rip)         /* invalid operations fault */
        ldmxcsr 8 + DATA(%rip)
        xorps   %xmm0, %xmm0
        divss   %xmm0, %xmm0
        jmp     after
of_mf:  movw    $0x37e, 8 + DATA(%rip)
        fldcw   8 + DATA(%rip)
        fldz
        fldz
        fdivrp
        fwait
        jmp     after
of_ac:  pushfq
        orl     $0x40000, (%rsp)
        popfq
        movl    1 + DATA(%rip), %r10d
        jmp     after
of_fetch:
        leaq    DATA(%rip), %r9
        jmp     *%r9
of_leaf:
        movl    $9, %eax
        ENCLU
        jmp     after
of_int: int     $0x80
        jmp     after
of_int20:
        int     $0x20
        jmp     after
of_in:  inw     %dx, %ax
        jmp     after
of_ds:  movl    $0xfff0, %eax
        movl    %eax, %ds
        jmp     after
of_exit:
        movabsq $0x800000000000, %rbx
        movl    $4, %eax
        ENCLU
        jmp     after
of_cpuid:
        xorl    %eax, %eax
        cpuid
        movq    $0x5151, %rdx
        jmp     after
after:
        movq    %xmm5, %r8
        movq    DATA(%rip), %rbx
        movq    $0xa5a5, %rdi
        movl    $4, %eax
        ENCLU

/* CSSA 1: what is in frame 0 (its GPRSGX ends at 0x3000), and step over the instruction. */
handler:
        movq    %rcx, %rbx
        movl    cw_enclaves - 0x1000 - 184 + 160(%rip), %esi        /* EXITINFO */
        movq    cw_enclaves - 0x1000 - 184 - 16(%rip), %r8          /* MADDR    */
        movl    cw_enclaves - 0x1000 - 184 - 8(%rip), %r9d          /* ERRCD    */
        movq    cw_enclaves - 0x1000 - 184 + 136(%rip), %r10        /* RIP      */
        movq    cw_enclaves - 0x1000 - 184 + 16(%rip), %r11         /* RDX      */
        movq    cw_enclaves - 0x2000 + 160 + 5 * 16(%rip), %r12     /* XMM5     */
        leaq    after(%rip), %r13
        movq    %r13, cw_enclaves - 0x1000 - 184 + 136(%rip)
        movq    %rax, %r14
        movl    $4, %eax
        ENCLU

/* EREPORT: TARGETINFO and REPORTDATA at RDI, the report to RSI (all of the host). */
entry report
        movq    %rcx, %r15
        movq    %rsi, %r14
        movq    %rdi, %rsi
        leaq    DATA(%rip), %rdi
        movl    $640, %ecx
        cld
        rep movsb
        leaq    DATA(%rip), %rbx
        leaq    512 + DATA(%rip), %rcx
        leaq    1024 + DATA(%rip), %rdx
        xorl    %eax, %eax
        ENCLU
        movq    %r14, %rdi
        leaq    1024 + DATA(%rip), %rsi
        movl    $432, %ecx
        rep movsb
        movq    %r15, %rcx
        exit

/* EGETKEY: KEYREQUEST at RDI, the key to RSI; R8: RAX, R9: RFLAGS. */
entry key
        movq    %rcx, %r15
        movq    %rsi, %r14
        movq    %rdi, %rsi
        leaq    DATA(%rip), %rdi
        movl    $512, %ecx
        cld
        rep movsb
        leaq    DATA(%rip), %rbx
        leaq    1024 + DATA(%rip), %rcx
        leaq    DATA + 0x2000(%rip), %rsp
        movl    $1, %eax
        stc
        ENCLU
        movq    %rax, %r8
        pushfq
        popq    %r9
        movq    %r14, %rdi
        leaq    1024 + DATA(%rip), %rsi
        movl    $16, %ecx
        rep movsb
        movq    %r15, %rcx
        exit

/* EGETKEY with operands as they come: RDI the request, RSI the key. */
entry rawkey
        movq    %rdi, %rbx
        movq    %rsi, %rcx
        movl    $1, %eax
        ENCLU
        ud2

/* For ever, but for R12 to count. */
entry spin
        incq    %r12
        jmp     cw_enclave_spin

/* Reads the 8 bytes at RDI. */
entry read
        movq    (%rdi), %rsi
        exit

/* A function of memory outside the enclave: runs what RDI points to. */
entry jump
        jmp     *%rdi

/* RDI: a system call, RSI its first argument, by the jail's own instruction at RDX. */
entry escape
        movq    %rdi, %rax
        movq    %rsi, %rdi
        jmp     *%rdx

/* Calls the jail's cw_syscall at R8: RDI number, RSI, RDX, R9 arguments; RSI: what it returned. */
entry lie
        movq    %rcx, %r15
        movq    %r9, %rcx
        leaq    DATA + 0x1000(%rip), %rsp
        call    *%r8
        movq    %rax, %rsi
        movq    %r15, %rcx
        exit

/*
 * CSSA 0: a fault.  CSSA 1: spoils the frame of it; RDI says how: 0 a component that XFRM lacks,
 * 1 a reserved byte, 2 MXCSR, 3 RIP, 4 FS base; 5 makes all good again.
 */
entry spoil
        testl   %eax, %eax
        jnz     1f
        ud2
        movl    $0x99, %esi
        movq    DATA(%rip), %rcx
        exit
1:      movq    %rcx, DATA(%rip)
        cmpl    $1, %edi
        movq    $4, cw_enclaves - 0x2000 + 512(%rip)
        jb      2f
        movq    $3, cw_enclaves - 0x2000 + 512(%rip)
        movb    $1, cw_enclaves - 0x2000 + 575(%rip)
        je      2f
        movb    $0, cw_enclaves - 0x2000 + 575(%rip)
        cmpl    $3, %edi
        movl    $0x10000, cw_enclaves - 0x2000 + 24(%rip)
        jb      2f
        movl    $0x1f80, cw_enclaves - 0x2000 + 24(%rip)
        leaq    cw_enclave_spoil + 6(%rip), %r8 /* behind its UD2 */
        movabsq $0x8000000000000000, %r9
        movq    %r9, cw_enclaves - 0x1000 - 184 + 136(%rip)
        je      2f
        movq    %r8, cw_enclaves - 0x1000 - 184 + 136(%rip)
        movq    %r9, cw_enclaves - 0x1000 - 184 + 168(%rip)
        cmpl    $4, %edi
        je      2f
        movq    $0, cw_enclaves - 0x1000 - 184 + 168(%rip)
2:      exit

/* Both halves of YMM7 over a fault: R8 the low, R9 the high one.  CSSA 1 steps over the UD2. */
entry avx
        testl   %eax, %eax
        jnz     1f
        movq    %rcx, DATA(%rip)
        movabsq $0x1122334455667788, %rdx
        movq    %rdx, %xmm7
        vinserti128 $1, %xmm7, %ymm7, %ymm7
        movabsq $0x99aabbccddeeff00, %rdx
        movq    %rdx, %xmm6
        vpblendd $0x0f, %ymm6, %ymm7, %ymm7
2:      ud2
        vmovq   %xmm7, %r8
        vextracti128 $1, %ymm7, %xmm7
        vmovq   %xmm7, %r9
        movq    DATA(%rip), %rcx
        exit
1:      vpxor   %ymm7, %ymm7, %ymm7     /* what the exception entry does is its own */
        leaq    2b + 2(%rip), %r8
        movq    %r8, cw_enclaves - 0x1000 - 184 + 136(%rip)
        exit

/* Writes its own code, when it may. */
entry patch
        movb    $0x90, patched(%rip)
patched:
        ud2
        movl    $0x77, %esi
        .byte   0x66, 0x90
        exit

/* A secret that never leaves: a page of it, which the attacker looks for. */
entry hide
        leaq    DATA + 0x1000(%rip), %rdi
        movabsq $0x7373656c746e6975, %rax
        movl    $512, %r9d
        movq    %rcx, %r8
        movl    $512, %ecx
        cld
        rep stosq
        movq    %r8, %rcx
        xorl    %edi, %edi
        exit

        .balign 4096
cw_enclaves_end:
        .section .note.GNU-stack, "", @progbits
