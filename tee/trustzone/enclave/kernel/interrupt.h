/* SPDX-License-Identifier: MIT */
/*
 * interrupt.h - the secure world's interrupts, the time limit of modules, and attention.
 *
 * What     The monitor gave the secure interrupts to group 0 (FIQ), and sends those that come in the
 *          normal world to the kernel, which takes them from the controller.
 * Trust    TRUSTED.
 * Source   Arm GICv2 (IHI 0048), GICv3 (IHI 0069)
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_INTERRUPT_H
#define CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

/* Of a module, from entry to leave.  Its clock runs on while an emulated CPU does not. */
#define CW_TZ_BUDGET_MS 3000u

/* cw_tz_interrupts_open - version: of the GIC, 2 or 3. */
void cw_tz_interrupts_open(uint32_t version);

/* cw_tz_interrupts_take - note all that are there.  True: the time limit was one of them. */
bool cw_tz_interrupts_take(void);

/* cw_tz_attention - tell the normal world that something waits for FETCH. */
void cw_tz_attention(void);

/* The time that runs while S-EL0 does. */
void cw_tz_budget_begin(void);
void cw_tz_budget_end(void);

#endif
