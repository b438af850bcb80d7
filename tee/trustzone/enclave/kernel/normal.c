/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  memcpy is ours (no vector registers): each byte is loaded once.
 */
#include "tee/trustzone/enclave/kernel/normal.h"

#include "sdk/rt.h"
#include "tee/trustzone/enclave/kernel/mmu.h"

static uint64_t at;
static uint64_t room;

void cw_tz_normal_open(uint64_t at_pa, uint64_t len)
{
    at = at_pa;
    room = len;
}

bool cw_tz_normal_is(uint64_t pa, uint64_t len)
{
    return pa >= at && pa - at < room && len <= room - (pa - at);
}

static void *seen(uint64_t pa)
{
    return (void *)(uintptr_t)(CW_TZ_NORMAL_VA + (pa - at));
}

cw_status cw_tz_normal_read(void *ret_to, uint64_t pa, uint64_t len)
{
    if (!cw_tz_normal_is(pa, len)) {
        return CW_E_DENIED;
    }
    memcpy(ret_to, seen(pa), len);
    return CW_OK;
}

cw_status cw_tz_normal_write(uint64_t pa, const void *from, uint64_t len)
{
    if (!cw_tz_normal_is(pa, len)) {
        return CW_E_DENIED;
    }
    memcpy(seen(pa), from, len);
    return CW_OK;
}
