/* SPDX-License-Identifier: MIT */
#include "core/crypto/kdf.h"

#include "tests/support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void sha256_vectors_hold(void **state)
{
    (void)state;
    struct vectors *v = vectors_load("tests/vectors/sha256.txt");
    for (unsigned i = 1; i <= 3; i++) {
        const struct bytes message = vectors_get(v, "case%u.message", i);
        uint8_t hash[CW_SHA256_LEN];
        cw_sha256(message.at, message.len, hash);
        assert_memory_equal(hash, vectors_get(v, "case%u.hash", i).at, sizeof hash);
    }
    vectors_free(v);
}

static void sha256_in_parts_equals_the_whole(void **state)
{
    (void)state;
    uint8_t message[200];
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(7 * i);
    }
    for (size_t split = 0; split <= sizeof message; split++) {
        uint8_t whole[CW_SHA256_LEN];
        uint8_t parts[CW_SHA256_LEN];
        cw_sha256(message, sizeof message, whole);
        struct cw_sha256 h;
        cw_sha256_init(&h);
        cw_sha256_update(&h, message, split);
        cw_sha256_out(&h, parts);
        cw_sha256_update(&h, message + split, sizeof message - split);
        cw_sha256_out(&h, parts);
        assert_memory_equal(parts, whole, sizeof whole);
    }
}

static void hmac_vectors_hold(void **state)
{
    (void)state;
    struct vectors *v = vectors_load("tests/vectors/kdf.txt");
    for (unsigned i = 1; i <= 4; i++) {
        const struct bytes key = vectors_get(v, "hmac%u.key", i);
        const struct bytes message = vectors_get(v, "hmac%u.message", i);
        uint8_t tag[CW_SHA256_LEN];
        cw_hmac_sha256(key.at, key.len, message.at, message.len, tag);
        assert_memory_equal(tag, vectors_get(v, "hmac%u.tag", i).at, sizeof tag);
    }
    vectors_free(v);
}

static void hkdf_vectors_hold(void **state)
{
    (void)state;
    struct vectors *v = vectors_load("tests/vectors/kdf.txt");
    for (unsigned i = 1; i <= 2; i++) {
        const struct bytes salt = vectors_get(v, "hkdf%u.salt", i);
        const struct bytes ikm = vectors_get(v, "hkdf%u.ikm", i);
        const struct bytes info = vectors_get(v, "hkdf%u.info", i);
        const struct bytes okm = vectors_get(v, "hkdf%u.okm", i);
        uint8_t prk[CW_SHA256_LEN];
        cw_hkdf_extract(salt.at, salt.len, ikm.at, ikm.len, prk);
        assert_memory_equal(prk, vectors_get(v, "hkdf%u.prk", i).at, sizeof prk);
        for (size_t len = 0; len <= okm.len; len++) {
            uint8_t key[CW_HKDF_OUT_MAX];
            memset(key, 0xa5, sizeof key);
            cw_hkdf_expand(prk, info.at, info.len, key, len);
            assert_memory_equal(key, okm.at, len);
            assert_int_equal(key[len], 0xa5);
        }
    }
    vectors_free(v);
}

static void hkdf_goes_no_further_than_its_limit(void **state)
{
    (void)state;
    uint8_t prk[CW_SHA256_LEN] = {1};
    uint8_t limit[CW_HKDF_OUT_MAX];
    uint8_t key[CW_HKDF_OUT_MAX + 8];
    memset(key, 0xa5, sizeof key);
    cw_hkdf_expand(prk, NULL, 0, limit, sizeof limit);
    cw_hkdf_expand(prk, NULL, 0, key, sizeof key);
    assert_memory_equal(key, limit, sizeof limit);
    assert_int_equal(key[CW_HKDF_OUT_MAX], 0xa5);
}

static void output_may_replace_the_key(void **state)
{
    (void)state;
    uint8_t expected[CW_SHA256_LEN];
    uint8_t key[CW_SHA256_LEN] = {3, 1, 4};
    cw_hmac_sha256(key, sizeof key, (const uint8_t *)"message", 7, expected);
    cw_hmac_sha256(key, sizeof key, (const uint8_t *)"message", 7, key);
    assert_memory_equal(key, expected, sizeof key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_vectors_hold),
        cmocka_unit_test(sha256_in_parts_equals_the_whole),
        cmocka_unit_test(hmac_vectors_hold),
        cmocka_unit_test(hkdf_vectors_hold),
        cmocka_unit_test(hkdf_goes_no_further_than_its_limit),
        cmocka_unit_test(output_may_replace_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
