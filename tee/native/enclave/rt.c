/* SPDX-License-Identifier: MIT */
#include "tee/native/enclave/rt.h"

#include "tee/enclave.h"

#define SET_FS 0x1002 /* arch_prctl */
#define EINTR 4
#define READ_WRITE 3L
#define MAP_SHARED_FIXED 0x11L

/* What %fs points to: compiled code finds its canary 0x28 bytes in. */
static uint64_t thread[8];

long cw_rt_kernel(long number, uintptr_t a, uintptr_t b, uintptr_t c)
{
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

long cw_rt_map(unsigned descriptor, uintptr_t at, size_t len)
{
    register long flags __asm__("r10") = MAP_SHARED_FIXED;
    register long file __asm__("r8") = (long)descriptor;
    register long offset __asm__("r9") = 0;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"((long)CW_RT_MMAP), "D"(at), "S"(len), "d"(READ_WRITE), "r"(flags),
                     "r"(file), "r"(offset)
                     : "rcx", "r11", "memory");
    return result;
}

void cw_rt_random(void *ret_bytes, size_t len)
{
    uint8_t *at = ret_bytes;
    while (len > 0) {
        long count = cw_rt_kernel(CW_RT_GETRANDOM, (uintptr_t)at, len, 0);
        if (count == -EINTR) {
            continue;
        }
        if (count <= 0) {
            cw_enclave_abort();
        }
        at += count;
        len -= (size_t)count;
    }
}

void cw_rt_start(void)
{
    cw_rt_random(&thread[5], sizeof thread[5]);
    if (cw_rt_kernel(CW_RT_ARCH_PRCTL, SET_FS, (uintptr_t)thread, 0) != 0) {
        cw_enclave_abort();
    }
}
