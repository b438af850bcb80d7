/* SPDX-License-Identifier: MIT */
/* For enclaves on x86-64: bound here, at link time, since an enclave cannot ask the CPU. */
#include "core/crypto/spongent_permute.h"

#include "core/crypto/spongent_portable.h"
#include "core/crypto/x86_64/spongent_sse41.h"

void cw_spongent_permute336(uint8_t state[static CW_SPONGENT_STATE336_LEN])
{
    cw_spongent_sse41_336(state);
}

void cw_spongent_permute176(uint8_t state[static CW_SPONGENT_STATE176_LEN])
{
    cw_spongent_portable176(state);
}
