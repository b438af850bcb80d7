/* SPDX-License-Identifier: MIT */
/*
 * fake_driver.h - the kernel's SGX driver as a test's double: it refuses what the kernel refuses,
 * and measures from what its ioctls are given, nothing else.
 *
 * What     One enclave per descriptor.  Memory of enclaves is plain memory here; who enters calls
 *          the test's function.
 * Source   the rules of the kernel's driver (arch/x86/kernel/cpu/sgx)
 */
#ifndef CW_TEE_SGX_TESTS_FAKE_DRIVER_H
#define CW_TEE_SGX_TESTS_FAKE_DRIVER_H

#include "silicon/sgx/arch.h"
#include "tee/sgx/node/driver.h"

/* What the test sets and looks at.  Reset it before each case. */
struct fake_driver {
    int open_error;        /* errno of open, or 0                                      */
    uint64_t base_shift;   /* bytes by which reservations begin beyond what mmap gives */
    unsigned short_every;  /* each so many-th ADD_PAGES stops early, after some pages  */
    unsigned signal_every; /* each so many-th ADD_PAGES or INIT is interrupted         */
    bool is_stuck;         /* ADD_PAGES adds nothing and says so                       */
    int fail_add;          /* errno of the next ADD_PAGES, or 0                        */
    int fail_init;         /* the same of INIT                                         */

    /* Plays the enclave. */
    int (*enter)(struct cw_sgx_pass *pass, const struct fake_driver *driver);

    unsigned adds;
    unsigned inits;
    unsigned opened; /* descriptors that are open                    */
    unsigned mapped; /* ranges of enclaves that were mapped          */
    uint64_t base;   /* of the enclave that was created last         */
    uint64_t len;
    uint8_t mrenclave[SGX_HASH_LEN]; /* from the ioctls              */
    char breach[200]; /* a rule that the loader broke; empty: none   */
};

extern struct fake_driver fake_driver;
extern const struct cw_sgx_driver fake_driver_table;

void fake_driver_reset(void);

#endif
