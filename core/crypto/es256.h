/* SPDX-License-Identifier: MIT */
/*
 * es256.h - ECDSA with P-256 and SHA-256, as COSE's ES256 has it: numbers of 32 bytes, big-endian.
 *
 * What     Signs and verifies a hash.  A signature is r || s, a public key X || Y.
 * Trust    TRUSTED.  Signing takes the same time for all keys.
 * Memory   Keeps nothing; who is done with a secret wipes it.
 * Source   FIPS 186-4; RFC 6979: the nonce comes from key and hash, no random source is needed; RFC
 *          9053 section 2.1; code of BearSSL
 */
#ifndef CW_CORE_CRYPTO_ES256_H
#define CW_CORE_CRYPTO_ES256_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/status.h"

#define CW_ES256_SECRET_LEN 32u
#define CW_ES256_PUBLIC_LEN 64u
#define CW_ES256_SIGNATURE_LEN 64u

/* cw_es256_public - the key of a secret; false: it is 0, or not below the order of the group. */
CW_MUST_CHECK bool cw_es256_public(const uint8_t secret[static CW_ES256_SECRET_LEN],
        uint8_t ret_public[static CW_ES256_PUBLIC_LEN]);

/* cw_es256_sign - the same signature for the same hash; false, zeros: the secret is none. */
CW_MUST_CHECK bool cw_es256_sign(const uint8_t secret[static CW_ES256_SECRET_LEN],
        const uint8_t hash[static 32], uint8_t ret_signature[static CW_ES256_SIGNATURE_LEN]);

/* cw_es256_verify - false as well if the public key is no point of the curve. */
CW_MUST_CHECK bool cw_es256_verify(const uint8_t public_key[static CW_ES256_PUBLIC_LEN],
        const uint8_t hash[static 32], const uint8_t signature[static CW_ES256_SIGNATURE_LEN]);

#endif
