/* SPDX-License-Identifier: MIT */
#include "core/crypto/gcm.h"

#include "tests/support/vectors.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define CASES 4
#define BODY_MAX 64
#define LONGEST 700

/* Set by gcm_x86_64_test.c, whose code does not ask the CPU. */
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

/* What OpenSSL makes of it: cipher, then tag. */
static void openssl_seal(const uint8_t *key, const uint8_t *nonce, const uint8_t *ad, int ad_len,
        const uint8_t *body, int len, uint8_t *ret_cipher)
{
    int done;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, nonce), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &done, ad, ad_len), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, ret_cipher, &done, body, len), 1);
    assert_int_equal(EVP_EncryptFinal_ex(ctx, ret_cipher + len, &done), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CW_GCM_TAG_LEN,
                             ret_cipher + len), 1);
    EVP_CIPHER_CTX_free(ctx);
}

static void every_length_equals_openssl(void **state)
{
    (void)state;
    engine_need();
    uint8_t body[LONGEST];
    uint8_t cipher[LONGEST + CW_GCM_TAG_LEN];
    uint8_t expected[LONGEST + CW_GCM_TAG_LEN];
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (uint8_t)(i * i + 7);
    }
    for (size_t len = 0; len <= LONGEST; len += len < 150 ? 1 : 37) {
        const size_t ad_len = len % 83;
        const uint8_t *key = body + len % 97;
        const uint8_t *nonce = body + len % 61;
        openssl_seal(key, nonce, body, (int)ad_len, body, (int)len, expected);
        cw_gcm_seal(key, nonce, body, ad_len, body, len, cipher, cipher + len);
        assert_memory_equal(cipher, expected, len + CW_GCM_TAG_LEN);
        assert_true(cw_gcm_open(key, nonce, body, ad_len, cipher, len, expected + len, cipher));
        assert_memory_equal(cipher, body, len);
    }
}

static void a_key_that_changes_in_its_place_is_noticed(void **state)
{
    (void)state;
    engine_need();
    static const uint8_t nonce[CW_GCM_NONCE_LEN];
    uint8_t key[CW_GCM_KEY_LEN] = {0};
    uint8_t expected[CW_GCM_TAG_LEN];
    uint8_t tag[CW_GCM_TAG_LEN];
    for (unsigned bit = 0; bit < 8 * sizeof key; bit++) {
        key[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (bit % 3 == 0) {
            cw_gcm_forget();
        }
        openssl_seal(key, nonce, NULL, 0, NULL, 0, expected);
        for (int again = 0; again < 2; again++) {
            cw_gcm_seal(key, nonce, NULL, 0, NULL, 0, NULL, tag);
            assert_memory_equal(tag, expected, sizeof tag);
        }
    }
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
        cmocka_unit_test(wrong_tag_gives_zeros),
        cmocka_unit_test(in_place_works),
        cmocka_unit_test(every_length_equals_openssl),
        cmocka_unit_test(a_key_that_changes_in_its_place_is_noticed),
    };
    return cmocka_run_group_tests(tests, vectors_open, vectors_close);
}
