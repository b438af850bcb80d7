/* SPDX-License-Identifier: MIT */
#include "core/crypto/p256.h"

#include "core/crypto/hash.h"
#include "tests/support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void a_secret_is_x_mod_n_less_1_plus_1(void **state)
{
    (void)state;
    struct vectors *v = vectors_load("tests/vectors/p256.txt");
    for (unsigned i = 1; i <= 8; i++) {
        const struct bytes x = vectors_get(v, "wide%u.x", i);
        assert_int_equal(x.len, CW_P256_WIDE_LEN);
        uint8_t bytes[CW_P256_WIDE_LEN];
        memcpy(bytes, x.at, sizeof bytes);
        cw_p256_secret(bytes, bytes);
        assert_memory_equal(bytes, vectors_get(v, "wide%u.secret", i).at, CW_P256_SECRET_LEN);
    }
    vectors_free(v);
}

static void public_key_and_signatures_are_those_of_rfc_6979(void **state)
{
    (void)state;
    struct vectors *v = vectors_load("tests/vectors/p256.txt");
    const uint8_t *secret = vectors_get(v, "secret").at;
    uint8_t public_key[CW_P256_PUBLIC_LEN];
    cw_p256_public(secret, public_key);
    assert_memory_equal(public_key, vectors_get(v, "public").at, sizeof public_key);
    for (unsigned i = 1; i <= 2; i++) {
        const struct bytes message = vectors_get(v, "sign%u.message", i);
        uint8_t hash[CW_SHA256_LEN];
        uint8_t signature[CW_P256_SIGNATURE_LEN];
        cw_sha256(message.at, message.len, hash);
        cw_p256_sign(secret, hash, signature);
        assert_memory_equal(signature, vectors_get(v, "sign%u.signature", i).at, sizeof signature);
        assert_true(cw_p256_verify(public_key, hash, signature));
    }
    vectors_free(v);
}

static void any_changed_bit_is_refused(void **state)
{
    (void)state;
    struct vectors *v = vectors_load("tests/vectors/p256.txt");
    struct {
        uint8_t public_key[CW_P256_PUBLIC_LEN];
        uint8_t hash[CW_SHA256_LEN];
        uint8_t signature[CW_P256_SIGNATURE_LEN];
    } it;
    memcpy(it.public_key, vectors_get(v, "public").at, sizeof it.public_key);
    cw_sha256("sample", 6, it.hash);
    memcpy(it.signature, vectors_get(v, "sign1.signature").at, sizeof it.signature);
    uint8_t *bytes = (uint8_t *)&it;
    for (size_t i = 0; i < sizeof it; i += 5) {
        bytes[i] ^= (uint8_t)(1u << i % 8);
        assert_false(cw_p256_verify(it.public_key, it.hash, it.signature));
        bytes[i] ^= (uint8_t)(1u << i % 8);
    }
    assert_true(cw_p256_verify(it.public_key, it.hash, it.signature));
    vectors_free(v);
}

static void signatures_of_zeros_and_of_no_point_are_refused(void **state)
{
    (void)state;
    const uint8_t zeros[CW_P256_SIGNATURE_LEN] = {0};
    struct vectors *v = vectors_load("tests/vectors/p256.txt");
    uint8_t hash[CW_SHA256_LEN];
    cw_sha256("sample", 6, hash);
    assert_false(cw_p256_verify(vectors_get(v, "public").at, hash, zeros));
    assert_false(cw_p256_verify(zeros, hash, vectors_get(v, "sign1.signature").at));
    vectors_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_x_mod_n_less_1_plus_1),
        cmocka_unit_test(public_key_and_signatures_are_those_of_rfc_6979),
        cmocka_unit_test(any_changed_bit_is_refused),
        cmocka_unit_test(signatures_of_zeros_and_of_no_point_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
