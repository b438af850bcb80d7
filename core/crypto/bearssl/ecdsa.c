/* SPDX-License-Identifier: MIT */
#include "core/crypto/ecdsa.h"

#include <bearssl.h>

#include "core/base/bytes.h"

void cw_ecdsa_key_make(const uint8_t seed[static CW_ECDSA_SEED_LEN],
        struct cw_ecdsa_key *ret_key)
{
    br_hmac_drbg_context generator;
    br_ec_private_key secret;
    br_ec_public_key public_key;
    br_hmac_drbg_init(&generator, &br_sha256_vtable, seed, CW_ECDSA_SEED_LEN);
    /* Lengths are those of the curve, and constants: neither call can fail. */
    (void)br_ec_keygen(&generator.vtable, &br_ec_p256_m31, &secret, ret_key->secret,
            BR_EC_secp256r1);
    (void)br_ec_compute_pub(&br_ec_p256_m31, &public_key, ret_key->public_point, &secret);
    cw_bytes_wipe(&generator, sizeof generator);
}

size_t cw_ecdsa_sign(const struct cw_ecdsa_key *key, const uint8_t hash[static 32],
        uint8_t ret_signature[static CW_ECDSA_SIGNATURE_MAX])
{
    uint8_t scalar[CW_ECDSA_SECRET_LEN];
    cw_bytes_copy(scalar, key->secret, sizeof scalar);
    const br_ec_private_key secret = {BR_EC_secp256r1, scalar, sizeof scalar};
    size_t len = br_ecdsa_i31_sign_asn1(&br_ec_p256_m31, &br_sha256_vtable, hash, &secret,
            ret_signature);
    cw_bytes_wipe(scalar, sizeof scalar);
    return len;
}

void cw_ecdsa_sign_raw(const struct cw_ecdsa_key *key, const uint8_t hash[static 32],
        uint8_t ret_signature[static CW_ECDSA_RAW_LEN])
{
    uint8_t scalar[CW_ECDSA_SECRET_LEN];
    cw_bytes_copy(scalar, key->secret, sizeof scalar);
    const br_ec_private_key secret = {BR_EC_secp256r1, scalar, sizeof scalar};
    (void)br_ecdsa_i31_sign_raw(&br_ec_p256_m31, &br_sha256_vtable, hash, &secret, ret_signature);
    cw_bytes_wipe(scalar, sizeof scalar);
}

bool cw_ecdsa_verify_raw(const uint8_t public_key[static CW_ECDSA_RAW_LEN],
        const uint8_t hash[static 32], const uint8_t signature[static CW_ECDSA_RAW_LEN])
{
    uint8_t point[CW_ECDSA_PUBLIC_LEN] = {0x04};
    cw_bytes_copy(point + 1, public_key, CW_ECDSA_RAW_LEN);
    const br_ec_public_key key = {BR_EC_secp256r1, point, sizeof point};
    return br_ecdsa_i31_vrfy_raw(&br_ec_p256_m31, hash, 32, &key, signature,
                   CW_ECDSA_RAW_LEN) == 1;
}
