/* SPDX-License-Identifier: MIT */
/*
 * shm.h - buffers in memory of the normal world: registered ones, and those of one call.
 *
 * What     A buffer is a list of pages that was read once, into secure memory, and checked, each of
 *          them; from then on only this copy counts.  Registered memory is found by comparing its
 *          reference with those of a table; a reference is never an address.
 * Trust    TRUSTED.  References, addresses, lengths and lists are the attacker's.
 * Calls    One at a time: nothing registers, unregisters or copies while another does.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_SHM_H
#define CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_SHM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/status.h"

#define CW_TZ_SHM_OBJECTS 64u
#define CW_TZ_SHM_PAGES 257u /* of one object: 1 MiB that begins anywhere */

/* Bytes in pages, or in one run. */
struct cw_tz_buffer {
    const uint64_t *pages; /* secure; NULL: one run from `at` on     */
    uint64_t at;           /* in the first page; or the address      */
    uint64_t len;
};

/*
 * cw_tz_shm_register - remember pages under a reference.
 *
 * list  the address of a list of pages, with the offset of the first byte in its lower 12 bits
 *
 * TEE_ERROR_BAD_PARAMETERS  the reference is taken, no bytes, or a page is not the normal world's
 * TEE_ERROR_OUT_OF_MEMORY   too many pages or objects
 */
CW_MUST_CHECK uint32_t cw_tz_shm_register(uint64_t reference, uint64_t list, uint64_t len);

/* cw_tz_shm_unregister - TEE_ERROR_ITEM_NOT_FOUND. */
CW_MUST_CHECK uint32_t cw_tz_shm_unregister(uint64_t reference);

/* cw_tz_shm_find - a part of a registered object.  TEE_ERROR_BAD_PARAMETERS: it is none. */
CW_MUST_CHECK uint32_t cw_tz_shm_find(uint64_t reference, uint64_t offset, uint64_t len,
        struct cw_tz_buffer *ret_buffer);

/*
 * cw_tz_buffer_list - the buffer of a list, as cw_tz_shm_register takes it.
 *
 * ret_pages  where the list's copy is kept while the buffer is used
 */
CW_MUST_CHECK uint32_t cw_tz_buffer_list(uint64_t list, uint64_t len,
        uint64_t ret_pages[static CW_TZ_SHM_PAGES], struct cw_tz_buffer *ret_buffer);

/* cw_tz_buffer_run - the buffer in one run; TEE_ERROR_BAD_PARAMETERS: not the normal world's. */
CW_MUST_CHECK uint32_t cw_tz_buffer_run(uint64_t at, uint64_t len, struct cw_tz_buffer *ret_buffer);

/* Each byte is read or written once.  len: at most the buffer's.  CW_E_DENIED: nothing that a
 * function above made. */
CW_MUST_CHECK cw_status cw_tz_buffer_read(const struct cw_tz_buffer *buffer, void *ret_to,
        uint64_t len);
CW_MUST_CHECK cw_status cw_tz_buffer_write(const struct cw_tz_buffer *buffer, const void *from,
        uint64_t len);

/* cw_tz_shm_close - forget all objects, as after a start. */
void cw_tz_shm_close(void);

#endif
