/* SPDX-License-Identifier: MIT */
#include "core/crypto/spongent_permute.h"

#include "core/crypto/spongent_portable.h"

void cw_spongent_permute336(uint8_t state[static CW_SPONGENT_STATE336_LEN])
{
    cw_spongent_portable336(state);
}

void cw_spongent_permute176(uint8_t state[static CW_SPONGENT_STATE176_LEN])
{
    cw_spongent_portable176(state);
}
