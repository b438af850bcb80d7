/* SPDX-License-Identifier: MIT */
/*
 * sponge.h - the permutation and the duplex of the chip's crypto engine.
 *
 * What     A duplex of up to 16 data bits, and SpongeWrap as the chip's manual specifies it.
 * Trust    SILICON.
 */
#ifndef CW_SILICON_SANCUS_SPONGE_H
#define CW_SILICON_SANCUS_SPONGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rounds of the permutation, which are also its cycles. */
#define CW_SPONGE_ROUNDS_64 90u
#define CW_SPONGE_ROUNDS_128 170u

/* cw_sponge_absorb - XOR 18 bits into the state and permute. */
void cw_sponge_absorb(uint8_t state[static 42], unsigned security_bits, uint32_t block);

static inline uint16_t cw_sponge_output(const uint8_t state[static 42])
{
    return (uint16_t)(state[0] | state[1] << 8);
}

/* One wrap or unwrap over words, as specified: what closed quirks compute. */
struct cw_sponge_job {
    unsigned security_bits;
    const uint8_t *key;         /* security_bits / 8 */
    const uint8_t *ad;
    size_t ad_len;              /* even */
    const uint8_t *in;
    size_t in_len;              /* even */
    bool unwrap;
};

/* cw_sponge_run - ret_out: [in_len] bytes, ret_tag: security_bits / 8 bytes. */
void cw_sponge_run(const struct cw_sponge_job *job, uint8_t *ret_out, uint8_t *ret_tag);

#endif
