/* SPDX-License-Identifier: MIT */
#include "sdk/causeway.h"
#include "tee/enclave.h"

cw_status cw_random(void *ret_bytes, size_t len)
{
    return cw_enclave_random(ret_bytes, len);
}
