/* SPDX-License-Identifier: MIT */
/* The kernel of the monitor's tests: registers. */
#include "tee/trustzone/enclave/worlds.h"

    .section .reset, "ax"
    .global cw_kernel_reset
cw_kernel_reset:
    adr x1, vectors
    msr vbar_el1, x1
    mov x1, #3 << 20                    /* vector registers */
    msr cpacr_el1, x1
    /* 1 GiB of secure addresses, 1 GiB of the normal world's, all that executing needs but SIF. */
    ldr x1, =0xff00
    msr mair_el1, x1
    ldr x1, =0x803519                   /* 39 bits, nothing above */
    msr tcr_el1, x1
    adrp x1, tables
    add x1, x1, :lo12:tables
    msr ttbr0_el1, x1
    ldr x2, =0x705
    str x2, [x1]
    ldr x2, =0x40000725
    str x2, [x1, #8]
    dsb sy
    tlbi vmalle1
    dsb sy
    isb
    mrs x1, sctlr_el1
    orr x1, x1, #1
    msr sctlr_el1, x1
    isb
    adrp x1, stack_end
    add x1, x1, :lo12:stack_end
    mov sp, x1
    b test_kernel

/* void test_done(uint64_t x[6]): to the other world and back, with x0..x5 as they come; the vector
 * registers that were there are in test_vectors. */
    .global test_done
test_done:
    stp x29, x30, [sp, #-32]!
    str x0, [sp, #16]
    ldp x1, x2, [x0, #8]
    ldp x3, x4, [x0, #24]
    ldr x0, =CW_TZ_SMC_DONE
    smc #0
    stp x6, x7, [sp, #-16]!
    adrp x6, test_vectors
    add x6, x6, :lo12:test_vectors
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    str q\n, [x6, #16 * \n]
    .endr
    ldp x6, x7, [sp], #16
    ldr x9, [sp, #16]
    stp x0, x1, [x9]
    stp x2, x3, [x9, #16]
    stp x4, x5, [x9, #32]
    ldp x29, x30, [sp], #32
    ret

/* void test_fill(uint64_t pattern): in every register that nobody needs here. */
    .global test_fill
test_fill:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    dup v\n\().2d, x0
    .endr
    msr fpsr, x0
    msr tpidr_el1, x0
    msr tpidr_el0, x0
    msr tpidrro_el0, x0
    msr contextidr_el1, x0
    msr sp_el0, x0
    msr far_el1, x0
    msr elr_el1, x0
    msr par_el1, x0
    msr esr_el1, x0
    .irp n, 6,7,8,9,10,11,12,13,14,15,16,17,18
    mov x\n, x0
    .endr
    ret

/* uint64_t test_execute(uint64_t address): what came of it, an exception's ESR, or 0. */
    .global test_execute
test_execute:
    stp x29, x30, [sp, #-16]!
    blr x0
    mov x0, #0
    ldp x29, x30, [sp], #16
    ret

    .global test_unknown_call
test_unknown_call:
    mov x0, #0x1234
    smc #0

    .balign 2048
vectors:
    .rept 16
    .balign 128
    mrs x0, esr_el1                     /* as if the call had come back with it */
    ldp x29, x30, [sp], #16
    ret
    .endr

    .bss
    .balign 4096
tables:
    .skip 4096
    .global test_vectors
test_vectors:
    .skip 512
    .skip 8192
stack_end:
