/* SPDX-License-Identifier: MIT */
/*
 * parts.h - what each service takes over of boot; cw_tz_services_open calls them, in this order.
 *
 * Trust    TRUSTED.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_PARTS_H
#define CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/status.h"
#include "tee/trustzone/enclave/worlds.h"

/*
 * cw_tz_random_open - a generator that starts anew with every start.
 *
 * CW_E_ABSENT  neither boot nor the CPU has anything that nobody knows: the device must not go on
 */
CW_MUST_CHECK cw_status cw_tz_random_open(const struct cw_tz_boot *boot);

/* cw_tz_random_start - this start is one of its own, whatever the seed was.  After the journal. */
void cw_tz_random_start(uint64_t boot_count);

void cw_tz_keys_open(const struct cw_tz_boot *boot);

/* cw_tz_token_open - draws the seed that names this start. */
void cw_tz_token_open(const struct cw_tz_boot *boot);

void cw_tz_message_open(const struct cw_tz_boot *boot);

/* cw_tz_entropy - 8 bytes of the CPU's own; false: it has none, or none now. */
CW_MUST_CHECK bool cw_tz_entropy(uint64_t *ret_bits);

#endif
