/* SPDX-License-Identifier: MIT */
/*
 * service.h - what the kernel's core asks of its services: messages, journal, keys, token, random.
 *
 * Trust    TRUSTED.
 * Calls    One at a time, on the kernel's one stack.  cw_tz_services_open first.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_SERVICE_H
#define CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/wire/sealed.h"
#include "tee/trustzone/enclave/kernel/module.h"
#include "tee/trustzone/enclave/worlds.h"

/*
 * cw_tz_services_open - take over what they need of boot, which the caller then wipes; random
 * numbers, journal (one start more), keys.
 *
 * CW_E_*  the device cannot go on
 */
CW_MUST_CHECK cw_status cw_tz_services_open(const struct cw_tz_boot *boot);

/* cw_tz_message - one call of the normal world: its x0..x3, and what they become. */
void cw_tz_message(const uint64_t in[static 4], uint64_t ret_out[static 4]);

void cw_tz_random(uint8_t *ret_bytes, size_t len);

/* cw_tz_token - CW_E_SPACE: cap is too small. */
CW_MUST_CHECK cw_status cw_tz_token(const struct cw_tz_identity *module,
        const uint8_t report[static 32], uint8_t *ret_token, size_t cap, size_t *ret_len);

void cw_tz_seal_versions(const struct cw_tz_identity *module,
        uint8_t ret_versions[static CW_SEALED_VERSIONS_LEN]);

/* cw_tz_seal_key - sealing: a cw_sealing, or anything.  CW_E_DENIED: versions above today's;
 * CW_E_FORM: no such sealing. */
CW_MUST_CHECK cw_status cw_tz_seal_key(const struct cw_tz_identity *module, uint32_t sealing,
        const uint8_t versions[static CW_SEALED_VERSIONS_LEN],
        const uint8_t id[static CW_SEALED_ID_LEN], uint8_t ret_key[static CW_KEY_LEN]);

/* cw_tz_journal_boot - how often this device started; fixed until the next start. */
uint64_t cw_tz_journal_boot(void);

/*
 * cw_tz_journal_version - has this device seen a newer one of the same signer and name?  If not,
 * this one is remembered.
 *
 * CW_E_DENIED  it has
 * CW_E_SPACE   no room for another module in the journal
 */
CW_MUST_CHECK cw_status cw_tz_journal_version(const struct cw_tz_identity *module);

/* cw_tz_journal_counter - the persistent counter of its signer and name, advanced first if so. */
CW_MUST_CHECK cw_status cw_tz_journal_counter(const struct cw_tz_identity *module, bool advance,
        uint64_t *ret_count);

#endif
