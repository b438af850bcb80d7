/* SPDX-License-Identifier: MIT */
/* The suite of a Sancus chip, which has SPONGENT in hardware and no AES. */
#include "core/crypto/suite.h"

#include "core/base/bytes.h"
#include "core/crypto/msp430/unit.h"

const uint8_t cw_suite_count = CW_CIPHER_SPONGENT;

void cw_suite_seal(uint8_t cipher, const uint8_t key[static CW_KEY_LEN], const uint8_t *nonce,
        size_t nonce_len, uint8_t *bytes, size_t len, uint8_t ret_tag[static CW_TAG_LEN])
{
    (void)cipher;
    struct cw_unit unit = {key, nonce, nonce + nonce_len, bytes, bytes + len, bytes, ret_tag};
    cw_unit_wrap(&unit);
}

bool cw_suite_open(uint8_t cipher, const uint8_t key[static CW_KEY_LEN], const uint8_t *nonce,
        size_t nonce_len, uint8_t *bytes, size_t len, const uint8_t tag[static CW_TAG_LEN])
{
    (void)cipher;
    struct cw_unit unit = {key, nonce, nonce + nonce_len, bytes, bytes + len, bytes, tag};
    bool authentic = cw_unit_unwrap(&unit);
    cw_bytes_wipe(bytes, authentic ? 0 : len);
    return authentic;
}

void cw_suite_mac(uint8_t cipher, const uint8_t key[static CW_KEY_LEN], const uint8_t *message,
        size_t len, uint8_t ret_tag[static CW_TAG_LEN])
{
    cw_suite_seal(cipher, key, message, len, NULL, 0, ret_tag);
}

__attribute__((alias("cw_suite_mac"))) void cw_suite_derive(uint8_t cipher,
        const uint8_t key[static CW_KEY_LEN], const uint8_t *context, size_t context_len,
        uint8_t ret_key[static CW_KEY_LEN]);
