/* SPDX-License-Identifier: MIT */
/*
 * drbg.h - random bytes from a seed: HMAC-DRBG with SHA-256.
 *
 * Trust    TRUSTED.  Time depends on lengths alone.  Who learns the state learns what comes, not
 *          what came.
 * Memory   The caller owns struct cw_drbg; its content is private, and secret.
 * Source   NIST SP 800-90A section 10.1.2; code of BearSSL
 *
 *     open --bytes, add-->
 */
#ifndef CW_CORE_CRYPTO_DRBG_H
#define CW_CORE_CRYPTO_DRBG_H

#include <stddef.h>
#include <stdint.h>

struct cw_drbg {
    uint64_t opaque[18];
};

/* cw_drbg_open - the seed has at least 32 bytes that nobody knows. */
void cw_drbg_open(struct cw_drbg *d, const void *seed, size_t seed_len);

/* cw_drbg_add - more of what nobody knows, or of what differs; never makes it worse. */
void cw_drbg_add(struct cw_drbg *d, const void *bytes, size_t len);

/* cw_drbg_bytes - at most 64 KiB at once. */
void cw_drbg_bytes(struct cw_drbg *d, void *ret_bytes, size_t len);

#endif
