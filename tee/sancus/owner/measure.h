/* SPDX-License-Identifier: MIT */
/*
 * measure.h - what a chip computes of a module, computed by its owner beforehand.
 *
 * What     The chip's identity of a module is its text and the four bounds of its sections.
 *          K_SM = MAC(K_vendor, identity) is its root key; MAC(0, identity) is the tag by which
 *          modules on one chip recognise each other; SHA-256(identity) is the measurement.
 * Trust    OWNER.  K_SM and K_vendor are secret.
 */
#ifndef CW_TEE_SANCUS_OWNER_MEASURE_H
#define CW_TEE_SANCUS_OWNER_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "core/base/status.h"
#include "tee/owner.h"

/* A module linked to its place: text is [pe - ps] bytes, malloc'ed. */
struct cw_sancus_linked {
    uint16_t ps, pe, ss, se;
    uint8_t *text;
};

CW_MUST_CHECK cw_status cw_sancus_root_key(const uint8_t vendor_key[static CW_KEY_LEN],
        const struct cw_sancus_linked *linked, uint8_t ret_key[static CW_KEY_LEN]);

CW_MUST_CHECK cw_status cw_sancus_verify_tag(const struct cw_sancus_linked *linked,
        uint8_t ret_tag[static CW_TAG_LEN]);

CW_MUST_CHECK cw_status cw_sancus_measurement(const struct cw_sancus_linked *linked,
        uint8_t ret_measurement[static CW_MEASUREMENT_LEN]);

/*
 * cw_sancus_image - what LOAD carries (abi.h, section 4).
 *
 * device      NULL: none
 * ret_image   malloc'ed
 */
CW_MUST_CHECK cw_status cw_sancus_image(uint16_t vendor, const struct cw_sancus_linked *module,
        const struct cw_sancus_linked *device, uint16_t interrupt, uint16_t endpoint,
        uint8_t **ret_image, size_t *ret_len);

/* cw_sancus_verify - struct cw_owner_backend, verify. */
cw_status cw_sancus_verify(const struct cw_owner_node *node, const struct cw_owner_built *built,
        const uint8_t nonce[static CW_NONCE_LEN], const uint8_t life[static 32],
        const uint8_t *report, const uint8_t *proof, size_t proof_len,
        struct cw_owner_verdict *ret_verdict);

#endif
