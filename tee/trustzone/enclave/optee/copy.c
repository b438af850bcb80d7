/* SPDX-License-Identifier: MIT */
/* The only file that turns a cw_far into a pointer. */
#include "core/base/bytes.h"
#include "tee/trustzone/enclave/optee/optee.h"

static cw_far in, out;
static size_t in_cap, out_cap;

void cw_optee_window(cw_far in_far, size_t in_len, cw_far out_far, size_t room)
{
    in = in_far;
    in_cap = in_len;
    out = out_far;
    out_cap = room;
}

/* No sum here can wrap. */
static bool is_within(cw_far far, size_t len, cw_far start, size_t cap)
{
    return far >= start && far - start <= cap && len <= cap - (far - start);
}

cw_status cw_enclave_copy_in(void *ret_to, cw_far from_far, size_t len)
{
    if (!is_within(from_far, len, in, in_cap)) {
        return CW_E_DENIED;
    }
    cw_bytes_copy(ret_to, (const void *)from_far, len);
    return CW_OK;
}

cw_status cw_enclave_copy_out(cw_far to_far, const void *from, size_t len)
{
    if (!is_within(to_far, len, out, out_cap)) {
        return CW_E_DENIED;
    }
    cw_bytes_copy((void *)to_far, from, len);
    return CW_OK;
}
