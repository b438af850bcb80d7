/* SPDX-License-Identifier: MIT */
/* Counters in flash: what was answered is never lost, wherever power ends. */
#include "tee/trustzone/enclave/kernel/journal.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "tee/trustzone/enclave/kernel/service.h"
#include "tee/trustzone/tests/fake_flash.h"

#include <cmocka.h>

#define ALL TORN_KINDS

static const struct cw_tz_identity led = {.signer = {1}, .name = "led", .security_version = 3};
static const struct cw_tz_identity led_new = {.signer = {1}, .name = "led", .security_version = 4};
static const struct cw_tz_identity door = {.signer = {2}, .name = "door", .security_version = 1};

static void start(uint64_t boot)
{
    assert_int_equal(cw_tz_journal_open(), CW_OK);
    assert_true(cw_tz_journal_boot() == boot);
}

static uint64_t counter(const struct cw_tz_identity *module, bool advance)
{
    uint64_t count = 0;
    assert_int_equal(cw_tz_journal_counter(module, advance, &count), CW_OK);
    return count;
}

static void starts_are_counted_from_1(void **state)
{
    (void)state;
    fake_flash_new();
    for (uint64_t i = 1; i <= 20; i++) {
        start(i);
    }
}

static void a_counter_goes_on_after_a_restart(void **state)
{
    (void)state;
    fake_flash_new();
    start(1);
    assert_true(counter(&led, false) == 0);
    assert_true(counter(&led, true) == 1);
    assert_true(counter(&led, true) == 2);
    assert_true(counter(&door, true) == 1);
    start(2);
    assert_true(counter(&led, false) == 2);
    assert_true(counter(&led, true) == 3);
    assert_true(counter(&door, false) == 1);
}

static void counters_belong_to_signer_name_and_kind_of_image(void **state)
{
    struct cw_tz_identity other = led;
    (void)state;
    fake_flash_new();
    start(1);
    assert_true(counter(&led, true) == 1);
    other.signer[31] ^= 1;
    assert_true(counter(&other, false) == 0);
    other = led;
    other.name[3] = 's';
    assert_true(counter(&other, false) == 0);
    other = led;
    other.is_debug = true;
    assert_true(counter(&other, false) == 0);
    assert_true(counter(&other, true) == 1);
    other = led;
    other.measurement[0] ^= 1; /* a newer image of the same module */
    other.epoch = 9;
    other.security_version = 9;
    assert_true(counter(&other, false) == 1);
}

static void an_older_version_is_refused_for_ever(void **state)
{
    (void)state;
    fake_flash_new();
    start(1);
    assert_int_equal(cw_tz_journal_version(&led), CW_OK);
    assert_int_equal(cw_tz_journal_version(&led_new), CW_OK);
    assert_int_equal(cw_tz_journal_version(&led), CW_E_DENIED);
    assert_int_equal(cw_tz_journal_version(&door), CW_OK);
    start(2);
    assert_int_equal(cw_tz_journal_version(&led), CW_E_DENIED);
    assert_int_equal(cw_tz_journal_version(&led_new), CW_OK);
    assert_true(counter(&led_new, true) == 1); /* and does not forget the version */
    start(3);
    assert_int_equal(cw_tz_journal_version(&led), CW_E_DENIED);
}

static void what_is_known_already_writes_nothing(void **state)
{
    struct cw_tz_identity zero = door;
    (void)state;
    zero.security_version = 0;
    fake_flash_new();
    start(1);
    assert_int_equal(cw_tz_journal_version(&led), CW_OK);
    const unsigned long writes = fake_flash_writes;
    assert_int_equal(cw_tz_journal_version(&led), CW_OK);
    assert_int_equal(cw_tz_journal_version(&zero), CW_OK);
    assert_true(counter(&led, false) == 0);
    assert_int_equal(fake_flash_writes, writes);
}

/* Starts until the sector that holds has so many free records. */
static uint64_t wear(uint32_t left)
{
    uint64_t count = 0;
    for (uint32_t used = 2; used < CW_TZ_SECTOR_RECORDS - left; used++) {
        count = counter(&door, true);
    }
    return count;
}

static void a_full_sector_moves_to_the_other_and_back(void **state)
{
    (void)state;
    fake_flash_new();
    start(1);
    assert_true(counter(&led, true) == 1);
    for (uint64_t i = 1; i < 3 * CW_TZ_SECTOR_RECORDS; i++) {
        assert_true(counter(&door, true) == i);
    }
    start(2);
    assert_true(counter(&led, false) == 1);
    assert_true(counter(&door, false) == 3 * CW_TZ_SECTOR_RECORDS - 1);
}

static void subjects_are_bounded_and_the_known_ones_go_on(void **state)
{
    struct cw_tz_identity many = led;
    uint64_t count;
    (void)state;
    fake_flash_new();
    start(1);
    for (uint32_t i = 1; i < CW_TZ_SUBJECTS; i++) {
        memcpy(many.signer, &i, sizeof i);
        assert_true(counter(&many, true) == 1);
    }
    assert_int_equal(cw_tz_journal_counter(&door, true, &count), CW_E_SPACE);
    assert_int_equal(cw_tz_journal_version(&door), CW_E_SPACE);
    assert_true(counter(&door, false) == 0);
    for (uint32_t i = 0; i < CW_TZ_SECTOR_RECORDS; i++) {
        assert_true(counter(&many, true) == 2 + i);
    }
    start(2);
    assert_true(counter(&many, false) == 1 + CW_TZ_SECTOR_RECORDS);
    assert_int_equal(cw_tz_journal_counter(&door, true, &count), CW_E_SPACE);
}

static void a_changed_record_does_not_count_and_no_head_is_no_journal(void **state)
{
    (void)state;
    fake_flash_new();
    start(1);
    assert_true(counter(&led, true) == 1);
    assert_true(counter(&led, true) == 2);
    fake_flash_words[3 * CW_TZ_RECORD_WORDS + 2] ^= 1; /* the last of them */
    start(2);
    assert_true(counter(&led, false) == 1);
    fake_flash_words[2] ^= 1;
    assert_int_equal(cw_tz_journal_open(), CW_E_FORM);
    uint64_t count;
    assert_int_equal(cw_tz_journal_counter(&led, false, &count), CW_E_STATE);
}

static void a_chip_that_fails_is_told_and_nothing_is_promised_after(void **state)
{
    uint64_t count = 77;
    (void)state;
    fake_flash_new();
    start(1);
    fake_flash_fails = true;
    assert_int_equal(cw_tz_journal_counter(&led, true, &count), CW_E_STATE);
    assert_true(count == 77);
    fake_flash_fails = false;
    assert_int_equal(cw_tz_journal_counter(&led, false, &count), CW_E_STATE);
    assert_int_equal(cw_tz_journal_version(&led), CW_E_STATE);
    start(2);
    assert_true(counter(&led, true) == 1);
}

/* --- power ----------------------------------------------------------------------------------------- */

/* What was answered, and what was asked last: the next life has the one or the other. */
static struct answered {
    uint64_t boot;
    uint64_t door;
    uint64_t led;
    uint32_t version;
} answered;

static struct answered asked;

static void is_between(uint64_t value, uint64_t least, uint64_t most)
{
    assert_true(value >= least && value <= most);
}

/* A life: every answer is noted when it is there. */
static void live(void)
{
    asked.boot = answered.boot + 1;
    assert_int_equal(cw_tz_journal_open(), CW_OK);
    is_between(cw_tz_journal_boot(), answered.boot + 1, answered.boot + 2);
    answered.boot = cw_tz_journal_boot();
    is_between(counter(&door, false), answered.door, asked.door);
    is_between(counter(&led, false), answered.led, asked.led);
    answered.door = counter(&door, false);
    answered.led = counter(&led, false);
    if (answered.version == 4) {
        assert_int_equal(cw_tz_journal_version(&led), CW_E_DENIED);
    }
    asked = answered;
    asked.door++;
    answered.door = counter(&door, true);
    assert_true(answered.door == asked.door);
    asked.version = 4;
    assert_int_equal(cw_tz_journal_version(&led_new), CW_OK);
    answered.version = 4;
    asked.led++;
    answered.led = counter(&led, true);
    assert_true(answered.led == asked.led);
}

/* A life that loses power at a write; true: it ended before. */
static bool live_until(unsigned long cut, torn how)
{
    fake_flash_cut(cut, how);
    if (setjmp(fake_flash_power) != 0) {
        return false;
    }
    live();
    fake_flash_never_cut();
    return true;
}

static uint32_t before[CW_TZ_FLASH_WORDS];

/*
 * From this flash and these answers on, lives one of which loses power at its every write, and the
 * one that follows it as well, early or late.  only: what a cut leaves, TORN_* or ALL of them.  How
 * many writes the first life has.
 */
static unsigned long lose_power_everywhere(uint64_t boot, uint64_t doors, unsigned only,
        unsigned again_step)
{
    const struct answered begin = {.boot = boot, .door = doors};
    unsigned long writes = 0;
    memcpy(before, fake_flash_words, sizeof before);
    for (unsigned kind = 0; kind < TORN_KINDS; kind++) {
        bool is_whole = only != ALL && only != kind;
        for (unsigned long cut = 0; !is_whole; cut++) {
            for (unsigned again = 0; again < 40 && !is_whole; again += again_step) {
                memcpy(fake_flash_words, before, sizeof before);
                fake_flash_writes = 0;
                answered = asked = begin;
                is_whole = live_until(cut, (torn)kind);
                writes = fake_flash_writes;
                if (!is_whole) {
                    (void)live_until(again, (torn)((kind + again) % TORN_KINDS));
                }
                live();
            }
        }
    }
    return writes;
}

static void nothing_answered_is_lost_on_a_new_device(void **state)
{
    (void)state;
    fake_flash_new();
    assert_int_equal(lose_power_everywhere(0, 0, ALL, 7), 1 + 5 * CW_TZ_RECORD_WORDS);
}

static void nothing_answered_is_lost_on_one_in_use(void **state)
{
    (void)state;
    fake_flash_new();
    start(1);
    const uint64_t doors = counter(&door, true);
    assert_int_equal(lose_power_everywhere(1, doors, ALL, 5), 4 * CW_TZ_RECORD_WORDS);
}

/* Before each of the four records of a life; the copy has four or five. */
static void nothing_answered_is_lost_while_a_sector_moves(void **state)
{
    (void)state;
    for (uint32_t left = 0; left < 4; left++) {
        fake_flash_new();
        start(1);
        const uint64_t doors = wear(left);
        const unsigned long writes = lose_power_everywhere(1, doors, left, 40);
        assert_in_range(writes, 1 + 7 * CW_TZ_RECORD_WORDS, 1 + 8 * CW_TZ_RECORD_WORDS);
    }
}

static void nothing_answered_is_lost_when_it_moves_back(void **state)
{
    (void)state;
    fake_flash_new();
    start(1);
    (void)wear(0);
    uint64_t doors = 0;
    for (uint32_t i = 0; i < CW_TZ_SECTOR_RECORDS - 3; i++) {
        doors = counter(&door, true);
    }
    assert_in_range(lose_power_everywhere(1, doors, 2, 40), 1 + 7 * CW_TZ_RECORD_WORDS,
            1 + 8 * CW_TZ_RECORD_WORDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(starts_are_counted_from_1),
            cmocka_unit_test(a_counter_goes_on_after_a_restart),
            cmocka_unit_test(counters_belong_to_signer_name_and_kind_of_image),
            cmocka_unit_test(an_older_version_is_refused_for_ever),
            cmocka_unit_test(what_is_known_already_writes_nothing),
            cmocka_unit_test(a_full_sector_moves_to_the_other_and_back),
            cmocka_unit_test(subjects_are_bounded_and_the_known_ones_go_on),
            cmocka_unit_test(a_changed_record_does_not_count_and_no_head_is_no_journal),
            cmocka_unit_test(a_chip_that_fails_is_told_and_nothing_is_promised_after),
            cmocka_unit_test(nothing_answered_is_lost_on_a_new_device),
            cmocka_unit_test(nothing_answered_is_lost_on_one_in_use),
            cmocka_unit_test(nothing_answered_is_lost_while_a_sector_moves),
            cmocka_unit_test(nothing_answered_is_lost_when_it_moves_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
