/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  The seed that boot found lay in memory of the normal world, before that
 * world ran.  So the device's own secret goes in with it, and what the CPU has; and the count of
 * starts, so that not even a seed that came twice gives the same bytes twice.
 */
#include "core/base/bytes.h"
#include "core/crypto/drbg.h"
#include "tee/trustzone/enclave/kernel/parts.h"
#include "tee/trustzone/enclave/kernel/service.h"

#define CPU_WORDS 4u /* taken at once */

static struct cw_drbg generator;

/* How many words of the CPU's own went in: all or none. */
static bool add_cpu(void)
{
    uint64_t words[CPU_WORDS];
    bool is_there = true;
    for (unsigned i = 0; i < CPU_WORDS && is_there; i++) {
        is_there = cw_tz_entropy(&words[i]);
    }
    if (is_there) {
        cw_drbg_add(&generator, words, sizeof words);
    }
    cw_bytes_wipe(words, sizeof words);
    return is_there;
}

cw_status cw_tz_random_open(const struct cw_tz_boot *boot)
{
    static const uint8_t none[sizeof boot->seed];
    const bool has_seed = !cw_bytes_equal(boot->seed, none, sizeof none);
    cw_drbg_open(&generator, boot->seed, sizeof boot->seed);
    cw_drbg_add(&generator, boot->sealing, sizeof boot->sealing);
    const bool has_cpu = add_cpu();
    return has_seed || has_cpu ? CW_OK : CW_E_ABSENT;
}

void cw_tz_random_start(uint64_t boot_count)
{
    cw_drbg_add(&generator, &boot_count, sizeof boot_count);
}

void cw_tz_random(uint8_t *ret_bytes, size_t len)
{
    (void)add_cpu();
    cw_drbg_bytes(&generator, ret_bytes, len);
}
