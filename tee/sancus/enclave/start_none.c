/* SPDX-License-Identifier: MIT */
/* For chips without a random source: a life cannot be told from the one before. */
#include "core/base/bytes.h"
#include "core/wire/attest.h"
#include "tee/enclave.h"

cw_status cw_enclave_random(uint8_t *ret_bytes, size_t len)
{
    cw_bytes_wipe(ret_bytes, len);
    return CW_E_ABSENT;
}

uint8_t cw_enclave_start(uint8_t ret_start[static CW_START_LEN])
{
    cw_bytes_wipe(ret_start, CW_START_LEN);
    return CW_FRESH_NONE;
}
