/* SPDX-License-Identifier: MIT */
/*
 * ecdsa.h - make a P-256 key, and sign with it.
 *
 * Trust    TRUSTED.  Constant time.
 * Memory   Keeps nothing; who is done with a key wipes it.
 * Source   FIPS 186-4, RFC 6979 (the nonce of a signature comes from key and hash, so that no
 *          random source is needed); code of BearSSL
 */
#ifndef CW_CORE_CRYPTO_ECDSA_H
#define CW_CORE_CRYPTO_ECDSA_H

#include <stddef.h>
#include <stdint.h>

#define CW_ECDSA_SECRET_LEN 32u
#define CW_ECDSA_PUBLIC_LEN 65u /* 0x04, x, y */
#define CW_ECDSA_SIGNATURE_MAX 72u
#define CW_ECDSA_SEED_LEN 32u

struct cw_ecdsa_key {
    uint8_t secret[CW_ECDSA_SECRET_LEN];
    uint8_t public_point[CW_ECDSA_PUBLIC_LEN];
};

/* cw_ecdsa_key_make - the key that follows from a seed: [CW_ECDSA_SEED_LEN] random bytes. */
void cw_ecdsa_key_make(const uint8_t seed[static CW_ECDSA_SEED_LEN],
        struct cw_ecdsa_key *ret_key);

/*
 * cw_ecdsa_sign - sign a SHA-256 hash.
 *
 * ret_signature  as ASN.1, SEQUENCE of two INTEGERs; returns its bytes
 */
size_t cw_ecdsa_sign(const struct cw_ecdsa_key *key, const uint8_t hash[static 32],
        uint8_t ret_signature[static CW_ECDSA_SIGNATURE_MAX]);

#endif
