/* SPDX-License-Identifier: MIT */
/*
 * normal.h - memory of the normal world: the only ways to it.
 *
 * What     Copies.  A range must lie in the RAM that boot found for the normal world, wholly; it is
 *          mapped there with NS = 1 and not executable, so that not even a wrong address is one of
 *          secure memory.  Each byte is read once, each written once.
 * Trust    TRUSTED.  Addresses and bytes are the attacker's, who changes them at any time.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_NORMAL_H
#define CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_NORMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

/* cw_tz_normal_open - at_pa, len: what there is; the kernel calls it once. */
void cw_tz_normal_open(uint64_t at_pa, uint64_t len);

/* cw_tz_normal_is - does the range lie in it?  Also true of no bytes at an address inside. */
CW_MUST_CHECK bool cw_tz_normal_is(uint64_t pa, uint64_t len);

/* CW_E_DENIED: not such a range; nothing was copied. */
CW_MUST_CHECK cw_status cw_tz_normal_read(void *ret_to, uint64_t pa, uint64_t len);
CW_MUST_CHECK cw_status cw_tz_normal_write(uint64_t pa, const void *from, uint64_t len);

#endif
