/* SPDX-License-Identifier: MIT */
/*
 * context.h - registers of S-EL0, and the ways in and out of it; assembly includes it too.
 *
 * Trust    TRUSTED.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_CONTEXT_H
#define CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_CONTEXT_H

/* Offsets in struct cw_tz_context. */
#define CW_CONTEXT_X 0
#define CW_CONTEXT_SP 248
#define CW_CONTEXT_PC 256
#define CW_CONTEXT_STATE 264
#define CW_CONTEXT_THREAD 272
#define CW_CONTEXT_FPCR 280
#define CW_CONTEXT_FPSR 288
#define CW_CONTEXT_Q 304

#define CW_STATE_EL0 0x380 /* D, A, I masked; F is not: the time limit, and secure devices */

#define CW_TRAP_SYNCHRONOUS 0 /* SVC, or a fault */
#define CW_TRAP_FIQ 1
#define CW_TRAP_OTHER 2       /* what cannot be  */

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

struct cw_tz_context {
    uint64_t x[31];
    uint64_t sp;
    uint64_t pc;
    uint64_t state;  /* PSTATE */
    uint64_t thread; /* TPIDR_EL0 */
    uint64_t fpcr;
    uint64_t fpsr;
    uint64_t zero;
    uint64_t q[32][2];
};
_Static_assert(offsetof(struct cw_tz_context, sp) == CW_CONTEXT_SP &&
                       offsetof(struct cw_tz_context, fpsr) == CW_CONTEXT_FPSR &&
                       offsetof(struct cw_tz_context, q) == CW_CONTEXT_Q,
        "as the assembler has it");

/*
 * cw_tz_context_run - go to S-EL0 with these registers, all of them; come back at the next
 * exception with what they are then.  Returns CW_TRAP_*.
 */
unsigned cw_tz_context_run(struct cw_tz_context *context);

struct cw_tz_switch {
    uint64_t x[6];
};

/*
 * cw_tz_context_done - go to the normal world; come back when it, or an interrupt, wants us.
 *
 * s  in: x[1..4] are the results; out: x[0] a cw_tz_reason, x[1..4] what it passes, x[5] its CPU
 */
void cw_tz_context_done(struct cw_tz_switch *s);

#endif
#endif
