/* SPDX-License-Identifier: MIT */
/*
 * spongent_permute.h - the SPONGENT permutations, 336 and 176 bits wide.
 *
 * What     Replaces the state by its image: 170 rounds for 336 bits, 90 rounds for 176 bits
 *          (which only an emulated chip with 64-bit security has).
 *          State bit i is bit i % 8 of byte i / 8.
 * Trust    TRUSTED.  Constant time: no branch and no index depends on the state.
 * Memory   Works in place, keeps nothing.
 * Binding  One symbol, several files.  core/crypto/spongent_permute.c binds the portable code
 *          (any machine); core/crypto/x86_64/spongent_permute.c, its namesake for enclaves on
 *          x86-64, binds SSE4.1 without asking the CPU (AES-NI, which those need too, implies
 *          it); hosted programs on x86-64 link core/crypto/x86_64/spongent_choose.c, which asks.
 * Source   SPONGENT (CHES 2011); vectors in tests/vectors/spongent.txt
 */
#ifndef CW_CORE_CRYPTO_SPONGENT_PERMUTE_H
#define CW_CORE_CRYPTO_SPONGENT_PERMUTE_H

#include <stdint.h>

#define CW_SPONGENT_STATE336_LEN 42u
#define CW_SPONGENT_STATE176_LEN 22u

void cw_spongent_permute336(uint8_t state[static CW_SPONGENT_STATE336_LEN]);
void cw_spongent_permute176(uint8_t state[static CW_SPONGENT_STATE176_LEN]);

#endif
