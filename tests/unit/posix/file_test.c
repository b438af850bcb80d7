/* SPDX-License-Identifier: MIT */
/* Whole files and folders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "posix/file.h"
#include "tests/support/folder.h"

static void what_is_written_is_read_whole(void **state)
{
    (void)state;
    char *path = cw_file_join(folder, "f");
    uint8_t *bytes;
    size_t len;
    assert_int_equal(cw_file_read(path, 100, &bytes, &len), CW_E_ABSENT);
    assert_int_equal(cw_file_write(path, "a\0b", 3, 0640), CW_OK);
    assert_int_equal(cw_file_read(path, 3, &bytes, &len), CW_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(bytes, "a\0b\0", 4);
    free(bytes);
    assert_int_equal(cw_file_read(path, 2, &bytes, &len), CW_E_SPACE);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(cw_file_write(path, "", 0, 0600), CW_OK);
    assert_int_equal(cw_file_read(path, 3, &bytes, &len), CW_OK);
    assert_int_equal(len, 0);
    free(bytes);
    assert_int_equal(cw_file_read(folder, 3, &bytes, &len), CW_E_SYSTEM);
    free(path);
}

static void a_failed_write_leaves_what_was_before(void **state)
{
    (void)state;
    char *path = cw_file_join(folder, "taken");
    assert_int_equal(cw_file_make_folder(path, 0700), CW_OK);
    char *inside = cw_file_join(path, "x");
    assert_int_equal(cw_file_write(inside, "1", 1, 0600), CW_OK);
    assert_int_equal(cw_file_write(path, "2", 1, 0600), CW_E_SYSTEM); /* a folder stands there */
    assert_true(cw_file_exists(inside));
    char command[128];
    snprintf(command, sizeof command, "test -z \"$(find '%s' -name '*.new')\"", folder);
    assert_int_equal(system(command), 0);
    free(inside);
    free(path);
}

static void secrets_must_be_private_files_of_their_user(void **state)
{
    (void)state;
    char *path = cw_file_join(folder, "s");
    char *link = cw_file_join(folder, "l");
    assert_int_equal(cw_file_check_private(path), CW_E_ABSENT);
    assert_int_equal(cw_file_write(path, "x", 1, 0600), CW_OK);
    assert_int_equal(cw_file_check_private(path), CW_OK);
    assert_int_equal(chmod(path, 0604), 0);
    assert_int_equal(cw_file_check_private(path), CW_E_DENIED);
    assert_int_equal(chmod(path, 0620), 0);
    assert_int_equal(cw_file_check_private(path), CW_E_DENIED);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(cw_file_check_private(link), CW_E_DENIED);
    assert_int_equal(cw_file_check_private(folder), CW_E_DENIED);
    free(link);
    free(path);
}

static void folders_are_made_with_those_above(void **state)
{
    (void)state;
    char *path = cw_file_join(folder, "a/b/c");
    assert_int_equal(cw_file_make_folder(path, 0700), CW_OK);
    assert_int_equal(cw_file_make_folder(path, 0700), CW_OK);
    assert_true(cw_file_exists(path));
    free(path);
}

static void paths_are_taken_apart_and_joined(void **state)
{
    (void)state;
    static const char *const folders[][2] = {
            {"a/b", "a"}, {"b", "."}, {"/b", "/"}, {"/a/b/c", "/a/b"}};
    static const char *const joined[][3] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"},
            {".", "b", "b"}, {"a", "/b", "/b"}};
    for (size_t i = 0; i < 4; i++) {
        char *text = cw_file_folder(folders[i][0]);
        assert_string_equal(text, folders[i][1]);
        free(text);
        text = cw_file_join(joined[i][0], joined[i][1]);
        assert_string_equal(text, joined[i][2]);
        free(text);
    }
    char *program = cw_file_program_folder();
    assert_non_null(program);
    assert_int_equal(program[0], '/');
    free(program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_is_written_is_read_whole),
            cmocka_unit_test(a_failed_write_leaves_what_was_before),
            cmocka_unit_test(secrets_must_be_private_files_of_their_user),
            cmocka_unit_test(folders_are_made_with_those_above),
            cmocka_unit_test(paths_are_taken_apart_and_joined),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
