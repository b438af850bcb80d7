/* SPDX-License-Identifier: MIT */
/* The only file that turns a cw_far into a pointer. */
#include "core/base/bytes.h"
#include "silicon/sancus/arch.h"
#include "tee/enclave.h"

extern uint8_t __cw_ps[], __cw_pe[], __cw_ss[], __cw_se[]; /* bounds of this module */

static bool touches(cw_far far, size_t len, const uint8_t *start, const uint8_t *end)
{
    return far < (cw_far)end && far + len > (cw_far)start;
}

/* In RAM or program memory, without wrapping, and outside of this module? */
static bool is_outside(cw_far far, size_t len)
{
    return far >= CW_RAM_BASE && len <= UINT16_MAX - far &&
            !touches(far, len, __cw_ps, __cw_pe) && !touches(far, len, __cw_ss, __cw_se);
}

cw_status cw_enclave_copy_in(void *ret_to, cw_far from_far, size_t len)
{
    if (len != 0 && !is_outside(from_far, len)) {
        return CW_E_DENIED;
    }
    cw_bytes_copy(ret_to, (const uint8_t *)from_far, len);
    return CW_OK;
}

cw_status cw_enclave_copy_out(cw_far to_far, const void *from, size_t len)
{
    if (len != 0 && !is_outside(to_far, len)) {
        return CW_E_DENIED;
    }
    cw_bytes_copy((uint8_t *)to_far, from, len);
    return CW_OK;
}
