/* SPDX-License-Identifier: MIT */
/*
 * spongewrap.h - SpongeWrap for a permutation of either width.
 *
 * What     The body of spongent.c and spongent64.c, and of nothing else; both widths differ in
 *          the permutation and in the length of key and tag.  Inline, so that these are constants
 *          and no image holds a pointer to a function.
 * Trust    TRUSTED.  Constant time.
 * Shapes   Any length, odd and empty ones included, as the specification has them.
 * Source   SpongeWrap (SAC 2011) with the Sancus chip's parameters: a block is two data bytes, a
 *          frame bit and a padding bit.  The frame bit tells a string's last block from the
 *          others: 1...10 in key and body, 0...01 in the associated data.
 */
#ifndef CW_CORE_CRYPTO_SPONGEWRAP_H
#define CW_CORE_CRYPTO_SPONGEWRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/crypto/spongent_permute.h"

#define CW_SPONGE_BLOCK_LEN 2u
#define CW_SPONGE_PADDING 2u /* the bit after the frame bit */

typedef void cw_sponge_permute(uint8_t *state);

static inline size_t cw_sponge_part(size_t len)
{
    return len < CW_SPONGE_BLOCK_LEN ? len : CW_SPONGE_BLOCK_LEN;
}

static inline void cw_sponge_absorb(uint8_t *state, cw_sponge_permute *permute,
        const uint8_t *string, size_t len, uint8_t frame_of_last)
{
    bool more = true;
    while (more) {
        const size_t part = cw_sponge_part(len);
        for (size_t i = 0; i < part; i++) {
            state[i] ^= *string++;
        }
        len -= part;
        more = len > 0;
        state[part] ^= (uint8_t)(CW_SPONGE_PADDING | (frame_of_last ^ (more ? 1u : 0u)));
        permute(state);
    }
}

/* The state takes in plaintext in both directions; its bytes before that are the keystream. */
static inline void cw_sponge_crypt(uint8_t *state, cw_sponge_permute *permute,
        const uint8_t *in, size_t len, bool decrypt, uint8_t *ret_out)
{
    bool more = true;
    while (more) {
        const size_t part = cw_sponge_part(len);
        for (size_t i = 0; i < part; i++) {
            const uint8_t from = *in++;
            const uint8_t to = from ^ state[i];
            state[i] = decrypt ? from : to;
            *ret_out++ = to;
        }
        len -= part;
        more = len > 0;
        state[part] ^= (uint8_t)(CW_SPONGE_PADDING | (more ? 1u : 0u));
        permute(state);
    }
}

static inline void cw_sponge_tag(uint8_t *state, cw_sponge_permute *permute,
        uint8_t *ret_tag, size_t tag_len)
{
    for (size_t done = 0;;) {
        cw_bytes_copy(ret_tag + done, state, CW_SPONGE_BLOCK_LEN);
        done += CW_SPONGE_BLOCK_LEN;
        if (done == tag_len) {
            return;
        }
        state[0] ^= 1; /* an empty block: the padding bit alone */
        permute(state);
    }
}

/* Everything of a wrap or unwrap; key and tag have key_len bytes each. */
static inline void cw_sponge_run(cw_sponge_permute *permute, const uint8_t *key, size_t key_len,
        const uint8_t *ad, size_t ad_len, const uint8_t *in, size_t len, bool decrypt,
        uint8_t *ret_out, uint8_t *ret_tag)
{
    uint8_t state[CW_SPONGENT_STATE336_LEN];
    cw_bytes_wipe(state, sizeof state);
    cw_sponge_absorb(state, permute, key, key_len, 0);
    cw_sponge_absorb(state, permute, ad, ad_len, 1);
    cw_sponge_crypt(state, permute, in, len, decrypt, ret_out);
    cw_sponge_tag(state, permute, ret_tag, key_len);
    cw_bytes_wipe(state, sizeof state);
}

#endif
