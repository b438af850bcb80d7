/* SPDX-License-Identifier: MIT */
/*
 * gcm_ni.h - AES-128-GCM with the processor's AES and carry-less multiply,
 * 12-byte nonces, written as a speed reference: what one seal or open costs
 * when nothing stands between the caller and the instructions.
 *
 * Needs -maes -mpclmul -mssse3. The hash runs in the POLYVAL form (byte-
 * reversed blocks, key pre-multiplied by x), so that one multiplication needs
 * no bit shift and eight can share one reduction.
 */
#ifndef GCM_NI_H
#define GCM_NI_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct gcm_ni {
	__m128i round[11];
	__m128i power[8];	/* power[i] is the hash key to the (i+1) */
};

static inline __m128i gcm_swap(__m128i v)
{
	return _mm_shuffle_epi8(v, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
						10, 11, 12, 13, 14, 15));
}

static inline __m128i gcm_encrypt_block(const struct gcm_ni *g, __m128i b)
{
	b = _mm_xor_si128(b, g->round[0]);
	for (int i = 1; i < 10; i++)
		b = _mm_aesenc_si128(b, g->round[i]);
	return _mm_aesenclast_si128(b, g->round[10]);
}

/* A sum of products that has not been reduced yet. */
struct gcm_sum { __m128i low, mid, high; };

static inline void gcm_multiply_add(struct gcm_sum *s, __m128i a, __m128i b)
{
	s->low = _mm_xor_si128(s->low, _mm_clmulepi64_si128(a, b, 0x00));
	s->high = _mm_xor_si128(s->high, _mm_clmulepi64_si128(a, b, 0x11));
	s->mid = _mm_xor_si128(s->mid, _mm_xor_si128(
		_mm_clmulepi64_si128(a, b, 0x01),
		_mm_clmulepi64_si128(a, b, 0x10)));
}

static inline __m128i gcm_reduce(const struct gcm_sum *s)
{
	const __m128i poly = _mm_set_epi64x((long long)0xc200000000000000u, 1);
	__m128i low = _mm_xor_si128(s->low, _mm_slli_si128(s->mid, 8));
	__m128i high = _mm_xor_si128(s->high, _mm_srli_si128(s->mid, 8));

	for (int i = 0; i < 2; i++)
		low = _mm_xor_si128(_mm_shuffle_epi32(low, 78),
				    _mm_clmulepi64_si128(low, poly, 0x10));
	return _mm_xor_si128(low, high);
}

static inline __m128i gcm_multiply(__m128i a, __m128i b)
{
	struct gcm_sum s = { _mm_setzero_si128(), _mm_setzero_si128(),
			     _mm_setzero_si128() };

	gcm_multiply_add(&s, a, b);
	return gcm_reduce(&s);
}

static inline __m128i gcm_next_key(__m128i k, __m128i assist)
{
	assist = _mm_shuffle_epi32(assist, 0xff);
	k = _mm_xor_si128(k, _mm_slli_si128(k, 4));
	k = _mm_xor_si128(k, _mm_slli_si128(k, 4));
	k = _mm_xor_si128(k, _mm_slli_si128(k, 4));
	return _mm_xor_si128(k, assist);
}

static inline void gcm_init(struct gcm_ni *g, const uint8_t key[16])
{
	__m128i h, carry;
	uint64_t top;

	g->round[0] = _mm_loadu_si128((const __m128i *)key);
#define GCM_ROUND(i, rcon) g->round[i] = gcm_next_key(g->round[(i) - 1], \
		_mm_aeskeygenassist_si128(g->round[(i) - 1], rcon))
	GCM_ROUND(1, 0x01); GCM_ROUND(2, 0x02); GCM_ROUND(3, 0x04);
	GCM_ROUND(4, 0x08); GCM_ROUND(5, 0x10); GCM_ROUND(6, 0x20);
	GCM_ROUND(7, 0x40); GCM_ROUND(8, 0x80); GCM_ROUND(9, 0x1b);
	GCM_ROUND(10, 0x36);
#undef GCM_ROUND
	h = gcm_swap(gcm_encrypt_block(g, _mm_setzero_si128()));
	/* times x in the POLYVAL field: shift left one, fold the top bit */
	top = (uint64_t)_mm_extract_epi64(h, 1) >> 63;
	carry = _mm_slli_si128(_mm_srli_epi64(h, 63), 8);
	h = _mm_or_si128(_mm_slli_epi64(h, 1), carry);
	if (top != 0)
		h = _mm_xor_si128(h, _mm_set_epi64x(
			(long long)0xc200000000000000u, 1));
	g->power[0] = h;
	for (int i = 1; i < 8; i++)
		g->power[i] = gcm_multiply(g->power[i - 1], h);
}

/* Hash whole and partial blocks of data into the state. */
static inline __m128i gcm_hash(const struct gcm_ni *g, __m128i state,
			       const uint8_t *data, size_t n)
{
	while (n >= 128) {
		struct gcm_sum s = { _mm_setzero_si128(), _mm_setzero_si128(),
				     _mm_setzero_si128() };

		for (int i = 0; i < 8; i++) {
			__m128i b = gcm_swap(_mm_loadu_si128(
				(const __m128i *)(data + 16 * i)));

			if (i == 0)
				b = _mm_xor_si128(b, state);
			gcm_multiply_add(&s, b, g->power[7 - i]);
		}
		state = gcm_reduce(&s);
		data += 128;
		n -= 128;
	}
	while (n > 0) {
		uint8_t last[16] = { 0 };
		size_t take = n < 16 ? n : 16;
		__m128i b;

		if (take == 16) {
			b = _mm_loadu_si128((const __m128i *)data);
		} else {
			memcpy(last, data, take);
			b = _mm_loadu_si128((const __m128i *)last);
		}
		state = gcm_multiply(_mm_xor_si128(state, gcm_swap(b)),
				     g->power[0]);
		data += take;
		n -= take;
	}
	return state;
}

static inline void gcm_ctr(const struct gcm_ni *g, __m128i counter,
			   const uint8_t *in, uint8_t *out, size_t n)
{
	const __m128i one = _mm_set_epi32(0, 0, 0, 1);

	while (n >= 128) {
		__m128i b[8];

		for (int i = 0; i < 8; i++) {
			counter = _mm_add_epi32(counter, one);
			b[i] = _mm_xor_si128(gcm_swap(counter), g->round[0]);
		}
		for (int r = 1; r < 10; r++)
			for (int i = 0; i < 8; i++)
				b[i] = _mm_aesenc_si128(b[i], g->round[r]);
		for (int i = 0; i < 8; i++) {
			__m128i x = _mm_loadu_si128(
				(const __m128i *)(in + 16 * i));

			b[i] = _mm_aesenclast_si128(b[i], g->round[10]);
			_mm_storeu_si128((__m128i *)(out + 16 * i),
					 _mm_xor_si128(b[i], x));
		}
		in += 128;
		out += 128;
		n -= 128;
	}
	while (n > 0) {
		size_t take = n < 16 ? n : 16;
		__m128i k;
		uint8_t stream[16];

		counter = _mm_add_epi32(counter, one);
		k = gcm_encrypt_block(g, gcm_swap(counter));
		if (take == 16) {
			_mm_storeu_si128((__m128i *)out, _mm_xor_si128(k,
				_mm_loadu_si128((const __m128i *)in)));
		} else {
			_mm_storeu_si128((__m128i *)stream, k);
			for (size_t i = 0; i < take; i++)
				out[i] = in[i] ^ stream[i];
		}
		in += take;
		out += take;
		n -= take;
	}
}

static inline __m128i gcm_first_counter(const uint8_t nonce[12])
{
	uint8_t block[16];

	memcpy(block, nonce, 12);
	block[12] = block[13] = block[14] = 0;
	block[15] = 1;
	return gcm_swap(_mm_loadu_si128((const __m128i *)block));
}

static inline __m128i gcm_tag(const struct gcm_ni *g, __m128i counter,
			      const uint8_t *ad, size_t ad_len,
			      const uint8_t *text, size_t n)
{
	__m128i mask = gcm_encrypt_block(g, gcm_swap(counter));
	__m128i s = gcm_hash(g, _mm_setzero_si128(), ad, ad_len);
	__m128i lengths = _mm_set_epi64x((long long)(ad_len * 8),
					 (long long)(n * 8));

	s = gcm_hash(g, s, text, n);
	s = gcm_multiply(_mm_xor_si128(s, lengths), g->power[0]);
	return _mm_xor_si128(gcm_swap(s), mask);
}

static inline void gcm_seal(const struct gcm_ni *g, const uint8_t nonce[12],
			    const uint8_t *ad, size_t ad_len, const uint8_t *in,
			    size_t n, uint8_t *out, uint8_t tag[16])
{
	__m128i counter = gcm_first_counter(nonce);

	gcm_ctr(g, counter, in, out, n);
	_mm_storeu_si128((__m128i *)tag,
			 gcm_tag(g, counter, ad, ad_len, out, n));
}

/* 0 when the tag holds; out is written only then. */
static inline int gcm_open(const struct gcm_ni *g, const uint8_t nonce[12],
			   const uint8_t *ad, size_t ad_len, const uint8_t *in,
			   size_t n, const uint8_t tag[16], uint8_t *out)
{
	__m128i counter = gcm_first_counter(nonce);
	__m128i want = gcm_tag(g, counter, ad, ad_len, in, n);
	__m128i got = _mm_loadu_si128((const __m128i *)tag);

	if (_mm_movemask_epi8(_mm_cmpeq_epi8(want, got)) != 0xffff)
		return -1;
	gcm_ctr(g, counter, in, out, n);
	return 0;
}

#endif
