/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  A block of GHASH with the bits of each byte reversed is a polynomial whose
 * coefficients stand in their natural order, lowest first, so no product has to be shifted, and the
 * part above x^127 comes down by x^7 + x^2 + x + 1.  AESE of a word in all four columns is SubWord:
 * the rows are constant, and ShiftRows changes nothing.
 */
#include "core/crypto/aarch64/gcm_unit.h"

#include <arm_neon.h>

#include "core/base/bytes.h"

#define ROUNDS 10u
#define LANES 4u
#define BLOCK 16u

/* --- AES-128 ------------------------------------------------------------------------------------- */

static uint32_t sub_word(uint32_t word)
{
    const uint8x16_t columns = vreinterpretq_u8_u32(vdupq_n_u32(word));
    return vgetq_lane_u32(vreinterpretq_u32_u8(vaeseq_u8(columns, vdupq_n_u8(0))), 0);
}

void cw_gcm_unit_init(uint8_t ret_schedule[static CW_GCM_UNIT_SCHEDULE_LEN],
        const uint8_t key[static CW_GCM_KEY_LEN])
{
    static const uint8_t constants[ROUNDS] = {1, 2, 4, 8, 16, 32, 64, 128, 0x1b, 0x36};
    uint32_t words[4];
    vst1q_u32(words, vreinterpretq_u32_u8(vld1q_u8(key)));
    vst1q_u8(ret_schedule, vld1q_u8(key));
    for (size_t round = 0; round < ROUNDS; round++) {
        const uint32_t last = words[3];
        words[0] ^= sub_word(last >> 8 | last << 24) ^ constants[round];
        for (size_t i = 1; i < 4; i++) {
            words[i] ^= words[i - 1];
        }
        vst1q_u8(ret_schedule + (round + 1) * BLOCK, vreinterpretq_u8_u32(vld1q_u32(words)));
    }
    cw_bytes_wipe(words, sizeof words);
}

static inline uint8x16_t round_key(const uint8_t *schedule, size_t round)
{
    return vld1q_u8(schedule + round * BLOCK);
}

static uint8x16_t encrypt(const uint8_t *schedule, uint8x16_t block)
{
    for (size_t i = 0; i < ROUNDS - 1; i++) {
        block = vaesmcq_u8(vaeseq_u8(block, round_key(schedule, i)));
    }
    return vaeseq_u8(block, round_key(schedule, ROUNDS - 1)) ^ round_key(schedule, ROUNDS);
}

/* The lanes are variables: an array would go through memory in every round. */
static void encrypt_lanes(const uint8_t *schedule, uint8x16_t blocks[static LANES])
{
    uint8x16_t a = blocks[0];
    uint8x16_t b = blocks[1];
    uint8x16_t c = blocks[2];
    uint8x16_t d = blocks[3];
    for (size_t i = 0; i < ROUNDS - 1; i++) {
        const uint8x16_t key = round_key(schedule, i);
        a = vaesmcq_u8(vaeseq_u8(a, key));
        b = vaesmcq_u8(vaeseq_u8(b, key));
        c = vaesmcq_u8(vaeseq_u8(c, key));
        d = vaesmcq_u8(vaeseq_u8(d, key));
    }
    const uint8x16_t key = round_key(schedule, ROUNDS - 1);
    const uint8x16_t last = round_key(schedule, ROUNDS);
    blocks[0] = vaeseq_u8(a, key) ^ last;
    blocks[1] = vaeseq_u8(b, key) ^ last;
    blocks[2] = vaeseq_u8(c, key) ^ last;
    blocks[3] = vaeseq_u8(d, key) ^ last;
}

static inline uint8x16_t counter_block(uint32x4_t nonce, uint32_t counter)
{
    return vreinterpretq_u8_u32(vsetq_lane_u32(__builtin_bswap32(counter), nonce, 3));
}

void cw_gcm_unit_ctr(const uint8_t schedule[static CW_GCM_UNIT_SCHEDULE_LEN],
        const uint8_t nonce[static CW_GCM_NONCE_LEN], uint32_t counter, uint8_t *bytes, size_t len)
{
    uint8_t part[BLOCK] = {0};
    cw_bytes_copy(part, nonce, CW_GCM_NONCE_LEN);
    const uint32x4_t fixed = vreinterpretq_u32_u8(vld1q_u8(part));
    for (; len >= LANES * BLOCK; len -= LANES * BLOCK) {
        uint8x16_t blocks[LANES];
        for (uint32_t i = 0; i < LANES; i++) {
            blocks[i] = counter_block(fixed, counter++);
        }
        encrypt_lanes(schedule, blocks);
        for (size_t i = 0; i < LANES; i++, bytes += BLOCK) {
            vst1q_u8(bytes, vld1q_u8(bytes) ^ blocks[i]);
        }
    }
    for (; len >= BLOCK; len -= BLOCK, bytes += BLOCK) {
        vst1q_u8(bytes, vld1q_u8(bytes) ^ encrypt(schedule, counter_block(fixed, counter++)));
    }
    if (len > 0) {
        vst1q_u8(part, encrypt(schedule, counter_block(fixed, counter)));
        for (size_t i = 0; i < len; i++) {
            bytes[i] ^= part[i];
        }
    }
    cw_bytes_wipe(part, sizeof part);
}

/* --- GHASH --------------------------------------------------------------------------------------- */

static inline uint64x2_t product(uint64_t a, uint64_t b)
{
    return vreinterpretq_u64_p128(vmull_p64((poly64_t)a, (poly64_t)b));
}

/* A word times x^7 + x^2 + x + 1, and what of that is beyond a word; a PMULL is no faster. */
static inline uint64_t folded(uint64_t word)
{
    return word ^ word << 1 ^ word << 2 ^ word << 7;
}

static inline uint64_t carried(uint64_t word)
{
    return word >> 63 ^ word >> 62 ^ word >> 57;
}

static uint64x2_t multiply(uint64x2_t a, uint64x2_t b)
{
    const uint64_t a0 = vgetq_lane_u64(a, 0);
    const uint64_t a1 = vgetq_lane_u64(a, 1);
    const uint64_t b0 = vgetq_lane_u64(b, 0);
    const uint64_t b1 = vgetq_lane_u64(b, 1);
    const uint64x2_t low = product(a0, b0);
    const uint64x2_t high = product(a1, b1);
    const uint64x2_t middle = product(a0 ^ a1, b0 ^ b1) ^ low ^ high;
    /* The product's words from x^0 on are low 0, w1, w2, w3; the last comes down by two words, then
     * the third. */
    const uint64_t w3 = vgetq_lane_u64(high, 1);
    const uint64_t w2 = vgetq_lane_u64(high, 0) ^ vgetq_lane_u64(middle, 1) ^ carried(w3);
    const uint64_t w1 = vgetq_lane_u64(low, 1) ^ vgetq_lane_u64(middle, 0) ^ folded(w3) ^ carried(w2);
    return vcombine_u64(vcreate_u64(vgetq_lane_u64(low, 0) ^ folded(w2)), vcreate_u64(w1));
}

static inline uint64x2_t load(const uint8_t *bytes)
{
    return vreinterpretq_u64_u8(vrbitq_u8(vld1q_u8(bytes)));
}

void cw_gcm_unit_ghash(const uint8_t hash_key[static 16], uint8_t y[static 16],
        const uint8_t *bytes, size_t len)
{
    const uint64x2_t h = load(hash_key);
    uint64x2_t sum = load(y);
    for (; len >= BLOCK; len -= BLOCK, bytes += BLOCK) {
        sum = multiply(sum ^ load(bytes), h);
    }
    if (len > 0) {
        uint8_t part[BLOCK] = {0};
        cw_bytes_copy(part, bytes, len);
        sum = multiply(sum ^ load(part), h);
        cw_bytes_wipe(part, sizeof part);
    }
    vst1q_u8(y, vrbitq_u8(vreinterpretq_u8_u64(sum)));
}
