/* SPDX-License-Identifier: MIT */
/*
 * outside.h - the memory that plays the node's, as the parts of this port share it.
 *
 * What     A region (link.ld) that its node maps as well, reached by integers only.  copy.c moves
 *          bytes across, and nobody else knows where it is.
 * Trust    TRUSTED; the region's content is the attacker's.
 */
#ifndef CW_TEE_NATIVE_ENCLAVE_OUTSIDE_H
#define CW_TEE_NATIVE_ENCLAVE_OUTSIDE_H

#include "tee/enclave.h"
#include "tee/native/abi.h"

/* cw_outside_open - map it, at the start; or abort. */
void cw_outside_open(void);

/* Of its CW_NATIVE_SHARED_LEN bytes, the one at an offset of abi.h. */
cw_far cw_outside(size_t offset);

#endif
