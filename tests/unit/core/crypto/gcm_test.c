/* SPDX-License-Identifier: MIT */
#include "core/crypto/gcm.h"

#include "tests/support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define CASES 4
#define BODY_MAX 64

/* Set by gcm_x86ni_test.c, whose engine does not ask the CPU. */
#ifndef ENGINE_NEEDS_AES
#define ENGINE_NEEDS_AES 0
#endif

static struct vectors *vectors;

static void engine_need(void)
{
    if (ENGINE_NEEDS_AES && !(__builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul"))) {
        print_message("skipped: this CPU has no AES instructions\n");
        skip();
    }
}

static void published_vectors_hold(void **state)
{
    (void)state;
    engine_need();
    for (unsigned i = 1; i <= CASES; i++) {
        const struct bytes key = vectors_get(vectors, "case%u.key", i);
        const struct bytes nonce = vectors_get(vectors, "case%u.nonce", i);
        const struct bytes ad = vectors_get(vectors, "case%u.ad", i);
        const struct bytes body = vectors_get(vectors, "case%u.body", i);
        uint8_t cipher[BODY_MAX];
        uint8_t tag[CW_GCM_TAG_LEN];
        cw_gcm_seal(key.at, nonce.at, ad.at, ad.len, body.at, body.len, cipher, tag);
        assert_memory_equal(cipher, vectors_get(vectors, "case%u.cipher", i).at, body.len);
        assert_memory_equal(tag, vectors_get(vectors, "case%u.tag", i).at, sizeof tag);
        uint8_t plain[BODY_MAX];
        assert_true(cw_gcm_open(key.at, nonce.at, ad.at, ad.len, cipher, body.len, tag, plain));
        assert_memory_equal(plain, body.at, body.len);
    }
}

static void keyed_form_equals_the_plain_one(void **state)
{
    (void)state;
    engine_need();
    const struct bytes key = vectors_get(vectors, "case4.key");
    const struct bytes nonce = vectors_get(vectors, "case4.nonce");
    const struct bytes ad = vectors_get(vectors, "case4.ad");
    const struct bytes body = vectors_get(vectors, "case3.body");
    struct cw_gcm_key k;
    cw_gcm_key_init(&k, key.at);
    for (size_t ad_len = 0; ad_len <= ad.len; ad_len++) {
        for (size_t len = 0; len <= body.len; len++) {
            uint8_t cipher[2][BODY_MAX];
            uint8_t tag[2][CW_GCM_TAG_LEN];
            cw_gcm_seal(key.at, nonce.at, ad.at, ad_len, body.at, len, cipher[0], tag[0]);
            cw_gcm_key_seal(&k, nonce.at, ad.at, ad_len, body.at, len, cipher[1], tag[1]);
            assert_memory_equal(cipher[0], cipher[1], len);
            assert_memory_equal(tag[0], tag[1], CW_GCM_TAG_LEN);
            uint8_t plain[BODY_MAX];
            assert_true(cw_gcm_key_open(
                    &k, nonce.at, ad.at, ad_len, cipher[1], len, tag[1], plain));
            assert_memory_equal(plain, body.at, len);
        }
    }
}

static void wrong_tag_gives_zeros(void **state)
{
    (void)state;
    engine_need();
    static const uint8_t zeros[20];
    const struct bytes key = vectors_get(vectors, "case4.key");
    const struct bytes nonce = vectors_get(vectors, "case4.nonce");
    const struct bytes ad = vectors_get(vectors, "case4.ad");
    const struct bytes body = vectors_get(vectors, "case4.body");
    uint8_t frame[8 + 20 + CW_GCM_TAG_LEN];
    memcpy(frame, ad.at, 8);
    cw_gcm_seal(key.at, nonce.at, frame, 8, body.at, 20, frame + 8, frame + 28);
    for (size_t bit = 0; bit < 8 * sizeof frame; bit++) {
        uint8_t forged[sizeof frame];
        memcpy(forged, frame, sizeof frame);
        forged[bit / 8] ^= (uint8_t)(1u << bit % 8);
        uint8_t plain[20];
        memset(plain, 0xa5, sizeof plain);
        assert_false(cw_gcm_open(
                key.at, nonce.at, forged, 8, forged + 8, 20, forged + 28, plain));
        assert_memory_equal(plain, zeros, sizeof plain);
    }
}

static void in_place_works(void **state)
{
    (void)state;
    engine_need();
    const struct bytes key = vectors_get(vectors, "case3.key");
    const struct bytes nonce = vectors_get(vectors, "case3.nonce");
    const struct bytes body = vectors_get(vectors, "case3.body");
    uint8_t bytes[BODY_MAX];
    uint8_t tag[CW_GCM_TAG_LEN];
    memcpy(bytes, body.at, body.len);
    cw_gcm_seal(key.at, nonce.at, NULL, 0, bytes, body.len, bytes, tag);
    assert_memory_equal(bytes, vectors_get(vectors, "case3.cipher").at, body.len);
    assert_true(cw_gcm_open(key.at, nonce.at, NULL, 0, bytes, body.len, tag, bytes));
    assert_memory_equal(bytes, body.at, body.len);
}

static int vectors_open(void **state)
{
    (void)state;
    vectors = vectors_load("tests/vectors/gcm.txt");
    return 0;
}

static int vectors_close(void **state)
{
    (void)state;
    vectors_free(vectors);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_hold),
        cmocka_unit_test(keyed_form_equals_the_plain_one),
        cmocka_unit_test(wrong_tag_gives_zeros),
        cmocka_unit_test(in_place_works),
    };
    return cmocka_run_group_tests(tests, vectors_open, vectors_close);
}
