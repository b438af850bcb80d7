/* SPDX-License-Identifier: MIT */
#include "posix/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix/file.h"

void cw_tool_add(struct cw_tool *tool, const char *format, ...)
{
    char *argument = NULL;
    va_list list;
    va_start(list, format);
    int len = vasprintf(&argument, format, list);
    va_end(list);
    if (len < 0 || tool->count == CW_TOOL_ARGUMENT_MAX) {
        if (len >= 0) {
            free(argument);
        }
        tool->failed = true;
        return;
    }
    tool->arguments[tool->count] = argument;
    tool->count++;
}

static void forget(struct cw_tool *tool)
{
    for (size_t i = 0; i < tool->count; i++) {
        free(tool->arguments[i]);
    }
    *tool = (struct cw_tool){0};
}

/* Nothing of the caller's environment may change what is built, or the language of errors. */
static cw_status run(char *const arguments[], int kept, const char *log_path, int *ret_status)
{
    char path[4096];
    const char *search = getenv("PATH");
    (void)snprintf(path, sizeof path, "PATH=%s", search != NULL ? search : "/usr/bin:/bin");
    char locale[] = "LC_ALL=C";
    char *environment[] = {path, locale, NULL};
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return CW_E_SYSTEM;
    }
    pid_t pid;
    int error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (error == 0) {
        error = posix_spawn_file_actions_addopen(&actions, 1, log_path,
                O_WRONLY | O_CREAT | O_TRUNC, 0666);
    }
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(&actions, 1, 2);
    }
    if (error == 0 && kept > 0) {
        error = posix_spawn_file_actions_adddup2(&actions, kept, kept); /* without CLOEXEC */
    }
    if (error == 0) {
        error = posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environment);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        errno = error;
        return CW_E_SYSTEM;
    }
    while (waitpid(pid, ret_status, 0) < 0) {
        if (errno != EINTR) {
            return CW_E_SYSTEM;
        }
    }
    return CW_OK;
}

static void read_log(const char *log_path, char *ret_why, size_t why_cap)
{
    ret_why[0] = 0;
    FILE *file = fopen(log_path, "r");
    if (file == NULL) {
        return;
    }
    size_t len = fread(ret_why, 1, why_cap - 1, file);
    (void)fclose(file);
    while (len > 0 && ret_why[len - 1] == '\n') {
        len--;
    }
    ret_why[len] = 0;
}

cw_status cw_tool_run(struct cw_tool *tool, const char *log_path, char *ret_why, size_t why_cap)
{
    int ended = 0;
    cw_status status = CW_E_SPACE;
    if (tool->failed || tool->count == 0) {
        (void)snprintf(ret_why, why_cap, "the command line is too long");
        goto forget_tool;
    }
    status = run(tool->arguments, tool->kept, log_path, &ended);
    if (status != CW_OK) {
        (void)snprintf(ret_why, why_cap, "cannot run %s: %s", tool->arguments[0],
                strerror(errno));
    } else if (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0) {
        read_log(log_path, ret_why, why_cap);
        if (ret_why[0] == 0) {
            (void)snprintf(ret_why, why_cap, "%s failed without a word%s", tool->arguments[0],
                    cw_file_is_full(log_path) ? ": the disk is full" : "");
        }
        status = CW_E_DENIED;
    }
forget_tool:
    forget(tool);
    return status;
}

bool cw_tool_is_there(const char *name)
{
    const char *search = getenv("PATH");
    if (search == NULL) {
        return false;
    }
    for (const char *at = search; *at != 0;) {
        size_t len = strcspn(at, ":");
        char path[4096];
        int written = snprintf(path, sizeof path, "%.*s/%s", (int)len, at, name);
        if (written > 0 && (size_t)written < sizeof path && access(path, X_OK) == 0) {
            return true;
        }
        at += len + (at[len] == ':' ? 1 : 0);
    }
    return false;
}
