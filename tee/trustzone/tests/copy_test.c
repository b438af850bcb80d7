/* SPDX-License-Identifier: MIT */
/* copy.c of a module, with the window where the kernel maps it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "tee/enclave.h"
#include "tee/trustzone/abi.h"

#define IN ((cw_far)CW_TZ_IN_AT)
#define OUT ((cw_far)CW_TZ_OUT_AT)

static uint8_t *window;
static uint8_t copy[CW_TZ_IN_LEN];

/* Exactly the window: a byte beside it is a fault. */
static int start(void **state)
{
    (void)state;
    window = mmap((void *)CW_TZ_WINDOW_AT, CW_TZ_IN_LEN + CW_TZ_OUT_LEN, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    for (size_t i = 0; window != MAP_FAILED && i < CW_TZ_IN_LEN; i++) {
        window[i] = (uint8_t)(i * 7 + i / 256);
    }
    return window == MAP_FAILED;
}

static int stop(void **state)
{
    (void)state;
    return munmap(window, CW_TZ_IN_LEN + CW_TZ_OUT_LEN);
}

static void input_is_copied_from_all_places(void **state)
{
    (void)state;
    assert_int_equal(cw_enclave_copy_in(copy, IN, CW_TZ_IN_LEN), CW_OK);
    assert_memory_equal(copy, window, CW_TZ_IN_LEN);
    for (size_t at = 0; at < 40; at++) {
        for (size_t len = 0; len < 40; len++) {
            memset(copy, 0xee, 48);
            assert_int_equal(cw_enclave_copy_in(copy, IN + at, len), CW_OK);
            assert_memory_equal(copy, window + at, len);
            assert_int_equal(copy[len], 0xee);
        }
    }
    assert_int_equal(cw_enclave_copy_in(copy, IN + CW_TZ_IN_LEN - 5, 5), CW_OK);
    assert_int_equal(cw_enclave_copy_in(copy, IN + CW_TZ_IN_LEN, 0), CW_OK);
}

static void items_are_copied_to_all_places(void **state)
{
    (void)state;
    uint8_t *out = window + CW_TZ_IN_LEN;
    memset(copy, 0x5a, sizeof copy);
    for (size_t at = 0; at < 40; at++) {
        for (size_t len = 0; len < 40; len++) {
            memset(out, 0, 96);
            assert_int_equal(cw_enclave_copy_out(OUT + at, copy, len), CW_OK);
            for (size_t i = 0; i < 96; i++) {
                assert_int_equal(out[i], i >= at && i < at + len ? 0x5a : 0);
            }
        }
    }
    assert_int_equal(cw_enclave_copy_out(OUT + CW_TZ_OUT_LEN - 3, copy, 3), CW_OK);
}

/* Where the other half of the window is, the image, nothing, and where a sum wraps. */
static void all_other_ranges_are_refused(void **state)
{
    (void)state;
    static const struct {
        cw_far at;
        size_t len;
    } in[] = {
            {IN - 1, 1}, {IN - 1, 2}, {IN - 8, 16}, {0, 1}, {0, SIZE_MAX}, {CW_TZ_IMAGE_AT, 8},
            {IN + CW_TZ_IN_LEN - 4, 5}, {IN + CW_TZ_IN_LEN, 1}, {IN, CW_TZ_IN_LEN + 1},
            {IN, SIZE_MAX}, {IN + 1, SIZE_MAX}, {IN + 8, (size_t)0 - IN}, {UINTPTR_MAX, 1},
            {UINTPTR_MAX, 2}, {OUT, 4}, {OUT - 1, 2},
    };
    static const struct {
        cw_far at;
        size_t len;
    } out[] = {
            {OUT - 1, 1}, {OUT - 1, 2}, {IN, 4}, {0, 1}, {CW_TZ_IMAGE_AT, 8}, {CW_TZ_STACK_TOP - 8, 8},
            {OUT + CW_TZ_OUT_LEN - 4, 5}, {OUT + CW_TZ_OUT_LEN, 1}, {OUT, CW_TZ_OUT_LEN + 1},
            {OUT, SIZE_MAX}, {OUT + 1, SIZE_MAX}, {OUT + 8, (size_t)0 - OUT}, {UINTPTR_MAX, 1},
    };
    memset(copy, 0xee, 64);
    for (size_t i = 0; i < sizeof in / sizeof in[0]; i++) {
        assert_int_equal(cw_enclave_copy_in(copy, in[i].at, in[i].len), CW_E_DENIED);
    }
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(copy[i], 0xee);
    }
    for (size_t i = 0; i < sizeof out / sizeof out[0]; i++) {
        assert_int_equal(cw_enclave_copy_out(out[i].at, copy, out[i].len), CW_E_DENIED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(input_is_copied_from_all_places),
            cmocka_unit_test(items_are_copied_to_all_places),
            cmocka_unit_test(all_other_ranges_are_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
