/* SPDX-License-Identifier: MIT */
/* The only file that turns a cw_far into a pointer. */
#include "core/base/bytes.h"
#include "silicon/sancus/arch.h"
#include "tee/enclave.h"

extern uint8_t __cw_ps[], __cw_pe[], __cw_ss[], __cw_se[]; /* bounds of this module */

/* far must be in RAM or program memory, without wrapping, and outside of this module. */
static cw_status copy(void *to, const void *from, cw_far far, size_t len)
{
    cw_far end = far + len;
    bool outside = far >= CW_RAM_BASE && end >= far &&
            (end <= (cw_far)__cw_ps || far >= (cw_far)__cw_pe) &&
            (end <= (cw_far)__cw_ss || far >= (cw_far)__cw_se);
    cw_bytes_copy(to, from, outside ? len : 0);
    return outside ? CW_OK : CW_E_DENIED;
}

cw_status cw_enclave_copy_in(void *ret_to, cw_far from_far, size_t len)
{
    return copy(ret_to, (const void *)from_far, from_far, len);
}

cw_status cw_enclave_copy_out(cw_far to_far, const void *from, size_t len)
{
    return copy((void *)to_far, from, to_far, len);
}
