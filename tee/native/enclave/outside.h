/* SPDX-License-Identifier: MIT */
/*
 * outside.h - the memory that plays the node's, as the parts of this port share it.
 *
 * What     A region of the process's own (link.ld), reached by integers only.  The kernel fills
 *          it (port.c), copy.c moves bytes across, and nobody else knows where it is.
 * Trust    TRUSTED; the region's content is the attacker's.
 */
#ifndef CW_TEE_NATIVE_ENCLAVE_OUTSIDE_H
#define CW_TEE_NATIVE_ENCLAVE_OUTSIDE_H

#include "tee/enclave.h"
#include "tee/native/abi.h"

/* The region: one message in, one message out. */
cw_far cw_outside_in(void);  /* CW_LINK_HEADER_LEN + CW_NATIVE_IN_MAX bytes  */
cw_far cw_outside_out(void); /* CW_LINK_HEADER_LEN + CW_NATIVE_OUT_MAX bytes */

#endif
