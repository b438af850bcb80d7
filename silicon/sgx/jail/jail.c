/* SPDX-License-Identifier: MIT */
/*
 * jail.c - from a fresh process to an enclave's: map, close, give up, wait.
 */
#include <asm/prctl.h>
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/sched.h>

#include "silicon/sgx/jail/jail.h"

#define PROT_NONE_ 0
#define ERRNO_MAX 4095

enum step {
    STEP_PLAN,
    STEP_RESERVE,
    STEP_PAGES,
    STEP_OUTSIDE,
    STEP_CLOSE,
    STEP_SIGNALS,
    STEP_THREADS,
    STEP_LIMITS,
    STEP_FILTER,
};

struct cw_jail_plan cw_plan;
union cw_shim_block cw_blocks[CW_SGX_TCS_MAX] __attribute__((aligned(CW_SHIM_BLOCK_LEN)));
static uint32_t threads_here, released;

void *memcpy(void *to, const void *from, size_t len)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    for (size_t i = 0; i < len; i++) {
        t[i] = f[i];
    }
    return to;
}

void *memset(void *to, int value, size_t len)
{
    uint8_t *t = to;

    for (size_t i = 0; i < len; i++) {
        t[i] = (uint8_t)value;
    }
    return to;
}

static void end(int status)
{
    for (;;) {
        (void)cw_syscall(__NR_exit_group, status, 0, 0, 0, 0, 0);
    }
}

static void say(uint32_t kind, uint32_t code, uint32_t at)
{
    struct cw_jail_call call;

    memset(&call, 0, sizeof call);
    call.kind = kind;
    call.code = code;
    call.at = at;
    if (cw_syscall(__NR_write, CW_JAIL_SOCKET, (long)&call, sizeof call, 0, 0, 0) !=
            (long)sizeof call) {
        end(1); /* nobody is there any more */
    }
}

/* Ends the process when a system call failed. */
static long must(long result, enum step step)
{
    if (result < 0 && result >= -ERRNO_MAX) {
        say(CW_JAIL_FAILED, (uint32_t)-result, step);
        end(1);
    }
    return result;
}

static long map(uint64_t at, uint64_t len, long protection, long flags, long descriptor,
        uint64_t offset)
{
    return cw_syscall(__NR_mmap, (long)at, (long)len, protection, flags, descriptor, (long)offset);
}

static void map_all(void)
{
    must(map(cw_plan.base, cw_plan.len, PROT_NONE_,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0),
            STEP_RESERVE);
    for (uint32_t i = 0; i < cw_plan.segment_count; i++) {
        const struct cw_jail_segment *s = &cw_plan.segments[i];

        must(map(cw_plan.base + s->offset, s->len, s->protection, MAP_SHARED | MAP_FIXED,
                     s->descriptor, s->at),
                STEP_PAGES);
    }
    must(map(CW_JAIL_OUTSIDE_AT, cw_plan.outside_len, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_FIXED_NOREPLACE, CW_JAIL_OUTSIDE, 0),
            STEP_OUTSIDE);
}

static void take_signals(void)
{
    static const int signals[] = {SIGILL, SIGSEGV, SIGBUS, SIGFPE, SIGTRAP, SIGSYS};
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = (__sighandler_t)(cw_plan.traced ? (void *)cw_trace_entry
                                                        : (void *)cw_shim_entry);
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTORER;
    action.sa_restorer = cw_sigreturn;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        must(cw_syscall(__NR_rt_sigaction, signals[i], (long)&action, 0, sizeof action.sa_mask, 0,
                     0),
                STEP_SIGNALS);
    }
}

static void wait_for(const uint32_t *word, uint32_t value)
{
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value) {
        uint32_t seen = __atomic_load_n(word, __ATOMIC_ACQUIRE);

        if (seen != value) {
            (void)cw_syscall(__NR_futex, (long)word, FUTEX_WAIT, seen, 0, 0, 0);
        }
    }
}

static void wake(const uint32_t *word)
{
    (void)cw_syscall(__NR_futex, (long)word, FUTEX_WAKE, 0x7fffffff, 0, 0, 0);
}

/* Its own signal stack, above its state. */
static void use_block(union cw_shim_block *block)
{
    stack_t stack;

    memset(&stack, 0, sizeof stack);
    stack.ss_sp = block->bytes + CW_SHIM_STATE_LEN;
    stack.ss_size = CW_SHIM_BLOCK_LEN - CW_SHIM_STATE_LEN;
    must(cw_syscall(__NR_sigaltstack, (long)&stack, 0, 0, 0, 0, 0), STEP_SIGNALS);
}

static void rest(uint64_t index)
{
    if (cw_plan.traced) {
        cw_jail_parked(index);
    } else {
        cw_shim_first();
    }
}

static void thread(void *block)
{
    use_block(block);
    __atomic_add_fetch(&threads_here, 1, __ATOMIC_ACQ_REL);
    wake(&threads_here);
    /* No system call from here on when traced: the filter falls on all threads at once. */
    if (cw_plan.traced) {
        while (__atomic_load_n(&released, __ATOMIC_ACQUIRE) == 0) {
            __builtin_ia32_pause();
        }
    } else {
        wait_for(&released, 1);
    }
    rest((uint64_t)((union cw_shim_block *)block - cw_blocks));
}

static void start_threads(void)
{
    for (uint32_t i = 0; i < cw_plan.tcs_count; i++) {
        struct cw_shim_thread *t = &cw_blocks[i].thread;

        t->tcs = cw_plan.tcs[i];
        t->mailbox = (struct cw_sgx_mailbox *)(CW_JAIL_OUTSIDE_AT + (uint64_t)i * SGX_PAGE_LEN);
    }
    use_block(&cw_blocks[0]);
    for (uint32_t i = 1; i < cw_plan.tcs_count; i++) {
        must(cw_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                             CLONE_SYSVSEM,
                     cw_blocks[i].bytes + CW_SHIM_BLOCK_LEN, thread, &cw_blocks[i]),
                STEP_THREADS);
    }
    wait_for(&threads_here, cw_plan.tcs_count - 1);
}

static void limit(void)
{
    static const int none[] = {RLIMIT_CORE, RLIMIT_FSIZE, RLIMIT_NOFILE, RLIMIT_NPROC,
            RLIMIT_MSGQUEUE};
    static const struct rlimit64 zero = {0, 0};

    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        must(cw_syscall(__NR_prlimit64, 0, none[i], (long)&zero, 0, 0, 0), STEP_LIMITS);
    }
}

_Static_assert(offsetof(struct ucontext, uc_mcontext) == 40 &&
                       offsetof(struct sigcontext_64, err) == 152 &&
                       offsetof(struct sigcontext_64, trapno) == 160 &&
                       offsetof(struct sigcontext_64, cr2) == 176,
        "what cw_trace_entry reads");

void cw_jail_main(void);
void cw_jail_main(void)
{
    uint8_t *plan = (uint8_t *)&cw_plan;
    size_t got = 0;

    must(cw_syscall(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0, 0), STEP_PLAN);
    must(cw_syscall(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0), STEP_PLAN);
    must(cw_syscall(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0), STEP_PLAN);
    /* CPUID faults, of all threads to come, where the processor lets it; elsewhere it runs. */
    (void)cw_syscall(__NR_arch_prctl, ARCH_SET_CPUID, 0, 0, 0, 0, 0);
    while (got < sizeof cw_plan) {
        long n = must(cw_syscall(__NR_pread64, CW_JAIL_PLAN, (long)(plan + got),
                              (long)(sizeof cw_plan - got), (long)got, 0, 0),
                STEP_PLAN);

        if (n == 0) {
            end(1);
        }
        got += (size_t)n;
    }
    map_all();
    must(cw_syscall(__NR_close_range, CW_JAIL_PLAN, -1l, 0, 0, 0, 0), STEP_CLOSE);
    must(cw_syscall(__NR_close_range, 0, CW_JAIL_SOCKET - 1, 0, 0, 0, 0), STEP_CLOSE);
    take_signals();
    start_threads();
    limit();
    if (!cw_plan.traced) {
        must(cw_filter_install(&cw_plan), STEP_FILTER);
        say(CW_JAIL_READY, 0, 0);
        __atomic_store_n(&released, 1, __ATOMIC_RELEASE);
        wake(&released);
    } else {
        say(CW_JAIL_READY, 0, 0);
        must(cw_filter_install(&cw_plan), STEP_FILTER);
        __atomic_store_n(&released, 1, __ATOMIC_RELEASE);
    }
    rest(0);
}
