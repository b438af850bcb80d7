/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  Written over hash.h rather than over BearSSL's HMAC: that one calls the
 * hash through a table of functions, which an image inside an enclave would have to relocate.
 */
#include "core/crypto/kdf.h"

#include "core/base/bytes.h"

#define BLOCK_LEN 64u

struct hmac {
    struct cw_sha256 inner;
    struct cw_sha256 outer;
};

static void hmac_init(struct hmac *m, const uint8_t *key, size_t key_len)
{
    uint8_t block[BLOCK_LEN];
    cw_bytes_wipe(block, sizeof block);
    if (key_len > BLOCK_LEN) {
        cw_sha256(key, key_len, block);
    } else {
        cw_bytes_copy(block, key, key_len);
    }
    for (size_t i = 0; i < BLOCK_LEN; i++) {
        block[i] ^= 0x36;
    }
    cw_sha256_init(&m->inner);
    cw_sha256_update(&m->inner, block, BLOCK_LEN);
    for (size_t i = 0; i < BLOCK_LEN; i++) {
        block[i] ^= 0x36 ^ 0x5c;
    }
    cw_sha256_init(&m->outer);
    cw_sha256_update(&m->outer, block, BLOCK_LEN);
    cw_bytes_wipe(block, sizeof block);
}

static void hmac_finish(struct hmac *m, uint8_t ret_tag[static CW_SHA256_LEN])
{
    uint8_t inner[CW_SHA256_LEN];
    cw_sha256_out(&m->inner, inner);
    cw_sha256_update(&m->outer, inner, sizeof inner);
    cw_sha256_out(&m->outer, ret_tag);
    cw_bytes_wipe(inner, sizeof inner);
    cw_bytes_wipe(m, sizeof *m);
}

void cw_hmac_sha256(const uint8_t *key, size_t key_len, const uint8_t *message, size_t len,
        uint8_t ret_tag[static CW_SHA256_LEN])
{
    struct hmac m;
    hmac_init(&m, key, key_len);
    cw_sha256_update(&m.inner, message, len);
    hmac_finish(&m, ret_tag);
}

void cw_hkdf_extract(const uint8_t *salt, size_t salt_len, const uint8_t *ikm, size_t ikm_len,
        uint8_t ret_prk[static CW_SHA256_LEN])
{
    /* No salt means a block of zeros, which is what an empty key becomes. */
    cw_hmac_sha256(salt, salt_len, ikm, ikm_len, ret_prk);
}

void cw_hkdf_expand(const uint8_t prk[static CW_SHA256_LEN], const uint8_t *info, size_t info_len,
        uint8_t *ret_key, size_t ret_len)
{
    uint8_t out[CW_HKDF_OUT_MAX];
    const size_t len = ret_len < sizeof out ? ret_len : sizeof out;
    size_t done = 0;
    for (uint8_t index = 1; done < len; index++) {
        struct hmac m;
        hmac_init(&m, prk, CW_SHA256_LEN);
        if (done > 0) {
            cw_sha256_update(&m.inner, out + done - CW_SHA256_LEN, CW_SHA256_LEN);
        }
        cw_sha256_update(&m.inner, info, info_len);
        cw_sha256_update(&m.inner, &index, 1);
        hmac_finish(&m, out + done);
        done += CW_SHA256_LEN;
    }
    cw_bytes_copy(ret_key, out, len);
    cw_bytes_wipe(out, sizeof out);
}
