/* SPDX-License-Identifier: MIT */
/*
 * optee.h - a module as a trusted application: its interface, and what the files here share.
 *
 * What     An instance is a module; it takes one session, which has no parameters.  The commands
 *          are those of tee/trustzone/abi.h part 1 that are not the secure world's own; the TEE
 *          loaded and measured the module, and there is no device:
 *
 *            ENTER  0 value inout: in a entry (cw_entry, | MANY), b zero; out a cw_return, b served
 *                   1 memory in: input    2 memory out: items    3 none
 *            PING   0 value inout: a, b -> a + 1, b              1, 2, 3 none
 *
 *          TEE_ERROR_BAD_PARAMETERS: other types than these, or memory that is not the client's;
 *          nothing was entered.  TEE_ERROR_TARGET_DEAD: the module panicked, here or before.
 * Trust    TRUSTED.  Parameters come from the attacker, who can change memory during the call.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_OPTEE_OPTEE_H
#define CW_TEE_TRUSTZONE_ENCLAVE_OPTEE_OPTEE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "tee/enclave.h"

#define CW_OPTEE_ENTER 2u
#define CW_OPTEE_PING 5u
#define CW_OPTEE_MANY 0x80u

/* OP-TEE's attestation service: a hash and an RSA-PSS signature of 3072 bits at most. */
#define CW_OPTEE_EVIDENCE_MAX (32u + 384u)

/* Who this is, by the tree that the build made. */
extern const uint8_t cw_optee_uuid[16];
extern const uint32_t cw_optee_security_version;

/* cw_optee_window - the client's memory of this call; all zeros: none. */
void cw_optee_window(cw_far in_far, size_t in_len, cw_far out_far, size_t out_cap);

/*
 * Stacks of their own (switch.S), so that a module can leave in the middle of a call.
 *
 * cw_optee_stack - top: aligned to 16.  What to switch to; run never returns.
 * cw_optee_switch - keep the place here, and go on there.
 */
void *cw_optee_stack(uint8_t *top, void (*run)(void));
void cw_optee_switch(void **ret_here, void *there);

#endif
