/* SPDX-License-Identifier: MIT */
/* The only file that turns a cw_far into a pointer. */
#include "core/base/bytes.h"
#include "tee/native/enclave/outside.h"

static struct {
    uint8_t in[CW_LINK_HEADER_LEN + CW_NATIVE_IN_MAX];
    uint8_t out[CW_LINK_HEADER_LEN + CW_NATIVE_OUT_MAX];
} outside __attribute__((section(".outside"), aligned(4096)));

cw_far cw_outside_in(void)
{
    return (cw_far)outside.in;
}

cw_far cw_outside_out(void)
{
    return (cw_far)outside.out;
}

/* Not one byte of the range may belong to the module; no sum here can wrap. */
static bool is_outside(cw_far far, size_t len)
{
    cw_far start = (cw_far)&outside;
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
