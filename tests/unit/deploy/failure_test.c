/* SPDX-License-Identifier: MIT */
/* What --json prints of what went wrong: lines divided by their marks, mistakes with their places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "deploy/app.h"
#include "deploy/failure.h"
#include "posix/log.h"

/* What cw_failures_tell prints, as an object; the listener ends. */
static json_t *told(struct cw_failures *f, json_t *object, int exit)
{
    char path[] = "/tmp/failure_test.XXXXXX";
    const int fd = mkstemp(path);
    const int old = dup(STDOUT_FILENO);
    assert_true(fd >= 0 && old >= 0);
    (void)fflush(stdout);
    assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
    cw_failures_tell(f, object, "apply", exit);
    (void)fflush(stdout);
    assert_int_equal(dup2(old, STDOUT_FILENO), STDOUT_FILENO);
    close(old);
    close(fd);
    json_error_t error;
    json_t *read = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    (void)unlink(path);
    assert_non_null(read);
    cw_failures_free(f);
    return read;
}

static void expect(json_t *error, const char *where, const char *what, const char *remedy)
{
    const char *const fields[] = {"where", "what", "remedy"};
    const char *const expected[] = {where, what, remedy};
    for (size_t i = 0; i < 3; i++) {
        json_t *field = json_object_get(error, fields[i]);
        assert_non_null(field);
        if (expected[i] == NULL) {
            assert_true(json_is_null(field));
        } else {
            assert_string_equal(json_string_value(field), expected[i]);
        }
    }
}

static void lines_are_divided_by_their_marks(void **state)
{
    (void)state;
    struct cw_failures *f = cw_failures_listen();
    cw_log_error("--hex" CW_AT ": found \"%s\"" CW_REMEDY ", expected digits", "g");
    cw_log_error("node n" CW_AT ": it is away" CW_REMEDY ".  Is it running?");
    cw_log_error("../x" CW_AT " cannot be read: why: because");
    cw_log_error("plain");
    cw_log_error("%s" CW_AT ": foreign" CW_REMEDY ": do it", "a\033b" "\xff");
    cw_log_warn("careful" CW_REMEDY "; look");
    cw_log_info("nothing");
    json_t *j = told(f, json_pack("{s:b, s:i}", "ok", 1, "number", 3), CW_EXIT_FAILED);
    json_t *errors = json_object_get(j, "errors");
    assert_int_equal(json_array_size(errors), 5);
    expect(json_array_get(errors, 0), "--hex", "found \"g\"", "expected digits");
    expect(json_array_get(errors, 1), "node n", "it is away", "Is it running?");
    expect(json_array_get(errors, 2), "../x", "cannot be read: why: because", NULL);
    expect(json_array_get(errors, 3), NULL, "plain", NULL);
    expect(json_array_get(errors, 4), "a?b?", "foreign", "do it");
    assert_int_equal(json_array_size(json_object_get(j, "warnings")), 1);
    expect(json_array_get(json_object_get(j, "warnings"), 0), NULL, "careful", "look");
    assert_true(json_is_false(json_object_get(j, "ok"))); /* the exit status decides */
    assert_int_equal(json_integer_value(json_object_get(j, "exit")), CW_EXIT_FAILED);
    assert_int_equal(json_integer_value(json_object_get(j, "number")), 3);
    assert_string_equal(json_string_value(json_object_get(j, "verb")), "apply");
    json_decref(j);
}

static void mistakes_have_their_places(void **state)
{
    (void)state;
    struct cw_failures *f = cw_failures_listen();
    struct cw_mistakes m = {.file = "a\033.json"};
    cw_mistakes_add(&m, (struct cw_place){2, 7}, "name: found %s" CW_REMEDY ", expected a text", "3");
    cw_mistakes_add(&m, (struct cw_place){0, 0}, "there is no such file");
    cw_failures_add(f, &m);
    cw_mistakes_free(&m);
    json_t *j = told(f, NULL, CW_EXIT_WRONG);
    json_t *errors = json_object_get(j, "errors");
    assert_int_equal(json_array_size(errors), 2);
    expect(json_array_get(errors, 0), "a?.json:2:7", "name: found 3", "expected a text");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(errors, 0), "line")), 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(errors, 0), "column")), 7);
    expect(json_array_get(errors, 1), "a?.json", "there is no such file", NULL);
    assert_null(json_object_get(json_array_get(errors, 1), "line"));
    json_decref(j);
}

static void changes_that_were_asked_for_are_no_failure(void **state)
{
    (void)state;
    json_t *j = told(cw_failures_listen(), NULL, CW_EXIT_CHANGES);
    assert_true(json_is_true(json_object_get(j, "ok")));
    assert_int_equal(json_array_size(json_object_get(j, "errors")), 0);
    json_decref(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(lines_are_divided_by_their_marks),
            cmocka_unit_test(mistakes_have_their_places),
            cmocka_unit_test(changes_that_were_asked_for_are_no_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
