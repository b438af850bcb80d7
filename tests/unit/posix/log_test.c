/* SPDX-License-Identifier: MIT */
/* Lines for people: foreign text is harmless, marks do not show, and listeners get both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "posix/log.h"

static void foreign_text_is_made_harmless(void **state)
{
    (void)state;
    static const struct {
        const char *foreign;
        const char *clean;
    } cases[] = {
            {"plain", "plain"},
            {"\033[31mred", "?[31mred"},
            {"a\nb\tc\r", "a?b?c?"},
            {"\x7f", "?"},
            {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
            {"\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82\xac \xf0\x9f\x98\x80"},
            {"\xc2\x9b" "31m", "??31m"},          /* a control sequence in one character */
            {"\xe2\x80\xae" "txt", "???txt"},     /* turns the direction of what follows */
            {"\xff\xfe", "??"},
            {"\xc0\x80", "??"},                   /* a zero in two bytes */
            {"\xe0\x80\x80", "???"},
            {"\xed\xa0\x80", "???"},              /* half of a surrogate pair */
            {"\xf4\x90\x80\x80", "????"},         /* beyond the last character */
            {"cut \xe2\x82", "cut ??"},
            {CW_AT "marks" CW_REMEDY, "?marks?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", cases[i].foreign);
        cw_log_clean(text, "");
        assert_string_equal(text, cases[i].clean);
    }
    char kept[] = "a\nb\033";
    cw_log_clean(kept, "\n");
    assert_string_equal(kept, "a\nb?");
}

static char heard[256];
static int heard_count;

static void hear(void *ctx, cw_log_level level, const char *text)
{
    assert_ptr_equal(ctx, heard);
    assert_true(level <= CW_LOG_WARN);
    snprintf(heard, sizeof heard, "%s", text);
    heard_count++;
}

static void a_listener_gets_errors_and_warnings_with_their_marks(void **state)
{
    (void)state;
    cw_log_listen(hear, heard);
    cw_log_error("--hex" CW_AT ": found \"%s\"" CW_REMEDY ", expected digits", "\033g");
    assert_string_equal(heard, "--hex" CW_AT ": found \"?g\"" CW_REMEDY ", expected digits");
    cw_log_warn("careful");
    assert_string_equal(heard, "careful");
    cw_log_info("nothing");
    assert_int_equal(heard_count, 2);
    cw_log_listen(NULL, NULL);
    cw_log_error("unheard");
    assert_int_equal(heard_count, 2);
}

static void marks_can_be_taken_out(void **state)
{
    (void)state;
    char text[] = "a" CW_AT "b" CW_REMEDY "c" CW_AT;
    cw_log_unmark(text);
    assert_string_equal(text, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(foreign_text_is_made_harmless),
            cmocka_unit_test(a_listener_gets_errors_and_warnings_with_their_marks),
            cmocka_unit_test(marks_can_be_taken_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
