/* SPDX-License-Identifier: MIT */
/*
 * spawn.c - clone, wait for the maps of users, change user, exec.
 *
 * Between clone and exec the child has this process's memory, keys included.  It is this
 * process's user then, and what it does stands here.  It must be dumpable for a moment, else only
 * root could write its maps; whoever may look at it then may look at this process's files too.
 */
#include "silicon/sgx/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "silicon/sgx/port.h"

#define HIGH_DESCRIPTOR 64
#define NAMESPACES \
    (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
            CLONE_NEWCGROUP)

/* Steps of the child; its exit status says which failed. */
enum step { STEP_SYNC = 90, STEP_USER, STEP_DESCRIPTORS, STEP_EXEC };

const char *cw_spawn_step(int status)
{
    switch (status) {
    case STEP_SYNC:
        return "wait for its maps";
    case STEP_USER:
        return "become its user";
    case STEP_DESCRIPTORS:
        return "arrange its descriptors";
    case STEP_EXEC:
        return "execute its program";
    default:
        return NULL;
    }
}

static bool place_descriptors(struct cw_spawn *spawn)
{
    int program = fcntl(spawn->program, F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR);

    for (int i = 0; i < CW_SPAWN_DESCRIPTORS; i++) {
        if (spawn->descriptors[i] >= 0) {
            spawn->descriptors[i] = fcntl(spawn->descriptors[i], F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR);
            if (spawn->descriptors[i] < 0) {
                return false;
            }
        }
    }
    for (int i = 0; i < CW_SPAWN_DESCRIPTORS; i++) {
        (void)close(i);
        if (spawn->descriptors[i] >= 0 && dup2(spawn->descriptors[i], i) != i) {
            return false;
        }
    }
    spawn->program = program;
    return program >= 0 &&
           close_range(CW_SPAWN_DESCRIPTORS, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
}

__attribute__((noreturn)) static void child(struct cw_spawn *spawn, int sync)
{
    char name[32], go = 0;
    char *arguments[] = {name, NULL}, *environment[] = {NULL};

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)prctl(PR_SET_DUMPABLE, 1);
    if (write(sync, &go, 1) != 1 || read(sync, &go, 1) != 1) {
        _exit(STEP_SYNC);
    }
    (void)prctl(PR_SET_DUMPABLE, 0);
    if (spawn->user != 0 &&
            (setgroups(0, NULL) != 0 || setresgid(spawn->user, spawn->user, spawn->user) != 0 ||
                    setresuid(spawn->user, spawn->user, spawn->user) != 0)) {
        _exit(STEP_USER);
    }
    (void)snprintf(name, sizeof name, "%s", spawn->name);
    if (!place_descriptors(spawn)) {
        _exit(STEP_DESCRIPTORS);
    }
    (void)syscall(SYS_execveat, spawn->program, "", arguments, environment, AT_EMPTY_PATH);
    _exit(STEP_EXEC);
}

static bool write_file(pid_t pid, const char *name, const char *text)
{
    char path[64];
    int fd;
    bool good;

    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0) {
        (void)close(fd);
    }
    return good;
}

/* The one user and group that its namespace knows are those that it will have. */
static bool write_maps(pid_t pid, uid_t user)
{
    char text[64];
    uid_t uid = user != 0 ? user : geteuid();
    gid_t gid = user != 0 ? user : getegid();

    (void)snprintf(text, sizeof text, "%u %u 1", uid, uid);
    if (!write_file(pid, "uid_map", text) ||
            (user == 0 && geteuid() != 0 && !write_file(pid, "setgroups", "deny"))) {
        return false;
    }
    (void)snprintf(text, sizeof text, "%u %u 1", gid, gid);
    return write_file(pid, "gid_map", text);
}

static pid_t clone_child(struct cw_spawn *spawn, unsigned long namespaces, int sync[2])
{
    pid_t pid = (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, 0, 0, 0, 0);

    if (pid == 0) {
        (void)close(sync[0]);
        child(spawn, sync[1]);
    }
    return pid;
}

/* One try; false: there is no child, errno says why. */
static bool try_start(struct cw_spawn *spawn, unsigned long namespaces, pid_t *ret_pid)
{
    int sync[2], error, status = 0;
    char go = 0;
    bool good;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sync) != 0) {
        return false;
    }
    *ret_pid = clone_child(spawn, namespaces, sync);
    (void)close(sync[1]);
    good = *ret_pid > 0 && read(sync[0], &go, 1) == 1 &&
           (namespaces == 0 || write_maps(*ret_pid, spawn->user)) &&
           (!spawn->traced || ptrace(PTRACE_SEIZE, *ret_pid, NULL,
                                      PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE |
                                              PTRACE_O_TRACESECCOMP) == 0) &&
           write(sync[0], &go, 1) == 1;
    error = errno;
    (void)close(sync[0]);
    if (!good && *ret_pid > 0) {
        (void)kill(*ret_pid, SIGKILL);
        cw_spawn_reap(*ret_pid, &status);
    }
    errno = error;
    return good;
}

void cw_spawn_reap(pid_t pid, int *ret_status)
{
    while (waitpid(pid, ret_status, __WALL) < 0 && errno == EINTR) {
    }
}

bool cw_spawn_start(struct cw_spawn *spawn, pid_t *ret_pid, int *ret_pid_descriptor, char *ret_why)
{
    pid_t pid = 0;

    *ret_pid = 0;
    spawn->namespaces = try_start(spawn, NAMESPACES, &pid);
    if (!spawn->namespaces && !try_start(spawn, 0, &pid)) {
        (void)snprintf(ret_why, CW_SGX_TEXT_LEN, "cannot start the enclave's process: %s",
                strerror(errno));
        return false;
    }
    *ret_pid = pid;
    *ret_pid_descriptor = (int)syscall(SYS_pidfd_open, pid, 0);
    return true;
}
