/* SPDX-License-Identifier: MIT */
#include "core/crypto/suite.h"

#include "core/base/bytes.h"
#include "core/crypto/gcm.h"
#include "core/crypto/kdf.h"
#include "core/crypto/spongent.h"

#define GCM_NONCE_LEN 12u

const uint8_t cw_suite_count = CW_CIPHER_AES;

void cw_suite_derive(uint8_t cipher, const uint8_t key[static CW_KEY_LEN],
        const uint8_t *context, size_t context_len, uint8_t ret_key[static CW_KEY_LEN])
{
    if (cipher == CW_CIPHER_SPONGENT) {
        cw_spongent_mac(key, context, context_len, ret_key);
        return;
    }
    /* The first block of HKDF-Expand (RFC 5869 section 2.3): HMAC(key, context | 0x01). */
    uint8_t block[CW_CONTEXT_MAX + 1];
    uint8_t whole[32];
    cw_bytes_copy(block, context, context_len);
    block[context_len] = 1;
    cw_hmac_sha256(key, CW_KEY_LEN, block, context_len + 1, whole);
    cw_bytes_copy(ret_key, whole, CW_KEY_LEN);
    cw_bytes_wipe(whole, sizeof whole);
}

static void gcm_nonce(const uint8_t *nonce, size_t nonce_len, uint8_t ret_nonce[GCM_NONCE_LEN])
{
    cw_bytes_wipe(ret_nonce, GCM_NONCE_LEN);
    cw_bytes_copy(ret_nonce + GCM_NONCE_LEN - nonce_len, nonce, nonce_len);
}

void cw_suite_seal(uint8_t cipher, const uint8_t key[static CW_KEY_LEN],
        const uint8_t *nonce, size_t nonce_len,
        uint8_t *bytes, size_t len, uint8_t ret_tag[static CW_TAG_LEN])
{
    if (cipher == CW_CIPHER_SPONGENT) {
        cw_spongent_wrap(key, nonce, nonce_len, bytes, len, bytes, ret_tag);
        return;
    }
    uint8_t iv[GCM_NONCE_LEN];
    gcm_nonce(nonce, nonce_len, iv);
    cw_gcm_seal(key, iv, NULL, 0, bytes, len, bytes, ret_tag);
    if (nonce_len == GCM_NONCE_LEN) {
        cw_gcm_forget(); /* the answer to a command, which may have wiped keys */
    }
}

bool cw_suite_open(uint8_t cipher, const uint8_t key[static CW_KEY_LEN],
        const uint8_t *nonce, size_t nonce_len,
        uint8_t *bytes, size_t len, const uint8_t tag[static CW_TAG_LEN])
{
    if (cipher == CW_CIPHER_SPONGENT) {
        return cw_spongent_unwrap(key, nonce, nonce_len, bytes, len, tag, bytes);
    }
    uint8_t iv[GCM_NONCE_LEN];
    gcm_nonce(nonce, nonce_len, iv);
    return cw_gcm_open(key, iv, NULL, 0, bytes, len, tag, bytes);
}
