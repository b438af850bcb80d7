/* SPDX-License-Identifier: MIT */
/*
 * monitor.h - EL3: what entry.S calls.
 *
 * What     Goes between the worlds, and answers what is not the kernel's: power, and CPUs.  A closed
 *          table of calls; all else is unknown.
 * Trust    TRUSTED.  The normal world's registers are the attacker's; the kernel is believed in
 *          nothing that would let it in here.
 * Calls    On each CPU by itself, all masked, on its own stack; frame: registers of whoever was
 *          interrupted, to go on with.
 * Source   docs/trustzone.md
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_MONITOR_MONITOR_H
#define CW_TEE_TRUSTZONE_ENCLAVE_MONITOR_MONITOR_H

#include <stdint.h>

struct cw_frame;

/* cw_monitor_first - the first CPU comes from boot: into the secure world, then the normal one. */
void cw_monitor_first(uint64_t normal_at, uint64_t normal_len, uint64_t tree_at, uint64_t gic,
        struct cw_frame *frame);

/* cw_monitor_second - any other comes from the pen, into the normal world. */
void cw_monitor_second(struct cw_frame *frame);

/* cw_monitor_call - an exception from below: a call, or a fault. */
void cw_monitor_call(struct cw_frame *frame, uint64_t esr);

/* cw_monitor_interrupt - one of the secure world's, while this CPU is in the normal one. */
void cw_monitor_interrupt(struct cw_frame *frame);

/* cw_monitor_fault - what must not happen did: says so, and resets the board. */
_Noreturn void cw_monitor_fault(uint64_t esr, uint64_t elr, uint64_t far, uint64_t spsr);

#endif
