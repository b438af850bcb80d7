/* SPDX-License-Identifier: MIT */
/*
 * kdf.h - HMAC-SHA-256, and HKDF made of it.
 *
 * Trust    TRUSTED.  Time depends on lengths alone.  Intermediate values are wiped.
 * Memory   Keeps nothing.  Outputs may be the same bytes as inputs.  A pointer may be NULL when
 *          its length is 0.
 * Source   RFC 2104, RFC 5869; vectors in tests/vectors/kdf.txt
 */
#ifndef CW_CORE_CRYPTO_KDF_H
#define CW_CORE_CRYPTO_KDF_H

#include <stddef.h>
#include <stdint.h>

#include "core/crypto/hash.h"

#define CW_HKDF_OUT_MAX 64u

/* cw_hmac_sha256 - any length of key. */
void cw_hmac_sha256(const uint8_t *key, size_t key_len, const uint8_t *message, size_t len,
        uint8_t ret_tag[static CW_SHA256_LEN]);

/* cw_hkdf_extract - salt_len 0 means no salt. */
void cw_hkdf_extract(const uint8_t *salt, size_t salt_len, const uint8_t *ikm, size_t ikm_len,
        uint8_t ret_prk[static CW_SHA256_LEN]);

/* cw_hkdf_expand - [ret_len] bytes of key, at most CW_HKDF_OUT_MAX (longer: cut to that). */
void cw_hkdf_expand(const uint8_t prk[static CW_SHA256_LEN], const uint8_t *info, size_t info_len,
        uint8_t *ret_key, size_t ret_len);

#endif
