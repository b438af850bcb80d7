/* SPDX-License-Identifier: MIT */
/* The harness of module authors, with a module that has one of each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unit/unit.h"

void cw_init_hook(void); /* of a whole image there is one alone */

static unsigned inits;
static cw_status last;
static uint32_t last_gap;

CW_OUTPUT(out, 4);
CW_REQUEST(ask, 4, 4);
CW_CONFIG(limit, 2);

CW_INIT
{
    inits++;
}

CW_INPUT(in, data, len, 8)
{
    last_gap = cw_event_gap();
    last = out(data, len);
}

CW_HANDLER(answer, data, len, reply, 8, 4)
{
    (void)data;
    last = cw_reply_put(reply, "12345678", len);
}

CW_ENTRY(relay, data, len, reply, 8, 8)
{
    uint8_t said[3];
    size_t said_len = 99;
    last = ask(data, len, said, sizeof said, &said_len);
    if (last == CW_OK) {
        (void)cw_reply_put(reply, said, said_len);
    }
}

CW_ENTRY(draw, data, len, reply, 1, 8)
{
    uint8_t bytes[8];
    (void)data;
    (void)len;
    last = cw_random(bytes, sizeof bytes);
    if (last == CW_OK) {
        (void)cw_reply_put(reply, bytes, sizeof bytes);
    }
}

CW_ENTRY(get_limit, data, len, reply, 1, 2)
{
    (void)data;
    (void)len;
    if (limit.is_set) {
        (void)cw_reply_put(reply, limit.bytes, limit.len);
    }
}

static int start(void **state)
{
    (void)state;
    inits = 0;
    last = CW_E_SYSTEM;
    cw_test_start();
    return 0;
}

static void init_runs_at_every_start(void **state)
{
    (void)state;
    assert_int_equal(inits, 1);
    cw_test_start();
    assert_int_equal(inits, 2);
}

static void what_leaves_is_kept_in_order(void **state)
{
    (void)state;
    cw_test_event(in, "one", 3);
    cw_test_event(in, "two", 3);
    assert_int_equal(cw_test_count(out), 2);
    assert_true(cw_test_is(cw_test_sent(out, 0), "one"));
    assert_true(cw_test_is(cw_test_sent(out, 1), "two"));
    cw_test_start();
    assert_int_equal(cw_test_count(out), 0);
}

static void output_says_what_the_runtime_says(void **state)
{
    (void)state;
    cw_test_event(in, "12345", 5);
    assert_int_equal(last, CW_E_SPACE);
    cw_test_result(out, CW_AGAIN);
    cw_test_event(in, "1", 1);
    assert_int_equal(last, CW_AGAIN);
    assert_int_equal(cw_test_count(out), 0);
    cw_test_result(out, CW_OK);
    cw_test_event(in, "1", 1);
    assert_int_equal(last, CW_OK);
    assert_int_equal(cw_test_count(out), 1);
}

static void gap_is_told_once(void **state)
{
    (void)state;
    cw_test_gap(7);
    cw_test_event(in, "", 0);
    assert_int_equal(last_gap, 7);
    cw_test_event(in, "", 0);
    assert_int_equal(last_gap, 0);
}

static void reply_ends_at_its_maximum(void **state)
{
    (void)state;
    assert_true(cw_test_is(cw_test_request(answer, "xxxx", 4), "1234"));
    assert_int_equal(cw_test_request(answer, "xxxxx", 5).len, 0);
    assert_int_equal(last, CW_E_SPACE);
}

static void requests_get_what_was_queued(void **state)
{
    (void)state;
    assert_int_equal(cw_test_call(relay, "a", 1).len, 0);
    assert_int_equal(last, CW_E_ABSENT); /* not connected */
    cw_test_answer(ask, "yes", 3);
    cw_test_refuse(ask, CW_E_STATE);
    cw_test_answer(ask, "much", 4);
    assert_true(cw_test_is(cw_test_call(relay, "a", 1), "yes"));
    (void)cw_test_call(relay, "b", 1);
    assert_int_equal(last, CW_E_STATE);
    (void)cw_test_call(relay, "c", 1);
    assert_int_equal(last, CW_E_SPACE); /* longer than the caller's room */
    assert_int_equal(cw_test_count(ask), 3);
    assert_true(cw_test_is(cw_test_sent(ask, 2), "c"));
}

static void random_bytes_repeat_with_their_seed(void **state)
{
    (void)state;
    struct cw_test_bytes first = cw_test_call(draw, "", 0);
    struct cw_test_bytes second = cw_test_call(draw, "", 0);
    assert_int_equal(first.len, 8);
    assert_memory_not_equal(first.bytes, second.bytes, 8);
    cw_test_random(1);
    assert_memory_equal(cw_test_call(draw, "", 0).bytes, first.bytes, 8);
    cw_test_random(0);
    assert_int_equal(cw_test_call(draw, "", 0).len, 0);
    assert_int_equal(last, CW_E_ABSENT);
}

static void what_was_sealed_is_unsealed(void **state)
{
    (void)state;
    uint8_t sealed[CW_SEALED_LEN(2)];
    char text[2];
    size_t len;
    assert_int_equal(cw_seal(CW_SEAL_IMAGE, "42", 2, sealed, sizeof sealed, &len), CW_OK);
    assert_int_equal(cw_unseal(CW_SEAL_IMAGE, sealed, len, text, sizeof text, &len), CW_OK);
    assert_int_equal(len, 2);
    assert_memory_equal(text, "42", 2);
    sealed[sizeof sealed - 1] ^= 1;
    assert_int_equal(cw_unseal(CW_SEAL_IMAGE, sealed, sizeof sealed, text, sizeof text, &len),
            CW_E_AUTH);
}

static void counter_goes_on_over_a_start_of_the_module(void **state)
{
    uint64_t before = 0;
    uint64_t count = 0;
    assert_int_equal(cw_counter(true, &before), CW_OK);
    assert_true(before > 0);
    (void)start(state);
    assert_int_equal(cw_counter(false, &count), CW_OK);
    assert_true(count == before);
    assert_int_equal(cw_counter(true, &count), CW_OK);
    assert_true(count == before + 1);
}

static void parameter_is_what_the_owner_set(void **state)
{
    (void)state;
    cw_test_config(limit, "42", 2);
    assert_true(cw_test_is(cw_test_call(get_limit, "", 0), "42"));
    cw_test_config(limit, "7", 1);
    assert_true(cw_test_is(cw_test_call(get_limit, "", 0), "7"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(init_runs_at_every_start, start),
            cmocka_unit_test_setup(what_leaves_is_kept_in_order, start),
            cmocka_unit_test_setup(output_says_what_the_runtime_says, start),
            cmocka_unit_test_setup(gap_is_told_once, start),
            cmocka_unit_test_setup(reply_ends_at_its_maximum, start),
            cmocka_unit_test_setup(requests_get_what_was_queued, start),
            cmocka_unit_test_setup(random_bytes_repeat_with_their_seed, start),
            cmocka_unit_test_setup(what_was_sealed_is_unsealed, start),
            cmocka_unit_test_setup(counter_goes_on_over_a_start_of_the_module, start),
            cmocka_unit_test_setup(parameter_is_what_the_owner_set, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
