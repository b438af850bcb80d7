/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  BearSSL takes every scalar big-endian, Curve25519's too, and clamps it;
 * points are little-endian as in RFC 7748.
 */
#include "core/crypto/dh.h"

#include <bearssl.h>

#include "core/base/bytes.h"

static void multiply(const uint8_t secret[static CW_X25519_LEN],
        uint8_t point[static CW_X25519_LEN])
{
    uint8_t scalar[CW_X25519_LEN];
    for (size_t i = 0; i < CW_X25519_LEN; i++) {
        scalar[i] = secret[CW_X25519_LEN - 1 - i];
    }
    /* The result code says only that the lengths are right, and they are constants. */
    (void)br_ec_c25519_m31.mul(point, CW_X25519_LEN, scalar, sizeof scalar, BR_EC_curve25519);
    cw_bytes_wipe(scalar, sizeof scalar);
}

void cw_x25519_public(const uint8_t secret[static CW_X25519_LEN],
        uint8_t ret_public[static CW_X25519_LEN])
{
    uint8_t point[CW_X25519_LEN] = {9};
    multiply(secret, point);
    cw_bytes_copy(ret_public, point, sizeof point);
}

bool cw_x25519(const uint8_t secret[static CW_X25519_LEN],
        const uint8_t peer[static CW_X25519_LEN], uint8_t ret_shared[static CW_X25519_LEN])
{
    uint8_t point[CW_X25519_LEN];
    cw_bytes_copy(point, peer, sizeof point);
    multiply(secret, point);
    cw_bytes_copy(ret_shared, point, sizeof point);
    cw_bytes_zero(point, sizeof point);
    return !cw_bytes_equal(ret_shared, point, sizeof point);
}
