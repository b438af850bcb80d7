/* SPDX-License-Identifier: MIT */
/* What the hostile network does to messages is exactly what it was told. */
#include "tests/adversary/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "core/wire/frame.h"

#define BODY_LEN 30u
#define WHOLE_LEN (CW_LINK_HEADER_LEN + BODY_LEN)

/* An event of channel 7, counter 9. */
static size_t event(uint8_t bytes[static WHOLE_LEN + 8])
{
    const struct cw_link_header header = {.len = BODY_LEN, .type = CW_FRAME_EVENT};
    memset(bytes, 0, WHOLE_LEN + 8);
    cw_link_header_encode(&header, bytes);
    bytes[8] = 7;
    bytes[12] = 9;
    return WHOLE_LEN;
}

static void message_tells_channel_and_counter(void **state)
{
    (void)state;
    uint8_t bytes[WHOLE_LEN + 8];
    struct cw_message m = {0};
    cw_message_read(bytes, event(bytes), &m);
    assert_true(m.has_channel);
    assert_int_equal(m.type, CW_FRAME_EVENT);
    assert_int_equal(m.channel, 7);
    assert_int_equal(m.counter, 9);
    cw_message_read(bytes, CW_LINK_HEADER_LEN + 3, &m);
    assert_false(m.has_channel);
}

static void rule_fits_what_it_names_and_is_used_up(void **state)
{
    (void)state;
    uint8_t bytes[WHOLE_LEN + 8];
    struct cw_message m = {.pair = 1, .link = 4, .from = CW_SIDE_DIALER};
    cw_message_read(bytes, event(bytes), &m);
    struct cw_rules rules = {0};
    struct cw_rule rule = {cw_filter_all(), CW_ACT_DROP, 0, 2};
    rule.filter.channel = 7;
    rule.filter.pair = 1;
    assert_true(cw_rules_add(&rules, &rule));
    m.pair = 0;
    assert_false(cw_rules_take(&rules, &m, &rule));
    m.pair = 1;
    assert_true(cw_rules_take(&rules, &m, &rule));
    assert_true(cw_rules_take(&rules, &m, &rule));
    assert_false(cw_rules_take(&rules, &m, &rule));
}

static void flip_changes_one_bit_behind_the_header(void **state)
{
    (void)state;
    uint8_t before[WHOLE_LEN + 8];
    uint8_t after[WHOLE_LEN + 8];
    size_t len = event(before);
    event(after);
    assert_true(cw_rules_bend(CW_ACT_FLIP, 8 * 3 + 5, after, &len));
    assert_int_equal(len, WHOLE_LEN);
    after[CW_LINK_HEADER_LEN + 3] ^= 1u << 5;
    assert_memory_equal(before, after, sizeof before);
    assert_false(cw_rules_bend(CW_ACT_FLIP, 8 * BODY_LEN, after, &len));
}

static void length_in_the_header_follows(void **state)
{
    (void)state;
    uint8_t bytes[WHOLE_LEN + 8];
    size_t len = event(bytes);
    struct cw_link_header header;
    assert_true(cw_rules_bend(CW_ACT_TRUNCATE, 5, bytes, &len));
    assert_int_equal(cw_link_header_decode(bytes, &header), CW_OK);
    assert_int_equal(header.len, BODY_LEN - 5);
    assert_int_equal(len, WHOLE_LEN - 5);
    assert_true(cw_rules_bend(CW_ACT_EXTEND, 8, bytes, &len));
    assert_int_equal(cw_link_header_decode(bytes, &header), CW_OK);
    assert_int_equal(header.len, BODY_LEN + 3);
    assert_false(cw_rules_bend(CW_ACT_TRUNCATE, BODY_LEN + 4, bytes, &len));
}

static void history_is_bounded_and_forgets_the_oldest(void **state)
{
    (void)state;
    static struct cw_history h;
    uint8_t bytes[WHOLE_LEN + 8];
    struct cw_message m = {0};
    cw_message_read(bytes, event(bytes), &m);
    cw_history_open(&h);
    for (unsigned i = 0; i < CW_HISTORY_COUNT_MAX + 10; i++) {
        assert_non_null(cw_history_add(&h, &m, "passed"));
    }
    assert_null(cw_history_find(&h, 10));
    assert_non_null(cw_history_find(&h, 12));
    assert_non_null(cw_history_find(&h, CW_HISTORY_COUNT_MAX + 10));
    assert_null(cw_history_find(&h, CW_HISTORY_COUNT_MAX + 11));
    cw_history_close(&h);
    assert_int_equal(h.used_len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(message_tells_channel_and_counter),
            cmocka_unit_test(rule_fits_what_it_names_and_is_used_up),
            cmocka_unit_test(flip_changes_one_bit_behind_the_header),
            cmocka_unit_test(length_in_the_header_follows),
            cmocka_unit_test(history_is_bounded_and_forgets_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
