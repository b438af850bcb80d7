/* SPDX-License-Identifier: MIT */
/*
 * tokens.h - for tests: a device whose kernel writes tokens; the kernel's own code does it.
 *
 * Trust    Test code.
 */
#ifndef CW_TEE_TRUSTZONE_TESTS_TOKENS_H
#define CW_TEE_TRUSTZONE_TESTS_TOKENS_H

#include "tee/trustzone/enclave/kernel/module.h"
#include "tee/trustzone/owner/token.h"

/* Who vouches for a device, and what it started; all can be set before tokens_start. */
struct tokens_device {
    struct cw_tz_key manufacturer;
    struct cw_tz_key device;
    struct cw_tz_key attestation;
    struct cw_tz_firmware_info firmware;
    uint32_t lifecycle;
    uint64_t boot;
    const struct cw_tz_key *maker_signs;  /* another key in place of the manufacturer's */
    const struct cw_tz_key *device_signs; /* ... of the device's                        */
    uint8_t platform[CW_TZ_HASH_LEN];     /* what the kernel is told */
};

/* tokens_device - keys that follow from these numbers, and a firmware. */
void tokens_device(uint8_t device, uint8_t manufacturer, struct tokens_device *ret_device);

/* tokens_start - boot that device: the certificates, and the kernel's part. */
void tokens_start(const struct tokens_device *d);

/* tokens_write - by the kernel; returns the length. */
size_t tokens_write(const struct cw_tz_identity *module, const uint8_t report[static 32],
        uint8_t ret_token[static CW_TZ_TOKEN_MAX]);

#endif
