/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.
 *
 * With b = 4n, state bit 4j + k is bit k of nibble j.  The bit layer sends it to n * k + j: all
 * bits k of the nibbles, in order, become one block.  So a round is: pull the state apart into
 * four planes (plane k = bit k of every nibble), run the S-box as logic on whole planes, and
 * write the planes one after the other; that *is* the bit layer.
 *
 * Pulling four words apart: give a bit the address (w, d2, d1, d0), base-4 digits, w the word.
 * Plane d0 wants it at position (w, d2, d1), that is, the digits turned by one place.  Three
 * swaps of w with d2, then d1, then d0 do that; each swap is a 4 x 4 transposition across the
 * four words of 16-bit, 4-bit and 1-bit lanes.
 *
 * The round constant l meets the low bits, its mirror image the top bits; both registers are
 * stepped side by side.  Constant time: logic and shifts by constants only.
 */
#include "core/crypto/spongent_portable.h"

/* Swap the lanes of `a` chosen by mask << shift with those of `b` chosen by mask. */
static inline void swap_lanes(uint64_t *a, uint64_t *b, uint64_t mask, unsigned shift)
{
    const uint64_t t = ((*a >> shift) ^ *b) & mask;
    *b ^= t;
    *a ^= t << shift;
}

static inline void planes_from_words(uint64_t w[4])
{
    swap_lanes(&w[0], &w[2], 0x00000000ffffffffu, 32);
    swap_lanes(&w[1], &w[3], 0x00000000ffffffffu, 32);
    swap_lanes(&w[0], &w[1], 0x0000ffff0000ffffu, 16);
    swap_lanes(&w[2], &w[3], 0x0000ffff0000ffffu, 16);

    swap_lanes(&w[0], &w[2], 0x00ff00ff00ff00ffu, 8);
    swap_lanes(&w[1], &w[3], 0x00ff00ff00ff00ffu, 8);
    swap_lanes(&w[0], &w[1], 0x0f0f0f0f0f0f0f0fu, 4);
    swap_lanes(&w[2], &w[3], 0x0f0f0f0f0f0f0f0fu, 4);

    swap_lanes(&w[0], &w[2], 0x3333333333333333u, 2);
    swap_lanes(&w[1], &w[3], 0x3333333333333333u, 2);
    swap_lanes(&w[0], &w[1], 0x5555555555555555u, 1);
    swap_lanes(&w[2], &w[3], 0x5555555555555555u, 1);
}

/* Swap within one word the bits chosen by mask with those `shift` places above them. */
static inline uint64_t swap_bits(uint64_t w, uint64_t mask, unsigned shift)
{
    const uint64_t t = (w ^ (w >> shift)) & mask;
    return w ^ t ^ (t << shift);
}

/* Bit k of every nibble of one word goes to the 16-bit lane k. */
static inline uint64_t lanes_from_word(uint64_t w)
{
    w = swap_bits(w, 0x0a0a0a0a0a0a0a0au, 3);
    w = swap_bits(w, 0x00cc00cc00cc00ccu, 6);
    w = swap_bits(w, 0x0000f0f00000f0f0u, 12);
    w = swap_bits(w, 0x00000000ff00ff00u, 24);
    return w;
}

/* E D B 0 2 1 4 F 7 A 8 5 9 C 3 6, from its algebraic normal form. */
static inline void substitute(uint64_t x[4])
{
    const uint64_t both = x[1] & x[2];
    const uint64_t ends = x[0] & x[3];
    const uint64_t y0 = x[0] ^ x[1] ^ x[3] ^ both;
    const uint64_t y1 = ~(x[0] ^ both ^ ends ^ (x[3] & (x[1] | x[2])));
    const uint64_t y2 = ~(x[1] ^ x[2] ^ ends ^ (both & x[3]));
    const uint64_t y3 = ~((x[0] & x[1]) ^ x[2] ^ x[3] ^ (ends & x[2]) ^ (x[3] & (x[0] | x[1])));
    x[0] = y0;
    x[1] = y1;
    x[2] = y2;
    x[3] = y3;
}

static inline uint64_t load_le(const uint8_t *bytes, unsigned len)
{
    uint64_t word = 0;
    for (unsigned i = len; i-- > 0;) {
        word = word << 8 | bytes[i];
    }
    return word;
}

static inline void store_le(uint8_t *bytes, unsigned len, uint64_t word)
{
    for (unsigned i = 0; i < len; i++) {
        bytes[i] = (uint8_t)word;
        word >>= 8;
    }
}

void cw_spongent_portable336(uint8_t state[static CW_SPONGENT_STATE336_LEN])
{
    uint64_t w[4];
    for (unsigned i = 0; i < 4; i++) {
        w[i] = load_le(state + 8 * i, 8);
    }
    uint64_t w4 = load_le(state + 32, 8);
    uint64_t w5 = load_le(state + 40, 2);
    unsigned count = 0x52;
    unsigned mirror = 0x4a;
    for (unsigned round = 0; round < 170; round++) {
        w[0] ^= count;
        w5 ^= (uint64_t)mirror << 8;
        const unsigned feedback = (count >> 7 ^ count >> 3 ^ count >> 2 ^ count >> 1) & 1u;
        count = (count << 1 | feedback) & 0xffu;
        mirror = mirror >> 1 | feedback << 7;

        /* Nibbles 0..63 fill the low words of the planes, nibbles 64..83 the high ones. */
        planes_from_words(w);
        w4 = lanes_from_word(w4);
        w5 = swap_bits(swap_bits(w5, 0x0a0au, 3), 0x00ccu, 6);
        uint64_t high[4];
        for (unsigned k = 0; k < 4; k++) {
            high[k] = (w4 >> 16 * k & 0xffffu) | (w5 >> 4 * k & 0xfu) << 16;
        }
        substitute(w);
        substitute(high);
        for (unsigned k = 0; k < 4; k++) {
            high[k] &= 0xfffffu;
        }
        /* Four planes of 84 bits, end to end. */
        w5 = high[3] >> 4;
        w4 = w[3] >> 4 | high[3] << 60;
        w[3] = w[2] >> 24 | high[2] << 40 | w[3] << 60;
        w[2] = w[1] >> 44 | high[1] << 20 | w[2] << 40;
        w[1] = high[0] | w[1] << 20;
    }
    for (unsigned i = 0; i < 4; i++) {
        store_le(state + 8 * i, 8, w[i]);
    }
    store_le(state + 32, 8, w4);
    store_le(state + 40, 2, w5);
}

void cw_spongent_portable176(uint8_t state[static CW_SPONGENT_STATE176_LEN])
{
    uint64_t w[4] = {load_le(state, 8), load_le(state + 8, 8), load_le(state + 16, 6), 0};
    unsigned count = 0x45;
    unsigned mirror = 0x51;
    for (unsigned round = 0; round < 90; round++) {
        w[0] ^= count;
        w[2] ^= (uint64_t)mirror << 41;
        const unsigned feedback = (count >> 6 ^ count >> 5) & 1u;
        count = (count << 1 | feedback) & 0x7fu;
        mirror = mirror >> 1 | feedback << 6;

        planes_from_words(w);
        substitute(w);
        for (unsigned k = 0; k < 4; k++) {
            w[k] &= 0xfffffffffffu;
        }
        /* Four planes of 44 bits, end to end. */
        w[0] |= w[1] << 44;
        w[1] = w[1] >> 20 | w[2] << 24;
        w[2] = w[2] >> 40 | w[3] << 4;
        w[3] = 0;
    }
    store_le(state, 8, w[0]);
    store_le(state + 8, 8, w[1]);
    store_le(state + 16, 6, w[2]);
}
