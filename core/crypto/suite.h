/* SPDX-License-Identifier: MIT */
/*
 * suite.h - the three operations of the protocol, for both ciphers.
 *
 * What     derive a key, seal, open.
 *
 *                      CW_CIPHER_SPONGENT            CW_CIPHER_AES
 *          derive      MAC(key, context)             HKDF-Expand-SHA-256(key, context)
 *          seal, open  SpongeWrap, nonce = AD        AES-128-GCM, nonce left-padded to 12
 *
 * Trust    TRUSTED.  Time depends on lengths alone.
 * Shapes   contexts and nonces have even, nonzero lengths, contexts at most CW_CONTEXT_MAX bytes,
 *          nonces 8 or 12; bodies have even lengths.  Sealing nothing makes a tag of the nonce alone,
 *          to compare with; nothing is never opened (the published Sancus chip refuses it).
 * Binding  an image for a chip without AES gets a file of the same name that has SPONGENT only.
 * Source   docs/protocol.md section 4
 */
#ifndef CW_CORE_CRYPTO_SUITE_H
#define CW_CORE_CRYPTO_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "core/base/status.h"

#define CW_CIPHER_SPONGENT 1u
#define CW_CIPHER_AES 2u

#define CW_CONTEXT_MAX 64u

/* cw_suite_count - the ciphers 1 .. cw_suite_count are linked in. */
extern const uint8_t cw_suite_count;

void cw_suite_derive(uint8_t cipher, const uint8_t key[static CW_KEY_LEN],
        const uint8_t *context, size_t context_len, uint8_t ret_key[static CW_KEY_LEN]);

/* cw_suite_seal - encrypt [len] bytes in place. */
void cw_suite_seal(uint8_t cipher, const uint8_t key[static CW_KEY_LEN],
        const uint8_t *nonce, size_t nonce_len,
        uint8_t *bytes, size_t len, uint8_t ret_tag[static CW_TAG_LEN]);

/* cw_suite_open - decrypt in place; false when the tag is wrong: wipe the bytes, some chips wrote. */
CW_MUST_CHECK bool cw_suite_open(uint8_t cipher, const uint8_t key[static CW_KEY_LEN],
        const uint8_t *nonce, size_t nonce_len,
        uint8_t *bytes, size_t len, const uint8_t tag[static CW_TAG_LEN]);

#endif
