/* SPDX-License-Identifier: MIT */
/* The only file that turns a cw_far into a pointer. */
#include "core/base/bytes.h"
#include "tee/native/enclave/outside.h"
#include "tee/native/enclave/rt.h"

static uint8_t outside[CW_NATIVE_SHARED_LEN] __attribute__((section(".outside"), aligned(4096)));

void cw_outside_open(void)
{
    if (cw_rt_map(CW_NATIVE_SHARED, (cw_far)outside, sizeof outside) != (long)(cw_far)outside) {
        cw_enclave_abort();
    }
}

cw_far cw_outside(size_t offset)
{
    return (cw_far)outside + offset;
}

/* Not one byte of the range may belong to the module; no sum here can wrap. */
static bool is_outside(cw_far far, size_t len)
{
    cw_far start = (cw_far)outside;
    return far >= start && far - start <= sizeof outside && len <= sizeof outside - (far - start);
}

cw_status cw_enclave_copy_in(void *ret_to, cw_far from_far, size_t len)
{
    if (!is_outside(from_far, len)) {
        return CW_E_DENIED;
    }
    cw_bytes_copy(ret_to, (const void *)from_far, len);
    return CW_OK;
}

cw_status cw_enclave_copy_out(cw_far to_far, const void *from, size_t len)
{
    if (!is_outside(to_far, len)) {
        return CW_E_DENIED;
    }
    cw_bytes_copy((void *)to_far, from, len);
    return CW_OK;
}
