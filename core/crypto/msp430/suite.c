/* SPDX-License-Identifier: MIT */
/* The suite of a Sancus chip, which has SPONGENT in hardware and no AES; unit.S seals and opens. */
#include "core/crypto/suite.h"

#include "core/crypto/msp430/unit.h"

const uint8_t cw_suite_count = CW_CIPHER_SPONGENT;

void cw_suite_derive(uint8_t cipher, const uint8_t key[static CW_KEY_LEN],
        const uint8_t *context, size_t context_len, uint8_t ret_key[static CW_KEY_LEN])
{
    cw_unit_wrap(cipher, key, context, context_len, NULL, 0, ret_key);
}
