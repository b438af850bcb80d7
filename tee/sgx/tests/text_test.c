/* SPDX-License-Identifier: MIT */
/* Hex, base64, times, PEM, DER and spans: what is right is read, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tee/sgx/owner/chain.h"
#include "tee/sgx/owner/der.h"
#include "tee/sgx/owner/span.h"
#include "tee/sgx/owner/text.h"
#include "tests/support/dcap.h"

static void base64_has_one_spelling(void **state)
{
    static const struct {
        const char *text;
        const char *bytes; /* NULL: refused */
    } cases[] = {
        {"Zm9vYmFy", "foobar"}, {"Zm9vYmE=", "fooba"}, {"Zm9vYg==", "foob"},
        {"Zm9v\nYmFy\n", "foobar"}, {"Zm9v\r\nYmFy", "foobar"}, {"Z\nm9v", "foo"},
        {"", NULL}, {"Zm9", NULL}, {"Zm9vY", NULL}, {"Zm9v=", NULL}, {"Zm9vYg=", NULL},
        {"Zm9vYg===", NULL}, {"Z===", NULL}, {"====", NULL}, {"Zm9vYh==", NULL},
        {"Zm9vYmF=", NULL}, {"Zm9vYg==Zm9v", NULL}, {"Zm9 v", NULL}, {"Zm9\rv", NULL},
        {"Zm9-", NULL}, {"Zg=v", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[64];
        size_t len = 0;
        bool is_read = cw_text_base64(cases[i].text, strlen(cases[i].text), bytes, &len);
        if (is_read != (cases[i].bytes != NULL)) {
            fail_msg("%s", cases[i].text);
        }
        if (is_read) {
            assert_int_equal(len, strlen(cases[i].bytes));
            assert_memory_equal(bytes, cases[i].bytes, len);
        }
    }
}

static void hex_is_of_the_length_that_is_asked(void **state)
{
    uint8_t bytes[2];
    (void)state;
    assert_true(cw_text_hex("0aFF", 4, bytes, 2));
    assert_memory_equal(bytes, "\x0a\xff", 2);
    assert_false(cw_text_hex("0aFF0", 5, bytes, 2));
    assert_false(cw_text_hex("0aF", 3, bytes, 2));
    assert_false(cw_text_hex("0aFF00", 6, bytes, 2));
    assert_false(cw_text_hex("0agF", 4, bytes, 2));
    assert_false(cw_text_hex("0a\x66\x26", 4, bytes, 2));
}

static void times_are_rfc_3339(void **state)
{
    static const struct {
        const char *text;
        int64_t time; /* -1: refused */
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2025-06-19T10:56:11Z", 1750330571},
        {"2024-02-29T23:59:59Z", 1709251199},
        {"2025-06-19T12:56:11+02:00", 1750330571},
        {"2025-06-19T10:26:11-00:30", 1750330571},
        {"2025-06-19T10:56:11.250+00:00", 1750330571},
        {"2025-06-19T10:56:11.Z", -1},
        {"2025-02-29T00:00:00Z", -1}, {"2025-04-31T00:00:00Z", -1}, {"2025-13-01T00:00:00Z", -1},
        {"2025-06-19T24:00:00Z", -1}, {"2025-06-19T10:60:00Z", -1}, {"2025-06-19T10:00:60Z", -1},
        {"2025-06-19", -1}, {"2025-06-19T10:56:11", -1}, {"2025-06-19 10:56:11Z", -1},
        {"2025-06-19T10:56:11Z ", -1}, {"", -1}, {"2025-6-19T10:56:11Z", -1},
        {"2025-06-19T10:56:11+02", -1}, {"1750330571", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[CW_TEXT_TIME_CAP];
        int64_t time = -1;
        bool is_read = cw_text_time(cases[i].text, &time);
        if (is_read != (cases[i].time >= 0) || time != cases[i].time) {
            fail_msg("%s", cases[i].text);
        }
        if (is_read && strchr(cases[i].text, 'Z') != NULL) {
            cw_text_time_print(time, text);
            assert_string_equal(text, cases[i].text);
        }
    }
}

#define BEGIN_C "-----BEGIN CERTIFICATE-----\n"
#define END_C "-----END CERTIFICATE-----"

static void pem_is_read_strictly_in_quotes(void **state)
{
    static const struct {
        const char *text;
        size_t more;  /* zero bytes behind it */
        int strict;   /* blocks; -1: broken behind the last one that was read */
        int in_files;
    } cases[] = {
        {BEGIN_C "MAA=\n" END_C "\n", 0, 1, 1},
        {BEGIN_C "MAA=\n" END_C, 2, 1, 1},
        {BEGIN_C "MAA=\n" END_C "\n\n" BEGIN_C "MAA=\n" END_C, 0, 2, 2},
        {BEGIN_C "MAA=\n" END_C BEGIN_C "MAA=\n" END_C, 0, 2, 2},
        {"-----BEGIN CERTIFICATE-----\r\nMAA=\r\n-----END CERTIFICATE-----\r\n", 0, 1, 1},
        {"", 0, 0, 0},
        {"x: " BEGIN_C "MAA=\n" END_C, 0, -1, 1},
        {"subject=x\n" BEGIN_C "MAA=\n" END_C, 0, -1, 1},
        {BEGIN_C "MAA=\n" END_C "\n ", 0, -1, 1},
        {BEGIN_C "MAA=" END_C, 0, -1, -1},
        {BEGIN_C "MAA=\n-----END X509 CRL-----", 0, -1, -1},
        {"-----BEGIN CERTIFICATE----\nMAA=\n" END_C, 0, -1, -1},
        {"-----BEGIN CERTIFICATE-----MAA=\n" END_C, 0, -1, -1},
        {BEGIN_C, 0, -1, -1},
        {"-----BEGIN ", 0, -1, -1},
        {BEGIN_C "\n" END_C, 0, -1, -1},
        {BEGIN_C "Proc-Type: 4\n\nMAA=\n" END_C, 0, -1, -1},
    };
    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        bool is_strict = i % 2 == 0;
        const char *text = cases[i / 2].text;
        char *own = calloc(1, strlen(text) + 3);
        assert_non_null(own);
        memcpy(own, text, strlen(text));
        struct cw_text_pem pem = {
                own, strlen(text) + (is_strict ? cases[i / 2].more : 0), is_strict};
        cw_text_label label;
        uint8_t *der;
        size_t len;
        int blocks = 0;
        cw_status status;
        while ((status = cw_text_pem_next(&pem, &label, &der, &len)) == CW_OK) {
            assert_int_equal(label, CW_TEXT_CERTIFICATE);
            assert_int_equal(len, 2);
            assert_memory_equal(der, "\x30\0", 2);
            free(der);
            blocks++;
        }
        int expected = is_strict ? cases[i / 2].strict : cases[i / 2].in_files;
        if ((status == CW_E_ABSENT ? blocks : -1) != expected) {
            fail_msg("case %zu, strict %d: %d blocks", i / 2, is_strict, blocks);
        }
        free(own);
    }
}

static void der_has_one_encoding(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool is_well;
        uint32_t number;
    } cases[] = {
        {"\x02\x01\x00", 3, true, 0},
        {"\x02\x01\x7f", 3, true, 127},
        {"\x02\x02\x00\x80", 4, true, 128},
        {"\x02\x03\x00\xff\xff", 5, true, 65535},
        {"\x02\x03\x01\x00\x00", 5, false, 0}, /* above the bound */
        {"\x02\x02\x00\x7f", 4, false, 0},     /* a zero too many */
        {"\x02\x01\x80", 3, false, 0},         /* negative        */
        {"\x02\x00", 2, false, 0},
        {"\x02\x81\x01\x05", 4, false, 0}, /* length not in its shortest form */
        {"\x02\x80\x05\x00\x00", 5, false, 0},
        {"\x02\x02\x05", 3, false, 0},
        {"\x03\x01\x05", 3, false, 0},
        {"\x02", 1, false, 0},
        {"", 0, false, 0},
        {"\x02\x01\x05\x00", 4, false, 5}, /* something behind it */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cw_der d = cw_der_over((const uint8_t *)cases[i].bytes, cases[i].len);
        uint32_t number = cw_der_uint(&d, CW_DER_INTEGER, 65535);
        if (cw_der_finish(&d) != cases[i].is_well || number != cases[i].number) {
            fail_msg("case %zu", i);
        }
        if (!cases[i].is_well && cases[i].number == 0) { /* it stays failed, and reads as zeros */
            uint8_t bytes[2] = {1, 1};
            cw_der_octets(&d, bytes, sizeof bytes);
            cw_der_skip(&d);
            assert_memory_equal(bytes, "\0\0", 2);
            assert_false(cw_der_finish(&d));
        }
    }
}

static void spans_are_of_the_outer_object_alone(void **state)
{
    static const struct {
        const char *text;
        const char *value; /* NULL: absent */
    } cases[] = {
            {"{\"a\":1}", "1"},
            {" { \"a\" : [1, {\"a\": 2}] , \"b\": 3 } ", "[1, {\"a\": 2}]"},
            {"{\"b\":{\"a\":1},\"a\":\"}\\\"{\"}", "\"}\\\"{\""},
            {"{\"b\":\"\\\\\",\"a\":null}", "null"},
            {"{\"b\":[\"\\\"a\\\":1\"]}", NULL},
            {"{\"aa\":1}", NULL},
            {"{\"\\u0061\":1}", NULL}, /* a key is compared as it is written */
            {"{}", NULL},
            {"", NULL},
            {"{\"a", NULL},
            {"{\"a\"", NULL},
            {"{\"a\":1", NULL},
            {"[]", NULL},
            {"{\"a\":\"\\", NULL},
            {"{\"b\":1,}", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t text_len = strlen(cases[i].text);
        char *own = malloc(text_len + (text_len == 0));
        const char *value = NULL;
        size_t len = 0;
        assert_non_null(own);
        memcpy(own, cases[i].text, text_len);
        bool is_there = cw_span_member(own, text_len, "a", &value, &len);
        if (is_there != (cases[i].value != NULL)) {
            fail_msg("%s", cases[i].text);
        }
        if (is_there) {
            assert_int_equal(len, strlen(cases[i].value));
            assert_memory_equal(value, cases[i].value, len);
        }
        free(own);
    }
}

/* The bytes of a PCK extension, cut and flipped everywhere. */
static void extension_is_read_whole_or_not_at_all(void **state)
{
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    uint8_t der[1024];
    size_t len = dcap_extension(&r, der);
    struct cw_chain_pck pck;
    assert_true(cw_chain_pck_decode(der, len, &pck));
    assert_int_equal(pck.pcesvn, 13);
    assert_int_equal(pck.components[4], 255);
    assert_int_equal(pck.type, 1);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *own = malloc(cut + (cut == 0));
        assert_non_null(own);
        memcpy(own, der, cut);
        assert_false(cw_chain_pck_decode(own, cut, &pck));
        free(own);
    }
    der[len] = 0;
    assert_false(cw_chain_pck_decode(der, len + 1, &pck));
    for (size_t bit = 0; bit < 8 * len; bit++) { /* other values, or nothing; never out of bounds */
        der[bit / 8] ^= (uint8_t)(1u << bit % 8);
        (void)!cw_chain_pck_decode(der, len, &pck);
        der[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_has_one_spelling),
        cmocka_unit_test(hex_is_of_the_length_that_is_asked),
        cmocka_unit_test(times_are_rfc_3339),
        cmocka_unit_test(pem_is_read_strictly_in_quotes),
        cmocka_unit_test(der_has_one_encoding),
        cmocka_unit_test(spans_are_of_the_outer_object_alone),
        cmocka_unit_test(extension_is_read_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
