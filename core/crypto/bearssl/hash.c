/* SPDX-License-Identifier: MIT */
#include "core/crypto/hash.h"

#include <bearssl.h>

_Static_assert(sizeof(br_sha256_context) <= sizeof(struct cw_sha256), "BearSSL's state fits");
_Static_assert(_Alignof(br_sha256_context) <= _Alignof(struct cw_sha256), "and is aligned");

/* Only BearSSL looks into the state; here it is an address. */
static br_sha256_context *state_of(struct cw_sha256 *h)
{
    return (br_sha256_context *)(void *)h->opaque;
}

void cw_sha256_init(struct cw_sha256 *h)
{
    br_sha256_init(state_of(h));
}

void cw_sha256_update(struct cw_sha256 *h, const void *bytes, size_t len)
{
    if (len > 0) {
        br_sha256_update(state_of(h), bytes, len);
    }
}

void cw_sha256_out(const struct cw_sha256 *h, uint8_t ret_hash[static CW_SHA256_LEN])
{
    br_sha256_out((const br_sha256_context *)(const void *)h->opaque, ret_hash);
}

void cw_sha256(const void *bytes, size_t len, uint8_t ret_hash[static CW_SHA256_LEN])
{
    struct cw_sha256 h;
    cw_sha256_init(&h);
    cw_sha256_update(&h, bytes, len);
    cw_sha256_out(&h, ret_hash);
}
