/* SPDX-License-Identifier: MIT */
/*
 * image.h - images of modules: made, signed, and read back (tee/trustzone/abi.h, part 4).
 *
 * What     The same parts, wish and key give the same bytes: a signature's nonce follows from the key
 *          and what is signed.
 * Trust    OWNER.  The key is secret; an image that is read is foreign bytes.
 * Memory   What cw_tz_image_read gives points into the image.
 */
#ifndef CW_TEE_TRUSTZONE_OWNER_IMAGE_H
#define CW_TEE_TRUSTZONE_OWNER_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/crypto/p256.h"
#include "tee/trustzone/abi.h"

#define CW_TZ_IMAGE_WHY_LEN 256u
#define CW_TZ_NO_INTERRUPT 0xffffu

/* What the header says, with its numbers as such. */
struct cw_tz_image_wish {
    char name[33]; /* 1 to 32 bytes, and a zero */
    uint16_t flags;
    uint16_t device;
    uint16_t on_interrupt;
    uint32_t bss_len;
    uint32_t stack_len; /* whole pages */
    uint32_t security_version;
};

struct cw_tz_image_part {
    const uint8_t *bytes;
    uint32_t len;
};

/* Text, read-only data, data. */
#define CW_TZ_IMAGE_PARTS 3u

struct cw_tz_image_content {
    struct cw_tz_image_wish wish;
    struct cw_tz_image_part parts[CW_TZ_IMAGE_PARTS];
    uint8_t signer[CW_P256_PUBLIC_LEN];
    uint8_t measurement[32];
};

/*
 * cw_tz_image_write - header, parts, signature.
 *
 * content    wish and parts
 * ret_image  allocated
 *
 * CW_E_FORM, CW_E_SPACE  no kernel would take it; why is in ret_why
 */
CW_MUST_CHECK cw_status cw_tz_image_write(const struct cw_tz_image_content *content,
        const uint8_t signer[static CW_P256_SECRET_LEN], uint8_t **ret_image, size_t *ret_len,
        char ret_why[static CW_TZ_IMAGE_WHY_LEN]);

/*
 * cw_tz_image_read - all that the kernel checks before it maps an image.
 *
 * CW_E_SHORT, CW_E_FORM, CW_E_SPACE  it is no image, or larger than one may be
 * CW_E_AUTH                          the signature is wrong: it was changed after it was signed
 */
CW_MUST_CHECK cw_status cw_tz_image_read(const uint8_t *image, size_t len,
        struct cw_tz_image_content *ret_content, char ret_why[static CW_TZ_IMAGE_WHY_LEN]);

#endif
