/* SPDX-License-Identifier: MIT */
#include "core/crypto/spongent.h"

#include "core/base/bytes.h"
#include "core/crypto/spongewrap.h"

void cw_spongent_wrap(const uint8_t key[static CW_SPONGENT_KEY_LEN],
        const uint8_t *ad, size_t ad_len,
        const uint8_t *body, size_t body_len,
        uint8_t *ret_cipher, uint8_t ret_tag[static CW_SPONGENT_TAG_LEN])
{
    cw_sponge_run(cw_spongent_permute336, key, CW_SPONGENT_KEY_LEN, ad, ad_len,
            body, body_len, false, ret_cipher, ret_tag);
}

bool cw_spongent_unwrap(const uint8_t key[static CW_SPONGENT_KEY_LEN],
        const uint8_t *ad, size_t ad_len,
        const uint8_t *cipher, size_t body_len,
        const uint8_t tag[static CW_SPONGENT_TAG_LEN], uint8_t *ret_body)
{
    uint8_t computed[CW_SPONGENT_TAG_LEN];
    cw_sponge_run(cw_spongent_permute336, key, CW_SPONGENT_KEY_LEN, ad, ad_len,
            cipher, body_len, true, ret_body, computed);
    const bool is_authentic = cw_bytes_equal(computed, tag, sizeof computed);
    if (!is_authentic) {
        cw_bytes_wipe(ret_body, body_len);
    }
    cw_bytes_wipe(computed, sizeof computed);
    return is_authentic;
}

void cw_spongent_mac(const uint8_t key[static CW_SPONGENT_KEY_LEN],
        const uint8_t *message, size_t message_len,
        uint8_t ret_tag[static CW_SPONGENT_TAG_LEN])
{
    cw_sponge_run(cw_spongent_permute336, key, CW_SPONGENT_KEY_LEN, message, message_len,
            NULL, 0, false, NULL, ret_tag);
}
