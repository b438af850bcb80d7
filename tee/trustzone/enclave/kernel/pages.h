/* SPDX-License-Identifier: MIT */
/*
 * pages.h - the secure RAM that modules get, in runs of pages.
 *
 * Trust    TRUSTED.
 * Memory   What is given out holds zeros; what comes back is scrubbed at once.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_PAGES_H
#define CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_PAGES_H

#include <stddef.h>
#include <stdint.h>

#define CW_TZ_PAGE 0x1000ul

/* From CW_TZ_PAGES_AT to CW_TZ_PAGES_END; the linker knows where that is. */
extern uint8_t cw_tz_pages[];

/* cw_tz_pages_take - [count] pages in one run, or NULL. */
uint8_t *cw_tz_pages_take(size_t count);
void cw_tz_pages_give(uint8_t *run, size_t count);

/* cw_tz_pages_free_len - bytes that are left, in all. */
uint64_t cw_tz_pages_free_len(void);

#endif
