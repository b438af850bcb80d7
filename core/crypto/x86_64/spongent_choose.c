/* SPDX-License-Identifier: MIT */
/*
 * For hosted programs on x86-64.  The compiler's start-up code asks the CPU once;
 * __builtin_cpu_supports reads what it found, so that nothing here changes after the start.
 */
#include "core/crypto/spongent_permute.h"

#include "core/crypto/spongent_portable.h"
#include "core/crypto/x86_64/spongent_sse41.h"

void cw_spongent_permute336(uint8_t state[static CW_SPONGENT_STATE336_LEN])
{
    if (__builtin_cpu_supports("sse4.1")) {
        cw_spongent_sse41_336(state);
    } else {
        cw_spongent_portable336(state);
    }
}

void cw_spongent_permute176(uint8_t state[static CW_SPONGENT_STATE176_LEN])
{
    cw_spongent_portable176(state);
}
