/* SPDX-License-Identifier: MIT */
#include "core/crypto/ecdsa.h"

#include "core/crypto/hash.h"
#include "tests/support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct vectors *vectors;
static const char *const messages[] = {"sample", "test"};

static void hash_of(const char *message, uint8_t ret_hash[static 32])
{
    struct vector bytes = vectors_get(vectors, "%s.message", message);
    cw_sha256(bytes.at, bytes.len, ret_hash);
}

static void published_signatures_are_made(void **state)
{
    (void)state;
    struct cw_ecdsa_key key;
    memcpy(key.secret, vectors_get(vectors, "secret").at, sizeof key.secret);
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        uint8_t hash[32];
        uint8_t signature[CW_ECDSA_RAW_LEN];
        hash_of(messages[i], hash);
        cw_ecdsa_sign_raw(&key, hash, signature);
        assert_memory_equal(signature, vectors_get(vectors, "%s.signature", messages[i]).at,
                sizeof signature);
    }
}

static void published_signatures_verify(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        uint8_t hash[32];
        hash_of(messages[i], hash);
        assert_true(cw_ecdsa_verify_raw(vectors_get(vectors, "public").at, hash,
                vectors_get(vectors, "%s.signature", messages[i]).at));
    }
}

static void a_changed_bit_anywhere_is_refused(void **state)
{
    (void)state;
    uint8_t hash[32];
    uint8_t public_key[CW_ECDSA_RAW_LEN];
    uint8_t signature[CW_ECDSA_RAW_LEN];
    hash_of("sample", hash);
    memcpy(public_key, vectors_get(vectors, "public").at, sizeof public_key);
    memcpy(signature, vectors_get(vectors, "sample.signature").at, sizeof signature);
    uint8_t *const parts[] = {hash, public_key, signature};
    const size_t lens[] = {sizeof hash, sizeof public_key, sizeof signature};
    for (size_t i = 0; i < 3; i++) {
        for (size_t at = 0; at < lens[i]; at++) {
            parts[i][at] ^= (uint8_t)(1u << at % 8);
            assert_false(cw_ecdsa_verify_raw(public_key, hash, signature));
            parts[i][at] ^= (uint8_t)(1u << at % 8);
        }
    }
    assert_true(cw_ecdsa_verify_raw(public_key, hash, signature));
}

static void zeros_are_no_signature_and_no_key(void **state)
{
    (void)state;
    uint8_t hash[32];
    static const uint8_t zeros[CW_ECDSA_RAW_LEN];
    hash_of("sample", hash);
    assert_false(cw_ecdsa_verify_raw(vectors_get(vectors, "public").at, hash, zeros));
    assert_false(cw_ecdsa_verify_raw(zeros, hash, vectors_get(vectors, "sample.signature").at));
    assert_false(cw_ecdsa_verify_raw(zeros, hash, zeros));
}

int main(void)
{
    vectors = vectors_open("tests/vectors/ecdsa_p256.txt");
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(published_signatures_are_made),
            cmocka_unit_test(published_signatures_verify),
            cmocka_unit_test(a_changed_bit_anywhere_is_refused),
            cmocka_unit_test(zeros_are_no_signature_and_no_key),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    vectors_close(vectors);
    return failed;
}
