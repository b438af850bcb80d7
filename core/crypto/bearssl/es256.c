/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  BearSSL refuses to sign with a secret that is none, but multiplies with any
 * number.
 */
#include "core/crypto/es256.h"

#include <bearssl.h>

#include "core/base/bytes.h"

#define POINT_LEN 65u /* 0x04, x, y */

/* Constant time: secret - order borrows, and secret is not 0. */
static bool is_scalar(const uint8_t secret[static CW_ES256_SECRET_LEN])
{
    size_t order_len = 0;
    const uint8_t *order = br_ec_p256_m31.order(BR_EC_secp256r1, &order_len);
    uint32_t borrow = 0;
    uint32_t all = 0;
    for (size_t i = CW_ES256_SECRET_LEN; i-- > 0;) {
        borrow = (uint32_t)secret[i] - order[i] - borrow;
        borrow = borrow >> 31;
        all |= secret[i];
    }
    return order_len == CW_ES256_SECRET_LEN && (borrow & ((all + 0xff) >> 8)) == 1;
}

bool cw_es256_public(const uint8_t secret[static CW_ES256_SECRET_LEN],
        uint8_t ret_public[static CW_ES256_PUBLIC_LEN])
{
    uint8_t point[POINT_LEN];
    const bool is_well = is_scalar(secret) &&
            br_ec_p256_m31.mulgen(point, secret, CW_ES256_SECRET_LEN, BR_EC_secp256r1) ==
                    sizeof point;
    if (is_well) {
        cw_bytes_copy(ret_public, point + 1, CW_ES256_PUBLIC_LEN);
    } else {
        cw_bytes_wipe(ret_public, CW_ES256_PUBLIC_LEN);
    }
    return is_well;
}

bool cw_es256_sign(const uint8_t secret[static CW_ES256_SECRET_LEN],
        const uint8_t hash[static 32], uint8_t ret_signature[static CW_ES256_SIGNATURE_LEN])
{
    uint8_t scalar[CW_ES256_SECRET_LEN];
    cw_bytes_copy(scalar, secret, sizeof scalar);
    const br_ec_private_key key = {BR_EC_secp256r1, scalar, sizeof scalar};
    const bool is_well =
            br_ecdsa_i31_sign_raw(&br_ec_p256_m31, &br_sha256_vtable, hash, &key, ret_signature) ==
                    CW_ES256_SIGNATURE_LEN;
    cw_bytes_wipe(scalar, sizeof scalar);
    if (!is_well) {
        cw_bytes_wipe(ret_signature, CW_ES256_SIGNATURE_LEN);
    }
    return is_well;
}

bool cw_es256_verify(const uint8_t public_key[static CW_ES256_PUBLIC_LEN],
        const uint8_t hash[static 32], const uint8_t signature[static CW_ES256_SIGNATURE_LEN])
{
    uint8_t point[POINT_LEN] = {0x04};
    cw_bytes_copy(point + 1, public_key, CW_ES256_PUBLIC_LEN);
    const br_ec_public_key key = {BR_EC_secp256r1, point, sizeof point};
    return br_ecdsa_i31_vrfy_raw(&br_ec_p256_m31, hash, 32, &key, signature,
                   CW_ES256_SIGNATURE_LEN) == 1;
}
