/* SPDX-License-Identifier: MIT */
/*
 * rt.h - what a C program expects beneath it, and the kernel.
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
#define CW_RT_ARCH_PRCTL 158
#define CW_RT_EXIT_GROUP 231
#define CW_RT_GETRANDOM 318

/* cw_rt_kernel - a system call; negative: an errno. */
long cw_rt_kernel(long number, uintptr_t a, uintptr_t b, uintptr_t c);

/* cw_rt_random - fills [len] bytes, or aborts. */
void cw_rt_random(void *ret_bytes, size_t len);

/* cw_rt_start - give compiled code its canary; before anything else. */
void cw_rt_start(void);

/* What the compiler and BearSSL call; the names are theirs. */
void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *text);
void *__memcpy_chk(void *restrict to, const void *restrict from, size_t len, size_t room);
void *__memmove_chk(void *to, const void *from, size_t len, size_t room);
void *__memset_chk(void *to, int value, size_t len, size_t room);
_Noreturn void __stack_chk_fail(void);

#endif
