/* SPDX-License-Identifier: MIT */
#include "posix/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix/file.h"
#include "posix/log.h"

#define LOG_MAX (1 << 20) /* bytes; a longer one begins anew with the next start */
#define COMMAND_MAX 65536u

extern char **environ;

static char *in(const char *folder, const char *name)
{
    char *path = cw_file_join(folder, name);
    if (path == NULL) {
        cw_log_error("no memory");
        exit(1);
    }
    return path;
}

static bool take_lock(int fd)
{
    const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char number[32];
    const int len = snprintf(number, sizeof number, "%ld\n", (long)getpid());
    return fcntl(fd, F_SETLK, &whole) == 0 && ftruncate(fd, 0) == 0 &&
            write(fd, number, (size_t)len) == len;
}

static int open_log(void)
{
    struct stat info;
    const bool is_long = stat("log", &info) == 0 && info.st_size > LOG_MAX;
    return open("log", O_WRONLY | O_CREAT | O_APPEND | (is_long ? O_TRUNC : 0), 0600);
}

/* In the child.  The lock survives execve(), as no other file does. */
_Noreturn static void become(const char *folder, const char *const *arguments, int failure)
{
    int error = 0;
    sigset_t none;
    sigemptyset(&none);
    const int lock = chdir(folder) == 0 ? open("pid", O_RDWR | O_CREAT, 0600) : -1;
    if (lock < 0 || !take_lock(lock)) {
        error = errno == EACCES ? EAGAIN : errno;
        goto tell;
    }
    const int null = open("/dev/null", O_RDONLY);
    const int out = open("out", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    const int log = open_log();
    if (null < 0 || out < 0 || log < 0 || dup2(null, 0) != 0 || dup2(out, 1) != 1 ||
            dup2(log, 2) != 2 || sigprocmask(SIG_SETMASK, &none, NULL) != 0 || setsid() < 0 ||
            close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) != 0 || fcntl(lock, F_SETFD, 0) != 0) {
        error = errno;
        goto tell;
    }
    (void)signal(SIGPIPE, SIG_DFL);
    (void)execve(arguments[0], (char *const *)(uintptr_t)arguments, environ);
    error = errno;
tell:
    (void)!write(failure, &error, sizeof error);
    _exit(127);
}

static char *command_text(const char *const *arguments)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    for (size_t i = 0; file != NULL && arguments[i] != NULL; i++) {
        (void)fprintf(file, "%s\n", arguments[i]);
    }
    if (file == NULL || fclose(file) != 0) {
        cw_log_error("no memory");
        exit(1);
    }
    return text;
}

static cw_status note_command(const char *folder, const char *const *arguments)
{
    char *path = in(folder, "command");
    char *text = command_text(arguments);
    const cw_status status = cw_file_write(path, text, strlen(text), 0600);
    free(text);
    free(path);
    return status;
}

cw_status cw_daemon_start(const char *folder, const char *const *arguments)
{
    int failure[2];
    if (cw_daemon_pid(folder) != 0) {
        return CW_E_STATE;
    }
    if (note_command(folder, arguments) != CW_OK) {
        return CW_E_SYSTEM;
    }
    if (pipe2(failure, O_CLOEXEC) != 0) {
        cw_log_error("cannot start %s: %s", arguments[0], strerror(errno));
        return CW_E_SYSTEM;
    }
    const pid_t pid = fork();
    if (pid == 0) {
        become(folder, arguments, failure[1]);
    }
    int error = errno;
    (void)close(failure[1]);
    if (pid > 0 && read(failure[0], &error, sizeof error) != (ssize_t)sizeof error) {
        error = 0; /* the pipe was closed by execve() */
    }
    (void)close(failure[0]);
    if (error == 0) {
        return CW_OK;
    }
    if (pid > 0) {
        (void)waitpid(pid, NULL, 0);
    }
    if (error == EAGAIN) {
        return CW_E_STATE;
    }
    cw_log_error("cannot start %s: %s", arguments[0], strerror(error));
    return CW_E_SYSTEM;
}

pid_t cw_daemon_pid(const char *folder)
{
    char *path = in(folder, "pid");
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    const bool is_held = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (fd >= 0) {
        (void)close(fd);
    }
    free(path);
    return is_held ? lock.l_pid : 0;
}

bool cw_daemon_has(const char *folder, const char *const *arguments)
{
    char *path = in(folder, "command");
    char *text = command_text(arguments);
    uint8_t *bytes = NULL;
    size_t len = 0;
    const bool is_same = cw_file_read(path, COMMAND_MAX, &bytes, &len) == CW_OK &&
            len == strlen(text) && memcmp(bytes, text, len) == 0;
    free(bytes);
    free(text);
    free(path);
    return is_same;
}

/* A child of ours is collected, so that it leaves no trace; another's is none of our business. */
static bool has_ended(int pid_fd, pid_t pid, uint32_t timeout_ms)
{
    struct pollfd fd = {.fd = pid_fd, .events = POLLIN};
    if (poll(&fd, 1, (int)timeout_ms) <= 0) {
        return false;
    }
    (void)waitpid(pid, NULL, WNOHANG);
    return true;
}

cw_status cw_daemon_stop(const char *folder, uint32_t patience_ms)
{
    const pid_t pid = cw_daemon_pid(folder);
    if (pid == 0) {
        return CW_OK;
    }
    /* The handle is of who has the number now; it is the holder if that still holds the lock. */
    const int pid_fd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
    bool is_ended = false;
    if (pid_fd >= 0 && cw_daemon_pid(folder) == pid) {
        (void)syscall(SYS_pidfd_send_signal, pid_fd, SIGTERM, NULL, 0);
        is_ended = has_ended(pid_fd, pid, patience_ms);
        if (!is_ended) {
            (void)syscall(SYS_pidfd_send_signal, pid_fd, SIGKILL, NULL, 0);
            is_ended = has_ended(pid_fd, pid, patience_ms);
        }
    }
    if (pid_fd >= 0) {
        (void)close(pid_fd);
    }
    if (is_ended || cw_daemon_pid(folder) == 0) {
        return CW_OK;
    }
    cw_log_error("process %ld, which %s/pid belongs to, cannot be ended", (long)pid, folder);
    return CW_E_SYSTEM;
}
