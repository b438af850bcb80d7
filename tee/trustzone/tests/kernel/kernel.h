/* SPDX-License-Identifier: MIT */
/* kernel.h - what the normal world of the monitor's tests asks of their kernel: x0 is
 * OPTEE_CALL_WITH_ARG, x1 one of these. */
#ifndef CW_TEE_TRUSTZONE_TESTS_KERNEL_KERNEL_H
#define CW_TEE_TRUSTZONE_TESTS_KERNEL_KERNEL_H

enum {
    TEST_ADD,        /* x2, x3: x1 is their sum, x2 their difference */
    TEST_FILL,       /* x2 is left in all registers */
    TEST_VECTORS,    /* x1: all vector registers as they were when the call came, or-ed */
    TEST_EXECUTE,    /* x2: an address; x1: ESR */
    TEST_WAIT,       /* x2: ticks of the counter */
    TEST_INTERRUPTS, /* x1: how many came */
    TEST_SLOW,       /* x2: ticks that each interrupt takes from now on */
    TEST_CALL,       /* the kernel makes a call that the monitor does not know */
    TEST_COUNTERS,   /* x1: PMCR_EL0, x2: MDSCR_EL1 as they were in the secure world */
};

#endif
