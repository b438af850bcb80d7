/* SPDX-License-Identifier: MIT */
/*
 * built.h - modules of a few lines, built by an owner's backend, each in a place of its own below
 *           `folder` (tests/support/folder.h).
 */
#ifndef CW_TESTS_SUPPORT_BUILT_H
#define CW_TESTS_SUPPORT_BUILT_H

#include "tee/owner.h"

/* What the last build said. */
extern char built_why[CW_OWNER_WHY_LEN];

/*
 * built_make - build m.c, whose first line includes causeway.h and whose others are `source` (NULL:
 * there is no such file), as the module (its name: "m" if it has none) on the node.
 *
 * signer: which of two signing keys, made at first use where the TEE has such.
 */
cw_status built_make(const struct cw_owner_backend *tee, const char *source,
        struct cw_owner_module module, const struct cw_owner_node *node, size_t signer,
        struct cw_owner_built *ret_built);

/* built_says - the case fails unless what the last build said has this word. */
void built_says(const char *word);

#endif
