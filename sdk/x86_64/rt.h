/* SPDX-License-Identifier: MIT */
/*
 * rt.h - what the compiler and BearSSL call in an enclave on x86-64; the names are theirs.
 *
 * Trust    TRUSTED.
 */
#ifndef CW_SDK_X86_64_RT_H
#define CW_SDK_X86_64_RT_H

#include <stddef.h>

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
