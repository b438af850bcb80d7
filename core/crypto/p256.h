/* SPDX-License-Identifier: MIT */
/*
 * p256.h - keys of P-256 as bare numbers: derive, sign and check.
 *
 * Trust    TRUSTED.  What sees a secret takes constant time.
 * Memory   Keeps nothing; who is done with a secret wipes it.
 * Source   FIPS 186-4; RFC 6979 (a signature's nonce follows from key and hash); FIPS 186-4 B.4.1
 *          (a scalar of extra bits); code of BearSSL; vectors in tests/vectors/p256.txt
 */
#ifndef CW_CORE_CRYPTO_P256_H
#define CW_CORE_CRYPTO_P256_H

#include <stdbool.h>
#include <stdint.h>

#define CW_P256_WIDE_LEN 48u
#define CW_P256_SECRET_LEN 32u    /* the scalar, big-endian, 1 .. n - 1 */
#define CW_P256_PUBLIC_LEN 64u    /* X, Y, big-endian */
#define CW_P256_SIGNATURE_LEN 64u /* r, s, big-endian */

/* cw_p256_secret - the scalar x mod (n - 1) + 1 of a big-endian x; ret_secret may be wide's bytes. */
void cw_p256_secret(const uint8_t wide[static CW_P256_WIDE_LEN],
        uint8_t ret_secret[static CW_P256_SECRET_LEN]);

/* cw_p256_public - the point of a scalar that cw_p256_secret made. */
void cw_p256_public(const uint8_t secret[static CW_P256_SECRET_LEN],
        uint8_t ret_public[static CW_P256_PUBLIC_LEN]);

/* cw_p256_sign - sign a SHA-256 hash with a scalar that cw_p256_secret made. */
void cw_p256_sign(const uint8_t secret[static CW_P256_SECRET_LEN], const uint8_t hash[static 32],
        uint8_t ret_signature[static CW_P256_SIGNATURE_LEN]);

/* cw_p256_verify - is this the signature of that hash?  No for a point that is none. */
bool cw_p256_verify(const uint8_t public_key[static CW_P256_PUBLIC_LEN],
        const uint8_t hash[static 32], const uint8_t signature[static CW_P256_SIGNATURE_LEN]);

#endif
