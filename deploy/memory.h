/* SPDX-License-Identifier: MIT */
/*
 * memory.h - heap memory of a short-lived program: it is there, or the program ends.
 *
 * Trust    OWNER.
 */
#ifndef CW_DEPLOY_MEMORY_H
#define CW_DEPLOY_MEMORY_H

#include <stddef.h>

/* cw_memory_gone - say that memory is gone and exit with status 1. */
_Noreturn void cw_memory_gone(void);

/* cw_memory_new - count elements of [len] bytes, zeroed. */
__attribute__((malloc)) void *cw_memory_new(size_t count, size_t len);

/*
 * cw_memory_grow - room for one more element behind count of [len] bytes.
 *
 * The room doubles when count is a power of two, so callers need not keep a capacity.
 */
void *cw_memory_grow(void *items, size_t count, size_t len);

/* cw_memory_text - a copy of a string; cw_memory_format - of a printed one. */
__attribute__((malloc)) char *cw_memory_text(const char *text);
__attribute__((format(printf, 1, 2))) char *cw_memory_format(const char *format, ...);

#endif
