/* SPDX-License-Identifier: MIT */
#include "core/crypto/gcm.h"

#include "core/base/bytes.h"
#include "core/crypto/bearssl/gcm_engine.h"

static void key_init(struct cw_gcm_key *k, const uint8_t key[static CW_GCM_KEY_LEN])
{
    static const uint8_t zero_nonce[CW_GCM_NONCE_LEN];
    cw_gcm_engine_init(k, key);
    cw_bytes_wipe(k->hash_key, sizeof k->hash_key);
    cw_gcm_engine_ctr(k, zero_nonce, 0, k->hash_key, sizeof k->hash_key);
}

static void store_bit_len(uint8_t ret_bytes[static 8], size_t len)
{
    uint64_t bits = (uint64_t)len << 3;
    for (size_t i = 8; i-- > 0;) {
        ret_bytes[i] = (uint8_t)bits;
        bits >>= 8;
    }
}

static void tag_compute(const struct cw_gcm_key *k, const uint8_t nonce[static CW_GCM_NONCE_LEN],
        const uint8_t *ad, size_t ad_len, const uint8_t *cipher, size_t body_len,
        uint8_t ret_tag[static CW_GCM_TAG_LEN])
{
    uint8_t lengths[16];
    store_bit_len(lengths, ad_len);
    store_bit_len(lengths + 8, body_len);
    cw_bytes_wipe(ret_tag, CW_GCM_TAG_LEN);
    if (ad_len > 0) {
        cw_gcm_engine_ghash(k, ret_tag, ad, ad_len);
    }
    if (body_len > 0) {
        cw_gcm_engine_ghash(k, ret_tag, cipher, body_len);
    }
    cw_gcm_engine_ghash(k, ret_tag, lengths, sizeof lengths);
    cw_gcm_engine_ctr(k, nonce, 1, ret_tag, CW_GCM_TAG_LEN);
}

static void crypt(const struct cw_gcm_key *k, const uint8_t nonce[static CW_GCM_NONCE_LEN],
        const uint8_t *in, size_t len, uint8_t *ret_out)
{
    if (ret_out != in) {
        cw_bytes_copy(ret_out, in, len);
    }
    if (len > 0) {
        cw_gcm_engine_ctr(k, nonce, 2, ret_out, len);
    }
}

static void key_seal(const struct cw_gcm_key *k, const uint8_t nonce[static CW_GCM_NONCE_LEN],
        const uint8_t *ad, size_t ad_len, const uint8_t *body, size_t body_len,
        uint8_t *ret_cipher, uint8_t ret_tag[static CW_GCM_TAG_LEN])
{
    crypt(k, nonce, body, body_len, ret_cipher);
    tag_compute(k, nonce, ad, ad_len, ret_cipher, body_len, ret_tag);
}

static bool key_open(const struct cw_gcm_key *k, const uint8_t nonce[static CW_GCM_NONCE_LEN],
        const uint8_t *ad, size_t ad_len, const uint8_t *cipher, size_t body_len,
        const uint8_t tag[static CW_GCM_TAG_LEN], uint8_t *ret_body)
{
    uint8_t computed[CW_GCM_TAG_LEN];
    tag_compute(k, nonce, ad, ad_len, cipher, body_len, computed);
    const bool is_authentic = cw_bytes_equal(computed, tag, sizeof computed);
    cw_bytes_wipe(computed, sizeof computed);
    if (!is_authentic) {
        cw_bytes_wipe(ret_body, body_len);
        return false;
    }
    crypt(k, nonce, cipher, body_len, ret_body);
    return true;
}

void cw_gcm_seal(const uint8_t key[static CW_GCM_KEY_LEN],
        const uint8_t nonce[static CW_GCM_NONCE_LEN],
        const uint8_t *ad, size_t ad_len, const uint8_t *body, size_t body_len,
        uint8_t *ret_cipher, uint8_t ret_tag[static CW_GCM_TAG_LEN])
{
    struct cw_gcm_key k;
    key_init(&k, key);
    key_seal(&k, nonce, ad, ad_len, body, body_len, ret_cipher, ret_tag);
    cw_bytes_wipe(&k, sizeof k);
}

bool cw_gcm_open(const uint8_t key[static CW_GCM_KEY_LEN],
        const uint8_t nonce[static CW_GCM_NONCE_LEN],
        const uint8_t *ad, size_t ad_len, const uint8_t *cipher, size_t body_len,
        const uint8_t tag[static CW_GCM_TAG_LEN], uint8_t *ret_body)
{
    struct cw_gcm_key k;
    key_init(&k, key);
    const bool is_authentic =
            key_open(&k, nonce, ad, ad_len, cipher, body_len, tag, ret_body);
    cw_bytes_wipe(&k, sizeof k);
    return is_authentic;
}

/* Nothing is kept: a program with threads could not share it. */
void cw_gcm_forget(void)
{
}
