/* SPDX-License-Identifier: MIT */
/*
 * start.S - entry at EL1, caches and MMU off, all interrupts masked; exceptions; SMC.
 */
    .section .text.start, "ax"
    .globl start
start:
    ldr x1, =stack_top
    mov sp, x1
    ldr x1, =vectors
    msr vbar_el1, x1
    ldr x1, =bss_start
    ldr x2, =bss_end
1:  cmp x1, x2
    b.hs 2f
    stp xzr, xzr, [x1], #16
    b 1b
2:  isb
    bl main
    b fail

/* void smc(uint64_t words[4]) */
    .section .text.smc, "ax"
    .globl smc
smc:
    str x0, [sp, #-16]!
    mov x9, x0
    ldp x2, x3, [x9, #16]
    ldp x0, x1, [x9]
    mov x4, xzr
    mov x5, xzr
    mov x6, xzr
    mov x7, xzr
    smc #0
    ldr x9, [sp], #16
    stp x0, x1, [x9]
    stp x2, x3, [x9, #16]
    ret

/* A synchronous exception where one is expected is noted and stepped over; any other ends it. */
    .section .text.vectors, "ax"
    .balign 2048
vectors:
    .rept 4
    .balign 128
    b fail
    .endr
    .balign 128
    b expected
    .rept 11
    .balign 128
    b fail
    .endr

expected:
    stp x0, x1, [sp, #-16]!
    ldr x0, =cpu_guard
    ldr x1, [x0]
    cbz x1, fail
    str x1, [x0, #8]
    mrs x1, esr_el1
    str x1, [x0, #16]
    mrs x1, far_el1
    str x1, [x0, #24]
    mrs x1, elr_el1
    add x1, x1, #4
    msr elr_el1, x1
    ldp x0, x1, [sp], #16
    eret

/* SYSTEM_RESET of PSCI; where nobody hears it, silence. */
fail:
    ldr x0, =0x84000009
    smc #0
1:  wfi
    b 1b

    .bss
    .balign 16
    .globl cpu_guard
cpu_guard:
    .skip 32
    .balign 16
    .skip 16384
stack_top:
