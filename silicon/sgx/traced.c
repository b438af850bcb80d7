/* SPDX-License-Identifier: MIT */
/*
 * traced.c - steps and stops.
 *
 * A fault stops the thread before its signal is delivered; registers are read there.  What only a
 * signal's frame says (vector, error code, address) comes from delivering it: the jail's handler
 * loads it into registers and stops again.  So nothing is guessed, and the same kernel code
 * decides as in `proc` mode.
 */
#include "silicon/sgx/traced_state.h"

#include <poll.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#define TRACE_STEP 2 /* si_code of a single step */

/* --- stops ---------------------------------------------------------------------------------------- */

/* The signal is delivered: the jail's handler has its frame's words in R8, R9, R10. */
static cw_traced_stop deliver(struct cw_traced *t, unsigned tcs, int signal,
        struct cw_traced_registers *r, struct cw_traced_event *event)
{
    pid_t id = t->threads[tcs].id;
    struct user_regs_struct handler;
    uint16_t vector;
    int status;

    if (ptrace(PTRACE_CONT, id, NULL, signal) != 0) {
        return cw_traced_ended(t, "it cannot be continued");
    }
    status = cw_traced_wait(id, 0);
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP || status >> 16 != 0 ||
            ptrace(PTRACE_GETREGS, id, NULL, &handler) != 0) {
        return WIFSTOPPED(status) ? cw_traced_ended(t, "its signal was not taken") : cw_traced_ended_with(t, status);
    }
    if (signal == SIGSYS) {
        /* SYSCALL, INT 0x80: two bytes, undefined inside. */
        r->rip -= 2;
        return cw_traced_fault(t, tcs, r, SGX_VECTOR_UD, 0, 0, event);
    }
    vector = (uint16_t)handler.r9;
    if (vector == SGX_VECTOR_GP && cw_traced_is_undefined(t, r->rip)) {
        return cw_traced_fault(t, tcs, r, SGX_VECTOR_UD, 0, 0, event);
    }
    return cw_traced_fault(t, tcs, r, vector, (uint32_t)handler.r8,
            vector == SGX_VECTOR_PF ? handler.r10 : 0, event);
}

/* What a stop of a thread that is inside means.  RUNNING: nothing, it stands still. */
static cw_traced_stop stopped(struct cw_traced *t, unsigned tcs, int status, bool stepping,
        struct cw_traced_event *event)
{
    pid_t id = t->threads[tcs].id;
    struct cw_traced_registers r;
    siginfo_t info;
    int signal;

    cw_traced_report(event, CW_TRACED_RUNNING, 0);
    if (!WIFSTOPPED(status)) {
        event->stop = CW_TRACED_ENDED;
        return cw_traced_ended_with(t, status);
    }
    signal = WSTOPSIG(status);
    if (status >> 16 == PTRACE_EVENT_SECCOMP) {
        event->stop = CW_TRACED_ENDED;
        return cw_traced_ended(t, "the enclave reached for the tracer's gate");
    }
    if (!cw_traced_registers_get(id, &r)) {
        event->stop = CW_TRACED_ENDED;
        return cw_traced_ended(t, "its registers cannot be read");
    }
    event->rip = r.rip;
    if (status >> 16 != 0) {
        return CW_TRACED_RUNNING; /* it was asked to stand still */
    }
    if (signal == SIGILL && cw_traced_is_enclu(t, r.rip)) {
        return cw_traced_enclu(t, tcs, &r, event);
    }
    if (signal == SIGTRAP && stepping && ptrace(PTRACE_GETSIGINFO, id, NULL, &info) == 0 &&
            info.si_code == TRACE_STEP) {
        event->stop = CW_TRACED_STEPPED;
        return CW_TRACED_STEPPED;
    }
    if (signal == SIGILL || signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE ||
            signal == SIGTRAP || signal == SIGSYS) {
        return deliver(t, tcs, signal, &r, event);
    }
    return CW_TRACED_RUNNING; /* a signal from elsewhere goes nowhere */
}

static cw_traced_stop gone(const struct cw_traced *t, struct cw_traced_event *event)
{
    cw_traced_report(event, t->ended ? CW_TRACED_ENDED : CW_TRACED_RUNNING, 0);
    return event->stop;
}

/* PUSHF, which shows the flag that a step is made with: the enclave shall not see it. */
static bool is_pushf(const struct cw_traced *t, pid_t id)
{
    struct user_regs_struct r;
    uint8_t code[2] = {0, 0};

    return ptrace(PTRACE_GETREGS, id, NULL, &r) == 0 && cw_traced_read(t, r.rip, code, 1) &&
           (code[0] == 0x9c || (code[0] == 0x66 && cw_traced_read(t, r.rip, code, sizeof code) &&
                                       code[1] == 0x9c));
}

static void hide_step(struct cw_traced *t, pid_t id)
{
    struct user_regs_struct r;
    uint8_t high = 0;

    if (ptrace(PTRACE_GETREGS, id, NULL, &r) == 0 && cw_traced_read(t, r.rsp + 1, &high, 1)) {
        high &= (uint8_t)~1u;
        (void)cw_traced_write(t, r.rsp + 1, &high, 1);
    }
}

cw_traced_stop cw_traced_step(struct cw_traced *t, unsigned tcs, struct cw_traced_event *ret_event)
{
    pid_t id = t->threads[tcs].id;
    cw_traced_stop stop;
    bool pushf;

    if (t->ended || !t->threads[tcs].inside) {
        return gone(t, ret_event);
    }
    pushf = is_pushf(t, id);
    if (ptrace(PTRACE_SINGLESTEP, id, NULL, 0) != 0) {
        (void)cw_traced_ended(t, "it cannot be continued");
        return gone(t, ret_event);
    }
    stop = stopped(t, tcs, cw_traced_wait(id, 0), true, ret_event);
    if (pushf && stop == CW_TRACED_STEPPED) {
        hide_step(t, id);
    }
    return stop;
}

void cw_traced_continue(struct cw_traced *t, unsigned tcs)
{
    if (!t->ended && t->threads[tcs].inside && !t->threads[tcs].running) {
        t->threads[tcs].running = true;
        if (ptrace(PTRACE_CONT, t->threads[tcs].id, NULL, 0) != 0) {
            (void)cw_traced_ended(t, "it cannot be continued");
        }
    }
}

cw_traced_stop cw_traced_take(struct cw_traced *t, unsigned tcs, struct cw_traced_event *ret_event)
{
    struct cw_traced_thread *thread = &t->threads[tcs];
    cw_traced_stop stop;
    int status;

    for (;;) {
        if (t->ended || !thread->running) {
            return gone(t, ret_event);
        }
        status = cw_traced_wait(thread->id, WNOHANG);
        if (status == -1) {
            cw_traced_report(ret_event, CW_TRACED_RUNNING, 0);
            return CW_TRACED_RUNNING;
        }
        thread->running = false;
        stop = stopped(t, tcs, status, false, ret_event);
        if (stop != CW_TRACED_STEPPED && stop != CW_TRACED_RUNNING) {
            return stop;
        }
        cw_traced_continue(t, tcs); /* EREPORT, EGETKEY: it goes on */
    }
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the thread stops by itself, or was asked to. */
static int wait_until(pid_t id, int64_t end, bool *ret_asked)
{
    unsigned looks = 0;

    *ret_asked = false;
    for (;;) {
        int status = cw_traced_wait(id, *ret_asked ? 0 : WNOHANG);

        if (status != -1) {
            return status;
        }
        if (now_ms() >= end) {
            *ret_asked = ptrace(PTRACE_INTERRUPT, id, NULL, NULL) == 0;
        } else if (looks++ > 200) {
            (void)poll(NULL, 0, 1);
        }
    }
}

cw_traced_stop cw_traced_run(struct cw_traced *t, unsigned tcs, int timeout_ms,
        struct cw_traced_event *ret_event)
{
    struct cw_traced_thread *thread = &t->threads[tcs];
    int64_t end = now_ms() + timeout_ms;

    for (;;) {
        cw_traced_stop stop;
        bool asked = false;
        int status;

        if (t->ended || !thread->inside) {
            return gone(t, ret_event);
        }
        if (ptrace(PTRACE_CONT, thread->id, NULL, 0) != 0) {
            (void)cw_traced_ended(t, "it cannot be continued");
            return gone(t, ret_event);
        }
        status = wait_until(thread->id, end, &asked);
        stop = stopped(t, tcs, status, false, ret_event);
        if (stop != CW_TRACED_STEPPED && stop != CW_TRACED_RUNNING) {
            return stop;
        }
        if (asked && stop == CW_TRACED_RUNNING) {
            return CW_TRACED_RUNNING;
        }
    }
}

bool cw_traced_aex(struct cw_traced *t, unsigned tcs, struct cw_traced_event *ret_event)
{
    struct cw_traced_registers r;

    cw_traced_report(ret_event, CW_TRACED_RUNNING, 0);
    if (t->ended || !t->threads[tcs].inside || !cw_traced_registers_get(t->threads[tcs].id, &r)) {
        return false;
    }
    (void)cw_traced_leave(t, tcs, &r, ret_event);
    return true;
}

bool cw_traced_get(struct cw_traced *t, unsigned tcs, struct cw_traced_registers *ret_registers)
{
    if (t->threads[tcs].inside) {
        return !t->ended && cw_traced_registers_get(t->threads[tcs].id, ret_registers);
    }
    *ret_registers = t->threads[tcs].left;
    return true;
}

bool cw_traced_set(struct cw_traced *t, unsigned tcs, const struct cw_traced_registers *registers)
{
    return !t->ended && t->threads[tcs].inside && cw_traced_registers_set(t->threads[tcs].id, registers);
}

/* --- the gate ------------------------------------------------------------------------------------- */

/* One system call in the enclave's process; its registers stay as they were. */
static bool call_at_gate(struct cw_traced *t, unsigned tcs, long number, uint64_t a, uint64_t b,
        uint64_t c)
{
    pid_t id = t->threads[tcs].id;
    struct user_regs_struct before, r;
    int status;
    bool good;

    if (ptrace(PTRACE_GETREGS, id, NULL, &before) != 0) {
        return false;
    }
    r = before;
    r.rip = t->gate;
    r.rax = (unsigned long long)number;
    r.rdi = a;
    r.rsi = b;
    r.rdx = c;
    r.orig_rax = CW_TRACED_NO_CALL;
    if (ptrace(PTRACE_SETREGS, id, NULL, &r) != 0 || ptrace(PTRACE_CONT, id, NULL, 0) != 0) {
        return false;
    }
    status = cw_traced_wait(id, 0);
    if (!WIFSTOPPED(status) || status >> 16 != PTRACE_EVENT_SECCOMP ||
            ptrace(PTRACE_CONT, id, NULL, 0) != 0) {
        return false;
    }
    status = cw_traced_wait(id, 0);
    good = WIFSTOPPED(status) && ptrace(PTRACE_GETREGS, id, NULL, &r) == 0 && r.rax == 0;
    before.orig_rax = CW_TRACED_NO_CALL;
    return ptrace(PTRACE_SETREGS, id, NULL, &before) == 0 && good;
}

bool cw_traced_protect(struct cw_traced *t, uint64_t address, size_t len, int protection)
{
    for (unsigned i = 0; i < t->cell->plan->tcs_count && !t->ended; i++) {
        if (!t->threads[i].running) {
            return call_at_gate(t, i, SYS_mprotect, address, len, (uint64_t)protection);
        }
    }
    return false;
}

/* --- what it is ----------------------------------------------------------------------------------- */

const struct cw_jail_plan *cw_traced_plan(const struct cw_traced *t)
{
    return t->cell->plan;
}

bool cw_traced_is_inside(const struct cw_traced *t, unsigned tcs)
{
    return t->threads[tcs].inside;
}

uint32_t cw_traced_cssa(const struct cw_traced *t, unsigned tcs)
{
    return t->threads[tcs].cssa;
}

uint8_t *cw_traced_arena(struct cw_traced *t)
{
    return t->cell->outside.bytes + (t->cell->plan->arena - CW_JAIL_OUTSIDE_AT);
}

const char *cw_traced_why(const struct cw_traced *t)
{
    return t->why;
}
