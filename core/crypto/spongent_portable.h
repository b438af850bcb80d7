/* SPDX-License-Identifier: MIT */
/*
 * spongent_portable.h - the SPONGENT permutations in C for any machine.
 *
 * Trust    TRUSTED.  The contract is that of spongent_permute.h, of which this is one version.
 */
#ifndef CW_CORE_CRYPTO_SPONGENT_PORTABLE_H
#define CW_CORE_CRYPTO_SPONGENT_PORTABLE_H

#include <stdint.h>

#include "core/crypto/spongent_permute.h"

void cw_spongent_portable336(uint8_t state[static CW_SPONGENT_STATE336_LEN]);
void cw_spongent_portable176(uint8_t state[static CW_SPONGENT_STATE176_LEN]);

#endif
