/* SPDX-License-Identifier: MIT */
/*
 * psci.h - power of CPUs and board, for the normal world.
 *
 * Trust    TRUSTED.  Every argument is the attacker's.
 * Source   Arm PSCI 1.1 (DEN 0022), SMC Calling Convention 1.2 (DEN 0028)
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_MONITOR_PSCI_H
#define CW_TEE_TRUSTZONE_ENCLAVE_MONITOR_PSCI_H

#include <stdbool.h>
#include <stdint.h>

#include "tee/trustzone/enclave/monitor/world.h"

/* cw_psci_open - once: where CPUs may start. */
void cw_psci_open(uint64_t normal_at, uint64_t normal_len);

/* cw_psci_call - the function in x0 of the frame, and its results; false: it is none of these. */
bool cw_psci_call(struct cw_frame *frame);

/* cw_psci_begin - a CPU that was let go: what the normal world gave for it. */
void cw_psci_begin(struct cw_frame *frame);

#endif
