/* SPDX-License-Identifier: MIT */
/*
 * For enclaves on x86-64: AES-NI and PCLMULQDQ, without asking the CPU.
 *
 * Implementation notes.  GHASH is POLYVAL of reversed blocks under H * x (RFC 8452 appendix A), so
 * that no product has to be shifted; up to four blocks share one reduction.  Four counter blocks
 * are encrypted side by side, the first of them for the tag.  Schedules of the keys that were seen
 * last are kept: which slot a key may have follows from its address, and comparing it takes the
 * same time for all keys.
 */
#include "core/crypto/gcm.h"

#include <smmintrin.h>
#include <wmmintrin.h>

#include "core/base/bytes.h"

#define NI __attribute__((target("aes,pclmul,sse4.1")))
#define LANES 4
#define ROUNDS 10
#define KEPT_COUNT 16u

struct schedule {
    __m128i key;
    __m128i round[ROUNDS + 1];
    __m128i power[LANES]; /* H * x to the powers 1 .. LANES */
    bool is_used;
};

static struct schedule kept[KEPT_COUNT];

NI static __m128i load(const uint8_t *bytes)
{
    return _mm_loadu_si128((const __m128i *)(const void *)bytes);
}

static uint64_t load_word(const uint8_t *bytes)
{
    uint64_t value;
    __builtin_memcpy(&value, bytes, sizeof value);
    return value;
}

static uint64_t load_some(const uint8_t *bytes, size_t len)
{
    uint64_t value = 0;
    for (size_t i = len; i-- > 0;) {
        value = value << 8 | bytes[i];
    }
    return value;
}

/* Up to 16 bytes, the rest zeros; a few by one, as a load behind narrower stores has to wait. */
NI static inline __m128i load_part(const uint8_t *bytes, size_t len)
{
    if (len >= 16) {
        return load(bytes);
    }
    if (len < 8) {
        return _mm_set_epi64x(0, (long long)load_some(bytes, len));
    }
    const uint64_t high = len == 8 ? 0 : load_word(bytes + len - 8) >> (8 * (16 - len));
    return _mm_set_epi64x((long long)high, (long long)load_word(bytes));
}

NI static inline void store_part(uint8_t *bytes, __m128i block, size_t len)
{
    if (len >= 16) {
        _mm_storeu_si128((__m128i *)(void *)bytes, block);
        return;
    }
    if (len >= 8) {
        _mm_storel_epi64((__m128i *)(void *)bytes, block);
        block = _mm_srli_si128(block, 8);
        bytes += 8;
        len -= 8;
    }
    for (uint64_t word = (uint64_t)_mm_cvtsi128_si64(block); len > 0; len--, word >>= 8) {
        *bytes++ = (uint8_t)word;
    }
}

NI static __m128i reversed(__m128i block)
{
    return _mm_shuffle_epi8(block,
            _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

/* --- POLYVAL ---------------------------------------------------------------------------------- */

/* An unreduced sum of products; the middle one stands 64 bits to the left of the low one. */
struct sum {
    __m128i high;
    __m128i middle;
    __m128i low;
};

NI static void add_product(struct sum *sum, __m128i a, __m128i b)
{
    sum->low ^= _mm_clmulepi64_si128(a, b, 0x00);
    sum->middle ^= _mm_clmulepi64_si128(a, b, 0x01) ^ _mm_clmulepi64_si128(a, b, 0x10);
    sum->high ^= _mm_clmulepi64_si128(a, b, 0x11);
}

NI static __m128i polynomial(void)
{
    return _mm_set_epi64x((long long)0xc200000000000000, 1);
}

NI static __m128i reduce(const struct sum *sum)
{
    __m128i low = sum->low ^ _mm_slli_si128(sum->middle, 8);
    for (int i = 0; i < 2; i++) {
        low = _mm_shuffle_epi32(low, 0x4e) ^ _mm_clmulepi64_si128(low, polynomial(), 0x10);
    }
    return low ^ sum->high ^ _mm_srli_si128(sum->middle, 8);
}

NI static __m128i multiply(__m128i a, __m128i b)
{
    struct sum sum = {0};
    add_product(&sum, a, b);
    return reduce(&sum);
}

/* --- AES-128 ---------------------------------------------------------------------------------- */

/* The lanes are variables: an array would go through memory in every round. */
NI static void encrypt(const struct schedule *s, __m128i blocks[LANES])
{
    __m128i a = blocks[0] ^ s->round[0];
    __m128i b = blocks[1] ^ s->round[0];
    __m128i c = blocks[2] ^ s->round[0];
    __m128i d = blocks[3] ^ s->round[0];
    for (size_t i = 1; i < ROUNDS; i++) {
        a = _mm_aesenc_si128(a, s->round[i]);
        b = _mm_aesenc_si128(b, s->round[i]);
        c = _mm_aesenc_si128(c, s->round[i]);
        d = _mm_aesenc_si128(d, s->round[i]);
    }
    blocks[0] = _mm_aesenclast_si128(a, s->round[ROUNDS]);
    blocks[1] = _mm_aesenclast_si128(b, s->round[ROUNDS]);
    blocks[2] = _mm_aesenclast_si128(c, s->round[ROUNDS]);
    blocks[3] = _mm_aesenclast_si128(d, s->round[ROUNDS]);
}

/* The key stream of the counters [first .. first + LANES) under a nonce. */
NI static void stream(const struct schedule *s, const uint8_t *nonce, uint32_t first,
        __m128i ret_blocks[LANES])
{
    /* As its parts were written: a fixed one of 4 bytes, a counter of 8. */
    uint32_t fixed;
    __builtin_memcpy(&fixed, nonce, sizeof fixed);
    const uint64_t count = load_word(nonce + sizeof fixed);
    const __m128i block = _mm_set_epi64x((long long)(count >> 32), (long long)(count << 32 | fixed));
    for (uint32_t lane = 0; lane < LANES; lane++) {
        ret_blocks[lane] = _mm_insert_epi32(block, (int)__builtin_bswap32(first + lane), 3);
    }
    encrypt(s, ret_blocks);
}

#define EXPAND(i, constant) \
    s->round[i] = _mm_aeskeygenassist_si128(s->round[(i) - 1], constant); \
    s->round[i] = next_round_key(s->round[(i) - 1], s->round[i])

NI static __m128i next_round_key(__m128i key, __m128i assist)
{
    key ^= _mm_slli_si128(key, 4);
    return key ^ _mm_slli_si128(key, 8) ^ _mm_shuffle_epi32(assist, 0xff);
}

NI __attribute__((noinline)) static void expand(struct schedule *s, const uint8_t *key)
{
    s->key = load(key);
    s->round[0] = s->key;
    EXPAND(1, 0x01);
    EXPAND(2, 0x02);
    EXPAND(3, 0x04);
    EXPAND(4, 0x08);
    EXPAND(5, 0x10);
    EXPAND(6, 0x20);
    EXPAND(7, 0x40);
    EXPAND(8, 0x80);
    EXPAND(9, 0x1b);
    EXPAND(10, 0x36);
    __m128i zeros[LANES] = {0};
    encrypt(s, zeros);
    /* H * x: the bit that falls out on the left comes back as the polynomial. */
    const __m128i h = reversed(zeros[0]);
    s->power[0] = _mm_slli_epi64(h, 1) ^ _mm_slli_si128(_mm_srli_epi64(h, 63), 8) ^
            (_mm_srai_epi32(_mm_shuffle_epi32(h, 0xff), 31) & polynomial());
    for (size_t i = 1; i < LANES; i++) {
        s->power[i] = multiply(s->power[i - 1], s->power[0]);
    }
    s->is_used = true;
}

NI static inline const struct schedule *schedule_of(const uint8_t *key)
{
    struct schedule *s = &kept[((uintptr_t)key >> 4) % KEPT_COUNT];
    if (!s->is_used || _mm_movemask_epi8(_mm_cmpeq_epi8(s->key, load(key))) != 0xffff) {
        expand(s, key);
    }
    return s;
}

/* --- GCM -------------------------------------------------------------------------------------- */

/* out = in ^ key stream; blocks: the first LANES of it, of which the first is the tag's. */
NI static void crypt(const struct schedule *s, const uint8_t *nonce, __m128i blocks[LANES],
        const uint8_t *in, size_t len, uint8_t *ret_out)
{
    uint32_t counter = 2;
    for (size_t at = 0; at < len; at += 16, counter++) {
        if (counter % LANES == 1) {
            stream(s, nonce, counter, blocks);
        }
        const size_t part = len - at < 16 ? len - at : 16;
        store_part(ret_out + at, load_part(in + at, part) ^ blocks[(counter - 1) % LANES], part);
    }
}

/* POLYVAL of the blocks of ad, those of the cipher text and the lengths, LANES to a reduction. */
NI static __m128i tag_of(const struct schedule *s, __m128i mask, const uint8_t *ad, size_t ad_len,
        const uint8_t *cipher, size_t body_len)
{
    const __m128i bits = _mm_set_epi64x((long long)ad_len << 3, (long long)body_len << 3);
    const uint8_t *at = ad;
    size_t len = ad_len;
    bool is_body = false;
    __m128i y = _mm_setzero_si128();
    for (size_t left = (ad_len + 15) / 16 + (body_len + 15) / 16 + 1; left > 0;) {
        struct sum sum = {0};
        for (size_t power = left < LANES ? left : LANES; power-- > 0; left--) {
            if (len == 0 && !is_body) {
                is_body = true;
                at = cipher;
                len = body_len;
            }
            const size_t part = len < 16 ? len : 16;
            const __m128i block = left == 1 ? bits : reversed(load_part(at, part));
            add_product(&sum, y ^ block, s->power[power]);
            y = _mm_setzero_si128();
            at += part;
            len -= part;
        }
        y = reduce(&sum);
    }
    return reversed(y) ^ mask;
}

NI void cw_gcm_seal(const uint8_t key[static CW_GCM_KEY_LEN],
        const uint8_t nonce[static CW_GCM_NONCE_LEN],
        const uint8_t *ad, size_t ad_len, const uint8_t *body, size_t body_len,
        uint8_t *ret_cipher, uint8_t ret_tag[static CW_GCM_TAG_LEN])
{
    const struct schedule *s = schedule_of(key);
    __m128i blocks[LANES];
    stream(s, nonce, 1, blocks);
    const __m128i mask = blocks[0];
    crypt(s, nonce, blocks, body, body_len, ret_cipher);
    store_part(ret_tag, tag_of(s, mask, ad, ad_len, ret_cipher, body_len), CW_GCM_TAG_LEN);
}

NI bool cw_gcm_open(const uint8_t key[static CW_GCM_KEY_LEN],
        const uint8_t nonce[static CW_GCM_NONCE_LEN],
        const uint8_t *ad, size_t ad_len, const uint8_t *cipher, size_t body_len,
        const uint8_t tag[static CW_GCM_TAG_LEN], uint8_t *ret_body)
{
    const struct schedule *s = schedule_of(key);
    __m128i blocks[LANES];
    stream(s, nonce, 1, blocks);
    const __m128i computed = tag_of(s, blocks[0], ad, ad_len, cipher, body_len);
    if (_mm_movemask_epi8(_mm_cmpeq_epi8(computed, load(tag))) != 0xffff) {
        cw_bytes_wipe(ret_body, body_len);
        return false;
    }
    crypt(s, nonce, blocks, cipher, body_len, ret_body);
    return true;
}

void cw_gcm_forget(void)
{
    cw_bytes_wipe(kept, sizeof kept);
}
