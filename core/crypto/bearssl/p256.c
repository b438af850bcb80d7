/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  BearSSL 0.6 has no reduction of a long number in its interface, so x is
 * reduced here, a bit at a time: shift it in, subtract n - 1, and keep the difference by a mask
 * if there was no borrow.
 */
#include "core/crypto/p256.h"

#include <bearssl.h>

#include "core/base/bytes.h"

enum { LIMBS = 4 };

/* n - 1, the lowest limb first. */
static const uint64_t modulus[LIMBS] = {
    0xf3b9cac2fc632550u, 0xbce6faada7179e84u, 0xffffffffffffffffu, 0xffffffff00000000u,
};

/* Shift one bit in and reduce: r < n - 1 before and after. */
static void shift_in(uint64_t r[static LIMBS], uint64_t bit)
{
    uint64_t difference[LIMBS];
    uint64_t carry = bit;
    uint64_t borrow = 0;
    for (unsigned i = 0; i < LIMBS; i++) {
        uint64_t top = r[i] >> 63;
        r[i] = r[i] << 1 | carry;
        carry = top;
        uint64_t less = r[i] - modulus[i];
        difference[i] = less - borrow;
        borrow = (uint64_t)(r[i] < modulus[i]) | (uint64_t)(less < borrow);
    }
    /* The top bit that was shifted out pays for the borrow. */
    uint64_t keep = (uint64_t)0 - (carry | (borrow ^ 1));
    for (unsigned i = 0; i < LIMBS; i++) {
        r[i] = (difference[i] & keep) | (r[i] & ~keep);
    }
    cw_bytes_wipe(difference, sizeof difference);
}

void cw_p256_secret(const uint8_t wide[static CW_P256_WIDE_LEN],
        uint8_t ret_secret[static CW_P256_SECRET_LEN])
{
    uint64_t r[LIMBS] = {0};
    for (unsigned i = 0; i < CW_P256_WIDE_LEN * 8; i++) {
        shift_in(r, (uint64_t)wide[i / 8] >> (7 - i % 8) & 1);
    }
    uint64_t carry = 1;
    for (unsigned i = 0; i < LIMBS; i++) {
        r[i] += carry;
        carry &= (uint64_t)(r[i] == 0);
    }
    for (unsigned i = 0; i < CW_P256_SECRET_LEN; i++) {
        ret_secret[i] = (uint8_t)(r[LIMBS - 1 - i / 8] >> (56 - 8 * (i % 8)));
    }
    cw_bytes_wipe(r, sizeof r);
}

void cw_p256_public(const uint8_t secret[static CW_P256_SECRET_LEN],
        uint8_t ret_public[static CW_P256_PUBLIC_LEN])
{
    uint8_t point[1 + CW_P256_PUBLIC_LEN];
    /* The result says only how long a point is. */
    (void)br_ec_p256_m31.mulgen(point, secret, CW_P256_SECRET_LEN, BR_EC_secp256r1);
    cw_bytes_copy(ret_public, point + 1, CW_P256_PUBLIC_LEN);
}

void cw_p256_sign(const uint8_t secret[static CW_P256_SECRET_LEN], const uint8_t hash[static 32],
        uint8_t ret_signature[static CW_P256_SIGNATURE_LEN])
{
    uint8_t scalar[CW_P256_SECRET_LEN];
    cw_bytes_copy(scalar, secret, sizeof scalar);
    const br_ec_private_key key = {BR_EC_secp256r1, scalar, sizeof scalar};
    /* The scalar is in range, so the result is the length of a signature, a constant. */
    (void)br_ecdsa_i31_sign_raw(&br_ec_p256_m31, &br_sha256_vtable, hash, &key, ret_signature);
    cw_bytes_wipe(scalar, sizeof scalar);
}

bool cw_p256_verify(const uint8_t public_key[static CW_P256_PUBLIC_LEN],
        const uint8_t hash[static 32], const uint8_t signature[static CW_P256_SIGNATURE_LEN])
{
    uint8_t point[1 + CW_P256_PUBLIC_LEN] = {0x04};
    cw_bytes_copy(point + 1, public_key, CW_P256_PUBLIC_LEN);
    const br_ec_public_key key = {BR_EC_secp256r1, point, sizeof point};
    return br_ecdsa_i31_vrfy_raw(&br_ec_p256_m31, hash, 32, &key, signature,
            CW_P256_SIGNATURE_LEN) == 1;
}
