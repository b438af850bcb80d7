/* SPDX-License-Identifier: MIT */
#include "core/crypto/drbg.h"

#include <bearssl.h>

#include "core/base/bytes.h"

/* The bytes are kept in a struct of ours, as bytes; BearSSL's is made of them for each call. */
_Static_assert(sizeof(br_hmac_drbg_context) <= sizeof(struct cw_drbg), "it has room");

void cw_drbg_open(struct cw_drbg *d, const void *seed, size_t seed_len)
{
    br_hmac_drbg_context c;
    br_hmac_drbg_init(&c, &br_sha256_vtable, seed, seed_len);
    cw_bytes_copy(d, &c, sizeof c);
    cw_bytes_wipe(&c, sizeof c);
}

void cw_drbg_add(struct cw_drbg *d, const void *bytes, size_t len)
{
    br_hmac_drbg_context c;
    cw_bytes_copy(&c, d, sizeof c);
    br_hmac_drbg_update(&c, bytes, len);
    cw_bytes_copy(d, &c, sizeof c);
    cw_bytes_wipe(&c, sizeof c);
}

void cw_drbg_bytes(struct cw_drbg *d, void *ret_bytes, size_t len)
{
    br_hmac_drbg_context c;
    cw_bytes_copy(&c, d, sizeof c);
    br_hmac_drbg_generate(&c, ret_bytes, len);
    cw_bytes_copy(d, &c, sizeof c);
    cw_bytes_wipe(&c, sizeof c);
}
