/* SPDX-License-Identifier: MIT */
/*
 * place.h - an image becomes an enclave, by the kernel's driver.
 *
 * What     Reserve and align the address range, ECREATE, EADD in runs, EINIT, map each range with
 *          its pages' protection.  What EINIT would refuse is found before, by its name: the
 *          kernel says EPERM for all of it.
 * Calls    Blocks: some microseconds per page.
 * Trust    UNTRUSTED.  Images are foreign.
 * Source   the kernel's Documentation/arch/x86/sgx.rst, and what its driver checks
 */
#ifndef CW_TEE_SGX_NODE_PLACE_H
#define CW_TEE_SGX_NODE_PLACE_H

#include "core/base/status.h"
#include "tee/sgx/node/driver.h"

#define CW_SGX_PLACE_WHY_LEN 320u

struct cw_sgx_place {
    const struct cw_sgx_driver *driver;
    int file; /* of the device; -1: none */
    uint8_t *base;
    size_t len;
    uint64_t tcs; /* the address of the first */
};

/*
 * cw_sgx_place_load - SIGSTRUCT and SGXS, [image_len] bytes.
 *
 * CW_E_FORM    no image, or one that the kernel's driver cannot load
 * CW_E_DENIED  EINIT would refuse it
 * CW_E_SYSTEM  the machine refused something
 */
CW_MUST_CHECK cw_status cw_sgx_place_load(const struct cw_sgx_driver *driver, const uint8_t *image,
        size_t image_len, struct cw_sgx_place *ret_place,
        char ret_why[static CW_SGX_PLACE_WHY_LEN]);

/* cw_sgx_place_bar - whoever is inside faults and comes out; nobody gets in any more. */
void cw_sgx_place_bar(struct cw_sgx_place *place);

void cw_sgx_place_unload(struct cw_sgx_place *place);

#endif
