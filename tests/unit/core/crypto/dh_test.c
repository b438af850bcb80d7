/* SPDX-License-Identifier: MIT */
#include "core/crypto/dh.h"

#include "tests/support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct vectors *vectors;

static void published_products_hold(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 2; i++) {
        uint8_t result[CW_X25519_LEN];
        assert_true(cw_x25519(vectors_get(vectors, "multiply%u.scalar", i).at,
                vectors_get(vectors, "multiply%u.point", i).at, result));
        assert_memory_equal(result, vectors_get(vectors, "multiply%u.result", i).at,
                sizeof result);
    }
}

static void both_ends_agree_on_the_published_secret(void **state)
{
    (void)state;
    const uint8_t *alice = vectors_get(vectors, "alice.secret").at;
    const uint8_t *bob = vectors_get(vectors, "bob.secret").at;
    uint8_t alice_public[CW_X25519_LEN];
    uint8_t bob_public[CW_X25519_LEN];
    cw_x25519_public(alice, alice_public);
    cw_x25519_public(bob, bob_public);
    assert_memory_equal(alice_public, vectors_get(vectors, "alice.public").at, CW_X25519_LEN);
    assert_memory_equal(bob_public, vectors_get(vectors, "bob.public").at, CW_X25519_LEN);
    uint8_t shared[CW_X25519_LEN];
    assert_true(cw_x25519(alice, bob_public, shared));
    assert_memory_equal(shared, vectors_get(vectors, "shared").at, CW_X25519_LEN);
    assert_true(cw_x25519(bob, alice_public, shared));
    assert_memory_equal(shared, vectors_get(vectors, "shared").at, CW_X25519_LEN);
}

static void thousand_iterations_hold(void **state)
{
    (void)state;
    uint8_t scalar[CW_X25519_LEN] = {9};
    uint8_t point[CW_X25519_LEN] = {9};
    for (unsigned i = 1; i <= 1000; i++) {
        uint8_t result[CW_X25519_LEN];
        assert_true(cw_x25519(scalar, point, result));
        memcpy(point, scalar, sizeof point);
        memcpy(scalar, result, sizeof scalar);
        if (i == 1) {
            assert_memory_equal(scalar, vectors_get(vectors, "iterate.1").at, sizeof scalar);
        }
    }
    assert_memory_equal(scalar, vectors_get(vectors, "iterate.1000").at, sizeof scalar);
}

static void points_of_small_order_are_refused(void **state)
{
    (void)state;
    static const uint8_t zeros[CW_X25519_LEN];
    /* 0 and 1 (orders 2 and 4), p - 1 (order 4 on the twist), and p, p + 1: 0, 1 unreduced. */
    static const uint8_t low_bytes[5] = {0x00, 0x01, 0xec, 0xed, 0xee};
    for (size_t i = 0; i < 5; i++) {
        uint8_t point[CW_X25519_LEN];
        memset(point, i < 2 ? 0x00 : 0xff, sizeof point);
        point[0] = low_bytes[i];
        point[31] &= 0x7f;
        uint8_t secret[CW_X25519_LEN] = {0x42, 0x17};
        uint8_t shared[CW_X25519_LEN];
        memset(shared, 0xa5, sizeof shared);
        assert_false(cw_x25519(secret, point, shared));
        assert_memory_equal(shared, zeros, sizeof shared);
    }
}

static void top_bit_of_the_peer_is_ignored(void **state)
{
    (void)state;
    const uint8_t *scalar = vectors_get(vectors, "multiply1.scalar").at;
    uint8_t point[CW_X25519_LEN];
    memcpy(point, vectors_get(vectors, "multiply1.point").at, sizeof point);
    point[31] |= 0x80;
    assert_true(cw_x25519(scalar, point, point));
    assert_memory_equal(point, vectors_get(vectors, "multiply1.result").at, sizeof point);
}

static int vectors_open(void **state)
{
    (void)state;
    vectors = vectors_load("tests/vectors/x25519.txt");
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
        cmocka_unit_test(published_products_hold),
        cmocka_unit_test(both_ends_agree_on_the_published_secret),
        cmocka_unit_test(thousand_iterations_hold),
        cmocka_unit_test(points_of_small_order_are_refused),
        cmocka_unit_test(top_bit_of_the_peer_is_ignored),
    };
    return cmocka_run_group_tests(tests, vectors_open, vectors_close);
}
