/* SPDX-License-Identifier: MIT */
/* For chips with a random source: every read of its register gives two fresh bytes. */
#include "core/wire/attest.h"
#include "silicon/sancus/arch.h"
#include "tee/enclave.h"

uint8_t cw_enclave_start(uint8_t ret_start[static CW_START_LEN])
{
    for (size_t i = 0; i < CW_START_LEN; i++) {
        ret_start[i] = *(const volatile uint8_t *)CW_RANDOM;
    }
    return CW_FRESH_RANDOM;
}
