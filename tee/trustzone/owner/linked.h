/* SPDX-License-Identifier: MIT */
/*
 * linked.h - the parts of an image in what the linker made by tee/trustzone/enclave/runtime/link.ld.
 *
 * Trust    OWNER.  The file is one that this build has just made; what is not as the script says is
 *          refused all the same, for the kernel would map it elsewhere than it was linked.
 */
#ifndef CW_TEE_TRUSTZONE_OWNER_LINKED_H
#define CW_TEE_TRUSTZONE_OWNER_LINKED_H

#include "tee/owner/object.h"
#include "tee/trustzone/owner/image.h"

struct cw_tz_linked {
    struct cw_object object;
    struct cw_tz_image_part parts[CW_TZ_IMAGE_PARTS];
    uint32_t bss_len;
};

/*
 * cw_tz_linked_open - find them; they live as long as this does.
 *
 * CW_E_FORM  it is not linked so; why is in ret_why
 *
 * Whatever comes back: cw_tz_linked_close.
 */
CW_MUST_CHECK cw_status cw_tz_linked_open(struct cw_tz_linked *linked, const char *path,
        char ret_why[static CW_TZ_IMAGE_WHY_LEN]);
void cw_tz_linked_close(struct cw_tz_linked *linked);

#endif
