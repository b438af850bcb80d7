/* SPDX-License-Identifier: MIT */
/*
 * A block is two data bytes, a frame bit and a padding bit.  The frame bit tells a string's last
 * block from the others: 1...10 in key and body, 0...01 in the associated data.
 */
#include "core/crypto/spongent.h"

#include "core/base/bytes.h"
#include "core/crypto/spongent_permute.h"

#define BLOCK_LEN 2u
#define PADDING 2u /* the bit after the frame bit */

static size_t part_of(size_t len)
{
    return len < BLOCK_LEN ? len : BLOCK_LEN;
}

static void absorb(uint8_t *state, const uint8_t *string, size_t len, uint8_t frame_of_last)
{
    bool more = true;
    while (more) {
        const size_t part = part_of(len);
        for (size_t i = 0; i < part; i++) {
            state[i] ^= *string++;
        }
        len -= part;
        more = len > 0;
        state[part] ^= (uint8_t)(PADDING | (frame_of_last ^ (more ? 1u : 0u)));
        cw_spongent_permute336(state);
    }
}

/* The state takes in plaintext in both directions; its bytes before that are the keystream. */
static void crypt(uint8_t *state, const uint8_t *in, size_t len, bool decrypt, uint8_t *ret_out)
{
    bool more = true;
    while (more) {
        const size_t part = part_of(len);
        for (size_t i = 0; i < part; i++) {
            const uint8_t from = *in++;
            const uint8_t to = from ^ state[i];
            state[i] = decrypt ? from : to;
            *ret_out++ = to;
        }
        len -= part;
        more = len > 0;
        state[part] ^= (uint8_t)(PADDING | (more ? 1u : 0u));
        cw_spongent_permute336(state);
    }
}

static void squeeze(uint8_t *state, uint8_t ret_tag[static CW_SPONGENT_TAG_LEN])
{
    for (size_t done = 0;;) {
        cw_bytes_copy(ret_tag + done, state, BLOCK_LEN);
        done += BLOCK_LEN;
        if (done == CW_SPONGENT_TAG_LEN) {
            return;
        }
        state[0] ^= 1; /* an empty block: the padding bit alone */
        cw_spongent_permute336(state);
    }
}

/* Everything of a wrap or unwrap. */
static void run(const uint8_t *key, const uint8_t *ad, size_t ad_len, const uint8_t *in, size_t len,
        bool decrypt, uint8_t *ret_out, uint8_t *ret_tag)
{
    uint8_t state[CW_SPONGENT_STATE336_LEN];
    cw_bytes_wipe(state, sizeof state);
    absorb(state, key, CW_SPONGENT_KEY_LEN, 0);
    absorb(state, ad, ad_len, 1);
    crypt(state, in, len, decrypt, ret_out);
    squeeze(state, ret_tag);
    cw_bytes_wipe(state, sizeof state);
}

void cw_spongent_wrap(const uint8_t key[static CW_SPONGENT_KEY_LEN],
        const uint8_t *ad, size_t ad_len,
        const uint8_t *body, size_t body_len,
        uint8_t *ret_cipher, uint8_t ret_tag[static CW_SPONGENT_TAG_LEN])
{
    run(key, ad, ad_len, body, body_len, false, ret_cipher, ret_tag);
}

bool cw_spongent_unwrap(const uint8_t key[static CW_SPONGENT_KEY_LEN],
        const uint8_t *ad, size_t ad_len,
        const uint8_t *cipher, size_t body_len,
        const uint8_t tag[static CW_SPONGENT_TAG_LEN], uint8_t *ret_body)
{
    uint8_t computed[CW_SPONGENT_TAG_LEN];
    run(key, ad, ad_len, cipher, body_len, true, ret_body, computed);
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
    run(key, message, message_len, NULL, 0, false, NULL, ret_tag);
}
