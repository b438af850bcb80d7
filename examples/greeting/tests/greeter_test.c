/* SPDX-License-Identifier: MIT */
/* greeter.c alone: this test plays the owner and counter.c. */
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

static void guest_is_greeted_and_told_of(void **state)
{
    (void)state;
    cw_test_answer(guests, "7", 1);
    assert_true(cw_test_is(cw_test_request(greet, "Ada", 3), "Hello, Ada! Guests before you: 7"));
    assert_int_equal(cw_test_count(greeted), 1);
    assert_true(cw_test_is(cw_test_sent(greeted, 0), "Ada"));
}

static void silent_counter_keeps_nobody_from_being_greeted(void **state)
{
    (void)state;
    cw_test_refuse(guests, CW_E_STATE);
    assert_true(cw_test_is(cw_test_request(greet, "Bob", 3), "Hello, Bob! Guests before you: ?"));
    assert_int_equal(cw_test_count(greeted), 1);
}

static void longest_name_has_room(void **state)
{
    (void)state;
    cw_test_answer(guests, "255", 3);
    assert_int_equal(cw_test_request(greet, "abcdefghijklmnopqrstuvwx", 24).len, 7 + 24 + 21 + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(guest_is_greeted_and_told_of, start),
            cmocka_unit_test_setup(silent_counter_keeps_nobody_from_being_greeted, start),
            cmocka_unit_test_setup(longest_name_has_room, start),
    };
    return cmocka_run_group_tests_name("greeter", tests, NULL, NULL);
}
