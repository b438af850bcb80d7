/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.
 *
 * Number the 84 nibbles n = 4g + c: 21 groups of four.  The bit layer sends bit k of nibble
 * 4g + c to bit c of nibble 21k + g.  So S-box and bit layer together are: turn each group of
 * four nibbles into four new ones, by a 4 x 4 transposition of bits, then move whole nibbles.
 * PSHUFB does both: as a table of 16 entries in a register it maps a nibble to its substituted
 * bits, already spread over the new nibbles; as what it is, it moves bytes.
 *
 * The permutation is its own mirror image: reversing all 336 bits maps bit layer and round
 * constant onto themselves and the S-box onto its bit-reversed twin.  So the state is kept as
 * two halves of 42 nibbles, the upper one mirrored, and both are treated alike but for the
 * tables of the S-box.  In the coordinates of a half, new nibbles with k = 0, 1 stay in it
 * (`own`), those with k = 2, 3 go to the other half (`other`, written in the latter's
 * coordinates).
 *
 * In a half, byte p(g) of n[c] is nibble 4g + c, where p = 0 1 2 3 4 6 8 9 10 11 12 for
 * g = 0 .. 10.  Group 10 lies astride: c = 0, 1 are here, c = 2, 3 in the other half, and stand
 * here as zeros.  p has its gaps so that a 16-bit word of n[c] takes all of its nibbles from the
 * low or all from the high halves of the source's bytes.
 *
 * Constant time: the tables live in registers, and every index is a constant or a byte of a
 * register.  (AVX2 with both halves in one register gains a sixth; not worth a second file.)
 */
#include "core/crypto/x86_64/spongent_sse41.h"

#include <smmintrin.h>

#define NO (-1) /* PSHUFB gives zero */

struct half {
    __m128i n[4];
};

struct tables {
    __m128i own[4];   /* nibble c -> bits k = 0 (low half of a byte) and k = 1 (high half) */
    __m128i other[4]; /* nibble c -> bits k = 3 and k = 2, mirrored */
    __m128i astride;  /* what the zeros of group 10 put into the sum of both */
};

/* From the tables of c = 0: a step of c is a step of one bit, up here, down in the mirror. */
static inline struct tables tables_make(__m128i own, __m128i other, int astride)
{
    return (struct tables){
        {own, _mm_slli_epi16(own, 1), _mm_slli_epi16(own, 2), _mm_slli_epi16(own, 3)},
        {_mm_slli_epi16(other, 3), _mm_slli_epi16(other, 2), _mm_slli_epi16(other, 1), other},
        _mm_setr_epi32(0, 0, 0, astride),
    };
}

static inline __m128i look_up(const __m128i table[4], const struct half *h)
{
    const __m128i b0 = _mm_shuffle_epi8(table[0], h->n[0]);
    const __m128i b1 = _mm_shuffle_epi8(table[1], h->n[1]);
    const __m128i b2 = _mm_shuffle_epi8(table[2], h->n[2]);
    const __m128i b3 = _mm_shuffle_epi8(table[3], h->n[3]);
    return _mm_xor_si128(_mm_xor_si128(b0, b1), _mm_xor_si128(b2, b3));
}

static inline __m128i move(__m128i a, __m128i a_index, __m128i b, __m128i b_index)
{
    return _mm_xor_si128(_mm_shuffle_epi8(a, a_index), _mm_shuffle_epi8(b, b_index));
}

static inline __m128i low_nibbles(__m128i bytes)
{
    return _mm_and_si128(bytes, _mm_set1_epi8(0x0f));
}

static inline __m128i high_nibbles(__m128i bytes)
{
    return low_nibbles(_mm_srli_epi16(bytes, 4));
}

static inline struct half nibbles_move(__m128i own, __m128i other)
{
    const __m128i to0 = move(
            own, _mm_setr_epi8(0, 4, 10, NO, NO, NO, NO, NO, 3, 9, NO, NO, NO, NO, NO, NO),
            other, _mm_setr_epi8(NO, NO, NO, 10, 4, NO, 0, NO, NO, NO, 11, 6, 1, NO, NO, NO));
    const __m128i to1 = move(
            own, _mm_setr_epi8(1, 6, 11, NO, NO, NO, 0, NO, 4, 10, NO, NO, NO, NO, NO, NO),
            other, _mm_setr_epi8(NO, NO, NO, 9, 3, NO, NO, NO, NO, NO, 10, 4, 0, NO, NO, NO));
    const __m128i to2 = move(
            own, _mm_setr_epi8(2, 8, 12, NO, NO, NO, 1, NO, 6, 11, NO, NO, NO, NO, NO, NO),
            other, _mm_setr_epi8(NO, NO, 12, 8, 2, NO, NO, NO, NO, NO, 9, 3, NO, NO, NO, NO));
    const __m128i to3 = move(
            own, _mm_setr_epi8(3, 9, NO, NO, NO, NO, 2, NO, 8, 12, NO, NO, NO, NO, NO, NO),
            other, _mm_setr_epi8(NO, NO, 11, 6, 1, NO, NO, NO, NO, 12, 8, 2, NO, NO, NO, NO));
    /* Words whose bit is set take the high halves of their bytes. */
    return (struct half){{
        low_nibbles(_mm_blend_epi16(to0, _mm_srli_epi16(to0, 4), 0x70)),
        low_nibbles(_mm_blend_epi16(to1, _mm_srli_epi16(to1, 4), 0x78)),
        low_nibbles(_mm_blend_epi16(to2, _mm_srli_epi16(to2, 4), 0x38)),
        low_nibbles(_mm_blend_epi16(to3, _mm_srli_epi16(to3, 4), 0x38)),
    }};
}

/* A half as 21 bytes in a row: bytes 0 .. 15 in one register, 5 .. 20 in the next. */
struct row {
    __m128i first;
    __m128i last;
};

static inline struct half half_from_row(struct row r)
{
    const __m128i even = move( /* nibbles with c = 0 and 1 */
            r.first, _mm_setr_epi8(0, 2, 4, 6, 8, NO, 10, NO, 12, 14, NO, NO, NO, NO, NO, NO),
            r.last, _mm_setr_epi8(NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 11, 13, 15, NO, NO, NO));
    const __m128i odd = move(
            r.first, _mm_setr_epi8(1, 3, 5, 7, 9, NO, 11, NO, 13, 15, NO, NO, NO, NO, NO, NO),
            r.last, _mm_setr_epi8(NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 12, 14, NO, NO, NO, NO));
    return (struct half){
            {low_nibbles(even), high_nibbles(even), low_nibbles(odd), high_nibbles(odd)}};
}

static inline struct row row_from_half(const struct half *h)
{
    const __m128i even = _mm_or_si128(h->n[0], _mm_slli_epi16(h->n[1], 4));
    const __m128i odd = _mm_or_si128(h->n[2], _mm_slli_epi16(h->n[3], 4));
    return (struct row){
        move(even, _mm_setr_epi8(0, NO, 1, NO, 2, NO, 3, NO, 4, NO, 6, NO, 8, NO, 9, NO),
             odd, _mm_setr_epi8(NO, 0, NO, 1, NO, 2, NO, 3, NO, 4, NO, 6, NO, 8, NO, 9)),
        move(even, _mm_setr_epi8(NO, 3, NO, 4, NO, 6, NO, 8, NO, 9, NO, 10, NO, 11, NO, 12),
             odd, _mm_setr_epi8(2, NO, 3, NO, 4, NO, 6, NO, 8, NO, 9, NO, 10, NO, 11, NO)),
    };
}

/* All 128 bits in reverse. */
static inline __m128i mirror(__m128i bytes)
{
    const __m128i reversed = _mm_setr_epi8(0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15);
    const __m128i low = _mm_shuffle_epi8(reversed, low_nibbles(bytes));
    const __m128i high = _mm_shuffle_epi8(reversed, high_nibbles(bytes));
    return _mm_shuffle_epi8(_mm_or_si128(_mm_slli_epi16(low, 4), high),
            _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
}

static inline __m128i load(const uint8_t *bytes)
{
    return _mm_loadu_si128((const __m128i *)(const void *)bytes);
}

static inline void store(uint8_t *ret_bytes, __m128i value)
{
    _mm_storeu_si128((__m128i *)(void *)ret_bytes, value);
}

void cw_spongent_sse41_336(uint8_t state[static CW_SPONGENT_STATE336_LEN])
{
    /* S = E D B 0 2 1 4 F 7 A 8 5 9 C 3 6, its twin 7 E 4 9 D 1 2 C B 5 8 3 0 A F 6. */
    const struct tables lower = tables_make(
            _mm_setr_epi8(0x10, 0x01, 0x11, 0x00, 0x10, 0x01, 0x00, 0x11,
                          0x11, 0x10, 0x00, 0x01, 0x01, 0x00, 0x11, 0x10),
            _mm_setr_epi8(0x11, 0x11, 0x01, 0x00, 0x00, 0x00, 0x10, 0x11,
                          0x10, 0x01, 0x01, 0x10, 0x01, 0x11, 0x00, 0x10), 0xf0);
    const struct tables upper = tables_make(
            _mm_setr_epi8(0x11, 0x10, 0x00, 0x01, 0x01, 0x01, 0x10, 0x00,
                          0x11, 0x01, 0x00, 0x11, 0x00, 0x10, 0x11, 0x10),
            _mm_setr_epi8(0x10, 0x11, 0x10, 0x01, 0x11, 0x00, 0x00, 0x11,
                          0x01, 0x10, 0x01, 0x00, 0x00, 0x01, 0x11, 0x10), 0xff);

    /* Each round adds its constant to what it hands on; the first one's comes before all rounds,
     * and the one too many is taken out again at the end. */
    unsigned counter = 0x52;
    __m128i constant = _mm_cvtsi32_si128((int)counter);
    struct half low = half_from_row((struct row){
            _mm_xor_si128(load(state), constant), load(state + 5)});
    struct half high = half_from_row((struct row){
            _mm_xor_si128(mirror(load(state + 26)), constant), mirror(load(state + 21))});
    for (unsigned round = 0; round < 170; round++) {
        const unsigned feedback = (counter >> 7 ^ counter >> 3 ^ counter >> 2 ^ counter >> 1) & 1u;
        counter = (counter << 1 | feedback) & 0xffu;
        /* Four bits of it go to nibble 0, four to nibble 1, of either half. */
        constant = _mm_cvtsi32_si128((int)((counter & 0x0fu) | (counter & 0xf0u) << 4));

        const __m128i to_low = look_up(upper.other, &high);
        const __m128i to_high = look_up(lower.other, &low);
        const __m128i in_low = _mm_xor_si128(
                look_up(lower.own, &low), _mm_xor_si128(constant, lower.astride));
        const __m128i in_high = _mm_xor_si128(
                look_up(upper.own, &high), _mm_xor_si128(constant, upper.astride));
        low = nibbles_move(in_low, to_low);
        high = nibbles_move(in_high, to_high);
    }
    constant = _mm_cvtsi32_si128((int)counter);
    const struct row low_row = row_from_half(&low);
    const struct row high_row = row_from_half(&high);
    store(state, _mm_xor_si128(low_row.first, constant));
    store(state + 5, low_row.last);
    store(state + 26, mirror(_mm_xor_si128(high_row.first, constant)));
    store(state + 21, mirror(high_row.last));
}
