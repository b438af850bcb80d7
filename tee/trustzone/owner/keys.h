/* SPDX-License-Identifier: MIT */
/*
 * keys.h - the keys of devices, and of who makes them.
 *
 * Trust    The manufacturer's side of the owner's tool; public halves are foreign.
 * Memory   Who is done with a key wipes it.
 * Source   tee/trustzone/abi.h, part 7; PEM: RFC 7468
 */
#ifndef CW_TEE_TRUSTZONE_OWNER_KEYS_H
#define CW_TEE_TRUSTZONE_OWNER_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/crypto/p256.h"

#define CW_TZ_UDS_LEN 32u

struct cw_tz_key {
    uint8_t secret[CW_P256_SECRET_LEN];
    uint8_t point[CW_P256_PUBLIC_LEN];
};

/* cw_tz_key_of_device - the device key that follows from a device's secret. */
void cw_tz_key_of_device(const uint8_t secret[static CW_TZ_UDS_LEN], struct cw_tz_key *ret_key);

/* cw_tz_key_new - a fresh one.  CW_E_SYSTEM: there are no random bytes; logged. */
CW_MUST_CHECK cw_status cw_tz_key_new(struct cw_tz_key *ret_key);

/*
 * cw_tz_key_read - the private key of a PEM file that only this user may read.
 * cw_tz_key_write - into a new file, and its public half beside it (NAME.pub.pem beside NAME.pem).
 *
 * CW_E_ABSENT  there is no such file; nothing was logged.  CW_E_DENIED, CW_E_FORM: others may read
 * it, or it is no such key.  CW_E_STATE: there is such a file, which stays.  Logged.
 */
CW_MUST_CHECK cw_status cw_tz_key_read(const char *path, struct cw_tz_key *ret_key);
CW_MUST_CHECK cw_status cw_tz_key_write(const char *path, const struct cw_tz_key *key);

/*
 * cw_tz_key_points - all public keys of a PEM text; what is none of P-256 is left out.
 *
 * Returns how many there are; no more than cap are given.
 */
size_t cw_tz_key_points(const void *pem, size_t len,
        uint8_t (*ret_points)[CW_P256_PUBLIC_LEN], size_t cap);

#endif
