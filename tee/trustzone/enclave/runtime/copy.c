/* SPDX-License-Identifier: MIT */
/*
 * The only file that turns a cw_far into a pointer.
 *
 * Implementation notes.  The window is secure memory that nobody writes while the module runs: the
 * kernel copied the input there before it entered, and takes the items when it left.
 */
#include "core/base/bytes.h"
#include "tee/enclave.h"
#include "tee/trustzone/abi.h"

static bool is_within(cw_far far, size_t len, cw_far start, size_t room)
{
    return far >= start && far - start <= room && len <= room - (far - start);
}

cw_status cw_enclave_copy_in(void *ret_to, cw_far from_far, size_t len)
{
    if (!is_within(from_far, len, CW_TZ_IN_AT, CW_TZ_IN_LEN)) {
        return CW_E_DENIED;
    }
    cw_bytes_copy(ret_to, (const void *)from_far, len);
    return CW_OK;
}

cw_status cw_enclave_copy_out(cw_far to_far, const void *from, size_t len)
{
    if (!is_within(to_far, len, CW_TZ_OUT_AT, CW_TZ_OUT_LEN)) {
        return CW_E_DENIED;
    }
    cw_bytes_copy((void *)to_far, from, len);
    return CW_OK;
}
