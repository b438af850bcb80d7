/* SPDX-License-Identifier: MIT */
/*
 * tcb.h - TCB info and QE identity: what the vendor says of platforms and quoting enclaves.
 *
 * What     Read after their signature was verified; still, every member must be what it should be.
 *          Levels are tried in the order of the file; the first that is reached counts.
 * Trust    OWNER.  Pure.
 * Source   TCB info versions 2 and 3, enclave identity version 2
 */
#ifndef CW_TEE_SGX_OWNER_TCB_H
#define CW_TEE_SGX_OWNER_TCB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "tee/sgx/owner/verify.h"

#define CW_TCB_WHY_CAP 256u

struct json_t;

struct cw_tcb_head {
    int64_t issued;
    int64_t next_update;
    uint32_t evaluation_number;
    struct json_t *root;
};

struct cw_tcb_info {
    struct cw_tcb_head head;
    unsigned version;
    uint8_t fmspc[6];
    uint8_t pceid[2];
};

struct cw_tcb_identity {
    struct cw_tcb_head head;
    uint8_t miscselect[4];
    uint8_t miscselect_mask[4];
    uint8_t attributes[16];
    uint8_t attributes_mask[16];
    uint8_t mrsigner[32];
    uint16_t prodid;
};

struct cw_tcb_level {
    cw_dcap_status status;
    int64_t date;
    const struct json_t *advisories; /* texts; belongs to the info or identity */
};

/*
 * cw_tcb_info_read - of SGX.
 *
 * CW_E_ABSENT  it is one of another TEE; ret_why says which
 * CW_E_FORM    ret_why
 */
CW_MUST_CHECK cw_status cw_tcb_info_read(const uint8_t *text, size_t len,
        struct cw_tcb_info *ret_info, char ret_why[static CW_TCB_WHY_CAP]);
void cw_tcb_info_free(struct cw_tcb_info *info);

/* cw_tcb_info_level - false: the platform reaches none. */
bool cw_tcb_info_level(const struct cw_tcb_info *info, const uint8_t components[static 16],
        uint16_t pcesvn, struct cw_tcb_level *ret_level);

/* cw_tcb_identity_read - of the quoting enclave of SGX; results as above. */
CW_MUST_CHECK cw_status cw_tcb_identity_read(const uint8_t *text, size_t len,
        struct cw_tcb_identity *ret_identity, char ret_why[static CW_TCB_WHY_CAP]);
void cw_tcb_identity_free(struct cw_tcb_identity *identity);

bool cw_tcb_identity_level(const struct cw_tcb_identity *identity, uint16_t svn,
        struct cw_tcb_level *ret_level);

/* cw_tcb_converge - the status of a platform and its quoting enclave together. */
cw_dcap_status cw_tcb_converge(cw_dcap_status platform, cw_dcap_status qe);

#endif
