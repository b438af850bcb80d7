/* SPDX-License-Identifier: MIT */
/*
 * filter.c - which system calls the jail may make: almost none.
 *
 * An instruction that calls the system from inside ELRANGE is undefined there: it becomes a
 * signal (SIGSYS), which the shim or the tracer turns into #UD.  From outside, in `proc` mode,
 * only what the shim needs; all else ends the process.  When traced, one instruction of the jail
 * may ask the tracer; nothing else is possible.
 */
#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "silicon/sgx/jail/jail.h"

#define LOAD(field, half) \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(offsetof(struct seccomp_data, field) + (half)))
#define LOW 0
#define HIGH 4
#define ENDS(how) BPF_STMT(BPF_RET | BPF_K, (how))
#define AND(mask) BPF_STMT(BPF_ALU | BPF_AND | BPF_K, (unsigned)(mask))
/* Skip `count` instructions unless the value is this. */
#define UNLESS(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(value), 0, (count))
#define ALLOW(number) UNLESS(number, 1), ENDS(SECCOMP_RET_ALLOW)
int cw_filter_install(const struct cw_jail_plan *plan)
{
    uint64_t mask = ~(plan->len - 1);
    uint64_t gate = (uint64_t)cw_jail_called;
    /* Linux has 64-bit addresses as two 32-bit halves here. */
    struct sock_filter proc[] = {
            LOAD(instruction_pointer, HIGH), AND(mask >> 32), UNLESS(plan->base >> 32, 4),
            LOAD(instruction_pointer, LOW), AND(mask), UNLESS(plan->base, 1),
            ENDS(SECCOMP_RET_TRAP),
            LOAD(arch, LOW), UNLESS(AUDIT_ARCH_X86_64, 1), BPF_STMT(BPF_JMP | BPF_JA, 1),
            ENDS(SECCOMP_RET_KILL_PROCESS),
            LOAD(nr, LOW),
            ALLOW(__NR_futex), ALLOW(__NR_rt_sigreturn), ALLOW(__NR_exit_group),
            /* Without the instructions for FS and GS. */
            UNLESS(plan->fsgsbase ? __NR_rt_sigreturn : __NR_arch_prctl, 1),
            ENDS(SECCOMP_RET_ALLOW),
            UNLESS(__NR_read, 4), LOAD(args[0], LOW), UNLESS(CW_JAIL_SOCKET, 1),
            ENDS(SECCOMP_RET_ALLOW), ENDS(SECCOMP_RET_KILL_PROCESS),
            UNLESS(__NR_write, 5), LOAD(args[0], LOW), UNLESS(CW_JAIL_SOCKET, 1),
            ENDS(SECCOMP_RET_ALLOW), UNLESS(CW_JAIL_BELL, 1), ENDS(SECCOMP_RET_ALLOW),
            ENDS(SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_filter traced[] = {
            LOAD(instruction_pointer, HIGH), AND(mask >> 32), UNLESS(plan->base >> 32, 4),
            LOAD(instruction_pointer, LOW), AND(mask), UNLESS(plan->base, 1),
            ENDS(SECCOMP_RET_TRAP),
            LOAD(instruction_pointer, HIGH), UNLESS(gate >> 32, 3),
            LOAD(instruction_pointer, LOW), UNLESS(gate, 1),
            ENDS(SECCOMP_RET_TRACE),
            ENDS(SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {
            .len = plan->traced ? sizeof traced / sizeof traced[0] : sizeof proc / sizeof proc[0],
            .filter = plan->traced ? traced : proc,
    };

    return (int)cw_syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
            (long)&program, 0, 0, 0);
}
