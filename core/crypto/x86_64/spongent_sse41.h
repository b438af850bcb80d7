/* SPDX-License-Identifier: MIT */
/*
 * spongent_sse41.h - the 336-bit SPONGENT permutation for x86-64 with SSE4.1.
 *
 * Trust    TRUSTED.  The contract is that of spongent_permute.h, of which this is one version.
 *          The CPU must have SSE4.1; it is not asked.
 */
#ifndef CW_CORE_CRYPTO_X86_64_SPONGENT_SSE41_H
#define CW_CORE_CRYPTO_X86_64_SPONGENT_SSE41_H

#include <stdint.h>

#include "core/crypto/spongent_permute.h"

void cw_spongent_sse41_336(uint8_t state[static CW_SPONGENT_STATE336_LEN]);

#endif
