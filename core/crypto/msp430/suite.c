/* SPDX-License-Identifier: MIT */
/* The suite of a Sancus chip, which has SPONGENT in hardware and no AES. */
#include "core/crypto/suite.h"

#include "core/crypto/spongent.h"

bool cw_suite_has(uint8_t cipher)
{
    return cipher == CW_CIPHER_SPONGENT;
}

void cw_suite_derive(uint8_t cipher, const uint8_t key[static CW_KEY_LEN],
        const uint8_t *context, size_t context_len, uint8_t ret_key[static CW_KEY_LEN])
{
    (void)cipher;
    cw_spongent_mac(key, context, context_len, ret_key);
}

void cw_suite_seal(uint8_t cipher, const uint8_t key[static CW_KEY_LEN],
        const uint8_t *nonce, size_t nonce_len,
        uint8_t *bytes, size_t len, uint8_t ret_tag[static CW_TAG_LEN])
{
    (void)cipher;
    cw_spongent_wrap(key, nonce, nonce_len, bytes, len, bytes, ret_tag);
}

bool cw_suite_open(uint8_t cipher, const uint8_t key[static CW_KEY_LEN],
        const uint8_t *nonce, size_t nonce_len,
        uint8_t *bytes, size_t len, const uint8_t tag[static CW_TAG_LEN])
{
    (void)cipher;
    return cw_spongent_unwrap(key, nonce, nonce_len, bytes, len, tag, bytes);
}

void cw_suite_mac(uint8_t cipher, const uint8_t key[static CW_KEY_LEN],
        const uint8_t *message, size_t len, uint8_t ret_tag[static CW_TAG_LEN])
{
    (void)cipher;
    cw_spongent_mac(key, message, len, ret_tag);
}
