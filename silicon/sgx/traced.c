/* SPDX-License-Identifier: MIT */
/*
 * traced.c - the microcode as a tracer.
 *
 * A fault stops the thread before its signal is delivered; registers are read there.  What only a
 * signal's frame says (vector, error code, address) comes from delivering it: the jail's handler
 * loads it into registers and stops again.  So nothing is guessed, and the same kernel code
 * decides as in `proc` mode.
 */
#include "silicon/sgx/traced.h"

#include <elf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "silicon/sgx/jail/frame.h"

#define CANONICAL 0x7fffffffffffull
#define NO_CALL ((unsigned long long)-1) /* no system call to restart */
#define GATE_RESULT_OFFSET 2             /* behind SYSCALL */
#define TRACE_STEP 2                     /* si_code of a single step */
#define PF_USER 4u
#define PF_WRITE 2u
#define PF_PRESENT 1u

struct thread {
    pid_t id;
    bool inside;
    bool running; /* continued, not seen to stop since */
    bool resumed; /* entered by ERESUME */
    uint32_t cssa;
    struct cw_traced_registers left; /* what the last exit left to the host */
};

struct cw_traced {
    struct cw_cell *cell;
    bool owns;
    struct cw_sgx_fuses fuses;
    uint64_t gate;
    bool ended;
    char why[CW_SGX_TEXT_LEN];
    struct thread threads[CW_SGX_TCS_MAX];
};

/* --- registers ------------------------------------------------------------------------------------ */

static unsigned long long *gpr(struct user_regs_struct *r, unsigned index)
{
    unsigned long long *const places[16] = {&r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp,
            &r->rsi, &r->rdi, &r->r8, &r->r9, &r->r10, &r->r11, &r->r12, &r->r13, &r->r14, &r->r15};

    return places[index];
}

static bool get_registers(pid_t id, struct cw_traced_registers *ret)
{
    struct user_regs_struct r;
    struct iovec area = {.iov_base = ret->xsave, .iov_len = sizeof ret->xsave};

    if (ptrace(PTRACE_GETREGS, id, NULL, &r) != 0 ||
            ptrace(PTRACE_GETREGSET, id, NT_X86_XSTATE, &area) != 0) {
        return false;
    }
    for (unsigned i = 0; i < 16; i++) {
        ret->gpr[i] = *gpr(&r, i);
    }
    ret->rip = r.rip;
    ret->rflags = r.eflags & ~CW_RFLAGS_RF;
    ret->fs = r.fs_base;
    ret->gs = r.gs_base;
    ret->xsave_len = area.iov_len;
    return true;
}

static bool set_registers(pid_t id, const struct cw_traced_registers *from)
{
    struct user_regs_struct r;
    struct iovec area = {.iov_base = (void *)(uintptr_t)from->xsave, .iov_len = from->xsave_len};

    if (ptrace(PTRACE_GETREGS, id, NULL, &r) != 0) {
        return false;
    }
    for (unsigned i = 0; i < 16; i++) {
        *gpr(&r, i) = from->gpr[i];
    }
    r.rip = from->rip;
    r.eflags = from->rflags;
    r.fs_base = from->fs;
    r.gs_base = from->gs;
    r.orig_rax = NO_CALL;
    return ptrace(PTRACE_SETREGS, id, NULL, &r) == 0 &&
           (from->xsave_len == 0 || ptrace(PTRACE_SETREGSET, id, NT_X86_XSTATE, &area) == 0);
}

/* --- its end -------------------------------------------------------------------------------------- */

static cw_traced_stop ended(struct cw_traced *t, const char *why)
{
    if (!t->ended) {
        t->ended = true;
        (void)snprintf(t->why, sizeof t->why, "%s", why);
    }
    (void)kill(t->cell->pid, SIGKILL);
    return CW_TRACED_ENDED;
}

static cw_traced_stop ended_with(struct cw_traced *t, int status)
{
    char why[CW_SGX_TEXT_LEN];

    cw_cell_why(status, why);
    return ended(t, why);
}

static int wait_for(pid_t id, int options)
{
    int status = 0;
    pid_t got;

    do {
        got = waitpid(id, &status, __WALL | options);
    } while (got < 0 && errno == EINTR);
    return got == id ? status : got == 0 ? -1 : SIGKILL;
}

/* --- memory --------------------------------------------------------------------------------------- */

/* Bytes up to the page's end, or NULL. */
static uint8_t *place_of(const struct cw_traced *t, uint64_t address, size_t *ret_len,
        uint32_t *ret_protection)
{
    const struct cw_cell_store *outside = &t->cell->outside;
    const struct cw_cell_store *store;
    uint64_t at = 0;

    *ret_len = SGX_PAGE_LEN - address % SGX_PAGE_LEN;
    if (address >= CW_JAIL_OUTSIDE_AT && address - CW_JAIL_OUTSIDE_AT < outside->len) {
        *ret_protection = PROT_READ | PROT_WRITE;
        return outside->bytes + (address - CW_JAIL_OUTSIDE_AT);
    }
    store = cw_cell_store_of(t->cell, address, &at, ret_protection);
    return store == NULL ? NULL : store->bytes + at;
}

/* The address of the first byte that does not have these rights, or 0: all have. */
static uint64_t first_without(const struct cw_traced *t, uint64_t address, size_t len,
        uint32_t rights, uint32_t *ret_error)
{
    while (len != 0) {
        size_t part = 0;
        uint32_t protection = 0;

        if (place_of(t, address, &part, &protection) == NULL ||
                (protection & rights) != rights) {
            *ret_error = PF_USER | ((rights & PROT_WRITE) != 0 ? PF_WRITE : 0) |
                         (protection != 0 ? PF_PRESENT : 0);
            return address;
        }
        part = part < len ? part : len;
        address += part;
        len -= part;
    }
    return 0;
}

bool cw_traced_read(const struct cw_traced *t, uint64_t address, void *ret_bytes, size_t len)
{
    uint8_t *to = ret_bytes;
    uint32_t error;

    if (first_without(t, address, len, 0, &error) != 0) {
        return false;
    }
    while (len != 0) {
        size_t part = 0;
        uint32_t protection = 0;
        const uint8_t *from = place_of(t, address, &part, &protection);

        part = part < len ? part : len;
        memcpy(to, from, part);
        to += part;
        address += part;
        len -= part;
    }
    return true;
}

bool cw_traced_write(struct cw_traced *t, uint64_t address, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;
    uint32_t error;

    /* Data stores are mapped for writing whatever the enclave may; code is sealed. */
    for (uint64_t at = address; at < address + len; at += SGX_PAGE_LEN - at % SGX_PAGE_LEN) {
        uint64_t offset = 0;
        uint32_t protection = 0;

        if (cw_cell_store_of(t->cell, at, &offset, &protection) == &t->cell->code) {
            return false;
        }
    }
    if (first_without(t, address, len, 0, &error) != 0) {
        return false;
    }
    while (len != 0) {
        size_t part = 0;
        uint32_t protection = 0;
        uint8_t *to = place_of(t, address, &part, &protection);

        part = part < len ? part : len;
        memcpy(to, from, part);
        from += part;
        address += part;
        len -= part;
    }
    return true;
}

/* --- leaving -------------------------------------------------------------------------------------- */

static void report(struct cw_traced_event *event, cw_traced_stop stop, uint64_t rip)
{
    *event = (struct cw_traced_event){.stop = stop,
            .leaf = CW_TRACED_NONE,
            .vector = CW_TRACED_NONE,
            .rip = rip};
}

static uint64_t frame_at(const struct cw_traced *t, unsigned tcs, uint32_t index)
{
    return t->cell->plan->tcs[tcs].ssa + (uint64_t)index * t->cell->plan->ssa_frame_len;
}

static uint64_t gpr_at(const struct cw_traced *t, unsigned tcs, uint32_t index)
{
    return frame_at(t, tcs, index) + t->cell->plan->ssa_frame_len - SGX_GPRSGX_LEN;
}

/* Registers r into the frame CSSA; event has the vector. */
static cw_traced_stop leave(struct cw_traced *t, unsigned tcs, const struct cw_traced_registers *r,
        struct cw_traced_event *event)
{
    struct thread *thread = &t->threads[tcs];
    const struct cw_jail_plan *plan = t->cell->plan;
    uint8_t fpu[CW_FPU_LEN], g[SGX_GPRSGX_LEN], exinfo[SGX_EXINFO_LEN];
    uint64_t at = gpr_at(t, tcs, thread->cssa), urbp;
    size_t fpu_len = (plan->xfrm & SGX_XFRM_AVX) != 0 ? CW_FPU_LEN
                                                      : CW_FPU_HEADER + CW_FPU_HEADER_LEN;

    cw_frame_fpu_save(fpu, r->xsave, plan->xfrm);
    (void)cw_traced_read(t, at, g, sizeof g);
    for (unsigned i = 0; i < 16; i++) {
        cw_frame_put(g + 8 * i, r->gpr[i], 8);
    }
    cw_frame_put(g + SGX_GPR_RFLAGS, r->rflags, 8);
    cw_frame_put(g + SGX_GPR_RIP, r->rip, 8);
    cw_frame_put(g + SGX_GPR_EXITINFO, cw_frame_exit_info(event->vector, plan->miscselect), 4);
    cw_frame_put(g + SGX_GPR_FSBASE, r->fs, 8);
    cw_frame_put(g + SGX_GPR_GSBASE, r->gs, 8);
    (void)cw_traced_write(t, frame_at(t, tcs, thread->cssa), fpu, fpu_len);
    (void)cw_traced_write(t, at, g, sizeof g);
    if (cw_frame_exinfo(exinfo, event->vector, plan->miscselect, event->address, event->error)) {
        (void)cw_traced_write(t, at - SGX_EXINFO_LEN, exinfo, sizeof exinfo);
    }
    thread->cssa++;
    thread->inside = false;
    event->stop = CW_TRACED_AEX;
    event->rip = r->rip;
    urbp = cw_frame_get(g + SGX_GPR_URBP, 8);
    cw_traced_host(&thread->left);
    thread->left.gpr[CW_SGX_RAX] = SGX_ERESUME;
    thread->left.gpr[CW_SGX_RBX] = plan->tcs[tcs].address;
    thread->left.gpr[CW_SGX_RCX] = t->gate;
    thread->left.gpr[CW_SGX_RSP] = cw_frame_get(g + SGX_GPR_URSP, 8);
    thread->left.gpr[CW_SGX_RBP] = urbp;
    thread->left.rip = t->gate;
    return CW_TRACED_AEX;
}

static cw_traced_stop fault(struct cw_traced *t, unsigned tcs, const struct cw_traced_registers *r,
        uint16_t vector, uint32_t error, uint64_t address, struct cw_traced_event *event)
{
    event->vector = vector;
    event->error = error;
    event->address = address;
    return leave(t, tcs, r, event);
}

/* --- ENCLU ---------------------------------------------------------------------------------------- */

static bool is_enclu(const struct cw_traced *t, uint64_t rip)
{
    static const uint8_t enclu[3] = {0x0f, 0x01, 0xd7};
    uint8_t code[3];

    return rip - t->cell->plan->base < t->cell->plan->len &&
           cw_traced_read(t, rip, code, sizeof code) && memcmp(code, enclu, sizeof code) == 0;
}

static bool is_inside(const struct cw_traced *t, uint64_t at, uint64_t len, uint64_t alignment)
{
    const struct cw_jail_plan *plan = t->cell->plan;

    return at % alignment == 0 && at >= plan->base && at - plan->base <= plan->len - len;
}

/* EREPORT or EGETKEY: STEPPED, or the AEX of its fault. */
static cw_traced_stop call_cpu(struct cw_traced *t, unsigned tcs, struct cw_traced_registers *r,
        struct cw_traced_event *event)
{
    bool is_report = event->leaf == SGX_EREPORT;
    uint64_t to = is_report ? r->gpr[CW_SGX_RDX] : r->gpr[CW_SGX_RCX], bad = 0;
    size_t to_len = is_report ? SGX_REPORT_LEN : SGX_KEY_LEN;
    struct cw_jail_call call = {.kind = event->leaf};
    struct cw_jail_answer answer;
    uint32_t error = 0;

    if (!is_inside(t, r->gpr[CW_SGX_RBX], SGX_TARGETINFO_LEN, SGX_TARGETINFO_LEN) ||
            !is_inside(t, to, to_len, is_report ? 512 : 16) ||
            (is_report && !is_inside(t, r->gpr[CW_SGX_RCX], SGX_REPORTDATA_LEN, 128))) {
        return fault(t, tcs, r, SGX_VECTOR_GP, 0, 0, event);
    }
    bad = first_without(t, r->gpr[CW_SGX_RBX], sizeof call.first, PROT_READ, &error);
    if (bad == 0 && is_report) {
        bad = first_without(t, r->gpr[CW_SGX_RCX], sizeof call.second, PROT_READ, &error);
    }
    if (bad != 0) {
        return fault(t, tcs, r, SGX_VECTOR_PF, error, bad, event);
    }
    (void)cw_traced_read(t, r->gpr[CW_SGX_RBX], call.first, sizeof call.first);
    if (is_report) {
        (void)cw_traced_read(t, r->gpr[CW_SGX_RCX], call.second, sizeof call.second);
    }
    cw_cell_answer(t->cell, &t->fuses, &call, &answer);
    if (answer.code == CW_SGX_FAULT_GP) {
        return fault(t, tcs, r, SGX_VECTOR_GP, 0, 0, event);
    }
    if (answer.code == SGX_OK) {
        bad = first_without(t, to, to_len, PROT_WRITE, &error);
        if (bad != 0) {
            return fault(t, tcs, r, SGX_VECTOR_PF, error, bad, event);
        }
        (void)cw_traced_write(t, to, answer.bytes, to_len);
    }
    cw_bytes_wipe(answer.bytes, sizeof answer.bytes);
    if (!is_report) {
        r->gpr[CW_SGX_RAX] = answer.code;
        r->rflags &= ~CW_RFLAGS_ARITHMETIC;
        r->rflags |= answer.code == SGX_OK ? 0 : CW_RFLAGS_ZF;
    }
    r->rip += 3;
    event->rip = r->rip;
    event->stop = CW_TRACED_STEPPED;
    return set_registers(t->threads[tcs].id, r) ? CW_TRACED_STEPPED
                                                : ended(t, "its registers cannot be set");
}

static cw_traced_stop do_enclu(struct cw_traced *t, unsigned tcs, struct cw_traced_registers *r,
        struct cw_traced_event *event)
{
    struct thread *thread = &t->threads[tcs];

    event->leaf = (uint16_t)r->gpr[CW_SGX_RAX];
    switch ((uint32_t)r->gpr[CW_SGX_RAX]) {
    case SGX_EEXIT:
        thread->left = *r;
        thread->left.gpr[CW_SGX_RCX] = t->gate;
        thread->left.rip = r->gpr[CW_SGX_RBX];
        thread->inside = false;
        event->stop = CW_TRACED_EEXIT;
        event->rip = r->rip;
        return CW_TRACED_EEXIT;
    case SGX_EREPORT:
    case SGX_EGETKEY:
        return call_cpu(t, tcs, r, event);
    default: /* leaves that this CPU has not, and those of outside */
        return fault(t, tcs, r, SGX_VECTOR_GP, 0, 0, event);
    }
}

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
        return ended(t, "it cannot be continued");
    }
    status = wait_for(id, 0);
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP || status >> 16 != 0 ||
            ptrace(PTRACE_GETREGS, id, NULL, &handler) != 0) {
        return WIFSTOPPED(status) ? ended(t, "its signal was not taken") : ended_with(t, status);
    }
    if (signal == SIGSYS) {
        /* SYSCALL, INT 0x80: two bytes, undefined inside. */
        r->rip -= 2;
        return fault(t, tcs, r, SGX_VECTOR_UD, 0, 0, event);
    }
    vector = (uint16_t)handler.r9;
    return fault(t, tcs, r, vector, (uint32_t)handler.r8,
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

    report(event, CW_TRACED_RUNNING, 0);
    if (!WIFSTOPPED(status)) {
        event->stop = CW_TRACED_ENDED;
        return ended_with(t, status);
    }
    signal = WSTOPSIG(status);
    if (status >> 16 == PTRACE_EVENT_SECCOMP) {
        event->stop = CW_TRACED_ENDED;
        return ended(t, "the enclave reached for the tracer's gate");
    }
    if (!get_registers(id, &r)) {
        event->stop = CW_TRACED_ENDED;
        return ended(t, "its registers cannot be read");
    }
    event->rip = r.rip;
    if (status >> 16 != 0) {
        return CW_TRACED_RUNNING; /* it was asked to stand still */
    }
    if (signal == SIGILL && is_enclu(t, r.rip)) {
        return do_enclu(t, tcs, &r, event);
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
    report(event, t->ended ? CW_TRACED_ENDED : CW_TRACED_RUNNING, 0);
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
        (void)ended(t, "it cannot be continued");
        return gone(t, ret_event);
    }
    stop = stopped(t, tcs, wait_for(id, 0), true, ret_event);
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
            (void)ended(t, "it cannot be continued");
        }
    }
}

cw_traced_stop cw_traced_take(struct cw_traced *t, unsigned tcs, struct cw_traced_event *ret_event)
{
    struct thread *thread = &t->threads[tcs];
    cw_traced_stop stop;
    int status;

    for (;;) {
        if (t->ended || !thread->running) {
            return gone(t, ret_event);
        }
        status = wait_for(thread->id, WNOHANG);
        if (status == -1) {
            report(ret_event, CW_TRACED_RUNNING, 0);
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
        int status = wait_for(id, *ret_asked ? 0 : WNOHANG);

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
    struct thread *thread = &t->threads[tcs];
    int64_t end = now_ms() + timeout_ms;

    for (;;) {
        cw_traced_stop stop;
        bool asked = false;
        int status;

        if (t->ended || !thread->inside) {
            return gone(t, ret_event);
        }
        if (ptrace(PTRACE_CONT, thread->id, NULL, 0) != 0) {
            (void)ended(t, "it cannot be continued");
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

    report(ret_event, CW_TRACED_RUNNING, 0);
    if (t->ended || !t->threads[tcs].inside || !get_registers(t->threads[tcs].id, &r)) {
        return false;
    }
    (void)leave(t, tcs, &r, ret_event);
    return true;
}

bool cw_traced_get(struct cw_traced *t, unsigned tcs, struct cw_traced_registers *ret_registers)
{
    if (t->threads[tcs].inside) {
        return !t->ended && get_registers(t->threads[tcs].id, ret_registers);
    }
    *ret_registers = t->threads[tcs].left;
    return true;
}

bool cw_traced_set(struct cw_traced *t, unsigned tcs, const struct cw_traced_registers *registers)
{
    return !t->ended && t->threads[tcs].inside && set_registers(t->threads[tcs].id, registers);
}

/* --- entering ------------------------------------------------------------------------------------- */

void cw_traced_host(struct cw_traced_registers *ret_registers)
{
    memset(ret_registers, 0, sizeof *ret_registers);
    ret_registers->rflags = CW_RFLAGS_FIXED | CW_RFLAGS_IF;
    ret_registers->xsave_len = CW_FPU_LEN;
    cw_frame_fpu_reset(ret_registers->xsave, CW_FCW_INIT, CW_MXCSR_INIT);
}

/* The kernel takes an area of its own length, with its own bytes. */
static void fit_area(pid_t id, struct cw_traced_registers *r)
{
    static struct cw_traced_registers now;
    size_t len = r->xsave_len < CW_FPU_LEN ? r->xsave_len : CW_FPU_LEN;

    if (!get_registers(id, &now)) {
        return;
    }
    if (len == 0) {
        cw_frame_fpu_reset(r->xsave, CW_FCW_INIT, CW_MXCSR_INIT);
        len = CW_FPU_HEADER + CW_FPU_HEADER_LEN;
    }
    memcpy(now.xsave, r->xsave, CW_FPU_SOFTWARE);
    cw_frame_put(now.xsave + CW_FPU_MXCSR, cw_frame_get(r->xsave + CW_FPU_MXCSR, 4) & CW_MXCSR_VALID,
            4);
    memcpy(now.xsave + CW_FPU_HEADER, r->xsave + CW_FPU_HEADER, len - CW_FPU_HEADER);
    memcpy(r->xsave, now.xsave, now.xsave_len);
    r->xsave_len = now.xsave_len;
}

bool cw_traced_eenter(struct cw_traced *t, unsigned tcs, const struct cw_traced_registers *host)
{
    struct thread *thread = &t->threads[tcs];
    const struct cw_jail_tcs *control = &t->cell->plan->tcs[tcs];
    struct cw_traced_registers r = *host;
    uint8_t bytes[8];

    if (t->ended || thread->inside || thread->cssa >= control->ssa_count) {
        return false;
    }
    cw_frame_put(bytes, host->gpr[CW_SGX_RSP], 8);
    (void)cw_traced_write(t, gpr_at(t, tcs, thread->cssa) + SGX_GPR_URSP, bytes, sizeof bytes);
    cw_frame_put(bytes, host->gpr[CW_SGX_RBP], 8);
    (void)cw_traced_write(t, gpr_at(t, tcs, thread->cssa) + SGX_GPR_URBP, bytes, sizeof bytes);
    r.gpr[CW_SGX_RAX] = thread->cssa;
    r.gpr[CW_SGX_RBX] = control->address;
    r.gpr[CW_SGX_RCX] = t->gate + GATE_RESULT_OFFSET;
    r.rip = control->entry;
    r.rflags = (host->rflags & CW_RFLAGS_CROSS) | CW_RFLAGS_FIXED | CW_RFLAGS_IF;
    r.fs = control->fs;
    r.gs = control->gs;
    fit_area(thread->id, &r);
    if (!set_registers(thread->id, &r)) {
        return false;
    }
    thread->inside = true;
    thread->resumed = false;
    return true;
}

bool cw_traced_eresume(struct cw_traced *t, unsigned tcs)
{
    struct thread *thread = &t->threads[tcs];
    uint8_t fpu[CW_FPU_LEN] = {0}, g[SGX_GPRSGX_LEN];
    struct cw_traced_registers r;
    size_t fpu_len = (t->cell->plan->xfrm & SGX_XFRM_AVX) != 0 ? CW_FPU_LEN
                                                               : CW_FPU_HEADER + CW_FPU_HEADER_LEN;

    if (t->ended || thread->inside || thread->cssa == 0 ||
            !cw_traced_read(t, gpr_at(t, tcs, thread->cssa - 1), g, sizeof g) ||
            !cw_traced_read(t, frame_at(t, tcs, thread->cssa - 1), fpu, fpu_len) ||
            !get_registers(thread->id, &r)) {
        return false;
    }
    r.rip = cw_frame_get(g + SGX_GPR_RIP, 8);
    r.fs = cw_frame_get(g + SGX_GPR_FSBASE, 8);
    r.gs = cw_frame_get(g + SGX_GPR_GSBASE, 8);
    if (r.rip > CANONICAL || r.fs > CANONICAL || r.gs > CANONICAL ||
            !cw_frame_fpu_load(r.xsave, fpu, t->cell->plan->xfrm)) {
        return false;
    }
    for (unsigned i = 0; i < 16; i++) {
        r.gpr[i] = cw_frame_get(g + 8 * i, 8);
    }
    r.rflags = (cw_frame_get(g + SGX_GPR_RFLAGS, 8) & CW_RFLAGS_CROSS) | CW_RFLAGS_FIXED |
               CW_RFLAGS_IF;
    if (!set_registers(thread->id, &r)) {
        return false;
    }
    thread->cssa--;
    thread->inside = true;
    thread->resumed = true;
    return true;
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
    r.orig_rax = NO_CALL;
    if (ptrace(PTRACE_SETREGS, id, NULL, &r) != 0 || ptrace(PTRACE_CONT, id, NULL, 0) != 0) {
        return false;
    }
    status = wait_for(id, 0);
    if (!WIFSTOPPED(status) || status >> 16 != PTRACE_EVENT_SECCOMP ||
            ptrace(PTRACE_CONT, id, NULL, 0) != 0) {
        return false;
    }
    status = wait_for(id, 0);
    good = WIFSTOPPED(status) && ptrace(PTRACE_GETREGS, id, NULL, &r) == 0 && r.rax == 0;
    before.orig_rax = NO_CALL;
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

/* --- its start ------------------------------------------------------------------------------------ */

static bool refuse(struct cw_traced *t, const char *why)
{
    struct cw_jail_call call;

    /* The jail says itself what it could not do, and ends. */
    if (recv(t->cell->socket, &call, sizeof call, MSG_DONTWAIT) == (ssize_t)sizeof call &&
            call.kind == CW_JAIL_FAILED) {
        (void)snprintf(t->why, sizeof t->why, "the enclave's process failed at step %u: %s",
                call.at, strerror((int)call.code));
        t->ended = true;
    }
    (void)ended(t, why);
    return false;
}

/* A thread's stop at cw_jail_parked: which it is, where the gate is. */
static bool take_parked(struct cw_traced *t, pid_t id)
{
    struct user_regs_struct r;

    if (ptrace(PTRACE_GETREGS, id, NULL, &r) != 0 || r.rdi >= t->cell->plan->tcs_count) {
        return refuse(t, "a thread of the enclave's process is lost");
    }
    t->threads[r.rdi].id = id;
    t->gate = r.rsi;
    return true;
}

static bool run_until_parked(struct cw_traced *t, pid_t id, pid_t *others, unsigned *other_count)
{
    for (;;) {
        int status = wait_for(id, 0);

        if (!WIFSTOPPED(status)) {
            char why[CW_SGX_TEXT_LEN];

            cw_cell_why(status, why);
            return refuse(t, why);
        }
        if (WSTOPSIG(status) == SIGTRAP && status >> 16 == 0) {
            return take_parked(t, id);
        }
        if (status >> 16 == PTRACE_EVENT_CLONE && *other_count < CW_SGX_TCS_MAX) {
            unsigned long fresh = 0;

            (void)ptrace(PTRACE_GETEVENTMSG, id, NULL, &fresh);
            others[*other_count] = (pid_t)fresh;
            (void)wait_for(others[*other_count], 0); /* each begins with a stop */
            (void)ptrace(PTRACE_CONT, others[*other_count], NULL, 0);
            ++*other_count;
        }
        if (ptrace(PTRACE_CONT, id, NULL, 0) != 0) {
            return refuse(t, "the enclave's process cannot be traced");
        }
    }
}

uint32_t cw_traced_over(struct cw_cell *cell, const struct cw_sgx_fuses *fuses,
        struct cw_traced **ret_traced, char *ret_why)
{
    struct cw_traced *t = calloc(1, sizeof *t);
    pid_t others[CW_SGX_TCS_MAX];
    unsigned other_count = 0;
    struct cw_jail_call ready;
    bool good;

    *ret_traced = NULL;
    if (t == NULL) {
        (void)snprintf(ret_why, CW_SGX_TEXT_LEN, "out of memory");
        return CW_SGX_E_SYSTEM;
    }
    t->cell = cell;
    t->fuses = *fuses;
    for (unsigned i = 0; i < CW_SGX_TCS_MAX; i++) {
        cw_traced_host(&t->threads[i].left);
    }
    good = run_until_parked(t, cell->pid, others, &other_count);
    for (unsigned i = 0; i < other_count && good; i++) {
        unsigned none = CW_SGX_TCS_MAX;

        good = run_until_parked(t, others[i], others, &none);
    }
    if (!good) {
        (void)snprintf(ret_why, CW_SGX_TEXT_LEN, "%s", t->why);
        cw_traced_close(t);
        return CW_SGX_E_SYSTEM;
    }
    (void)recv(cell->socket, &ready, sizeof ready, MSG_DONTWAIT);
    cw_cell_seal_off(cell);
    *ret_traced = t;
    return SGX_OK;
}

uint32_t cw_traced_open(const uint8_t *image, size_t len, const struct cw_traced_options *options,
        struct cw_traced **ret_traced, char *ret_why)
{
    struct cw_cell_options how = {.traced = true,
            .allow_mixed = options->allow_mixed,
            .user = options->user,
            .bell = -1,
            .base = options->base,
            .arena_len = options->arena_len};
    struct cw_cell *cell = calloc(1, sizeof *cell);
    struct cw_sgx_fuses drawn;
    struct cw_sgx_image pages = {0};
    uint32_t code = CW_SGX_E_SYSTEM;
    cw_status status = CW_E_FORM;

    *ret_traced = NULL;
    (void)snprintf(ret_why, CW_SGX_TEXT_LEN, "no image, or no memory");
    if (cell == NULL || len < SGX_SIGSTRUCT_LEN) {
        free(cell);
        return CW_SGX_E_IMAGE;
    }
    how.jail = cw_cell_jail(options->jail);
    if (how.jail < 0 ||
            (options->fuses == NULL && getrandom(&drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)) {
        free(cell);
        return CW_SGX_E_SYSTEM;
    }
    status = cw_sgx_image_read(image + SGX_SIGSTRUCT_LEN, len - SGX_SIGSTRUCT_LEN, &pages, ret_why);
    if (status == CW_OK) {
        code = cw_cell_open(cell, &pages, image, &how, ret_why);
        cw_sgx_image_free(&pages);
        if (code == SGX_OK) {
            code = cw_traced_over(cell, options->fuses != NULL ? options->fuses : &drawn, ret_traced,
                    ret_why);
        }
        if (code == SGX_OK) {
            (*ret_traced)->owns = true;
        } else {
            cw_cell_close(cell);
        }
    } else {
        code = status == CW_E_SPACE ? CW_SGX_E_EPC : CW_SGX_E_IMAGE;
    }
    cw_bytes_wipe(&drawn, sizeof drawn);
    (void)close(how.jail);
    if (code != SGX_OK) {
        free(cell);
    }
    return code;
}

void cw_traced_close(struct cw_traced *t)
{
    if (t == NULL) {
        return;
    }
    if (t->cell->pid != 0) {
        (void)kill(t->cell->pid, SIGKILL);
        /* The first thread ends last: each tracee is waited for. */
        for (unsigned i = 0; i < CW_SGX_TCS_MAX; i++) {
            if (t->threads[i].id != 0 && t->threads[i].id != t->cell->pid) {
                while (!WIFSIGNALED(wait_for(t->threads[i].id, 0))) {
                }
            }
        }
    }
    if (t->owns) {
        cw_cell_close(t->cell);
        free(t->cell);
    }
    cw_bytes_wipe(&t->fuses, sizeof t->fuses);
    free(t);
}

/* --- what it is ----------------------------------------------------------------------------------- */

const struct cw_jail_plan *cw_traced_plan(const struct cw_traced *t)
{
    return t->cell->plan;
}

const uint8_t *cw_traced_secs(const struct cw_traced *t)
{
    return t->cell->secs;
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
