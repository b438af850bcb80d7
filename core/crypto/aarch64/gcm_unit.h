/* SPDX-License-Identifier: MIT */
/*
 * gcm_unit.h - AES-128 in counter mode and GHASH by the CPU's instructions (CW_CPU_AES).
 *
 * What     As gcm_engine.h has them; the schedule is CW_GCM_UNIT_SCHEDULE_LEN bytes.
 * Trust    TRUSTED.  Constant time: no table, no branch on a secret.
 */
#ifndef CW_CORE_CRYPTO_AARCH64_GCM_UNIT_H
#define CW_CORE_CRYPTO_AARCH64_GCM_UNIT_H

#include <stddef.h>
#include <stdint.h>

#include "core/crypto/gcm.h"

#define CW_GCM_UNIT_SCHEDULE_LEN 176u

void cw_gcm_unit_init(uint8_t ret_schedule[static CW_GCM_UNIT_SCHEDULE_LEN],
        const uint8_t key[static CW_GCM_KEY_LEN]);
void cw_gcm_unit_ctr(const uint8_t schedule[static CW_GCM_UNIT_SCHEDULE_LEN],
        const uint8_t nonce[static CW_GCM_NONCE_LEN], uint32_t counter, uint8_t *bytes, size_t len);
void cw_gcm_unit_ghash(const uint8_t hash_key[static 16], uint8_t y[static 16],
        const uint8_t *bytes, size_t len);

#endif
