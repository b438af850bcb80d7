/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  The filter must let the image begin (execveat), and must not let it
 * begin anything else: it compares the address of the path with that of a string of this
 * program, which the new address space does not have, and the descriptor is closed by then.
 */
#include "tee/native/node/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tee/native/abi.h"

#define IMAGE_AT 10    /* descriptors in the child, both closed by exec */
#define PROGRESS_AT 11
#define NOBODY 65534u
#define SET_FS 0x1002u /* arch_prctl */
#define STACK_LEN (1ul << 20)

static const char no_path[] = "";

typedef enum jail_step {
    STEP_DESCRIPTORS = 1,
    STEP_NAMESPACES,
    STEP_IDENTITY,
    STEP_LIMITS,
    STEP_FILTER,
    STEP_EXEC,
} jail_step;

const char *cw_jail_step_name(int step)
{
    static const char *const names[] = {"?", "descriptors", "namespaces", "identity", "limits",
            "system call filter", "the image is no static executable for this machine"};
    return step > 0 && (size_t)step < sizeof names / sizeof names[0] ? names[step] : names[0];
}

/* --- once per platform -------------------------------------------------------------------------- */

static int allow(scmp_filter_ctx ctx)
{
    int error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(read), 1,
            SCMP_A0(SCMP_CMP_EQ, CW_NATIVE_FROM_NODE));
    error |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
            SCMP_A0(SCMP_CMP_EQ, CW_NATIVE_TO_NODE));
    error |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 3,
            SCMP_A2(SCMP_CMP_EQ, PROT_READ | PROT_WRITE),
            SCMP_A3(SCMP_CMP_EQ, MAP_SHARED | MAP_FIXED),
            SCMP_A4(SCMP_CMP_EQ, CW_NATIVE_SHARED));
    /* Only until exec closes it: how a failing exec is told. */
    error |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
            SCMP_A0(SCMP_CMP_EQ, PROGRESS_AT));
    error |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(getrandom), 0);
    error |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(exit_group), 0);
    error |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(arch_prctl), 1,
            SCMP_A0(SCMP_CMP_EQ, SET_FS));
    error |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(execveat), 3,
            SCMP_A0(SCMP_CMP_EQ, IMAGE_AT),
            SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)(uintptr_t)no_path),
            SCMP_A4(SCMP_CMP_EQ, AT_EMPTY_PATH));
    return error;
}

/* The kernel's form of the filter: what a child loads without a library. */
static cw_status make_filter(struct sock_fprog *ret_filter)
{
    cw_status status = CW_E_SYSTEM;
    struct sock_filter *lines = NULL;
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int file = memfd_create("filter", MFD_CLOEXEC);
    if (ctx == NULL || file < 0 || allow(ctx) != 0 ||
            seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
            seccomp_export_bpf(ctx, file) != 0) {
        goto close_file;
    }
    off_t len = lseek(file, 0, SEEK_END);
    if (len <= 0 || (size_t)len % sizeof *lines != 0 || (size_t)len / sizeof *lines > BPF_MAXINSNS) {
        goto close_file;
    }
    lines = malloc((size_t)len);
    if (lines == NULL || pread(file, lines, (size_t)len, 0) != len) {
        goto close_file;
    }
    *ret_filter = (struct sock_fprog){
            .len = (unsigned short)((size_t)len / sizeof *lines), .filter = lines};
    lines = NULL;
    status = CW_OK;
close_file:
    free(lines);
    if (file >= 0) {
        (void)close(file);
    }
    if (ctx != NULL) {
        seccomp_release(ctx);
    }
    return status;
}

static bool is_granted(int namespaces)
{
    pid_t pid = fork();
    if (pid == 0) {
        _exit(unshare(namespaces) == 0 ? 0 : 1);
    }
    int ended = 1;
    while (pid > 0 && waitpid(pid, &ended, 0) < 0 && errno == EINTR) {
    }
    return pid > 0 && WIFEXITED(ended) && WEXITSTATUS(ended) == 0;
}

cw_status cw_jail_open(struct cw_jail *ret_jail, uint64_t memory_len, char *ret_why,
        size_t why_cap)
{
    const int wanted = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
    *ret_jail = (struct cw_jail){.memory_len = memory_len};
    if (make_filter(&ret_jail->filter) != CW_OK) {
        (void)snprintf(ret_why, why_cap, "no filter of system calls: is seccomp in this kernel?");
        return CW_E_SYSTEM;
    }
    /* Root needs no user namespace, and becomes nobody after it made the others. */
    if (geteuid() == 0 && is_granted(wanted)) {
        ret_jail->namespaces = wanted;
    } else if (is_granted(CLONE_NEWUSER | wanted)) {
        ret_jail->namespaces = CLONE_NEWUSER | wanted;
    }
    return CW_OK;
}

void cw_jail_close(struct cw_jail *jail)
{
    free(jail->filter.filter);
    *jail = (struct cw_jail){0};
}

/* --- in the child: system calls only ------------------------------------------------------------ */

struct entrance {
    const struct cw_jail *jail;
    const char *name;
    pid_t parent;
    int in;
    int out;
    int shared;
    int image;
    int progress;
};

static _Noreturn void give_up(jail_step step, int progress)
{
    struct cw_jail_failure failure = {.step = (int)step, .error = errno};
    ssize_t count = write(progress, &failure, sizeof failure);
    _exit(count == (ssize_t)sizeof failure ? 125 : 126);
}

/* Away from the places that they are to have, so that none overwrites another. */
static bool place_descriptors(struct entrance *e)
{
    e->in = fcntl(e->in, F_DUPFD_CLOEXEC, PROGRESS_AT + 1);
    e->out = fcntl(e->out, F_DUPFD_CLOEXEC, PROGRESS_AT + 1);
    e->shared = fcntl(e->shared, F_DUPFD_CLOEXEC, PROGRESS_AT + 1);
    e->image = fcntl(e->image, F_DUPFD_CLOEXEC, PROGRESS_AT + 1);
    int progress = fcntl(e->progress, F_DUPFD_CLOEXEC, PROGRESS_AT + 1);
    if (e->in < 0 || e->out < 0 || e->shared < 0 || e->image < 0 || progress < 0) {
        return false;
    }
    e->progress = progress;
    if (dup3(progress, PROGRESS_AT, O_CLOEXEC) < 0) {
        return false;
    }
    e->progress = PROGRESS_AT;
    return dup3(e->image, IMAGE_AT, O_CLOEXEC) == IMAGE_AT &&
            dup2(e->in, (int)CW_NATIVE_FROM_NODE) >= 0 &&
            dup2(e->out, (int)CW_NATIVE_TO_NODE) >= 0 &&
            dup2(e->shared, (int)CW_NATIVE_SHARED) >= 0 &&
            close_range(CW_NATIVE_SHARED + 1, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
}

static bool drop_identity(const struct entrance *e)
{
    sigset_t none;
    (void)sigemptyset(&none);
    if (signal(SIGPIPE, SIG_DFL) == SIG_ERR || sigprocmask(SIG_SETMASK, &none, NULL) != 0 ||
            setsid() < 0) {
        return false;
    }
    /* In a user namespace of its own the process is nobody already, and root nowhere. */
    if (geteuid() == 0 && (syscall(SYS_setgroups, 0, NULL) != 0 ||
                                  syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) != 0 ||
                                  syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) != 0)) {
        return false;
    }
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == e->parent &&
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static bool limit(__rlimit_resource_t what, rlim_t most)
{
    return setrlimit(what, &(struct rlimit){most, most}) == 0;
}

static bool set_limits(const struct cw_jail *jail)
{
    return limit(RLIMIT_CORE, 0) && limit(RLIMIT_NPROC, 0) && limit(RLIMIT_NOFILE, 0) &&
            limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_MEMLOCK, 0) && limit(RLIMIT_MSGQUEUE, 0) &&
            limit(RLIMIT_STACK, STACK_LEN) && limit(RLIMIT_AS, jail->memory_len);
}

static _Noreturn void enter(struct entrance e)
{
    char *arguments[] = {(char *)(uintptr_t)e.name, NULL};
    char *environment[] = {NULL};
    if (!place_descriptors(&e)) {
        give_up(STEP_DESCRIPTORS, e.progress);
    }
    if (e.jail->namespaces != 0 && unshare(e.jail->namespaces) != 0) {
        give_up(STEP_NAMESPACES, e.progress);
    }
    if (!drop_identity(&e)) {
        give_up(STEP_IDENTITY, e.progress);
    }
    if (!set_limits(e.jail)) {
        give_up(STEP_LIMITS, e.progress);
    }
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &e.jail->filter) != 0) {
        give_up(STEP_FILTER, e.progress);
    }
    (void)syscall(SYS_execveat, IMAGE_AT, no_path, arguments, environment, AT_EMPTY_PATH);
    give_up(STEP_EXEC, e.progress);
}

/* --- in the node ---------------------------------------------------------------------------------- */

/* An executable that exists in memory only, and can no longer be changed. */
static int make_image(const uint8_t *image, size_t image_len)
{
    int file = memfd_create("module", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) {
        return -1;
    }
    for (size_t at = 0; at < image_len;) {
        ssize_t count = write(file, image + at, image_len - at);
        if (count <= 0) {
            goto close_file;
        }
        at += (size_t)count;
    }
    if (fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0) {
        return file;
    }
close_file:
    (void)close(file);
    return -1;
}

/* Memory for both; its length is sealed, so that no access of the node can fail. */
static int make_shared(uint8_t **ret_shared)
{
    int file = memfd_create("shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    void *shared = MAP_FAILED;
    if (file >= 0 && ftruncate(file, (off_t)CW_NATIVE_SHARED_LEN) == 0 &&
            fcntl(file, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0) {
        shared = mmap(NULL, CW_NATIVE_SHARED_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    }
    if (shared == MAP_FAILED) {
        if (file >= 0) {
            (void)close(file);
        }
        return -1;
    }
    *ret_shared = shared;
    return file;
}

static void close_all(int *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (files[i] >= 0) {
            (void)close(files[i]);
        }
    }
}

static bool is_unblocked(int file)
{
    int flags = fcntl(file, F_GETFL);
    return flags >= 0 && fcntl(file, F_SETFL, flags | O_NONBLOCK) == 0;
}

cw_status cw_jail_start(const struct cw_jail *jail, const char *name, const uint8_t *image,
        size_t image_len, struct cw_jailed *ret_jailed, char *ret_why, size_t why_cap)
{
    int to[2] = {-1, -1};
    int from[2] = {-1, -1};
    int progress[2] = {-1, -1};
    int process = -1;
    cw_status status = CW_E_SYSTEM;
    uint8_t *memory = NULL;
    int shared = make_shared(&memory);
    int file = make_image(image, image_len);
    if (file < 0 || shared < 0 || pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0 ||
            pipe2(progress, O_CLOEXEC) != 0 || !is_unblocked(to[1]) || !is_unblocked(from[0]) ||
            !is_unblocked(progress[0])) {
        (void)snprintf(ret_why, why_cap, "no pipes or no memory for the module: %s",
                strerror(errno));
        goto close_files;
    }
    struct entrance entrance = {.jail = jail, .name = name, .parent = getpid(), .in = to[0],
            .out = from[1], .shared = shared, .image = file, .progress = progress[1]};
    pid_t pid = fork();
    if (pid == 0) {
        enter(entrance);
    }
    process = pid > 0 ? pidfd_open(pid, 0) : -1;
    if (process < 0) {
        (void)snprintf(ret_why, why_cap, "no process for the module: %s", strerror(errno));
        if (pid > 0) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, NULL, 0);
        }
        goto close_files;
    }
    *ret_jailed = (struct cw_jailed){.pid = pid, .process = process, .to = to[1],
            .from = from[0], .progress = progress[0], .shared = memory};
    to[1] = -1;
    from[0] = -1;
    progress[0] = -1;
    memory = NULL;
    status = CW_OK;
close_files:
    close_all((int[]){file, shared, to[0], to[1], from[0], from[1], progress[0], progress[1]}, 8);
    if (memory != NULL) {
        (void)munmap(memory, CW_NATIVE_SHARED_LEN);
    }
    return status;
}
