/* SPDX-License-Identifier: MIT */
/*
 * rt.h - what the compiler and BearSSL call in an enclave; the names are theirs.
 *
 * What     rt.c for all CPUs with an address of 64 bits, CPU/rt_copy.c for what moves bytes.
 * Trust    TRUSTED.
 */
#ifndef CW_SDK_RT_H
#define CW_SDK_RT_H

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *text);
void *__memcpy_chk(void *restrict to, const void *restrict from, size_t len, size_t room);
void *__memmove_chk(void *to, const void *from, size_t len, size_t room);
void *__memset_chk(void *to, int value, size_t len, size_t room);
_Noreturn void __stack_chk_fail(void);

/* AArch64: what stands in front of a stack frame's end.  Whoever starts makes it random. */
extern uintptr_t __stack_chk_guard;

#endif
