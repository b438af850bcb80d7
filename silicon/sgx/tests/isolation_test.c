/* SPDX-License-Identifier: MIT */
/*
 * isolation_test.c - who can look into an enclave's process and the supervisor: the table of
 * silicon/sgx/README.md, row by row.
 *
 * Each attack is also made on memory that it can read, so that one that cannot work at all here
 * is not taken for one that fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "silicon/sgx/jail/plan.h"
#include "silicon/sgx/tests/cell_support.h"

#define ATTACKER 1800000001u
#define SECRET 0x7373656c746e6975ull
#define READ_IT 0 /* an attack's outcome: or an errno */

static bool traced;
static struct test_cpu cpu;
static pid_t enclave;
static uint64_t secret_at;

/* --- attacks -------------------------------------------------------------------------------------- */

static int by_readv(pid_t pid, uint64_t address, uint64_t *ret_value)
{
    struct iovec to = {.iov_base = ret_value, .iov_len = 8};
    struct iovec from = {.iov_base = (void *)(uintptr_t)address, .iov_len = 8};

    return process_vm_readv(pid, &to, 1, &from, 1, 0) == 8 ? READ_IT : errno;
}

static int by_proc_mem(pid_t pid, uint64_t address, uint64_t *ret_value)
{
    char path[32];
    int fd, outcome = READ_IT;

    (void)snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    if (pread(fd, ret_value, 8, (off_t)address) != 8) {
        outcome = errno;
    }
    (void)close(fd);
    return outcome;
}

static int by_ptrace(pid_t pid, uint64_t address, uint64_t *ret_value)
{
    int outcome = READ_IT, status = 0;
    long word;

    if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) != 0) {
        return errno == EPERM ? EPERM : errno;
    }
    (void)waitpid(pid, &status, __WALL);
    errno = 0;
    word = ptrace(PTRACE_PEEKDATA, pid, (void *)(uintptr_t)address, NULL);
    if (errno != 0) {
        outcome = errno;
    } else {
        *ret_value = (uint64_t)word;
    }
    (void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
    return outcome;
}

typedef int attack(pid_t pid, uint64_t address, uint64_t *ret_value);

struct outcome {
    int error;
    uint64_t value;
};

/* In a process of its own, as this user. */
static struct outcome attack_as(uid_t user, attack *how, pid_t pid, uint64_t address)
{
    struct outcome outcome = {.error = -1};
    int ends[2];
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        if (user != 0 && (setgroups(0, NULL) != 0 || setresgid(user, user, user) != 0 ||
                                 setresuid(user, user, user) != 0)) {
            _exit(1);
        }
        outcome.error = how(pid, address, &outcome.value);
        _exit(write(ends[1], &outcome, sizeof outcome) == (ssize_t)sizeof outcome ? 0 : 1);
    }
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &outcome, sizeof outcome), sizeof outcome);
    (void)close(ends[0]);
    (void)waitpid(child, NULL, 0);
    return outcome;
}

/* --- the scene ------------------------------------------------------------------------------------ */

static pid_t child_of(pid_t parent)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    pid_t found = 0;

    assert_non_null(proc);
    while ((entry = readdir(proc)) != NULL && found == 0) {
        char path[300], line[512] = "", *end;
        int pid = atoi(entry->d_name), ppid = 0;
        FILE *f;

        (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
        f = pid > 0 ? fopen(path, "r") : NULL;
        if (f != NULL) {
            end = fgets(line, sizeof line, f) == NULL ? NULL : strrchr(line, ')');
            if (end != NULL && sscanf(end + 1, " %*c %d", &ppid) == 1 && ppid == (int)parent) {
                found = pid;
            }
            (void)fclose(f);
        }
    }
    (void)closedir(proc);
    return found;
}

static int set_the_scene(void **state)
{
    struct test_image image = TEST_IMAGE(cw_enclave_hide);

    (void)state;
    if (geteuid() != 0) {
        return 0;
    }
    assert_int_equal(test_cpu_load(&cpu, &image, traced), SGX_OK);
    assert_non_null(test_enter(&cpu, 0, SGX_EENTER));
    secret_at = cpu.client.loaded.base + IMAGE_DATA + 0x1000;
    enclave = child_of(cpu.pid);
    assert_true(enclave > 0);
    return 0;
}

static int clear_the_scene(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        test_cpu_stop(&cpu);
    }
    return 0;
}

static void need_root(void)
{
    if (geteuid() != 0) {
        print_message("skipped: only root can start processes of several users\n");
        skip();
    }
}

static void need_secret_memory(void)
{
    need_root();
    if (strstr(cpu.client.loaded.text, "ordinary memory") != NULL) {
        print_message("skipped: %s\n", cpu.client.loaded.text);
        skip();
    }
}

/* --- another user --------------------------------------------------------------------------------- */

static void refused(uid_t user, attack *how, pid_t pid, uint64_t address, int error)
{
    struct outcome outcome = attack_as(user, how, pid, address);

    assert_int_equal(outcome.error, error);
    assert_int_not_equal(outcome.value, SECRET);
}

static void another_user_reads_neither_process_with_process_vm_readv(void **state)
{
    (void)state;
    need_root();
    refused(ATTACKER, by_readv, enclave, secret_at, EPERM);
    refused(ATTACKER, by_readv, cpu.pid, (uintptr_t)&cpu.fuses, EPERM);
}

static void another_user_reads_neither_process_through_proc_mem(void **state)
{
    (void)state;
    need_root();
    refused(ATTACKER, by_proc_mem, enclave, secret_at, EACCES);
    refused(ATTACKER, by_proc_mem, cpu.pid, (uintptr_t)&cpu.fuses, EACCES);
}

static void another_user_attaches_to_neither_process(void **state)
{
    (void)state;
    need_root();
    refused(ATTACKER, by_ptrace, enclave, secret_at, EPERM);
    refused(ATTACKER, by_ptrace, cpu.pid, (uintptr_t)&cpu.fuses, EPERM);
}

static void another_enclaves_user_reads_nothing_either(void **state)
{
    (void)state;
    need_root();
    refused(cpu.platform.first_user + 1, by_readv, enclave, secret_at, EPERM);
    refused(cpu.platform.first_user + 1, by_proc_mem, enclave, secret_at, EACCES);
    refused(cpu.platform.first_user + 1, by_ptrace, enclave, secret_at, EPERM);
}

static void even_its_own_user_reads_nothing(void **state)
{
    /* It is not dumpable, and in a namespace of its own. */
    (void)state;
    need_root();
    refused(cpu.platform.first_user, by_readv, enclave, secret_at, EPERM);
    refused(cpu.platform.first_user, by_proc_mem, enclave, secret_at, EACCES);
    refused(cpu.platform.first_user, by_ptrace, enclave, secret_at, EPERM);
}

/* --- root ----------------------------------------------------------------------------------------- */

/* What root can read there: the mailboxes, which are the host's. */
static uint64_t open_at(void)
{
    return CW_JAIL_OUTSIDE_AT;
}

static void root_reads_no_data_page_with_process_vm_readv(void **state)
{
    (void)state;
    need_secret_memory();
    assert_int_equal(attack_as(0, by_readv, enclave, open_at()).error, READ_IT);
    refused(0, by_readv, enclave, secret_at, EFAULT);
}

static void root_reads_no_data_page_through_proc_mem(void **state)
{
    (void)state;
    need_secret_memory();
    assert_int_equal(attack_as(0, by_proc_mem, enclave, open_at()).error, READ_IT);
    refused(0, by_proc_mem, enclave, secret_at, EIO);
}

static void root_with_ptrace_reads_no_data_page(void **state)
{
    (void)state;
    need_secret_memory();
    if (!traced) {
        assert_int_equal(attack_as(0, by_ptrace, enclave, open_at()).error, READ_IT);
    }
    /* One tracer only. */
    refused(0, by_ptrace, enclave, secret_at, traced ? EPERM : EIO);
}

/* --- descriptors ---------------------------------------------------------------------------------- */

struct descriptors {
    unsigned count, secret, code, outside, sockets;
};

static struct descriptors descriptors_of(pid_t pid)
{
    struct descriptors d = {0};
    char path[300], target[256];
    struct dirent *entry;
    DIR *folder;

    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    folder = opendir(path);
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        ssize_t n;

        (void)snprintf(path, sizeof path, "/proc/%d/fd/%.200s", (int)pid, entry->d_name);
        n = entry->d_name[0] == '.' ? -1 : readlink(path, target, sizeof target - 1);
        if (n < 0) {
            continue;
        }
        target[n] = 0;
        d.count++;
        d.secret += strstr(target, "secretmem") != NULL || strstr(target, "sgx-data") != NULL;
        d.code += strstr(target, "sgx-code") != NULL;
        d.outside += strstr(target, "sgx-outside") != NULL;
        d.sockets += strncmp(target, "socket:", 7) == 0;
    }
    (void)closedir(folder);
    return d;
}

static void the_enclave_has_one_socket_and_no_file(void **state)
{
    struct descriptors d;

    (void)state;
    need_root();
    d = descriptors_of(enclave);
    assert_int_equal(d.count, 1); /* this host gave no doorbell */
    assert_int_equal(d.sockets, 1);
}

static void no_process_has_a_descriptor_of_the_pages(void **state)
{
    struct descriptors host, supervisor;

    (void)state;
    need_root();
    supervisor = descriptors_of(cpu.pid);
    assert_int_equal(supervisor.secret, 0);
    assert_int_equal(supervisor.code, 0);
    assert_int_equal(supervisor.outside, 1);
    host = descriptors_of(getpid());
    assert_int_equal(host.secret, 0);
    assert_int_equal(host.code, 0);
}

static int by_descriptors(pid_t pid, uint64_t address, uint64_t *ret_value)
{
    char path[64];
    DIR *folder;

    (void)address;
    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    folder = opendir(path);
    *ret_value = 0;
    return folder == NULL ? errno : READ_IT;
}

static void another_user_sees_no_descriptor(void **state)
{
    (void)state;
    need_root();
    refused(ATTACKER, by_descriptors, enclave, 0, EACCES);
    refused(ATTACKER, by_descriptors, cpu.pid, 0, EACCES);
}

/* --- nothing of the supervisor in the enclave's process --------------------------------------------- */

static bool holds(const uint8_t *bytes, size_t len, const void *what, size_t what_len)
{
    return memmem(bytes, len, what, what_len) != NULL;
}

/* Larger maps are a sanitizer's shadow: terabytes, in the supervisor alone. */
#define SHADOW_LEN (64ul << 30)

/* True: these bytes are somewhere in what root can read of a process. */
static bool found_in(pid_t pid, const void *what, size_t len)
{
    static uint8_t chunk[1u << 20];
    char path[64], line[512];
    bool found = false;
    FILE *maps;
    int mem;

    (void)snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    maps = fopen(path, "r");
    (void)snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    mem = open(path, O_RDONLY | O_CLOEXEC);
    assert_non_null(maps);
    assert_true(mem >= 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from = 0, to = 0;

        if (sscanf(line, "%lx-%lx", &from, &to) != 2 || to - from > SHADOW_LEN) {
            continue;
        }
        for (unsigned long at = from; !found && at < to; at += sizeof chunk) {
            size_t part = to - at < sizeof chunk ? to - at : sizeof chunk;
            ssize_t n = pread(mem, chunk, part, (off_t)at);

            found = found || (n > 0 && holds(chunk, (size_t)n, what, len));
        }
    }
    (void)close(mem);
    (void)fclose(maps);
    return found;
}

static void no_key_of_the_chip_is_in_the_enclaves_process(void **state)
{
    (void)state;
    need_root();
    assert_true(found_in(cpu.pid, cpu.fuses.root, sizeof cpu.fuses.root)); /* it would be found */
    assert_false(found_in(enclave, cpu.fuses.root, sizeof cpu.fuses.root));
    assert_false(found_in(enclave, cpu.fuses.report_keyid, sizeof cpu.fuses.report_keyid));
}

static void the_enclave_runs_as_a_user_of_its_own(void **state)
{
    char path[64], line[256];
    unsigned uid = 0, filter = 0, no_new = 0;
    FILE *f;

    (void)state;
    need_root();
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)enclave);
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        (void)sscanf(line, "Uid: %u", &uid);
        (void)sscanf(line, "Seccomp: %u", &filter);
        (void)sscanf(line, "NoNewPrivs: %u", &no_new);
        if (strncmp(line, "CapEff:", 7) == 0 || strncmp(line, "CapPrm:", 7) == 0) {
            assert_non_null(strstr(line, "0000000000000000"));
        }
    }
    (void)fclose(f);
    assert_int_equal(uid, cpu.platform.first_user);
    assert_int_equal(filter, 2);
    assert_int_equal(no_new, 1);
}

static void code_is_sealed_against_everybody(void **state)
{
    char path[64];
    uint8_t byte = 0x90;
    int mem;

    (void)state;
    need_root();
    (void)snprintf(path, sizeof path, "/proc/%d/mem", (int)enclave);
    mem = open(path, O_RDWR | O_CLOEXEC);
    assert_true(mem >= 0);
    assert_int_equal(pwrite(mem, &byte, 1, (off_t)(cpu.client.loaded.base + IMAGE_CODE)), -1);
    (void)close(mem);
}

static int in_proc_mode(void **state)
{
    traced = false;
    return set_the_scene(state);
}

static int in_traced_mode(void **state)
{
    traced = true;
    return set_the_scene(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(another_user_reads_neither_process_with_process_vm_readv),
            cmocka_unit_test(another_user_reads_neither_process_through_proc_mem),
            cmocka_unit_test(another_user_attaches_to_neither_process),
            cmocka_unit_test(another_enclaves_user_reads_nothing_either),
            cmocka_unit_test(even_its_own_user_reads_nothing),
            cmocka_unit_test(root_reads_no_data_page_with_process_vm_readv),
            cmocka_unit_test(root_reads_no_data_page_through_proc_mem),
            cmocka_unit_test(root_with_ptrace_reads_no_data_page),
            cmocka_unit_test(the_enclave_has_one_socket_and_no_file),
            cmocka_unit_test(no_process_has_a_descriptor_of_the_pages),
            cmocka_unit_test(another_user_sees_no_descriptor),
            cmocka_unit_test(no_key_of_the_chip_is_in_the_enclaves_process),
            cmocka_unit_test(the_enclave_runs_as_a_user_of_its_own),
            cmocka_unit_test(code_is_sealed_against_everybody),
    };
    int failed = cmocka_run_group_tests_name("proc", tests, in_proc_mode, clear_the_scene);

    return failed +
           cmocka_run_group_tests_name("traced", tests, in_traced_mode, clear_the_scene);
}
