/* SPDX-License-Identifier: MIT */
/* For chips with a random source: every read of its register gives two fresh bytes. */
#include "core/wire/attest.h"
#include "silicon/sancus/arch.h"
#include "tee/enclave.h"

cw_status cw_enclave_random(uint8_t *ret_bytes, size_t len)
{
    const volatile uint8_t *source = (const volatile uint8_t *)CW_RANDOM;
    for (size_t i = 0; i < len; i++) {
        ret_bytes[i] = *source;
    }
    return CW_OK;
}

uint8_t cw_enclave_start(uint8_t ret_start[static CW_START_LEN])
{
    (void)cw_enclave_random(ret_start, CW_START_LEN);
    return CW_FRESH_RANDOM;
}
