/* SPDX-License-Identifier: MIT */
/*
 * dh.h - X25519.
 *
 * Trust    TRUSTED.  Constant time.  Peer's bytes come from the attacker; every string of 32
 *          bytes is a legal argument.
 * Memory   Keeps nothing; the output may be the same bytes as an input.
 * Source   RFC 7748; code of BearSSL; vectors in tests/vectors/x25519.txt
 */
#ifndef CW_CORE_CRYPTO_DH_H
#define CW_CORE_CRYPTO_DH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/status.h"

#define CW_X25519_LEN 32u

/* cw_x25519_public - the share to send; secret: any 32 random bytes (clamped inside). */
void cw_x25519_public(const uint8_t secret[static CW_X25519_LEN],
        uint8_t ret_public[static CW_X25519_LEN]);

/*
 * cw_x25519 - the shared secret, to be hashed before use.
 *
 * False: the peer's point has a small order, the result is all zeros, and so is ret_shared.
 */
CW_MUST_CHECK bool cw_x25519(const uint8_t secret[static CW_X25519_LEN],
        const uint8_t peer[static CW_X25519_LEN], uint8_t ret_shared[static CW_X25519_LEN]);

#endif
