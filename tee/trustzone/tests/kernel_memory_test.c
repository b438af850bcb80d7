/* SPDX-License-Identifier: MIT */
/* Pages that are given out and scrubbed, the queue of a driver, the normal world's range. */
#include "tee/trustzone/enclave/kernel/normal.h"
#include "tee/trustzone/enclave/kernel/pages.h"
#include "tee/trustzone/enclave/kernel/queue.h"
#include "tee/trustzone/enclave/worlds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ALL (CW_TZ_PAGES_END - CW_TZ_PAGES_AT)

uint8_t cw_tz_pages[ALL]; /* the linker's, in the kernel */

static const uint8_t zeros[CW_TZ_PAGE];

static void what_was_given_back_holds_zeros(void **state)
{
    (void)state;
    uint8_t *run = cw_tz_pages_take(3);
    memset(run, 0xa5, 3 * CW_TZ_PAGE);
    cw_tz_pages_give(run, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_memory_equal(run + i * CW_TZ_PAGE, zeros, CW_TZ_PAGE);
    }
}

static void what_is_given_out_holds_zeros_even_after_a_reset(void **state)
{
    (void)state;
    memset(cw_tz_pages, 0x5a, 4 * CW_TZ_PAGE);
    uint8_t *run = cw_tz_pages_take(2);
    assert_memory_equal(run, zeros, CW_TZ_PAGE);
    assert_memory_equal(run + CW_TZ_PAGE, zeros, CW_TZ_PAGE);
    cw_tz_pages_give(run, 2);
}

static void runs_never_overlap_and_end_at_the_last_page(void **state)
{
    (void)state;
    assert_int_equal(cw_tz_pages_free_len(), ALL);
    uint8_t *a = cw_tz_pages_take(1000);
    uint8_t *b = cw_tz_pages_take(2000);
    uint8_t *c = cw_tz_pages_take(ALL / CW_TZ_PAGE - 3000);
    assert_ptr_equal(b, a + 1000 * CW_TZ_PAGE);
    assert_ptr_equal(c, b + 2000 * CW_TZ_PAGE);
    assert_null(cw_tz_pages_take(1));
    assert_int_equal(cw_tz_pages_free_len(), 0);
    cw_tz_pages_give(b, 2000);
    assert_null(cw_tz_pages_take(2001));
    assert_ptr_equal(cw_tz_pages_take(2000), b);
    cw_tz_pages_give(a, 1000);
    cw_tz_pages_give(b, 2000);
    cw_tz_pages_give(c, ALL / CW_TZ_PAGE - 3000);
    assert_int_equal(cw_tz_pages_free_len(), ALL);
}

static void absurd_counts_are_refused(void **state)
{
    (void)state;
    assert_null(cw_tz_pages_take(0));
    assert_null(cw_tz_pages_take(ALL / CW_TZ_PAGE + 1));
    assert_null(cw_tz_pages_take(SIZE_MAX));
}

static void what_was_put_comes_in_order(void **state)
{
    (void)state;
    static uint8_t memory[CW_TZ_QUEUE_LEN];
    static uint8_t items[CW_TZ_OUT_LEN];
    struct cw_tz_queue q = {.at = memory};
    struct cw_tz_said said;
    uint32_t put = 0;
    uint32_t got = 0;
    cw_tz_queue_first(&q, &said);
    assert_int_equal(said.value, 0);
    assert_int_equal(said.count, 0);
    /* Lengths of all sorts; ever again it is full, and ever again empty. */
    for (unsigned round = 0; round < 200; round++) {
        while (cw_tz_queue_has_room(&q) && put - got < round % 7 + 1) {
            const size_t len = put * 7919 % (CW_TZ_OUT_LEN + 1);
            memset(items, (int)(put & 0xff), len);
            cw_tz_queue_put(&q, put++, items, len);
        }
        for (unsigned i = 0; i <= round % 3 && got < put; i++) {
            cw_tz_queue_first(&q, &said);
            assert_int_equal(said.value, got);
            assert_int_equal(said.count, put - got - 1);
            assert_int_equal(said.len, got * 7919 % (CW_TZ_OUT_LEN + 1));
            for (size_t at = 0; at < said.len; at++) {
                if (said.items[at] != (got & 0xff)) {
                    fail();
                }
            }
            cw_tz_queue_drop(&q);
            got++;
        }
    }
    assert_true(got > 150);
}

static void the_largest_always_fits_where_there_is_room(void **state)
{
    (void)state;
    static uint8_t memory[CW_TZ_QUEUE_LEN + 1];
    static uint8_t items[CW_TZ_OUT_LEN];
    struct cw_tz_queue q = {.at = memory};
    memory[CW_TZ_QUEUE_LEN] = 0x77;
    while (cw_tz_queue_has_room(&q)) {
        cw_tz_queue_put(&q, 0, items, 1000);
    }
    cw_tz_queue_drop(&q); /* now there is room for one of them at least, at the end and the start */
    while (!cw_tz_queue_has_room(&q)) {
        cw_tz_queue_drop(&q);
    }
    cw_tz_queue_put(&q, 7, items, CW_TZ_OUT_LEN);
    assert_true(q.end <= CW_TZ_QUEUE_LEN);
    assert_int_equal(memory[CW_TZ_QUEUE_LEN], 0x77);
}

static void r4_r11_ranges_of_the_normal_world_do_not_wrap(void **state)
{
    (void)state;
    const uint64_t at = 0x40000000;
    const uint64_t len = 0x10000000;
    cw_tz_normal_open(at, len);
    assert_true(cw_tz_normal_is(at, len));
    assert_true(cw_tz_normal_is(at + len - 1, 1));
    assert_true(cw_tz_normal_is(at, 0));
    assert_false(cw_tz_normal_is(at, len + 1));
    assert_false(cw_tz_normal_is(at - 1, 2));
    assert_false(cw_tz_normal_is(at + len, 0));
    assert_false(cw_tz_normal_is(at + len - 1, 2));
    assert_false(cw_tz_normal_is(at, UINT64_MAX));
    assert_false(cw_tz_normal_is(at + 1, UINT64_MAX));
    assert_false(cw_tz_normal_is(at, (uint64_t)0 - at));
    assert_false(cw_tz_normal_is(UINT64_MAX, 2));
    assert_false(cw_tz_normal_is(CW_TZ_PAGES_AT, 8));
    assert_false(cw_tz_normal_is(0, 8));
    uint8_t byte = 0x11;
    assert_int_equal(cw_tz_normal_read(&byte, CW_TZ_PAGES_AT, 1), CW_E_DENIED);
    assert_int_equal(cw_tz_normal_write(CW_TZ_MONITOR_AT, &byte, 1), CW_E_DENIED);
    assert_int_equal(byte, 0x11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_was_given_back_holds_zeros),
            cmocka_unit_test(what_is_given_out_holds_zeros_even_after_a_reset),
            cmocka_unit_test(runs_never_overlap_and_end_at_the_last_page),
            cmocka_unit_test(absurd_counts_are_refused),
            cmocka_unit_test(what_was_put_comes_in_order),
            cmocka_unit_test(the_largest_always_fits_where_there_is_room),
            cmocka_unit_test(r4_r11_ranges_of_the_normal_world_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
