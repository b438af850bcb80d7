/* SPDX-License-Identifier: MIT */
/*
 * world.h - the two worlds: what each has in the registers that they share, and who is inside.
 *
 * What     A CPU's registers below EL3 belong to one world at a time.  The other's are kept here: of
 *          the normal world once for each CPU, of the secure world once, for it runs on one CPU at
 *          a time.  Everything that the secure world could find or leave is switched; registers of
 *          vectors are zeros when it begins.
 * Trust    TRUSTED.
 * Calls    On each CPU by itself, interrupts masked.
 *
 *     lock:  FREE --call--> CALL --done--> FREE        FREE --interrupt--> INTERRUPT --done--> FREE
 *
 * The owner decides what others do: who finds a call inside may be told to come again, for the
 * call ends; who finds an interrupt's handler inside waits, since nobody would be told of its end.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_MONITOR_WORLD_H
#define CW_TEE_TRUSTZONE_ENCLAVE_MONITOR_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "tee/trustzone/enclave/worlds.h"

/* What entry.S keeps at the top of the stack. */
struct cw_frame {
    uint64_t x[31];
    uint64_t elr;
    uint64_t spsr;
    uint64_t pad;
};
_Static_assert(sizeof(struct cw_frame) == 272, "entry.S has the same length");

/* cw_world_begin - once on each CPU: it is in the normal world, which starts at entry with x0. */
void cw_world_begin(struct cw_frame *frame, uint64_t entry, uint64_t x0);

/* cw_world_start - once, after cw_world_begin: into the kernel, which comes back by cw_world_done as
 * if from an interrupt. */
void cw_world_start(struct cw_frame *frame);

/* cw_world_is_secure - which one this CPU came from. */
bool cw_world_is_secure(void);

/*
 * cw_world_call - from the normal world into the secure one: CW_TZ_CALL with x0..x3 of the frame.
 *
 * may_refuse  if a call is inside, do not wait; then false, and the frame is as it was
 */
bool cw_world_call(struct cw_frame *frame, bool may_refuse);

/* cw_world_interrupt - the same for an interrupt: CW_TZ_INTERRUPT. */
void cw_world_interrupt(struct cw_frame *frame);

/* cw_world_pass_down - what a module did, and EL3 traps, is an exception of the kernel's: it ends the
 * module, and the board goes on. */
void cw_world_pass_down(struct cw_frame *frame, uint64_t esr);

/* cw_world_done - back: x0..x3 are the results of a call; after an interrupt nothing changes. */
void cw_world_done(struct cw_frame *frame);

#endif
