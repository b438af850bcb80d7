/* SPDX-License-Identifier: MIT */
#include "core/wire/cbor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define WRITE(w, cap) \
    uint8_t bytes[cap]; \
    struct cw_writer w = cw_writer_over(bytes, sizeof bytes)

static void is_written(const struct cw_writer *w, const uint8_t *bytes, const char *expected,
        size_t expected_len)
{
    size_t len = 0;
    assert_int_equal(cw_writer_finish(w, &len), CW_OK);
    assert_int_equal(len, expected_len);
    assert_memory_equal(bytes, expected, expected_len);
}
#define IS_WRITTEN(text) is_written(&w, bytes, text, sizeof text - 1)

/* RFC 8949, appendix A. */
static const struct {
    int64_t value;
    const char *bytes;
    size_t len;
} integers[] = {{0, "\x00", 1}, {1, "\x01", 1}, {10, "\x0a", 1}, {23, "\x17", 1},
        {24, "\x18\x18", 2}, {25, "\x18\x19", 2}, {100, "\x18\x64", 2}, {255, "\x18\xff", 2},
        {256, "\x19\x01\x00", 3}, {1000, "\x19\x03\xe8", 3}, {65535, "\x19\xff\xff", 3},
        {65536, "\x1a\x00\x01\x00\x00", 5}, {1000000, "\x1a\x00\x0f\x42\x40", 5},
        {4294967295, "\x1a\xff\xff\xff\xff", 5},
        {4294967296, "\x1b\x00\x00\x00\x01\x00\x00\x00\x00", 9},
        {1000000000000, "\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00", 9}, {-1, "\x20", 1},
        {-10, "\x29", 1}, {-24, "\x37", 1}, {-25, "\x38\x18", 2}, {-100, "\x38\x63", 2},
        {-1000, "\x39\x03\xe7", 3}, {-75000, "\x3a\x00\x01\x24\xf7", 5},
        {INT64_MAX, "\x1b\x7f\xff\xff\xff\xff\xff\xff\xff", 9},
        {INT64_MIN, "\x3b\x7f\xff\xff\xff\xff\xff\xff\xff", 9}};

static void integers_have_the_encodings_of_the_standard_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        WRITE(w, 9);
        cw_cbor_put_integer(&w, integers[i].value);
        is_written(&w, bytes, integers[i].bytes, integers[i].len);
        struct cw_reader r = cw_reader_over(bytes, integers[i].len);
        assert_true(cw_cbor_integer(&r) == integers[i].value);
        assert_int_equal(cw_reader_finish(&r), CW_OK);
        r = cw_reader_over(bytes, integers[i].len);
        cw_cbor_skip(&r);
        assert_int_equal(cw_reader_finish(&r), CW_OK);
        r = cw_reader_over(bytes, integers[i].len - 1);
        assert_true(cw_cbor_integer(&r) == 0);
        assert_int_equal(cw_reader_finish(&r), CW_E_SHORT);
    }
}

static void the_largest_unsigned_number_is_no_integer_of_64_bits(void **state)
{
    (void)state;
    WRITE(w, 9);
    cw_cbor_put_unsigned(&w, UINT64_MAX);
    IS_WRITTEN("\x1b\xff\xff\xff\xff\xff\xff\xff\xff");
    struct cw_reader r = cw_reader_over(bytes, 9);
    assert_true(cw_cbor_unsigned(&r) == UINT64_MAX);
    assert_int_equal(cw_reader_finish(&r), CW_OK);
    r = cw_reader_over(bytes, 9);
    assert_true(cw_cbor_integer(&r) == 0);
    assert_int_equal(r.status, CW_E_FORM);
}

static void strings_and_structures_have_the_encodings_of_the_standard(void **state)
{
    (void)state;
    WRITE(w, 64);
    cw_cbor_put_array(&w, 5);
    cw_cbor_put_bytes(&w, "\1\2\3\4", 4);
    cw_cbor_put_text(&w, "IETF", 4);
    cw_cbor_put_map(&w, 1);
    cw_cbor_put_integer(&w, 1);
    cw_cbor_put_bool(&w, true);
    cw_cbor_put_bool(&w, false);
    cw_cbor_put_tag(&w, 18);
    cw_cbor_put_bytes_head(&w, 0);
    IS_WRITTEN("\x85\x44\x01\x02\x03\x04\x64IETF\xa1\x01\xf5\xf4\xd2\x40");
}

static void a_long_string_has_a_head_of_three_bytes(void **state)
{
    static const uint8_t zeros[256];
    (void)state;
    WRITE(w, 300);
    cw_cbor_put_bytes(&w, zeros, sizeof zeros);
    assert_int_equal(w.used_len, 259);
    assert_memory_equal(bytes, "\x59\x01\x00", 3);
    struct cw_reader r = cw_reader_over(bytes, 259);
    size_t len;
    assert_ptr_equal(cw_cbor_bytes(&r, &len), bytes + 3);
    assert_int_equal(len, 256);
}

static void what_does_not_fit_is_told(void **state)
{
    (void)state;
    WRITE(w, 3);
    size_t len;
    cw_cbor_put_text(&w, "abc", 3);
    assert_int_equal(cw_writer_finish(&w, &len), CW_E_SPACE);
}

/* All that a skip says of the bytes. */
static cw_status skipped(const char *bytes, size_t len)
{
    struct cw_reader r = cw_reader_over((const uint8_t *)bytes, len);
    cw_cbor_skip(&r);
    return cw_reader_finish(&r);
}
#define SKIPPED(text) skipped(text, sizeof text - 1)

static void what_is_deterministic_is_taken(void **state)
{
    (void)state;
    assert_int_equal(SKIPPED("\x85\x44\x01\x02\x03\x04\x64IETF\xa1\x01\xf5\xf4\xd2\x40"), CW_OK);
    assert_int_equal(SKIPPED("\xf6"), CW_OK);
    assert_int_equal(SKIPPED("\x80"), CW_OK);
    assert_int_equal(SKIPPED("\xa0"), CW_OK);
    /* Section 4.2.1's own example of an order of keys: 10, 100, -1, "z", "aa", [100], [-1], false. */
    assert_int_equal(SKIPPED("\xa8\x0a\0\x18\x64\0\x20\0\x61z\0\x62"
                             "aa\0\x81\x18\x64\0\x81\x20\0\xf4\0"), CW_OK);
}

static void longer_heads_than_needed_are_refused(void **state)
{
    (void)state;
    assert_int_equal(SKIPPED("\x18\x17"), CW_E_FORM);
    assert_int_equal(SKIPPED("\x19\x00\xff"), CW_E_FORM);
    assert_int_equal(SKIPPED("\x1a\x00\x00\xff\xff"), CW_E_FORM);
    assert_int_equal(SKIPPED("\x1b\x00\x00\x00\x00\xff\xff\xff\xff"), CW_E_FORM);
    assert_int_equal(SKIPPED("\x58\x01\x00"), CW_E_FORM);
    assert_int_equal(SKIPPED("\x78\x01z"), CW_E_FORM);
    assert_int_equal(SKIPPED("\x98\x01\x00"), CW_E_FORM);
    assert_int_equal(SKIPPED("\xb8\x01\x00\x00"), CW_E_FORM);
    assert_int_equal(SKIPPED("\xd8\x12\x00"), CW_E_FORM);
}

static void what_is_not_of_this_subset_is_refused(void **state)
{
    (void)state;
    assert_int_equal(SKIPPED("\x5f\x41\x00\xff"), CW_E_FORM);             /* indefinite */
    assert_int_equal(SKIPPED("\x9f\x00\xff"), CW_E_FORM);
    assert_int_equal(SKIPPED("\xbf\xff"), CW_E_FORM);
    assert_int_equal(SKIPPED("\x1c"), CW_E_FORM);                         /* reserved */
    assert_int_equal(SKIPPED("\xf9\x00\x00"), CW_E_FORM);                 /* floating point */
    assert_int_equal(SKIPPED("\xfa\x47\xc3\x50\x00"), CW_E_FORM);
    assert_int_equal(SKIPPED("\xf7"), CW_E_FORM);                         /* undefined */
    assert_int_equal(SKIPPED("\xf8\xff"), CW_E_FORM);
    assert_int_equal(SKIPPED("\x61\x1b"), CW_E_FORM);                     /* not printable */
    assert_int_equal(SKIPPED("\x62\xc3\xbc"), CW_E_FORM);
}

static void keys_out_of_order_or_twice_are_refused(void **state)
{
    (void)state;
    assert_int_equal(SKIPPED("\xa2\x02\0\x01\0"), CW_E_FORM);
    assert_int_equal(SKIPPED("\xa2\x01\0\x01\0"), CW_E_FORM);
    assert_int_equal(SKIPPED("\xa2\x20\0\x01\0"), CW_E_FORM);
    assert_int_equal(SKIPPED("\xa2\x62"
                             "aa\0\x61z\0"), CW_E_FORM);
    assert_int_equal(SKIPPED("\xa1\x00\xa2\x02\0\x01\0"), CW_E_FORM);
    assert_int_equal(SKIPPED("\xa2\xa1\x02\0\0\xa1\x01\0\0"), CW_E_FORM);
}

static void no_length_reaches_behind_the_end(void **state)
{
    (void)state;
    assert_int_equal(SKIPPED(""), CW_E_SHORT);
    assert_int_equal(SKIPPED("\x42\x00"), CW_E_SHORT);
    assert_int_equal(SKIPPED("\x5b\xff\xff\xff\xff\xff\xff\xff\xff"), CW_E_SHORT);
    assert_int_equal(SKIPPED("\x82\x00"), CW_E_SHORT);
    assert_int_equal(SKIPPED("\x9b\xff\xff\xff\xff\xff\xff\xff\xff"), CW_E_SHORT);
    assert_int_equal(SKIPPED("\xbb\x80\x00\x00\x00\x00\x00\x00\x00\x00"), CW_E_SHORT);
    assert_int_equal(SKIPPED("\xa1\x00"), CW_E_SHORT);
    assert_int_equal(SKIPPED("\xd2"), CW_E_SHORT);
    assert_int_equal(SKIPPED("\x00\x00"), CW_E_FORM);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(SKIPPED("\x81\x81\x81\x81\x81\x81\x81\x00"), CW_OK);
    assert_int_equal(SKIPPED("\x81\x81\x81\x81\x81\x81\x81\x81\x00"), CW_E_FORM);
    assert_int_equal(SKIPPED("\x81\x81\x81\x81\x81\x81\x81\x80"), CW_OK);
}

static void a_map_gives_its_keys_in_order_and_no_others(void **state)
{
    static const uint8_t good[] = {0xa4, 0x0a, 0x00, 0x19, 0x01, 0x00, 0x01, 0x3a, 0x00, 0x01, 0x24,
            0xf7, 0x02, 0x3a, 0x00, 0x01, 0x24, 0xf8, 0x03};
    static const int64_t keys[] = {10, 256, -75000, -75001};
    (void)state;
    struct cw_reader r = cw_reader_over(good, sizeof good);
    struct cw_cbor_map map = cw_cbor_map(&r);
    int64_t key = 0;
    for (uint64_t i = 0; i < 4; i++) {
        assert_true(cw_cbor_map_next(&map, &r, &key));
        assert_true(key == keys[i] && cw_cbor_unsigned(&r) == i);
    }
    assert_false(cw_cbor_map_next(&map, &r, &key));
    assert_int_equal(cw_reader_finish(&r), CW_OK);

    static const uint8_t bad[][5] = {{0xa2, 0x02, 0, 0x01, 0}, {0xa2, 0x01, 0, 0x01, 0},
            {0xa2, 0x20, 0, 0x01, 0}, {0xa2, 0x21, 0, 0x20, 0}, {0xa2, 0x20, 0, 0x20, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        r = cw_reader_over(bad[i], sizeof bad[i]);
        map = cw_cbor_map(&r);
        assert_true(cw_cbor_map_next(&map, &r, &key));
        (void)cw_cbor_unsigned(&r);
        assert_false(cw_cbor_map_next(&map, &r, &key));
        assert_int_equal(r.status, CW_E_FORM);
    }
}

static void an_item_of_another_kind_is_refused_and_reads_as_nothing(void **state)
{
    static const uint8_t text[] = {0x61, 'a'};
    static const uint8_t number[] = {0x01};
    size_t len = 7;
    (void)state;
    struct cw_reader r = cw_reader_over(text, sizeof text);
    assert_null(cw_cbor_bytes(&r, &len));
    assert_true(len == 0 && r.status == CW_E_FORM);
    r = cw_reader_over(number, sizeof number);
    assert_null(cw_cbor_text(&r, &len));
    assert_int_equal(r.status, CW_E_FORM);
    r = cw_reader_over(number, sizeof number);
    assert_false(cw_cbor_bool(&r));
    assert_int_equal(r.status, CW_E_FORM);
    r = cw_reader_over(number, sizeof number);
    assert_int_equal(cw_cbor_array(&r), 0);
    assert_int_equal(r.status, CW_E_FORM);
    r = cw_reader_over(text, sizeof text);
    assert_true(cw_cbor_integer(&r) == 0);
    assert_int_equal(r.status, CW_E_FORM);
    r = cw_reader_over((const uint8_t *)"\xd2\x00", 2);
    cw_cbor_tag(&r, 17);
    assert_int_equal(r.status, CW_E_FORM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(integers_have_the_encodings_of_the_standard_both_ways),
            cmocka_unit_test(the_largest_unsigned_number_is_no_integer_of_64_bits),
            cmocka_unit_test(strings_and_structures_have_the_encodings_of_the_standard),
            cmocka_unit_test(a_long_string_has_a_head_of_three_bytes),
            cmocka_unit_test(what_does_not_fit_is_told),
            cmocka_unit_test(what_is_deterministic_is_taken),
            cmocka_unit_test(longer_heads_than_needed_are_refused),
            cmocka_unit_test(what_is_not_of_this_subset_is_refused),
            cmocka_unit_test(keys_out_of_order_or_twice_are_refused),
            cmocka_unit_test(no_length_reaches_behind_the_end),
            cmocka_unit_test(depth_is_bounded),
            cmocka_unit_test(a_map_gives_its_keys_in_order_and_no_others),
            cmocka_unit_test(an_item_of_another_kind_is_refused_and_reads_as_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
