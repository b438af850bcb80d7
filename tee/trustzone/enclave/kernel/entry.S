/* SPDX-License-Identifier: MIT */
/*
 * entry.S - where S-EL1 begins, its vectors, and the ways to S-EL0 and to the normal world.
 */
#include "tee/trustzone/enclave/kernel/context.h"
#include "tee/trustzone/enclave/worlds.h"

    .macro function name
    .globl \name
    .type \name, %function
\name:
    .endm

    .macro end name
    .size \name, . - \name
    .endm

/* The first byte of the image.  x0: struct cw_tz_boot.  The MMU is off. */
    .section .text.cw_entry, "ax"
function __cw_entry
    ldr     x1, =__cw_bss_start
    ldr     x2, =__cw_bss_end
1:  cmp     x1, x2
    b.hs    2f
    stp     xzr, xzr, [x1], #16
    b       1b
2:  ldr     x1, =__cw_stack_top
    mov     sp, x1
    ldr     x1, =cw_tz_vectors
    msr     vbar_el1, x1
    mov     x1, #(3 << 20)              /* FP for S-EL1 and S-EL0 */
    msr     cpacr_el1, x1
    isb
    bl      cw_tz_main
    b       .
end __cw_entry

    .text

/*
 * The kernel's own callee-saved registers wait on its stack; TPIDR_EL1 has the context.
 */
function cw_tz_context_run
    stp     x29, x30, [sp, #-96]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    msr     tpidr_el1, x0

    add     x1, x0, #CW_CONTEXT_Q
    ldp     q0, q1, [x1, #0]
    ldp     q2, q3, [x1, #32]
    ldp     q4, q5, [x1, #64]
    ldp     q6, q7, [x1, #96]
    ldp     q8, q9, [x1, #128]
    ldp     q10, q11, [x1, #160]
    ldp     q12, q13, [x1, #192]
    ldp     q14, q15, [x1, #224]
    ldp     q16, q17, [x1, #256]
    ldp     q18, q19, [x1, #288]
    ldp     q20, q21, [x1, #320]
    ldp     q22, q23, [x1, #352]
    ldp     q24, q25, [x1, #384]
    ldp     q26, q27, [x1, #416]
    ldp     q28, q29, [x1, #448]
    ldp     q30, q31, [x1, #480]

    ldp     x1, x2, [x0, #CW_CONTEXT_FPCR]
    msr     fpcr, x1
    msr     fpsr, x2
    ldp     x1, x2, [x0, #CW_CONTEXT_SP]
    msr     sp_el0, x1
    msr     elr_el1, x2
    ldp     x1, x2, [x0, #CW_CONTEXT_STATE]
    msr     spsr_el1, x1
    msr     tpidr_el0, x2

    ldp     x2, x3, [x0, #16]
    ldp     x4, x5, [x0, #32]
    ldp     x6, x7, [x0, #48]
    ldp     x8, x9, [x0, #64]
    ldp     x10, x11, [x0, #80]
    ldp     x12, x13, [x0, #96]
    ldp     x14, x15, [x0, #112]
    ldp     x16, x17, [x0, #128]
    ldp     x18, x19, [x0, #144]
    ldp     x20, x21, [x0, #160]
    ldp     x22, x23, [x0, #176]
    ldp     x24, x25, [x0, #192]
    ldp     x26, x27, [x0, #208]
    ldp     x28, x29, [x0, #224]
    ldr     x30, [x0, #240]
    ldp     x0, x1, [x0, #0]
    eret
end cw_tz_context_run

/* From S-EL0: x0 and x1 are on the stack, x0 is the trap. */
function leave_el0
    mrs     x1, tpidr_el1
    stp     x2, x3, [x1, #16]
    stp     x4, x5, [x1, #32]
    stp     x6, x7, [x1, #48]
    stp     x8, x9, [x1, #64]
    stp     x10, x11, [x1, #80]
    stp     x12, x13, [x1, #96]
    stp     x14, x15, [x1, #112]
    stp     x16, x17, [x1, #128]
    stp     x18, x19, [x1, #144]
    stp     x20, x21, [x1, #160]
    stp     x22, x23, [x1, #176]
    stp     x24, x25, [x1, #192]
    stp     x26, x27, [x1, #208]
    stp     x28, x29, [x1, #224]
    str     x30, [x1, #240]
    ldp     x2, x3, [sp], #16
    stp     x2, x3, [x1, #0]

    mrs     x2, sp_el0
    mrs     x3, elr_el1
    stp     x2, x3, [x1, #CW_CONTEXT_SP]
    mrs     x2, spsr_el1
    mrs     x3, tpidr_el0
    stp     x2, x3, [x1, #CW_CONTEXT_STATE]
    mrs     x2, fpcr
    mrs     x3, fpsr
    stp     x2, x3, [x1, #CW_CONTEXT_FPCR]

    add     x1, x1, #CW_CONTEXT_Q
    stp     q0, q1, [x1, #0]
    stp     q2, q3, [x1, #32]
    stp     q4, q5, [x1, #64]
    stp     q6, q7, [x1, #96]
    stp     q8, q9, [x1, #128]
    stp     q10, q11, [x1, #160]
    stp     q12, q13, [x1, #192]
    stp     q14, q15, [x1, #224]
    stp     q16, q17, [x1, #256]
    stp     q18, q19, [x1, #288]
    stp     q20, q21, [x1, #320]
    stp     q22, q23, [x1, #352]
    stp     q24, q25, [x1, #384]
    stp     q26, q27, [x1, #416]
    stp     q28, q29, [x1, #448]
    stp     q30, q31, [x1, #480]
    msr     fpcr, xzr

    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     x29, x30, [sp], #96
    ret
end leave_el0

function cw_tz_context_done
    stp     x29, x30, [sp, #-112]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    str     x0, [sp, #96]
    ldp     x1, x2, [x0, #8]
    ldp     x3, x4, [x0, #24]
    ldr     x0, =CW_TZ_SMC_DONE
    smc     #0
    ldr     x6, [sp, #96]
    stp     x0, x1, [x6, #0]
    stp     x2, x3, [x6, #16]
    stp     x4, x5, [x6, #32]
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     x29, x30, [sp], #112
    ret
end cw_tz_context_done

/* The kernel itself faulted: perhaps its stack is at its end. */
function broken
    ldr     x0, =__cw_stack_top
    mov     sp, x0
    mrs     x0, esr_el1
    mrs     x1, elr_el1
    mrs     x2, far_el1
    bl      cw_tz_broken
    b       .
end broken

    .macro slot trap
    .balign 128
    .if \trap < 0
    b       broken
    .else
    stp     x0, x1, [sp, #-16]!
    mov     x0, #\trap
    b       leave_el0
    .endif
    .endm

    .section .text.cw_vectors, "ax"
    .balign 2048
cw_tz_vectors:
    .irp kind, 0, 1, 2, 3, 4, 5, 6, 7 /* from S-EL1 */
    slot -1
    .endr
    slot CW_TRAP_SYNCHRONOUS          /* from S-EL0, AArch64 */
    slot CW_TRAP_OTHER
    slot CW_TRAP_FIQ
    slot CW_TRAP_OTHER
    .irp kind, 0, 1, 2, 3             /* from AArch32 */
    slot -1
    .endr
