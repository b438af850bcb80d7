/* SPDX-License-Identifier: MIT */
#include "core/crypto/es256.h"

#include "core/crypto/hash.h"
#include "tests/support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The order of the group. */
static const uint8_t order[CW_ES256_SECRET_LEN] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
        0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

static struct vectors *vectors;

static void hash_of(unsigned number, uint8_t ret_hash[static CW_SHA256_LEN])
{
    const struct bytes message = vectors_get(vectors, "case%u.message", number);
    cw_sha256(message.at, message.len, ret_hash);
}

static void published_signatures_are_made_and_verified(void **state)
{
    (void)state;
    const uint8_t *public_key = vectors_get(vectors, "public").at;
    for (unsigned i = 1; i <= 2; i++) {
        const uint8_t *wanted = vectors_get(vectors, "case%u.signature", i).at;
        uint8_t hash[CW_SHA256_LEN];
        uint8_t signature[CW_ES256_SIGNATURE_LEN];
        hash_of(i, hash);
        assert_true(cw_es256_sign(vectors_get(vectors, "secret").at, hash, signature));
        assert_memory_equal(signature, wanted, sizeof signature);
        assert_true(cw_es256_verify(public_key, hash, wanted));
    }
}

static void published_key_belongs_to_its_secret(void **state)
{
    (void)state;
    uint8_t made[CW_ES256_PUBLIC_LEN];
    assert_true(cw_es256_public(vectors_get(vectors, "secret").at, made));
    assert_memory_equal(made, vectors_get(vectors, "public").at, sizeof made);
}

static void every_flipped_byte_is_refused(void **state)
{
    (void)state;
    uint8_t hash[CW_SHA256_LEN];
    uint8_t public_key[CW_ES256_PUBLIC_LEN];
    uint8_t signature[CW_ES256_SIGNATURE_LEN];
    hash_of(1, hash);
    memcpy(public_key, vectors_get(vectors, "public").at, sizeof public_key);
    memcpy(signature, vectors_get(vectors, "case1.signature").at, sizeof signature);
    for (size_t i = 0; i < sizeof signature; i++) {
        signature[i] ^= 0x10;
        assert_false(cw_es256_verify(public_key, hash, signature));
        signature[i] ^= 0x10;
        public_key[i] ^= 0x10;
        assert_false(cw_es256_verify(public_key, hash, signature));
        public_key[i] ^= 0x10;
        hash[i % sizeof hash] ^= 0x10;
        assert_false(cw_es256_verify(public_key, hash, signature));
        hash[i % sizeof hash] ^= 0x10;
    }
    assert_true(cw_es256_verify(public_key, hash, signature));
}

/* r or s of 0 verifies nothing, whatever the key. */
static void zeros_are_no_signature(void **state)
{
    (void)state;
    uint8_t hash[CW_SHA256_LEN];
    uint8_t signature[CW_ES256_SIGNATURE_LEN];
    hash_of(1, hash);
    for (size_t half = 0; half < sizeof signature; half += 32) {
        memcpy(signature, vectors_get(vectors, "case1.signature").at, sizeof signature);
        memset(signature + half, 0, 32);
        assert_false(cw_es256_verify(vectors_get(vectors, "public").at, hash, signature));
    }
}

static void secrets_out_of_range_are_none(void **state)
{
    (void)state;
    static const uint8_t zeros[CW_ES256_SIGNATURE_LEN];
    uint8_t secret[4][CW_ES256_SECRET_LEN] = {{0}};
    memcpy(secret[1], order, sizeof order);
    memcpy(secret[2], order, sizeof order);
    secret[2][31]++;
    memset(secret[3], 0xff, sizeof secret[3]);
    for (size_t i = 0; i < 4; i++) {
        uint8_t result[CW_ES256_SIGNATURE_LEN];
        memset(result, 0xa5, sizeof result);
        assert_false(cw_es256_public(secret[i], result));
        assert_memory_equal(result, zeros, sizeof zeros);
        memset(result, 0xa5, sizeof result);
        assert_false(cw_es256_sign(secret[i], zeros, result));
        assert_memory_equal(result, zeros, sizeof zeros);
    }
}

static void smallest_and_largest_secret_sign(void **state)
{
    (void)state;
    uint8_t hash[CW_SHA256_LEN];
    uint8_t secret[2][CW_ES256_SECRET_LEN] = {{0}};
    secret[0][31] = 1;
    memcpy(secret[1], order, sizeof order);
    secret[1][31]--;
    hash_of(2, hash);
    for (size_t i = 0; i < 2; i++) {
        uint8_t public_key[CW_ES256_PUBLIC_LEN];
        uint8_t signature[CW_ES256_SIGNATURE_LEN];
        assert_true(cw_es256_public(secret[i], public_key));
        assert_true(cw_es256_sign(secret[i], hash, signature));
        assert_true(cw_es256_verify(public_key, hash, signature));
    }
}

static int vectors_open(void **state)
{
    (void)state;
    vectors = vectors_load("tests/vectors/es256.txt");
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
            cmocka_unit_test(published_signatures_are_made_and_verified),
            cmocka_unit_test(published_key_belongs_to_its_secret),
            cmocka_unit_test(every_flipped_byte_is_refused),
            cmocka_unit_test(zeros_are_no_signature),
            cmocka_unit_test(secrets_out_of_range_are_none),
            cmocka_unit_test(smallest_and_largest_secret_sign),
    };
    return cmocka_run_group_tests(tests, vectors_open, vectors_close);
}
