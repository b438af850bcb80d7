/* SPDX-License-Identifier: MIT */
/* The only door to untrusted memory (copy.c), on the host: what it takes for the arena, and each range. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tee/sgx/enclave/inside.h"

/* What link.ld says inside an image; here the test is the enclave. */
#define ELRANGE 0x10000ul
_Alignas(4096) uint8_t __cw_tcs[ELRANGE];
const uint64_t __cw_elrange_len = ELRANGE;

static uint8_t *arena;
static cw_far arena_far;

static int open_arena(void **state)
{
    (void)state;
    arena = aligned_alloc(4096, CW_SGX_ARENA_LEN);
    arena_far = (cw_far)arena;
    if (arena == NULL || !cw_arena_open(arena_far, CW_SGX_ARENA_LEN)) {
        return -1;
    }
    for (size_t i = 0; i < CW_SGX_ARENA_LEN; i++) {
        arena[i] = (uint8_t)(i * 7 + (i >> 8));
    }
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    free(arena);
    return 0;
}

static void r09_arena_that_touches_the_enclave_or_wraps_is_refused(void **state)
{
    (void)state;
    const cw_far base = (cw_far)__cw_tcs;
    const size_t len = CW_SGX_ARENA_LEN;
    assert_false(cw_arena_open(arena_far, len - 1));
    assert_false(cw_arena_open(arena_far, 0));
    for (unsigned skip = 1; skip < 8; skip++) {
        assert_false(cw_arena_open(arena_far + skip, len));
    }
    assert_false(cw_arena_open(base, len));
    assert_false(cw_arena_open(base + ELRANGE - 8, len));
    assert_false(cw_arena_open(base - len + 8, len));
    assert_false(cw_arena_open(base - len / 2, len));
    assert_false(cw_arena_open(UINTPTR_MAX - len + 1, len));
    assert_false(cw_arena_open(UINTPTR_MAX - 7, len));
    assert_int_equal(cw_arena_place(), arena_far); /* nothing changed */
    assert_true(cw_arena_open(base + ELRANGE, len));
    assert_true(cw_arena_open(base - len, len));
    assert_true(cw_arena_open(arena_far, SIZE_MAX));
}

static void denied(cw_far far, size_t len)
{
    uint8_t kept[64], bytes[64];
    memset(bytes, 0x5a, sizeof bytes);
    memcpy(kept, bytes, sizeof kept);
    assert_int_equal(cw_enclave_copy_in(bytes, far, len), CW_E_DENIED);
    assert_int_equal(cw_enclave_copy_out(far, bytes, len), CW_E_DENIED);
    assert_memory_equal(bytes, kept, sizeof kept);
}

static void r09_range_outside_the_arena_is_denied(void **state)
{
    (void)state;
    const cw_far end = arena_far + CW_SGX_ARENA_LEN;
    denied((cw_far)__cw_tcs, 8);
    denied((cw_far)__cw_tcs + ELRANGE - 8, 16);
    denied(arena_far - 1, 1);
    denied(arena_far - 8, 16);
    denied(end - 1, 2);
    denied(end, 1);
    denied(end + 1, 0);
    denied(arena_far, CW_SGX_ARENA_LEN + 1);
    denied(arena_far, SIZE_MAX);
    denied(arena_far + 8, SIZE_MAX - 7);
    denied(arena_far + 8, SIZE_MAX - (size_t)arena_far - 7);
    denied(0, 8);
    denied(UINTPTR_MAX, 1);
    denied(UINTPTR_MAX - 7, 16);
}

/* Every place in a word, every length around some words, next to either end of the arena. */
static void r16_bytes_arrive_whatever_their_place_in_a_word(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 40; len++) {
        for (size_t skip = 0; skip < 8; skip++) {
            const size_t places[] = {skip, CW_SGX_ARENA_LEN - skip - len};
            for (size_t i = 0; i < 2; i++) {
                uint8_t bytes[48];
                memset(bytes, 0xa5, sizeof bytes);
                assert_int_equal(cw_enclave_copy_in(bytes, arena_far + places[i], len), CW_OK);
                assert_memory_equal(bytes, arena + places[i], len);
                assert_int_equal(bytes[len], 0xa5);
            }
        }
    }
}

static void r17_bytes_leave_and_their_neighbours_stay(void **state)
{
    (void)state;
    uint8_t *expected = malloc(CW_SGX_ARENA_LEN);
    assert_non_null(expected);
    memcpy(expected, arena, CW_SGX_ARENA_LEN);
    for (size_t len = 0; len <= 40; len++) {
        for (size_t skip = 0; skip < 8; skip++) {
            const size_t places[] = {skip, CW_SGX_ARENA_LEN - skip - len};
            for (size_t i = 0; i < 2; i++) {
                uint8_t bytes[40];
                memset(bytes, (int)(len * 8 + skip), sizeof bytes);
                memcpy(expected + places[i], bytes, len);
                assert_int_equal(cw_enclave_copy_out(arena_far + places[i], bytes, len), CW_OK);
                assert_memory_equal(arena, expected, 64);
                assert_memory_equal(arena + CW_SGX_ARENA_LEN - 64,
                        expected + CW_SGX_ARENA_LEN - 64, 64);
            }
        }
    }
    assert_memory_equal(arena, expected, CW_SGX_ARENA_LEN);
    free(expected);
}

static void words_have_their_places(void **state)
{
    (void)state;
    cw_arena_set(CW_SGX_WORD_RESULT, 0x0123456789abcdefull);
    assert_int_equal(arena[CW_SGX_WORD_RESULT], 0xef);
    assert_int_equal(arena[CW_SGX_WORD_RESULT + 7], 0x01);
    assert_true(cw_arena_word(CW_SGX_WORD_RESULT) == 0x0123456789abcdefull);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
            CASE(r09_arena_that_touches_the_enclave_or_wraps_is_refused),
            CASE(r09_range_outside_the_arena_is_denied),
            CASE(r16_bytes_arrive_whatever_their_place_in_a_word),
            CASE(r17_bytes_leave_and_their_neighbours_stay),
            CASE(words_have_their_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
