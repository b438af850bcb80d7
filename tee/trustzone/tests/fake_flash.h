/* SPDX-License-Identifier: MIT */
/*
 * fake_flash.h - the journal's sectors in memory, whose power can be cut at any write.
 *
 * What     Implements kernel/flash.h.  Programming only clears bits; programming a word twice, or
 *          one behind the end, ends the test.
 * Trust    Test code.
 */
#ifndef CW_TEE_TRUSTZONE_TESTS_FAKE_FLASH_H
#define CW_TEE_TRUSTZONE_TESTS_FAKE_FLASH_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "tee/trustzone/enclave/kernel/flash.h"

/* What the write that lost its power left. */
typedef enum torn {
    TORN_BEFORE, /* nothing of it                                     */
    TORN_HALF,   /* the upper half of a word; half of a sector erased */
    TORN_SOME,   /* some bits; a sector of noise                      */
    TORN_AFTER,  /* all of it, and the answer was lost                */
    TORN_KINDS,
} torn;

extern uint32_t fake_flash_words[CW_TZ_FLASH_WORDS];
extern unsigned long fake_flash_writes; /* so far */
extern bool fake_flash_fails;           /* every write from now on, as a worn chip's does */

/* fake_flash_new - as a new device has it. */
void fake_flash_new(void);

/*
 * fake_flash_cut - power ends in the n-th write from now on (0: the next): whoever writes goes to
 * `power`, by longjmp.
 */
extern jmp_buf fake_flash_power;
void fake_flash_cut(unsigned long n, torn how);
void fake_flash_never_cut(void);

#endif
