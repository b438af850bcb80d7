/* SPDX-License-Identifier: MIT */
/*
 * tree.h - what boot wants of a flattened device tree.
 *
 * What     Where the normal world's RAM is, and where the seeds for the secure world stand.  Reads
 *          nothing outside the bytes it gets, whatever they are, and each step forward is at least
 *          four bytes.
 * Trust    TRUSTED.  The tree is the board's, in memory of the normal world.
 * Memory   Keeps nothing.
 * Source   Devicetree Specification 0.4, chapter 5
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_BOOT_TREE_H
#define CW_TEE_TRUSTZONE_ENCLAVE_BOOT_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

#define CW_TREE_MAX (2ul << 20)

struct cw_tree_range {
    size_t at; /* in the tree */
    size_t len; /* 0: there is none */
};

struct cw_tree {
    uint64_t ram_at; /* the first memory node; two cells each, as a machine of 64 bits has them */
    uint64_t ram_len;
    struct cw_tree_range rng_seed;   /* of /secure-chosen */
    struct cw_tree_range kaslr_seed;
};

/*
 * cw_tree_read - look through a tree of at most [cap] bytes.
 *
 * CW_E_FORM    it is none, or broken
 * CW_E_SHORT   it ends after cap bytes
 * CW_E_ABSENT  it names no RAM
 */
CW_MUST_CHECK cw_status cw_tree_read(const uint8_t *bytes, size_t cap, struct cw_tree *ret_tree);

#endif
