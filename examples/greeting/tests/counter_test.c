/* SPDX-License-Identifier: MIT */
/* counter.c alone: this test plays greeter.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/unit.h"

static int start(void **state)
{
    (void)state;
    cw_test_start();
    return 0;
}

static void guests_are_counted(void **state)
{
    (void)state;
    assert_true(cw_test_is(cw_test_request(guests, NULL, 0), "0"));
    for (int i = 0; i < 12; i++) {
        cw_test_event(greeted, "Ada", 3);
    }
    assert_true(cw_test_is(cw_test_request(guests, NULL, 0), "12"));
}

static void count_stays_at_its_largest(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        cw_test_event(greeted, "", 0);
    }
    assert_true(cw_test_is(cw_test_request(guests, NULL, 0), "255"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(count_stays_at_its_largest, start),
            cmocka_unit_test_setup(guests_are_counted, start), /* from 0: each has a new life */
    };
    return cmocka_run_group_tests_name("counter", tests, NULL, NULL);
}
