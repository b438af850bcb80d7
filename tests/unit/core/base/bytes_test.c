/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LEN 40u
#define EDGE 3u

static void copy_moves_its_length_and_no_more(void **state)
{
    (void)state;
    uint8_t from[LEN + EDGE];
    for (size_t i = 0; i < sizeof from; i++) {
        from[i] = (uint8_t)(i + 1);
    }
    for (size_t start = 0; start < EDGE; start++) {
        for (size_t len = 0; len <= LEN - EDGE; len++) {
            uint8_t to[LEN + 2 * EDGE] = {0};
            uint8_t expected[sizeof to] = {0};
            memcpy(expected + EDGE - start, from + start, len);
            cw_bytes_copy(to + EDGE - start, from + start, len);
            assert_memory_equal(to, expected, sizeof to);
        }
    }
}

static void wipe_clears_its_length_and_no_more(void **state)
{
    (void)state;
    for (size_t len = 0; len <= LEN; len++) {
        uint8_t bytes[LEN + 2 * EDGE];
        uint8_t expected[sizeof bytes];
        memset(bytes, 0xa5, sizeof bytes);
        memset(expected, 0xa5, sizeof expected);
        memset(expected + EDGE, 0, len);
        cw_bytes_wipe(bytes + EDGE, len);
        assert_memory_equal(bytes, expected, sizeof bytes);
    }
}

static void every_bit_makes_a_difference(void **state)
{
    (void)state;
    uint8_t a[LEN];
    uint8_t b[LEN];
    memset(a, 0x3c, sizeof a);
    memset(b, 0x3c, sizeof b);
    for (size_t bit = 0; bit < 8 * LEN; bit++) {
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        for (size_t len = 0; len <= LEN; len++) {
            assert_int_equal(cw_bytes_equal(a, b, len), len <= bit / 8);
        }
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy_moves_its_length_and_no_more),
        cmocka_unit_test(wipe_clears_its_length_and_no_more),
        cmocka_unit_test(every_bit_makes_a_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
