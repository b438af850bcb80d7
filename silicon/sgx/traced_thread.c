/* SPDX-License-Identifier: MIT */
/*
 * traced_thread.c - registers of a stopped thread, and its end.
 */
#include "silicon/sgx/traced_state.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "silicon/sgx/jail/frame.h"

static unsigned long long *gpr(struct user_regs_struct *r, unsigned index)
{
    unsigned long long *const places[16] = {&r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp,
            &r->rsi, &r->rdi, &r->r8, &r->r9, &r->r10, &r->r11, &r->r12, &r->r13, &r->r14, &r->r15};

    return places[index];
}

bool cw_traced_registers_get(pid_t id, struct cw_traced_registers *ret)
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

bool cw_traced_registers_set(pid_t id, const struct cw_traced_registers *from)
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
    r.orig_rax = CW_TRACED_NO_CALL;
    return ptrace(PTRACE_SETREGS, id, NULL, &r) == 0 &&
           (from->xsave_len == 0 || ptrace(PTRACE_SETREGSET, id, NT_X86_XSTATE, &area) == 0);
}

/* --- its end -------------------------------------------------------------------------------------- */

cw_traced_stop cw_traced_ended(struct cw_traced *t, const char *why)
{
    if (!t->ended) {
        t->ended = true;
        (void)snprintf(t->why, sizeof t->why, "%s", why);
    }
    (void)kill(t->cell->pid, SIGKILL);
    return CW_TRACED_ENDED;
}

cw_traced_stop cw_traced_ended_with(struct cw_traced *t, int status)
{
    char why[CW_SGX_TEXT_LEN];

    cw_cell_why(status, why);
    return cw_traced_ended(t, why);
}

int cw_traced_wait(pid_t id, int options)
{
    int status = 0;
    pid_t got;

    do {
        got = waitpid(id, &status, __WALL | options);
    } while (got < 0 && errno == EINTR);
    return got == id ? status : got == 0 ? -1 : SIGKILL;
}
