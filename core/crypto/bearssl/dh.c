/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  BearSSL clamps the scalar, ignores the top bit of the point, and takes
 * both little-endian for this curve, as RFC 7748 has them.
 */
#include "core/crypto/dh.h"

#include <bearssl.h>

#include "core/base/bytes.h"

static void multiply(const uint8_t secret[static CW_X25519_LEN],
        uint8_t point[static CW_X25519_LEN])
{
    /* The result code says only that the lengths are right, and they are constants. */
    (void)br_ec_c25519_m31.mul(point, CW_X25519_LEN, secret, CW_X25519_LEN, BR_EC_curve25519);
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
    cw_bytes_wipe(point, sizeof point);
    return !cw_bytes_equal(ret_shared, point, sizeof point);
}
