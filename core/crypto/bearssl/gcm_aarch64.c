/* SPDX-License-Identifier: MIT */
/* The CPU's instructions where cw_cpu says that it has them, BearSSL's constant-time code elsewhere. */
#include <bearssl.h>

#include "core/crypto/aarch64/cpu.h"
#include "core/crypto/aarch64/gcm_unit.h"
#include "core/crypto/bearssl/gcm_engine.h"

uint32_t cw_cpu;

typedef br_aes_ct64_ctr_keys portable;

_Static_assert(sizeof(portable) <= sizeof((struct cw_gcm_key *)0)->schedule, "the keys fit");
_Static_assert(CW_GCM_UNIT_SCHEDULE_LEN <= sizeof((struct cw_gcm_key *)0)->schedule, "the keys fit");

static bool has_unit(void)
{
    return (cw_cpu & CW_CPU_AES) != 0;
}

void cw_gcm_engine_init(struct cw_gcm_key *k, const uint8_t key[static CW_GCM_KEY_LEN])
{
    if (has_unit()) {
        cw_gcm_unit_init((uint8_t *)k->schedule, key);
    } else {
        br_aes_ct64_ctr_init((portable *)(void *)k->schedule, key, CW_GCM_KEY_LEN);
    }
}

void cw_gcm_engine_ctr(const struct cw_gcm_key *k, const uint8_t nonce[static CW_GCM_NONCE_LEN],
        uint32_t counter, uint8_t *bytes, size_t len)
{
    if (has_unit()) {
        cw_gcm_unit_ctr((const uint8_t *)k->schedule, nonce, counter, bytes, len);
    } else {
        (void)br_aes_ct64_ctr_run((const portable *)(const void *)k->schedule, nonce, counter, bytes,
                len);
    }
}

void cw_gcm_engine_ghash(const struct cw_gcm_key *k, uint8_t y[static 16],
        const uint8_t *bytes, size_t len)
{
    if (has_unit()) {
        cw_gcm_unit_ghash(k->hash_key, y, bytes, len);
    } else {
        br_ghash_ctmul64(y, k->hash_key, bytes, len);
    }
}
