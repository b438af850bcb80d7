/* SPDX-License-Identifier: MIT */
/*
 * space.h - the address space of a module: which addresses it has, and where they lie.
 *
 * What     Made once, when the module is loaded, from its image's header; never changed.  The
 *          hardware's tables (mmu.h) are made of it, and every buffer of an SVC is looked up in it.
 * Trust    TRUSTED.  Headers, addresses and lengths are the module's.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_SPACE_H
#define CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "tee/trustzone/abi.h"

typedef enum cw_tz_rights {
    CW_TZ_RIGHTS_READ,
    CW_TZ_RIGHTS_EXECUTE, /* and read */
    CW_TZ_RIGHTS_WRITE,   /* and read */
} cw_tz_rights;

enum { CW_TZ_REGIONS = 5 }; /* text, read-only data, data, stack, window */

struct cw_tz_region {
    uint64_t va;
    size_t len;  /* whole pages; 0: there is none */
    uint8_t *at; /* where the kernel has it       */
    cw_tz_rights rights;
};

struct cw_tz_space {
    struct cw_tz_region regions[CW_TZ_REGIONS];
};

/*
 * cw_tz_image_decode - the header of an image, checked: all sizes are within their bounds, and add
 * up to the image's [image_len] bytes.
 *
 * CW_E_FORM  not an image
 */
CW_MUST_CHECK cw_status cw_tz_image_decode(const uint8_t *image, size_t image_len,
        struct cw_tz_image *ret_header);

/* cw_tz_space_plan - what a module of this header has; nothing is anywhere yet.  Returns all bytes. */
size_t cw_tz_space_plan(const struct cw_tz_image *header, struct cw_tz_space *ret_space);

/* cw_tz_space_place - in one run of as many bytes, which hold zeros. */
void cw_tz_space_place(struct cw_tz_space *space, uint8_t *run);

/*
 * cw_tz_space_find - where the module's [len] bytes at va are, or NULL: they do not all lie in one
 * region, or there are none, or the module may not write there.
 */
uint8_t *cw_tz_space_find(const struct cw_tz_space *space, uint64_t va, uint64_t len, bool is_write);

#endif
