/* SPDX-License-Identifier: MIT */
#include "sdk/rt.h"

#include "tee/enclave.h"

void *memmove(void *to, const void *from, size_t len)
{
    if ((uintptr_t)to - (uintptr_t)from >= len) {
        return memcpy(to, from, len);
    }
    uint8_t *target = to;
    const uint8_t *source = from;
    while (len > 0) {
        len--;
        target[len] = source[len];
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a;
    const uint8_t *y = b;
    for (size_t i = 0; i < len; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}

size_t strlen(const char *text)
{
    size_t len = 0;
    while (text[len] != 0) {
        len++;
    }
    return len;
}

void *__memcpy_chk(void *restrict to, const void *restrict from, size_t len, size_t room)
{
    if (len > room) {
        cw_enclave_abort();
    }
    return memcpy(to, from, len);
}

void *__memmove_chk(void *to, const void *from, size_t len, size_t room)
{
    if (len > room) {
        cw_enclave_abort();
    }
    return memmove(to, from, len);
}

void *__memset_chk(void *to, int value, size_t len, size_t room)
{
    if (len > room) {
        cw_enclave_abort();
    }
    return memset(to, value, len);
}

void __stack_chk_fail(void)
{
    cw_enclave_abort();
}
