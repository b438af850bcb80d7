/* SPDX-License-Identifier: MIT */
/*
 * What BearSSL calls, as Debian compiled it, besides memcpy and its like, which the TEE's library
 * has.  Weak: where that library has these too, with a guard that it makes random, its own are
 * taken.
 */
#include "sdk/rt.h"

#include "tee/enclave.h"

#define WEAK __attribute__((weak))

/* Frames of the TEE's library may hold it already: it cannot change while a call runs. */
WEAK uintptr_t __stack_chk_guard = 0x7374616b0d0a0063u;

WEAK void __stack_chk_fail(void)
{
    cw_enclave_abort();
}

WEAK void *__memcpy_chk(void *restrict to, const void *restrict from, size_t len, size_t room)
{
    if (len > room) {
        cw_enclave_abort();
    }
    return memcpy(to, from, len);
}

WEAK void *__memmove_chk(void *to, const void *from, size_t len, size_t room)
{
    if (len > room) {
        cw_enclave_abort();
    }
    return memmove(to, from, len);
}

WEAK void *__memset_chk(void *to, int value, size_t len, size_t room)
{
    if (len > room) {
        cw_enclave_abort();
    }
    return memset(to, value, len);
}
