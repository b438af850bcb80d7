/* SPDX-License-Identifier: MIT */
/*
 * traced_microcode.c - exits, ENCLU, entries: what `proc` mode has in jail/shim.c.
 */
#include "silicon/sgx/traced_state.h"

#include <string.h>
#include <sys/mman.h>

#include "core/base/bytes.h"
#include "silicon/sgx/jail/frame.h"

#define CANONICAL 0x7fffffffffffull
#define GATE_RESULT_OFFSET 2 /* behind SYSCALL */

/* --- leaving -------------------------------------------------------------------------------------- */

void cw_traced_report(struct cw_traced_event *event, cw_traced_stop stop, uint64_t rip)
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
cw_traced_stop cw_traced_leave(struct cw_traced *t, unsigned tcs, const struct cw_traced_registers *r,
        struct cw_traced_event *event)
{
    struct cw_traced_thread *thread = &t->threads[tcs];
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

cw_traced_stop cw_traced_fault(struct cw_traced *t, unsigned tcs, const struct cw_traced_registers *r,
        uint16_t vector, uint32_t error, uint64_t address, struct cw_traced_event *event)
{
    event->vector = vector;
    event->error = error;
    event->address = address;
    return cw_traced_leave(t, tcs, r, event);
}

/* --- ENCLU ---------------------------------------------------------------------------------------- */

bool cw_traced_is_enclu(const struct cw_traced *t, uint64_t rip)
{
    static const uint8_t enclu[3] = {0x0f, 0x01, 0xd7};
    uint8_t code[3];

    return rip - t->cell->plan->base < t->cell->plan->len &&
           cw_traced_read(t, rip, code, sizeof code) && memcmp(code, enclu, sizeof code) == 0;
}

bool cw_traced_is_undefined(const struct cw_traced *t, uint64_t rip)
{
    uint8_t code[CW_INSTRUCTION_MAX] = {0};

    for (size_t i = 0; i < sizeof code && rip + i - t->cell->plan->base < t->cell->plan->len; i++) {
        if (!cw_traced_read(t, rip + i, code + i, 1)) {
            break;
        }
    }
    return cw_frame_is_undefined(code);
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
        return cw_traced_fault(t, tcs, r, SGX_VECTOR_GP, 0, 0, event);
    }
    bad = cw_traced_first_without(t, r->gpr[CW_SGX_RBX], sizeof call.first, PROT_READ, &error);
    if (bad == 0 && is_report) {
        bad = cw_traced_first_without(t, r->gpr[CW_SGX_RCX], sizeof call.second, PROT_READ, &error);
    }
    if (bad != 0) {
        return cw_traced_fault(t, tcs, r, SGX_VECTOR_PF, error, bad, event);
    }
    (void)cw_traced_read(t, r->gpr[CW_SGX_RBX], call.first, sizeof call.first);
    if (is_report) {
        (void)cw_traced_read(t, r->gpr[CW_SGX_RCX], call.second, sizeof call.second);
    }
    cw_cell_answer(t->cell, &t->fuses, &call, &answer);
    if (answer.code == CW_SGX_FAULT_GP) {
        return cw_traced_fault(t, tcs, r, SGX_VECTOR_GP, 0, 0, event);
    }
    if (answer.code == SGX_OK) {
        bad = cw_traced_first_without(t, to, to_len, PROT_WRITE, &error);
        if (bad != 0) {
            return cw_traced_fault(t, tcs, r, SGX_VECTOR_PF, error, bad, event);
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
    return cw_traced_registers_set(t->threads[tcs].id, r) ? CW_TRACED_STEPPED
                                                : cw_traced_ended(t, "its registers cannot be set");
}

cw_traced_stop cw_traced_enclu(struct cw_traced *t, unsigned tcs, struct cw_traced_registers *r,
        struct cw_traced_event *event)
{
    struct cw_traced_thread *thread = &t->threads[tcs];

    event->leaf = (uint16_t)r->gpr[CW_SGX_RAX];
    switch ((uint32_t)r->gpr[CW_SGX_RAX]) {
    case SGX_EEXIT:
        if (!cw_frame_is_canonical(r->gpr[CW_SGX_RBX])) {
            return cw_traced_fault(t, tcs, r, SGX_VECTOR_GP, 0, 0, event);
        }
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
        return cw_traced_fault(t, tcs, r, SGX_VECTOR_GP, 0, 0, event);
    }
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

    if (!cw_traced_registers_get(id, &now)) {
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
    struct cw_traced_thread *thread = &t->threads[tcs];
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
    if (!cw_traced_registers_set(thread->id, &r)) {
        return false;
    }
    thread->inside = true;
    return true;
}

bool cw_traced_eresume(struct cw_traced *t, unsigned tcs)
{
    struct cw_traced_thread *thread = &t->threads[tcs];
    uint8_t fpu[CW_FPU_LEN] = {0}, g[SGX_GPRSGX_LEN];
    struct cw_traced_registers r;
    size_t fpu_len = (t->cell->plan->xfrm & SGX_XFRM_AVX) != 0 ? CW_FPU_LEN
                                                               : CW_FPU_HEADER + CW_FPU_HEADER_LEN;

    if (t->ended || thread->inside || thread->cssa == 0 ||
            !cw_traced_read(t, gpr_at(t, tcs, thread->cssa - 1), g, sizeof g) ||
            !cw_traced_read(t, frame_at(t, tcs, thread->cssa - 1), fpu, fpu_len) ||
            !cw_traced_registers_get(thread->id, &r)) {
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
    if (!cw_traced_registers_set(thread->id, &r)) {
        return false;
    }
    thread->cssa--;
    thread->inside = true;
    return true;
}
