/* SPDX-License-Identifier: MIT */
/*
 * rt.h - the kernel beneath a native module, and the canary that compiled code expects.
 *
 * Trust    TRUSTED.
 */
#ifndef CW_TEE_NATIVE_ENCLAVE_RT_H
#define CW_TEE_NATIVE_ENCLAVE_RT_H

#include <stddef.h>
#include <stdint.h>

/* Numbers of the calls that the jail lets through (tee/native/node/jail.c). */
#define CW_RT_READ 0
#define CW_RT_WRITE 1
#define CW_RT_MMAP 9
#define CW_RT_ARCH_PRCTL 158
#define CW_RT_EXIT_GROUP 231
#define CW_RT_GETRANDOM 318

/* cw_rt_kernel - a system call; negative: an errno. */
long cw_rt_kernel(long number, uintptr_t a, uintptr_t b, uintptr_t c);

/* cw_rt_map - shared memory in place of the pages at [at .. at + len); returns at, or an errno. */
long cw_rt_map(unsigned descriptor, uintptr_t at, size_t len);

/* cw_rt_random - fills [len] bytes, or aborts. */
void cw_rt_random(void *ret_bytes, size_t len);

/* cw_rt_start - give compiled code its canary; before anything else. */
void cw_rt_start(void);

#endif
