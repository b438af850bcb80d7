/* SPDX-License-Identifier: MIT */
/*
 * hash.h - SHA-256.
 *
 * Trust    TRUSTED.  Time depends on lengths alone.
 * Memory   The caller owns struct cw_sha256; its content is private.  A struct may be copied to
 *          go on from one prefix twice.  Nothing needs closing; who hashed a secret wipes it.
 * Source   FIPS 180-4; code of BearSSL; vectors in tests/vectors/sha256.txt
 *
 *     init --update*--> --out--> (out changes nothing; more updates may follow)
 */
#ifndef CW_CORE_CRYPTO_HASH_H
#define CW_CORE_CRYPTO_HASH_H

#include <stddef.h>
#include <stdint.h>

#define CW_SHA256_LEN 32u

struct cw_sha256 {
    uint64_t opaque[14];
};

void cw_sha256_init(struct cw_sha256 *h);
void cw_sha256_update(struct cw_sha256 *h, const void *bytes, size_t len);

/* cw_sha256_out - the hash of all bytes so far. */
void cw_sha256_out(const struct cw_sha256 *h, uint8_t ret_hash[static CW_SHA256_LEN]);

/* cw_sha256 - all at once; bytes may be NULL when len is 0. */
void cw_sha256(const void *bytes, size_t len, uint8_t ret_hash[static CW_SHA256_LEN]);

#endif
