/* SPDX-License-Identifier: MIT */
#include "tests/support/naive_spongent.h"

#include <string.h>

#define MAX_WIDTH_LEN 42

struct parameters {
    unsigned width_bits;
    unsigned rounds;
    unsigned counter_bits;
    unsigned counter_start;
    unsigned counter_taps; /* the feedback is the parity of these bits */
    size_t key_len;
};

static struct parameters parameters_of(unsigned security_bits)
{
    const struct parameters narrow = {176, 90, 7, 0x45, 0x60, 8};
    const struct parameters wide = {336, 170, 8, 0x52, 0x8e, 16};
    return security_bits == 64 ? narrow : wide;
}

static unsigned bit_get(const uint8_t *string, unsigned index)
{
    return (unsigned)string[index / 8] >> (index % 8) & 1u;
}

static void bit_flip(uint8_t *string, unsigned index, unsigned value)
{
    string[index / 8] = (uint8_t)(string[index / 8] ^ value << (index % 8));
}

/* Inline, so that the compiler knows the width and the baseline pays for no division. */
static inline void round_apply(const struct parameters *p, uint8_t *state, unsigned counter)
{
    static const uint8_t sbox[16] = {
        0xe, 0xd, 0xb, 0x0, 0x2, 0x1, 0x4, 0xf, 0x7, 0xa, 0x8, 0x5, 0x9, 0xc, 0x3, 0x6,
    };
    const unsigned b = p->width_bits;
    for (unsigned i = 0; i < p->counter_bits; i++) {
        bit_flip(state, i, counter >> i & 1u);
        bit_flip(state, b - 1 - i, counter >> i & 1u);
    }
    uint8_t next[MAX_WIDTH_LEN] = {0};
    for (unsigned nibble = 0; nibble < b / 4; nibble++) {
        unsigned value = 0;
        for (unsigned k = 0; k < 4; k++) {
            value |= bit_get(state, 4 * nibble + k) << k;
        }
        for (unsigned k = 0; k < 4; k++) {
            const unsigned i = 4 * nibble + k;
            const unsigned target = i == b - 1 ? b - 1 : i * (b / 4) % (b - 1);
            bit_flip(next, target, (unsigned)sbox[value] >> k & 1u);
        }
    }
    memcpy(state, next, b / 8);
}

static unsigned counter_step(const struct parameters *p, unsigned counter)
{
    unsigned feedback = 0;
    for (unsigned i = 0; i < p->counter_bits; i++) {
        feedback ^= (counter & p->counter_taps) >> i & 1u;
    }
    return (counter << 1 | feedback) & ((1u << p->counter_bits) - 1u);
}

static inline void permute(const struct parameters p, uint8_t *state)
{
    unsigned counter = p.counter_start;
    for (unsigned i = 0; i < p.rounds; i++) {
        round_apply(&p, state, counter);
        counter = counter_step(&p, counter);
    }
}

void naive_spongent_permute(unsigned security_bits, uint8_t *state)
{
    if (security_bits == 64) {
        permute(parameters_of(64), state);
    } else {
        permute(parameters_of(128), state);
    }
}

struct duplex {
    unsigned security_bits;
    uint8_t state[MAX_WIDTH_LEN];
};

/*
 * One call of the duplex: `len` data bytes (0, 1 or 2), then the frame bit unless it is negative,
 * then the padding bit; out of it come the low 16 bits of the state.
 */
static void duplex_call(struct duplex *d, const uint8_t *data, size_t len, int frame,
        uint8_t ret_out[2])
{
    unsigned bits = 0;
    for (; bits < 8 * len; bits++) {
        bit_flip(d->state, bits, bit_get(data, bits));
    }
    if (frame >= 0) {
        bit_flip(d->state, bits++, (unsigned)frame);
    }
    bit_flip(d->state, bits, 1);
    naive_spongent_permute(d->security_bits, d->state);
    memcpy(ret_out, d->state, 2);
}

/* All blocks of a string carry the frame bit `frame`, the last its opposite. */
static void duplex_string(struct duplex *d, const uint8_t *data, size_t len, int frame,
        uint8_t ret_out[2])
{
    while (len > 2) {
        duplex_call(d, data, 2, frame, ret_out);
        data += 2;
        len -= 2;
    }
    duplex_call(d, data, len, !frame, ret_out);
}

static void sponge_wrap(unsigned security_bits, const uint8_t *key,
        const uint8_t *ad, size_t ad_len, const uint8_t *in, size_t len, bool decrypt,
        uint8_t *ret_out, uint8_t *ret_tag)
{
    struct duplex d = {.security_bits = security_bits};
    const size_t key_len = parameters_of(security_bits).key_len;
    uint8_t stream[2];
    duplex_string(&d, key, key_len, 1, stream);
    duplex_string(&d, ad, ad_len, 0, stream);
    size_t done = 0;
    do {
        const size_t part = len - done < 2 ? len - done : 2;
        uint8_t plain[2] = {0, 0};
        for (size_t i = 0; i < part; i++) {
            const uint8_t out = in[done + i] ^ stream[i];
            plain[i] = decrypt ? out : in[done + i];
            ret_out[done + i] = out;
        }
        done += part;
        duplex_call(&d, plain, part, done < len, stream);
    } while (done < len);
    for (size_t i = 0; i < key_len; i += 2) {
        memcpy(ret_tag + i, stream, 2);
        duplex_call(&d, NULL, 0, -1, stream);
    }
}

void naive_spongent_wrap(unsigned security_bits, const uint8_t *key,
        const uint8_t *ad, size_t ad_len, const uint8_t *body, size_t body_len,
        uint8_t *ret_cipher, uint8_t *ret_tag)
{
    sponge_wrap(security_bits, key, ad, ad_len, body, body_len, false, ret_cipher, ret_tag);
}

bool naive_spongent_unwrap(unsigned security_bits, const uint8_t *key,
        const uint8_t *ad, size_t ad_len, const uint8_t *cipher, size_t body_len,
        const uint8_t *tag, uint8_t *ret_body)
{
    uint8_t computed[16];
    sponge_wrap(security_bits, key, ad, ad_len, cipher, body_len, true, ret_body, computed);
    return memcmp(computed, tag, security_bits / 8) == 0;
}
