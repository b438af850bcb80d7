/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/sponge.h"

#include <string.h>

#include "core/crypto/spongent_permute.h"

void cw_sponge_absorb(uint8_t state[static 42], unsigned security_bits, uint32_t block)
{
    state[0] ^= (uint8_t)block;
    state[1] ^= (uint8_t)(block >> 8);
    state[2] ^= (uint8_t)(block >> 16 & 3);
    if (security_bits == 64) {
        cw_spongent_permute176(state);
    } else {
        cw_spongent_permute336(state);
    }
}

/* [len] 0 or 2 bytes, then the frame bit, then the padding bit. */
static void duplex(uint8_t state[static 42], unsigned bits, const uint8_t *bytes, size_t len,
        bool frame)
{
    uint32_t block = len == 0 ? 0 : (uint32_t)(bytes[0] | bytes[1] << 8);

    block |= (uint32_t)(frame ? 1 : 0) << (8 * len) | UINT32_C(2) << (8 * len);
    cw_sponge_absorb(state, bits, block);
}

void cw_sponge_run(const struct cw_sponge_job *job, uint8_t *ret_out, uint8_t *ret_tag)
{
    uint8_t state[42] = {0};
    unsigned bits = job->security_bits;
    size_t tag_len = bits / 8, ad_step = job->ad_len == 0 ? 0 : 2;
    size_t in_step = job->in_len == 0 ? 0 : 2;
    size_t at = 0;

    for (size_t i = 0; i < tag_len; i += 2) {
        duplex(state, bits, job->key + i, 2, i + 2 < tag_len);
    }
    do {
        bool last = at + ad_step >= job->ad_len;

        duplex(state, bits, job->ad + at, ad_step, last);
        at += ad_step;
    } while (at < job->ad_len);
    at = 0;
    do {
        uint8_t plain[2] = {0, 0};

        for (size_t k = 0; k < in_step; k++) {
            ret_out[at + k] = job->in[at + k] ^ state[k];
            plain[k] = job->unwrap ? ret_out[at + k] : job->in[at + k];
        }
        duplex(state, bits, plain, in_step, at + in_step < job->in_len);
        at += in_step;
    } while (at < job->in_len);
    for (size_t i = 0; i < tag_len; i += 2) {
        ret_tag[i] = state[0];
        ret_tag[i + 1] = state[1];
        cw_sponge_absorb(state, bits, 1);
    }
}
