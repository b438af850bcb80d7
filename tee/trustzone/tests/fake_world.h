/* SPDX-License-Identifier: MIT */
/*
 * fake_world.h - what the front end stands between: the memory of a hostile normal world, and
 * modules that note what reached them.
 *
 * What     Implements kernel/normal.h, module.h, and what is asked of pages and journal.  The memory
 *          tells every byte that is read twice within a call, and may change a byte as soon as it
 *          was read, so that a second look would see another value.
 * Trust    Test code.
 */
#ifndef CW_TEE_TRUSTZONE_TESTS_FAKE_WORLD_H
#define CW_TEE_TRUSTZONE_TESTS_FAKE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tee/trustzone/enclave/kernel/module.h"

#define FAKE_RAM 0x40000000ull
#define FAKE_RAM_LEN (4ull << 20)

struct fake_world {
    bool is_changing;        /* a byte that was read is another one after it */
    unsigned twice;          /* bytes read twice in this call */
    unsigned accesses;       /* reads and writes of this call */
    unsigned refused;        /* ranges outside */
    uint64_t write_lo;       /* what was written in this call: the range, and how many bytes */
    uint64_t write_hi;
    uint64_t written;
    uint32_t open_mask;      /* sessions: bit n of number n */
    uint32_t answer;         /* what entering, loading and fetching say */
    uint32_t entry;          /* of the last ENTER */
    unsigned entered;
    unsigned loaded;
    unsigned fetched;
    uint64_t offset;         /* of the last LOAD */
    uint64_t total;
    size_t in_len;
    uint8_t in[2 * CW_TZ_IN_LEN]; /* what reached the module */
    size_t items_len;        /* what it says */
    uint8_t items[CW_TZ_OUT_LEN];
};
extern struct fake_world fake;

/* The memory itself, as the normal world sees it: up to 64 KiB from pa on may be changed. */
uint8_t *fake_ram(uint64_t pa);

/* fake_world_new - zeros everywhere, no session. */
void fake_world_new(void);

/* fake_world_call - one call begins: what it reads is counted from here. */
void fake_world_call(void);

#endif
