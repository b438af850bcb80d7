/* SPDX-License-Identifier: MIT */
#include "core/crypto/bearssl/gcm_engine.h"

#include <bearssl.h>

typedef br_aes_ct64_ctr_keys schedule;

_Static_assert(sizeof(schedule) <= sizeof((struct cw_gcm_key *)0)->schedule, "the keys fit");

/* Only BearSSL looks into the schedule; here it is an address. */
void cw_gcm_engine_init(struct cw_gcm_key *k, const uint8_t key[static CW_GCM_KEY_LEN])
{
    br_aes_ct64_ctr_init((schedule *)(void *)k->schedule, key, CW_GCM_KEY_LEN);
}

void cw_gcm_engine_ctr(const struct cw_gcm_key *k, const uint8_t nonce[static CW_GCM_NONCE_LEN],
        uint32_t counter, uint8_t *bytes, size_t len)
{
    (void)br_aes_ct64_ctr_run((const schedule *)(const void *)k->schedule, nonce, counter, bytes, len);
}

void cw_gcm_engine_ghash(const struct cw_gcm_key *k, uint8_t y[static 16],
        const uint8_t *bytes, size_t len)
{
    br_ghash_ctmul64(y, k->hash_key, bytes, len);
}
