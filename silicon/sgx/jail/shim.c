/* SPDX-License-Identifier: MIT */
/*
 * shim.c - the microcode of one enclave in `proc` mode: ENCLU, exceptions, SSA frames, mailbox.
 *
 * Everything happens in the handler of a signal on the thread's own stack.  A thread that is
 * outside the enclave is a thread in its handler that waits for the mailbox; EENTER and ERESUME
 * change the signal's frame and return from it.  Enclave code can reach all this, and gains by it
 * only what it may do anyway: the socket stands for this enclave alone.
 */
#include <asm/prctl.h>
#include <asm/sigcontext.h>
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/futex.h>

#include "silicon/sgx/jail/frame.h"
#include "silicon/sgx/jail/jail.h"

#define SPIN_MAX 4096u
#define SPIN_RETRY 64u
#define CANONICAL 0x7fffffffffffull
#define NO_FAULT 0xffffu

/* What the host asks, read once. */
struct request {
    uint32_t function;
    uint64_t gpr[16];
    uint64_t rflags;
    uint32_t mxcsr;
    uint16_t fcw;
};

static uint32_t socket_lock;

/* --- FS and GS ---------------------------------------------------------------------------------- */

static void set_bases(uint64_t fs, uint64_t gs)
{
    if (cw_plan.fsgsbase) {
        __asm__ volatile("wrfsbase %0; wrgsbase %1" : : "r"(fs), "r"(gs));
    } else {
        (void)cw_syscall(__NR_arch_prctl, ARCH_SET_FS, (long)fs, 0, 0, 0, 0);
        (void)cw_syscall(__NR_arch_prctl, ARCH_SET_GS, (long)gs, 0, 0, 0, 0);
    }
}

static void get_bases(uint64_t *ret_fs, uint64_t *ret_gs)
{
    if (cw_plan.fsgsbase) {
        __asm__ volatile("rdfsbase %0; rdgsbase %1" : "=r"(*ret_fs), "=r"(*ret_gs));
    } else {
        (void)cw_syscall(__NR_arch_prctl, ARCH_GET_FS, (long)ret_fs, 0, 0, 0, 0);
        (void)cw_syscall(__NR_arch_prctl, ARCH_GET_GS, (long)ret_gs, 0, 0, 0, 0);
    }
}

/* --- registers in the signal's frame ------------------------------------------------------------- */

static uint64_t *gpr(struct sigcontext_64 *r, unsigned index)
{
    uint64_t *const places[16] = {(uint64_t *)&r->ax, (uint64_t *)&r->cx, (uint64_t *)&r->dx,
            (uint64_t *)&r->bx, (uint64_t *)&r->sp, (uint64_t *)&r->bp, (uint64_t *)&r->si,
            (uint64_t *)&r->di, (uint64_t *)&r->r8, (uint64_t *)&r->r9, (uint64_t *)&r->r10,
            (uint64_t *)&r->r11, (uint64_t *)&r->r12, (uint64_t *)&r->r13, (uint64_t *)&r->r14,
            (uint64_t *)&r->r15};

    return places[index];
}

static uint8_t *fpu_of(const struct sigcontext_64 *r)
{
    return (uint8_t *)r->fpstate;
}

/* --- the mailbox --------------------------------------------------------------------------------- */

static void wait_for_turn(struct cw_shim_thread *t)
{
    struct cw_sgx_mailbox *m = t->mailbox;

    for (uint32_t i = 0; i < t->spin; i++) {
        if (__atomic_load_n(&m->turn, __ATOMIC_ACQUIRE) == CW_SGX_TURN_CPU) {
            t->spin = t->spin * 2 < SPIN_MAX ? t->spin * 2 : SPIN_MAX;
            return;
        }
        __builtin_ia32_pause();
    }
    /* Looking was in vain: on one processor it always is, so look less, and try again at times. */
    t->spin /= 2;
    t->asleep++;
    if (t->spin == 0 && t->asleep % SPIN_RETRY == 0) {
        t->spin = SPIN_MAX / 4;
    }
    __atomic_store_n(&m->cpu_waits, CW_SGX_WAIT_FUTEX, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&m->turn, __ATOMIC_SEQ_CST) != CW_SGX_TURN_CPU) {
        uint32_t seen = __atomic_load_n(&m->turn, __ATOMIC_SEQ_CST);

        if (seen != CW_SGX_TURN_CPU) {
            (void)cw_syscall(__NR_futex, (long)&m->turn, FUTEX_WAIT, seen, 0, 0, 0);
        }
    }
    __atomic_store_n(&m->cpu_waits, CW_SGX_WAIT_LOOKS, __ATOMIC_SEQ_CST);
}

static void take_request(const struct cw_sgx_mailbox *mailbox, struct request *ret_request)
{
    const volatile struct cw_sgx_mailbox *m = mailbox;

    ret_request->function = m->function;
    for (unsigned i = 0; i < 16; i++) {
        ret_request->gpr[i] = m->gpr[i];
    }
    ret_request->rflags = m->rflags;
    ret_request->mxcsr = m->mxcsr;
    ret_request->fcw = m->fcw;
}

static void give_turn(struct cw_sgx_mailbox *m)
{
    static const uint64_t one = 1;

    __atomic_store_n(&m->turn, CW_SGX_TURN_HOST, __ATOMIC_SEQ_CST);
    switch (__atomic_load_n(&m->host_waits, __ATOMIC_SEQ_CST)) {
    case CW_SGX_WAIT_FUTEX:
        (void)cw_syscall(__NR_futex, (long)&m->turn, FUTEX_WAKE, 1, 0, 0, 0);
        break;
    case CW_SGX_WAIT_BELL:
        (void)cw_syscall(__NR_write, CW_JAIL_BELL, (long)&one, sizeof one, 0, 0, 0);
        break;
    }
}

/* --- leaving ------------------------------------------------------------------------------------- */

static void answer_exit(struct cw_shim_thread *t, struct sigcontext_64 *r)
{
    struct cw_sgx_mailbox *m = t->mailbox;
    const uint8_t *fpu = fpu_of(r);

    m->function = SGX_EEXIT;
    for (unsigned i = 0; i < 16; i++) {
        m->gpr[i] = *gpr(r, i);
    }
    m->gpr[CW_SGX_RCX] = (uint64_t)cw_shim_first; /* the AEP */
    m->rflags = r->flags;
    memcpy(&m->mxcsr, fpu + CW_FPU_MXCSR, sizeof m->mxcsr);
    memcpy(&m->fcw, fpu, sizeof m->fcw);
    m->vector = 0;
    m->error = 0;
    m->address = 0;
}

static void answer_exception(struct cw_shim_thread *t, uint64_t rsp, uint64_t rbp, uint16_t vector,
        uint64_t error, uint64_t address)
{
    struct cw_sgx_mailbox *m = t->mailbox;

    m->function = t->function;
    for (unsigned i = 0; i < 16; i++) {
        m->gpr[i] = 0;
    }
    m->gpr[CW_SGX_RAX] = SGX_ERESUME;
    m->gpr[CW_SGX_RBX] = t->tcs.address;
    m->gpr[CW_SGX_RCX] = (uint64_t)cw_shim_first;
    m->gpr[CW_SGX_RSP] = rsp;
    m->gpr[CW_SGX_RBP] = rbp;
    m->rflags = CW_RFLAGS_FIXED | CW_RFLAGS_IF;
    m->mxcsr = CW_MXCSR_INIT;
    m->fcw = CW_FCW_INIT;
    m->vector = vector;
    m->error = (uint16_t)error;
    m->address = vector == SGX_VECTOR_PF ? address & ~(uint64_t)(SGX_PAGE_LEN - 1) : address;
}

static uint8_t *frame_of(const struct cw_shim_thread *t, uint32_t index)
{
    return (uint8_t *)(t->tcs.ssa + (uint64_t)index * cw_plan.ssa_frame_len);
}

/* An asynchronous exit: registers into the frame CSSA, and outside is the host. */
static void leave(struct cw_shim_thread *t, struct sigcontext_64 *r, uint64_t vector,
        uint64_t error, uint64_t address)
{
    uint8_t *frame = frame_of(t, t->cssa);
    uint8_t *g = frame + cw_plan.ssa_frame_len - SGX_GPRSGX_LEN;
    uint64_t fs, gs;

    cw_frame_fpu_save(frame, fpu_of(r), cw_plan.xfrm);
    for (unsigned i = 0; i < 16; i++) {
        cw_frame_put(g + 8 * i, *gpr(r, i), 8);
    }
    cw_frame_put(g + SGX_GPR_RFLAGS, r->flags, 8);
    cw_frame_put(g + SGX_GPR_RIP, r->ip, 8);
    cw_frame_put(g + SGX_GPR_EXITINFO, cw_frame_exit_info(vector, cw_plan.miscselect), 4);
    get_bases(&fs, &gs);
    cw_frame_put(g + SGX_GPR_FSBASE, fs, 8);
    cw_frame_put(g + SGX_GPR_GSBASE, gs, 8);
    (void)cw_frame_exinfo(g - SGX_EXINFO_LEN, vector, cw_plan.miscselect, address, error);
    t->cssa++;
    answer_exception(t, cw_frame_get(g + SGX_GPR_URSP, 8), cw_frame_get(g + SGX_GPR_URBP, 8),
            (uint16_t)vector, error, address);
    give_turn(t->mailbox);
}

/* --- entering ------------------------------------------------------------------------------------ */

/* EENTER; false: it faults (#GP). */
static bool enter(struct cw_shim_thread *t, const struct request *q, struct sigcontext_64 *r)
{
    uint64_t rsp = CW_JAIL_OUTSIDE_AT + cw_plan.outside_len;
    uint8_t *g;

    if (t->cssa >= t->tcs.ssa_count) {
        return false;
    }
    g = frame_of(t, t->cssa) + cw_plan.ssa_frame_len - SGX_GPRSGX_LEN;
    cw_frame_put(g + SGX_GPR_URSP, rsp, 8);
    cw_frame_put(g + SGX_GPR_URBP, q->gpr[CW_SGX_RBP], 8);
    for (unsigned i = 0; i < 16; i++) {
        *gpr(r, i) = q->gpr[i];
    }
    r->ax = t->cssa;
    r->bx = t->tcs.address;
    r->cx = (uint64_t)cw_shim_first + 2; /* behind the instruction that entered */
    r->sp = rsp;
    r->ip = t->tcs.entry;
    r->flags = (q->rflags & CW_RFLAGS_CROSS) | CW_RFLAGS_FIXED | CW_RFLAGS_IF;
    cw_frame_fpu_reset(fpu_of(r), q->fcw, q->mxcsr & CW_MXCSR_VALID);
    set_bases(t->tcs.fs, t->tcs.gs);
    return true;
}

/* ERESUME; false: it faults (#GP), and nothing changed. */
static bool resume(struct cw_shim_thread *t, struct sigcontext_64 *r)
{
    const uint8_t *frame, *g;
    uint64_t fs, gs;

    if (t->cssa == 0) {
        return false;
    }
    frame = frame_of(t, t->cssa - 1);
    g = frame + cw_plan.ssa_frame_len - SGX_GPRSGX_LEN;
    fs = cw_frame_get(g + SGX_GPR_FSBASE, 8);
    gs = cw_frame_get(g + SGX_GPR_GSBASE, 8);
    if (fs > CANONICAL || gs > CANONICAL || cw_frame_get(g + SGX_GPR_RIP, 8) > CANONICAL ||
            !cw_frame_fpu_load(fpu_of(r), frame, cw_plan.xfrm)) {
        return false;
    }
    for (unsigned i = 0; i < 16; i++) {
        *gpr(r, i) = cw_frame_get(g + 8 * i, 8);
    }
    r->ip = cw_frame_get(g + SGX_GPR_RIP, 8);
    r->flags = (cw_frame_get(g + SGX_GPR_RFLAGS, 8) & CW_RFLAGS_CROSS) | CW_RFLAGS_FIXED |
               CW_RFLAGS_IF;
    set_bases(fs, gs);
    t->cssa--;
    return true;
}

/* The thread is outside until the host enters it. */
static void be_outside(struct cw_shim_thread *t, struct sigcontext_64 *r)
{
    for (;;) {
        struct request q;
        bool in = false;

        wait_for_turn(t);
        take_request(t->mailbox, &q);
        t->function = q.function;
        if (q.function == SGX_EENTER) {
            in = enter(t, &q, r);
        } else if (q.function == SGX_ERESUME) {
            in = resume(t, r);
        }
        if (in) {
            return;
        }
        answer_exception(t, q.gpr[CW_SGX_RSP], q.gpr[CW_SGX_RBP], SGX_VECTOR_GP, 0, 0);
        give_turn(t->mailbox);
    }
}

/* --- ENCLU inside -------------------------------------------------------------------------------- */

static bool is_inside(uint64_t at, uint64_t len, uint64_t alignment)
{
    return at % alignment == 0 && at >= cw_plan.base && at - cw_plan.base <= cw_plan.len - len;
}

static void lock_socket(void)
{
    uint32_t seen = 0;

    if (__atomic_compare_exchange_n(&socket_lock, &seen, 1, false, __ATOMIC_ACQUIRE,
                __ATOMIC_RELAXED)) {
        return;
    }
    while (__atomic_exchange_n(&socket_lock, 2, __ATOMIC_ACQUIRE) != 0) {
        (void)cw_syscall(__NR_futex, (long)&socket_lock, FUTEX_WAIT, 2, 0, 0, 0);
    }
}

static void unlock_socket(void)
{
    if (__atomic_exchange_n(&socket_lock, 0, __ATOMIC_RELEASE) == 2) {
        (void)cw_syscall(__NR_futex, (long)&socket_lock, FUTEX_WAKE, 1, 0, 0, 0);
    }
}

static void ask(const struct cw_jail_call *call, struct cw_jail_answer *ret_answer)
{
    lock_socket();
    if (cw_syscall(__NR_write, CW_JAIL_SOCKET, (long)call, sizeof *call, 0, 0, 0) !=
                    (long)sizeof *call ||
            cw_syscall(__NR_read, CW_JAIL_SOCKET, (long)ret_answer, sizeof *ret_answer, 0, 0, 0) !=
                    (long)sizeof *ret_answer) {
        (void)cw_syscall(__NR_exit_group, 1, 0, 0, 0, 0, 0);
    }
    unlock_socket();
}

/* EREPORT or EGETKEY.  The vector of its exception, or NO_FAULT. */
static uint64_t call_cpu(struct cw_shim_thread *t, struct sigcontext_64 *r)
{
    struct cw_jail_call call;
    struct cw_jail_answer answer;
    bool report = (uint32_t)r->ax == SGX_EREPORT;
    uint64_t to = report ? r->dx : r->cx;
    size_t to_len = report ? SGX_REPORT_LEN : SGX_KEY_LEN;

    t->fault_error = t->fault = 0;
    if (!is_inside(r->bx, SGX_TARGETINFO_LEN, SGX_TARGETINFO_LEN) ||
            !is_inside(to, to_len, report ? 512 : 16) ||
            (report && !is_inside(r->cx, SGX_REPORTDATA_LEN, 128))) {
        return SGX_VECTOR_GP;
    }
    memset(&call, 0, sizeof call);
    call.kind = (uint32_t)r->ax;
    if (cw_copy(call.first, (const void *)r->bx, sizeof call.first) != 0 ||
            (report && cw_copy(call.second, (const void *)r->cx, sizeof call.second) != 0)) {
        return SGX_VECTOR_PF;
    }
    ask(&call, &answer);
    if (answer.code == 0xffffffffu) {
        return SGX_VECTOR_GP;
    }
    if (answer.code == SGX_OK && cw_copy((void *)to, answer.bytes, to_len) != 0) {
        return SGX_VECTOR_PF;
    }
    if (!report) {
        r->ax = answer.code;
        r->flags &= ~CW_RFLAGS_ARITHMETIC;
        r->flags |= answer.code == SGX_OK ? 0 : CW_RFLAGS_ZF;
    }
    r->ip += 3;
    return NO_FAULT;
}

static bool is_enclu(uint64_t ip)
{
    const uint8_t *code = (const uint8_t *)ip;
    static const uint8_t enclu[3] = {0x0f, 0x01, 0xd7};

    for (unsigned i = 0; i < 3; i++) {
        uint8_t byte = 0;

        if (ip + i - cw_plan.base >= cw_plan.len || cw_copy(&byte, code + i, 1) != 0 ||
                byte != enclu[i]) {
            return false;
        }
    }
    return true;
}

static bool is_undefined(uint64_t ip)
{
    uint8_t code[CW_INSTRUCTION_MAX] = {0};
    uint64_t left_len = cw_plan.base + cw_plan.len - ip;

    (void)cw_copy(code, (const void *)ip, left_len < sizeof code ? left_len : sizeof code);
    return cw_frame_is_undefined(code);
}

static void do_enclu(struct cw_shim_thread *t, struct sigcontext_64 *r)
{
    uint64_t vector = SGX_VECTOR_GP; /* of leaves that this CPU has not, and those of outside */

    switch ((uint32_t)r->ax) {
    case SGX_EEXIT:
        if (!cw_frame_is_canonical(r->bx)) {
            break;
        }
        answer_exit(t, r);
        give_turn(t->mailbox);
        be_outside(t, r);
        return;
    case SGX_EREPORT:
    case SGX_EGETKEY:
        vector = call_cpu(t, r);
        break;
    }
    if (vector != NO_FAULT) {
        leave(t, r, vector, t->fault_error, t->fault);
        be_outside(t, r);
    }
}

void cw_shim_signal(int signal, void *info, struct ucontext *context)
{
    struct sigcontext_64 *r = (struct sigcontext_64 *)&context->uc_mcontext;
    struct cw_shim_thread *t =
            (struct cw_shim_thread *)((uint64_t)__builtin_frame_address(0) &
                                      ~(CW_SHIM_BLOCK_LEN - 1));
    uint64_t vector = r->trapno, error = r->err;

    (void)info;
    r->flags &= ~CW_RFLAGS_RF;
    if (r->ip == (uint64_t)cw_copy_at) {
        t->fault = r->cr2;
        t->fault_error = r->err;
        r->ip = (uint64_t)cw_copy_fault;
        return;
    }
    if (signal == SIGILL && r->ip == (uint64_t)cw_shim_first) {
        t->spin = SPIN_MAX / 4;
        be_outside(t, r);
        return;
    }
    if (signal == SIGSYS) {
        /* SYSCALL, INT 0x80: two bytes, undefined inside. */
        r->ip -= 2;
        vector = SGX_VECTOR_UD;
        error = 0;
    } else if (signal == SIGILL && r->ip - cw_plan.base < cw_plan.len && is_enclu(r->ip)) {
        t->fault_error = t->fault = 0;
        do_enclu(t, r);
        return;
    } else if (vector == SGX_VECTOR_GP && r->ip - cw_plan.base < cw_plan.len &&
            is_undefined(r->ip)) {
        vector = SGX_VECTOR_UD;
        error = 0;
    }
    leave(t, r, vector, error, r->cr2);
    be_outside(t, r);
}
