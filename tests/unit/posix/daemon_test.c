/* SPDX-License-Identifier: MIT */
/* Programs that outlive the one that started them. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "posix/daemon.h"
#include "posix/file.h"
#include "tests/support/folder.h"

static const char *const sleeper[] = {"/bin/sleep", "60", NULL};

static int remove_folder(void **state)
{
    const cw_status status = cw_daemon_stop(folder, 2000);
    return folder_remove(state) == 0 && status == CW_OK ? 0 : 1;
}

static void write_pid(long pid)
{
    char path[96];
    char text[32];
    snprintf(path, sizeof path, "%s/pid", folder);
    snprintf(text, sizeof text, "%ld\n", pid);
    assert_int_equal(cw_file_write(path, text, strlen(text), 0600), CW_OK);
}

static void it_runs_until_it_is_stopped(void **state)
{
    (void)state;
    assert_int_equal(cw_daemon_pid(folder), 0);
    assert_int_equal(cw_daemon_start(folder, sleeper), CW_OK);
    pid_t pid = cw_daemon_pid(folder);
    assert_true(pid > 0);
    assert_int_equal(kill(pid, 0), 0);
    assert_int_equal(getsid(pid), pid); /* no terminal ends it */
    assert_int_equal(cw_daemon_stop(folder, 2000), CW_OK);
    assert_int_equal(cw_daemon_pid(folder), 0);
    assert_int_equal(kill(pid, 0), -1);
}

static void there_is_one_per_folder(void **state)
{
    (void)state;
    assert_int_equal(cw_daemon_start(folder, sleeper), CW_OK);
    pid_t pid = cw_daemon_pid(folder);
    assert_int_equal(cw_daemon_start(folder, sleeper), CW_E_STATE);
    assert_int_equal(cw_daemon_pid(folder), pid);
}

static void one_that_was_killed_runs_no_more(void **state)
{
    (void)state;
    assert_int_equal(cw_daemon_start(folder, sleeper), CW_OK);
    pid_t pid = cw_daemon_pid(folder);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(cw_daemon_pid(folder), 0);
    assert_int_equal(cw_daemon_start(folder, sleeper), CW_OK);
}

static void number_of_a_stranger_is_not_believed(void **state)
{
    (void)state;
    pid_t stranger = fork();
    if (stranger == 0) {
        pause();
        _exit(0);
    }
    write_pid((long)stranger);
    assert_int_equal(cw_daemon_pid(folder), 0);
    assert_int_equal(cw_daemon_stop(folder, 100), CW_OK);
    assert_int_equal(kill(stranger, 0), 0);
    assert_int_equal(waitpid(stranger, NULL, WNOHANG), 0);
    kill(stranger, SIGKILL);
    waitpid(stranger, NULL, 0);
}

static void one_that_ignores_the_signal_is_killed(void **state)
{
    (void)state;
    static const char *const stubborn[] = {
            "/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.05; done", NULL};
    char path[96];
    uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(cw_daemon_start(folder, stubborn), CW_OK);
    snprintf(path, sizeof path, "%s/out", folder);
    for (int i = 0; i < 6000 && len == 0; i++) {
        usleep(10000);
        free(bytes);
        assert_int_equal(cw_file_read(path, 100, &bytes, &len), CW_OK);
    }
    assert_string_equal((const char *)bytes, "deaf\n");
    free(bytes);
    assert_int_equal(cw_daemon_stop(folder, 100), CW_OK);
    assert_int_equal(cw_daemon_pid(folder), 0);
}

static void missing_program_is_an_error(void **state)
{
    (void)state;
    static const char *const nothing[] = {"/nowhere/program", NULL};
    assert_int_equal(cw_daemon_start(folder, nothing), CW_E_SYSTEM);
    assert_int_equal(cw_daemon_pid(folder), 0);
}

static void other_arguments_are_told_apart(void **state)
{
    (void)state;
    static const char *const other[] = {"/bin/sleep", "61", NULL};
    assert_int_equal(cw_daemon_start(folder, sleeper), CW_OK);
    assert_true(cw_daemon_has(folder, sleeper));
    assert_false(cw_daemon_has(folder, other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(it_runs_until_it_is_stopped, folder_make, remove_folder),
            cmocka_unit_test_setup_teardown(there_is_one_per_folder, folder_make, remove_folder),
            cmocka_unit_test_setup_teardown(one_that_was_killed_runs_no_more, folder_make,
                    remove_folder),
            cmocka_unit_test_setup_teardown(number_of_a_stranger_is_not_believed, folder_make,
                    remove_folder),
            cmocka_unit_test_setup_teardown(one_that_ignores_the_signal_is_killed, folder_make,
                    remove_folder),
            cmocka_unit_test_setup_teardown(missing_program_is_an_error, folder_make,
                    remove_folder),
            cmocka_unit_test_setup_teardown(other_arguments_are_told_apart, folder_make,
                    remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
