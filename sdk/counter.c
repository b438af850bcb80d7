/* SPDX-License-Identifier: MIT */
#include "sdk/causeway.h"
#include "tee/enclave.h"

cw_status cw_counter(bool advance, uint64_t *ret_count)
{
    return cw_enclave_counter(advance, ret_count);
}
