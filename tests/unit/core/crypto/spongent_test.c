/* SPDX-License-Identifier: MIT */
#include "core/crypto/spongent.h"

#include "core/crypto/spongent_permute.h"
#include "core/crypto/spongent_portable.h"
#include "core/crypto/x86_64/spongent_sse41.h"
#include "tests/support/naive_spongent.h"
#include "tests/support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BODY_MAX 96

/* Reproducible bytes for cross-checks. */
static void random_fill(void *bytes, size_t len)
{
    static uint64_t state = 0x9e3779b97f4a7c15u;
    uint8_t *out = bytes;
    for (size_t i = 0; i < len; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out[i] = (uint8_t)(state >> 32);
    }
}

/* What the file has, held against both the naive reference and ours; how many vectors there are. */
static unsigned vectors_check(unsigned security_bits)
{
    struct vectors *v = vectors_load("tests/vectors/spongent.txt");
    const unsigned s = security_bits;
    unsigned count = 0;
    for (unsigned i = 1; vectors_has(v, "wrap%u.%u.key", s, i); i++, count++) {
        const struct bytes key = vectors_get(v, "wrap%u.%u.key", s, i);
        const struct bytes ad = vectors_get(v, "wrap%u.%u.ad", s, i);
        const struct bytes body = vectors_get(v, "wrap%u.%u.body", s, i);
        const struct bytes cipher = vectors_get(v, "wrap%u.%u.cipher", s, i);
        const struct bytes tag = vectors_get(v, "wrap%u.%u.tag", s, i);
        assert_int_equal(key.len, s / 8);
        assert_int_equal(cipher.len, body.len);
        assert_in_range(tag.len, 8, s / 8);
        uint8_t got[BODY_MAX];
        uint8_t got_tag[16];
        naive_spongent_wrap(s, key.at, ad.at, ad.len, body.at, body.len, got, got_tag);
        assert_memory_equal(got, cipher.at, cipher.len);
        assert_memory_equal(got_tag, tag.at, tag.len);
        if (s == 64) { /* a chip's width only */
            continue;
        }
        cw_spongent_wrap(key.at, ad.at, ad.len, body.at, body.len, got, got_tag);
        assert_memory_equal(got, cipher.at, cipher.len);
        assert_memory_equal(got_tag, tag.at, tag.len);
        if (body.len == 0) {
            cw_spongent_mac(key.at, ad.at, ad.len, got_tag);
            assert_memory_equal(got_tag, tag.at, tag.len);
        }
        if (tag.len == CW_SPONGENT_TAG_LEN) {
            assert_true(cw_spongent_unwrap(key.at, ad.at, ad.len, cipher.at, cipher.len, tag.at, got));
            assert_memory_equal(got, body.at, body.len);
        }
    }
    vectors_free(v);
    return count;
}

static void published_vectors_hold(void **state)
{
    (void)state;
    assert_int_equal(vectors_check(128), 11);
}

static void naive_reference_holds_to_those_of_64_bits(void **state)
{
    (void)state;
    assert_int_equal(vectors_check(64), 9);
}

static void permutation_of_zero_is_the_published_one(void **state)
{
    (void)state;
    struct vectors *v = vectors_load("tests/vectors/spongent.txt");
    const struct bytes wide = vectors_get(v, "permute128.zero");
    const struct bytes narrow = vectors_get(v, "permute64.zero");
    assert_int_equal(wide.len, CW_SPONGENT_STATE336_LEN);
    assert_int_equal(narrow.len, CW_SPONGENT_STATE176_LEN);
    uint8_t s336[CW_SPONGENT_STATE336_LEN] = {0};
    uint8_t s176[CW_SPONGENT_STATE176_LEN] = {0};
    cw_spongent_permute336(s336);
    cw_spongent_permute176(s176);
    assert_memory_equal(s336, wide.at, wide.len);
    assert_memory_equal(s176, narrow.at, narrow.len);
    vectors_free(v);
}

typedef void permute_function(uint8_t *state);

static void permutation_check(permute_function *function, unsigned security_bits, size_t len)
{
    for (unsigned round = 0; round < 300; round++) {
        uint8_t expected[CW_SPONGENT_STATE336_LEN];
        uint8_t got[CW_SPONGENT_STATE336_LEN];
        random_fill(expected, len);
        memcpy(got, expected, len);
        naive_spongent_permute(security_bits, expected);
        function(got);
        assert_memory_equal(got, expected, len);
    }
    /* Each single bit too: a slip in one position of the bit layer shows here by name. */
    for (size_t bit = 0; bit < 8 * len; bit++) {
        uint8_t expected[CW_SPONGENT_STATE336_LEN] = {0};
        expected[bit / 8] = (uint8_t)(1u << bit % 8);
        uint8_t got[CW_SPONGENT_STATE336_LEN];
        memcpy(got, expected, len);
        naive_spongent_permute(security_bits, expected);
        function(got);
        assert_memory_equal(got, expected, len);
    }
}

static void portable_permutations_equal_the_naive_ones(void **state)
{
    (void)state;
    permutation_check(cw_spongent_portable336, 128, CW_SPONGENT_STATE336_LEN);
    permutation_check(cw_spongent_portable176, 64, CW_SPONGENT_STATE176_LEN);
}

static void chosen_permutations_equal_the_naive_ones(void **state)
{
    (void)state;
    permutation_check(cw_spongent_permute336, 128, CW_SPONGENT_STATE336_LEN);
    permutation_check(cw_spongent_permute176, 64, CW_SPONGENT_STATE176_LEN);
}

static void sse41_permutation_equals_the_naive_one(void **state)
{
    (void)state;
    if (!__builtin_cpu_supports("sse4.1")) {
        print_message("skipped: this CPU has no SSE4.1\n");
        skip();
    }
    permutation_check(cw_spongent_sse41_336, 128, CW_SPONGENT_STATE336_LEN);
}

static void wrap_equals_the_naive_one_at_all_lengths(void **state)
{
    (void)state;
    for (size_t ad_len = 0; ad_len <= 9; ad_len++) {
        for (size_t body_len = 0; body_len <= 9; body_len++) {
            uint8_t key[16];
            uint8_t ad[9];
            uint8_t body[9];
            random_fill(key, sizeof key);
            random_fill(ad, sizeof ad);
            random_fill(body, sizeof body);
            uint8_t expected[9 + 16];
            uint8_t got[9 + 16];
            naive_spongent_wrap(128, key, ad, ad_len, body, body_len, expected, expected + body_len);
            cw_spongent_wrap(key, ad, ad_len, body, body_len, got, got + body_len);
            assert_memory_equal(got, expected, body_len + 16);
            uint8_t plain[9];
            assert_true(cw_spongent_unwrap(key, ad, ad_len, got, body_len, got + body_len, plain));
            assert_memory_equal(plain, body, body_len);
            assert_true(naive_spongent_unwrap(128, key, ad, ad_len, got, body_len, got + body_len, plain));
            assert_memory_equal(plain, body, body_len);
        }
    }
}

static void long_strings_equal_the_naive_ones(void **state)
{
    (void)state;
    uint8_t key[16];
    uint8_t ad[257];
    uint8_t body[1030];
    random_fill(key, sizeof key);
    random_fill(ad, sizeof ad);
    random_fill(body, sizeof body);
    uint8_t expected[sizeof body + 16];
    uint8_t got[sizeof body + 16];
    naive_spongent_wrap(128, key, ad, sizeof ad, body, sizeof body, expected, expected + sizeof body);
    cw_spongent_wrap(key, ad, sizeof ad, body, sizeof body, got, got + sizeof body);
    assert_memory_equal(got, expected, sizeof got);
}

static void wrong_tag_gives_zeros(void **state)
{
    (void)state;
    static const uint8_t zeros[10];
    uint8_t key[16];
    uint8_t ad[4];
    uint8_t body[10];
    random_fill(key, sizeof key);
    random_fill(ad, sizeof ad);
    random_fill(body, sizeof body);
    uint8_t frame[4 + 10 + 16];
    memcpy(frame, ad, 4);
    cw_spongent_wrap(key, ad, 4, body, 10, frame + 4, frame + 14);
    for (size_t bit = 0; bit < 8 * sizeof frame; bit++) {
        uint8_t forged[sizeof frame];
        memcpy(forged, frame, sizeof frame);
        forged[bit / 8] ^= (uint8_t)(1u << bit % 8);
        uint8_t plain[10];
        memset(plain, 0xa5, sizeof plain);
        assert_false(cw_spongent_unwrap(key, forged, 4, forged + 4, 10, forged + 14, plain));
        assert_memory_equal(plain, zeros, sizeof plain);
    }
}

static void other_key_or_split_is_refused(void **state)
{
    (void)state;
    uint8_t key[16];
    uint8_t text[12];
    random_fill(key, sizeof key);
    random_fill(text, sizeof text);
    uint8_t cipher[8];
    uint8_t tag[16];
    cw_spongent_wrap(key, text, 4, text + 4, 8, cipher, tag);
    uint8_t plain[12];
    uint8_t joined[12];
    memcpy(joined, text, 4);
    memcpy(joined + 4, cipher, 8);
    assert_false(cw_spongent_unwrap(key, joined, 2, joined + 2, 10, tag, plain));
    assert_false(cw_spongent_unwrap(key, joined, 6, joined + 6, 6, tag, plain));
    key[15] ^= 1;
    assert_false(cw_spongent_unwrap(key, text, 4, cipher, 8, tag, plain));
}

static void in_place_works(void **state)
{
    (void)state;
    static const uint8_t zeros[20];
    uint8_t key[16];
    uint8_t body[20];
    random_fill(key, sizeof key);
    random_fill(body, sizeof body);
    uint8_t cipher[20];
    uint8_t tag[16];
    uint8_t tag_in_place[16];
    uint8_t bytes[20];
    memcpy(bytes, body, sizeof body);
    cw_spongent_wrap(key, key, 8, body, sizeof body, cipher, tag);
    cw_spongent_wrap(key, key, 8, bytes, sizeof bytes, bytes, tag_in_place);
    assert_memory_equal(bytes, cipher, sizeof cipher);
    assert_memory_equal(tag_in_place, tag, sizeof tag);
    assert_true(cw_spongent_unwrap(key, key, 8, bytes, sizeof bytes, tag, bytes));
    assert_memory_equal(bytes, body, sizeof body);
    memcpy(bytes, cipher, sizeof cipher);
    tag[0] ^= 0x80;
    assert_false(cw_spongent_unwrap(key, key, 8, bytes, sizeof bytes, tag, bytes));
    assert_memory_equal(bytes, zeros, sizeof zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_hold),
        cmocka_unit_test(naive_reference_holds_to_those_of_64_bits),
        cmocka_unit_test(permutation_of_zero_is_the_published_one),
        cmocka_unit_test(portable_permutations_equal_the_naive_ones),
        cmocka_unit_test(chosen_permutations_equal_the_naive_ones),
        cmocka_unit_test(sse41_permutation_equals_the_naive_one),
        cmocka_unit_test(wrap_equals_the_naive_one_at_all_lengths),
        cmocka_unit_test(long_strings_equal_the_naive_ones),
        cmocka_unit_test(wrong_tag_gives_zeros),
        cmocka_unit_test(other_key_or_split_is_refused),
        cmocka_unit_test(in_place_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
