/* SPDX-License-Identifier: MIT */
/*
 * gcm_engine.h - what gcm.c needs of a CPU: AES in counter mode and GHASH.
 *
 * What     cw_gcm_engine_* are the symbols that gcm.c calls.  Exactly one of gcm_ct64.c,
 *          gcm_choose.c and gcm_aarch64.c defines them.
 * Trust    TRUSTED.  Constant time.
 */
#ifndef CW_CORE_CRYPTO_BEARSSL_GCM_ENGINE_H
#define CW_CORE_CRYPTO_BEARSSL_GCM_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "core/crypto/gcm.h"

struct cw_gcm_key {
    uint64_t schedule[33];
    uint8_t hash_key[16];
};

/* Fills k->schedule. */
void cw_gcm_engine_init(struct cw_gcm_key *k, const uint8_t key[static CW_GCM_KEY_LEN]);

/* Applies the keystream from block `counter` on to [len] bytes in place. */
void cw_gcm_engine_ctr(const struct cw_gcm_key *k, const uint8_t nonce[static CW_GCM_NONCE_LEN],
        uint32_t counter, uint8_t *bytes, size_t len);

/* Takes [len] bytes, zero-padded to whole blocks, into the hash y. */
void cw_gcm_engine_ghash(const struct cw_gcm_key *k, uint8_t y[static 16],
        const uint8_t *bytes, size_t len);

#endif
