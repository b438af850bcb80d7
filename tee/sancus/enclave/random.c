/* SPDX-License-Identifier: MIT */
/* For modules that ask for random bytes, on chips that have them (start_random.c). */
#include "silicon/sancus/arch.h"
#include "tee/enclave.h"

cw_status cw_enclave_random(uint8_t *ret_bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ret_bytes[i] = *(const volatile uint8_t *)CW_RANDOM;
    }
    return CW_OK;
}
