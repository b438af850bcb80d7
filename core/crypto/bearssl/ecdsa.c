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
