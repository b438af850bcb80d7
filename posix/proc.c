/* SPDX-License-Identifier: MIT */
#include "posix/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix/log.h"

extern char **environ;

/* In the child, where only what is safe behind fork() may be called. */
_Noreturn static void become(const char *const *arguments, const char *out_path,
        const char *err_path, pid_t parent)
{
    const int flags = O_WRONLY | O_CREAT | O_APPEND;
    const int in = open("/dev/null", O_RDONLY);
    const int out = open(out_path, flags | O_TRUNC, 0600);
    const int err = strcmp(out_path, err_path) == 0 ? out : open(err_path, flags | O_TRUNC, 0600);
    sigset_t none;
    sigemptyset(&none);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent && in >= 0 && out >= 0 && err >= 0 && dup2(in, 0) == 0
            && dup2(out, 1) == 1 && dup2(err, 2) == 2
            && sigprocmask(SIG_SETMASK, &none, NULL) == 0 && setpgid(0, 0) == 0) {
        (void)close_range(3, ~0u, 0);
        (void)execve(arguments[0], (char *const *)(uintptr_t)arguments, environ);
    }
    _exit(127);
}

cw_status cw_proc_start(struct cw_proc *ret_proc, const char *const *arguments,
        const char *out_path, const char *err_path)
{
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid == 0) {
        become(arguments, out_path, err_path, parent);
    }
    if (pid < 0) {
        cw_log_error("cannot start %s: %s", arguments[0], strerror(errno));
        return CW_E_SYSTEM;
    }
    const int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pid_fd < 0) {
        cw_log_error("cannot watch %s: %s", arguments[0], strerror(errno));
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        return CW_E_SYSTEM;
    }
    *ret_proc = (struct cw_proc){.pid = pid, .pid_fd = pid_fd};
    return CW_OK;
}

static void bury(struct cw_proc *p)
{
    int status = 0;
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR) {
    }
    p->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    close(p->pid_fd);
    p->pid = 0;
}

cw_status cw_proc_wait(struct cw_proc *p, uint32_t timeout_ms)
{
    if (p->pid == 0) {
        return CW_OK;
    }
    struct pollfd fd = {.fd = p->pid_fd, .events = POLLIN};
    const int n = poll(&fd, 1, (int)timeout_ms);
    if (n <= 0) {
        return CW_AGAIN;
    }
    bury(p);
    return CW_OK;
}

bool cw_proc_is_running(struct cw_proc *p)
{
    return p->pid != 0 && cw_proc_wait(p, 0) == CW_AGAIN;
}

void cw_proc_stop(struct cw_proc *p, uint32_t patience_ms)
{
    if (!cw_proc_is_running(p)) {
        return;
    }
    (void)kill(p->pid, SIGTERM);
    if (cw_proc_wait(p, patience_ms) != CW_OK) {
        (void)kill(p->pid, SIGKILL);
        bury(p);
    }
}
