/* SPDX-License-Identifier: MIT */
/* The words of a command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "posix/args.h"

static const struct cw_args_option options[] = {
        {"json", NULL, "a flag"},
        {"state", "DIR", "with a value"},
        {"node", "NAME...", "again and again"},
        {"when", "on|off", "one of these"},
        {"both", "NAME=on|off", "no choice, a pattern"},
        {0},
};

static cw_args_kind next(struct cw_args *a, size_t *ret_index, const char **ret_value)
{
    return cw_args_next(a, options, ret_index, ret_value);
}

static void options_and_operands_come_in_order(void **state)
{
    (void)state;
    char *argv[] = {(char[]){"x"}, (char[]){"apply"}, (char[]){"--json"}, (char[]){"--state"},
            (char[]){"a b"}, (char[]){"--node=c"}, (char[]){"--node"}, (char[]){"d"},
            (char[]){"--when=off"}, (char[]){"--both=x"}, (char[]){"--"}, (char[]){"--json"},
            (char[]){"-"}};
    struct cw_args a = cw_args_over(13, argv);
    size_t index;
    const char *value;
    assert_int_equal(next(&a, &index, &value), CW_ARGS_OPERAND);
    assert_string_equal(value, "apply");
    assert_int_equal(next(&a, &index, &value), CW_ARGS_OPTION);
    assert_int_equal(index, 0);
    assert_int_equal(next(&a, &index, &value), CW_ARGS_OPTION);
    assert_int_equal(index, 1);
    assert_string_equal(value, "a b");
    assert_int_equal(next(&a, &index, &value), CW_ARGS_OPTION);
    assert_string_equal(value, "c");
    assert_int_equal(next(&a, &index, &value), CW_ARGS_OPTION);
    assert_string_equal(value, "d");
    assert_int_equal(next(&a, &index, &value), CW_ARGS_OPTION);
    assert_int_equal(index, 3);
    assert_string_equal(value, "off");
    assert_int_equal(next(&a, &index, &value), CW_ARGS_OPTION);
    assert_int_equal(next(&a, &index, &value), CW_ARGS_OPERAND);
    assert_string_equal(value, "--json");
    assert_int_equal(next(&a, &index, &value), CW_ARGS_OPERAND);
    assert_string_equal(value, "-");
    assert_int_equal(next(&a, &index, &value), CW_ARGS_END);
    assert_int_equal(next(&a, &index, &value), CW_ARGS_END);
}

static void wrong_words_are_refused(void **state)
{
    (void)state;
    char *wrong[] = {(char[]){"--jsno"}, (char[]){"--json=1"}, (char[]){"--state"},
            (char[]){"-j"}, (char[]){"-x"}, (char[]){"--when=maybe"}, (char[]){"--="}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *argv[] = {(char[]){"x"}, wrong[i]};
        struct cw_args a = cw_args_over(2, argv);
        size_t index;
        const char *value;
        assert_int_equal(next(&a, &index, &value), CW_ARGS_WRONG);
    }
}

static void an_option_is_no_value_and_stands_there_once(void **state)
{
    (void)state;
    size_t index;
    const char *value;
    char *swallows[] = {(char[]){"x"}, (char[]){"--state"}, (char[]){"--json"}};
    struct cw_args a = cw_args_over(3, swallows);
    assert_int_equal(next(&a, &index, &value), CW_ARGS_WRONG);
    char *meant[] = {(char[]){"x"}, (char[]){"--state=--json"}, (char[]){"--state=b"}};
    a = cw_args_over(3, meant);
    assert_int_equal(next(&a, &index, &value), CW_ARGS_OPTION);
    assert_string_equal(value, "--json");
    assert_int_equal(next(&a, &index, &value), CW_ARGS_WRONG);
}

static void the_nearest_word_is_found_and_no_other(void **state)
{
    (void)state;
    static const char *const list[] = {"spongent", "aes", NULL};
    assert_string_equal(cw_args_nearest("spongint", list), "spongent");
    assert_string_equal(cw_args_nearest("eas", list), "aes");
    assert_null(cw_args_nearest("twofish", list));
    assert_int_equal(cw_args_distance("kitten", "sitting"), 3);
    assert_int_equal(cw_args_distance("", "abc"), 3);
    assert_int_equal(cw_args_distance("ab", "ba"), 1);
    assert_int_equal(cw_args_distance("same", "same"), 0);
}

static bool take_count(void *ctx, size_t index, const char *value)
{
    assert_int_equal(index, 0);
    return cw_args_number("count", value, 1, 0x20, ctx);
}

static cw_args_verdict read_words(char *first, char *second, uint64_t *ret_count)
{
    static const struct cw_args_option rows[] = {
            {"count", "N...", "how many"}, {"version", NULL, "its version"}, {NULL, NULL, NULL}};
    const struct cw_args_program program = {.name = "x", .usage = "", .exits = "",
            .operand = "no", .options = rows, .take = take_count};
    char *words[] = {(char[]){"x"}, first, second};
    return cw_args_read(&program, 3, words, ret_count);
}

static void a_whole_command_line_is_taken_answered_or_refused(void **state)
{
    (void)state;
    uint64_t count = 0;
    assert_int_equal(read_words((char[]){"--count=7"}, (char[]){"--count=0x1F"}, &count), CW_ARGS_GO);
    assert_int_equal(count, 0x1f);
    assert_int_equal(read_words((char[]){"--version"}, (char[]){"more"}, &count), CW_ARGS_ANSWERED);
    assert_int_equal(read_words((char[]){"--count=1"}, (char[]){"more"}, &count), CW_ARGS_REFUSED);
    static const char *const wrong[] = {"--count=0", "--count=33", "--count=-1", "--count=+1",
            "--count= 1", "--count=1x", "--count=0x", "--count=18446744073709551616"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char word[40];
        (void)strcpy(word, wrong[i]);
        count = 5;
        assert_int_equal(read_words(word, (char[]){"--version"}, &count), CW_ARGS_REFUSED);
        assert_int_equal(count, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(options_and_operands_come_in_order),
            cmocka_unit_test(wrong_words_are_refused),
            cmocka_unit_test(an_option_is_no_value_and_stands_there_once),
            cmocka_unit_test(a_whole_command_line_is_taken_answered_or_refused),
            cmocka_unit_test(the_nearest_word_is_found_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
