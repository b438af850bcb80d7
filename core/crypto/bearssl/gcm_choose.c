/* SPDX-License-Identifier: MIT */
/*
 * For hosted programs on x86-64.  The compiler's start-up code asks the CPU once;
 * __builtin_cpu_supports reads what it found, so that nothing here changes after the start.
 */
#include "core/crypto/bearssl/gcm_engine.h"

#include <bearssl.h>

typedef br_aes_ct64_ctr_keys schedule_ct64;
typedef br_aes_x86ni_ctr_keys schedule_x86ni;

_Static_assert(sizeof(schedule_ct64) <= sizeof((struct cw_gcm_key *)0)->schedule, "the keys fit");
_Static_assert(sizeof(schedule_x86ni) <= sizeof((struct cw_gcm_key *)0)->schedule, "the keys fit");

static bool cpu_has_aes(void)
{
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul")
            && __builtin_cpu_supports("ssse3");
}

void cw_gcm_engine_init(struct cw_gcm_key *k, const uint8_t key[static CW_GCM_KEY_LEN])
{
    if (cpu_has_aes()) {
        br_aes_x86ni_ctr_init((schedule_x86ni *)(void *)k->schedule, key, CW_GCM_KEY_LEN);
    } else {
        br_aes_ct64_ctr_init((schedule_ct64 *)(void *)k->schedule, key, CW_GCM_KEY_LEN);
    }
}

void cw_gcm_engine_ctr(const struct cw_gcm_key *k, const uint8_t nonce[static CW_GCM_NONCE_LEN],
        uint32_t counter, uint8_t *bytes, size_t len)
{
    if (cpu_has_aes()) {
        (void)br_aes_x86ni_ctr_run((const schedule_x86ni *)(const void *)k->schedule,
                nonce, counter, bytes, len);
    } else {
        (void)br_aes_ct64_ctr_run((const schedule_ct64 *)(const void *)k->schedule,
                nonce, counter, bytes, len);
    }
}

void cw_gcm_engine_ghash(const struct cw_gcm_key *k, uint8_t y[static 16],
        const uint8_t *bytes, size_t len)
{
    if (cpu_has_aes()) {
        br_ghash_pclmul(y, k->hash_key, bytes, len);
    } else {
        br_ghash_ctmul64(y, k->hash_key, bytes, len);
    }
}
