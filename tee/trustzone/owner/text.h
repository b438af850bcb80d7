/* SPDX-License-Identifier: MIT */
/*
 * text.h - devices, firmware and tokens for people and for JSON.
 *
 * Trust    OWNER.  No secret is told.
 * Memory   JSON objects are the caller's.
 */
#ifndef CW_TEE_TRUSTZONE_OWNER_TEXT_H
#define CW_TEE_TRUSTZONE_OWNER_TEXT_H

#include <jansson.h>

#include "tee/trustzone/owner/device.h"

struct cw_tz_hex {
    char text[2 * 64 + 1];
};

/* cw_tz_hex - at most 64 bytes. */
struct cw_tz_hex cw_tz_hex(const uint8_t *bytes, size_t len);

/* cw_tz_key_id - SHA-256 of a public key, as a platform id is. */
struct cw_tz_hex cw_tz_key_id(const uint8_t point[static CW_P256_PUBLIC_LEN]);

/* cw_tz_lifecycle_name - "test"; unknown ones as a number. */
struct cw_tz_hex cw_tz_lifecycle_name(uint64_t lifecycle);

/* cw_tz_device_name - "port1", "none"; unknown ones as a number. */
struct cw_tz_hex cw_tz_device_name(uint64_t device);

json_t *cw_tz_firmware_json(const struct cw_tz_firmware_info *info);
json_t *cw_tz_device_json(const struct cw_tz_device_info *info);

#endif
