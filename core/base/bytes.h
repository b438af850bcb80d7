/* SPDX-License-Identifier: MIT */
/*
 * bytes.h - compare, wipe and move byte strings.
 *
 * Trust    TRUSTED.  They take time that depends on the length alone.
 */
#ifndef CW_CORE_BASE_BYTES_H
#define CW_CORE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* cw_bytes_equal - constant-time comparison of two strings of [len] bytes. */
bool cw_bytes_equal(const void *a, const void *b, size_t len);

/* cw_bytes_wipe - write zeros that no compiler removes. */
void cw_bytes_wipe(void *bytes, size_t len);

/* cw_bytes_copy - for regions that do not overlap; no libc needed. */
void cw_bytes_copy(void *to, const void *from, size_t len);

#endif
