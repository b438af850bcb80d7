/* SPDX-License-Identifier: MIT */
/*
 * gic.h - the interrupt controller, GICv2 or GICv3: which interrupts are whose.
 *
 * What     Those of the secure world's devices and its timer are group 0, at the highest priority, for
 *          CPU 0 (the timer: each CPU), on; the normal world cannot see or change them.  All others
 *          are the normal world's.  The kernel acknowledges and ends what is its own.
 * Trust    TRUSTED.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_MONITOR_GIC_H
#define CW_TEE_TRUSTZONE_ENCLAVE_MONITOR_GIC_H

#include <stdint.h>

/* cw_gic_open - once; version 2 or 3. */
void cw_gic_open(unsigned version);

/* cw_gic_open_cpu - on each CPU, this one; after cw_gic_open. */
void cw_gic_open_cpu(void);

/*
 * cw_gic_only_secure - interrupts of the normal world do not reach this CPU: with GICv3 they would
 * come as if they were the secure world's; with GICv2 the owned ones come to CPU 0 again, whatever the
 * normal world did.  Returns what cw_gic_restore takes.  In secure state.
 */
uint32_t cw_gic_only_secure(void);
void cw_gic_restore(uint32_t priority);

#endif
