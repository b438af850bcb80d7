/* SPDX-License-Identifier: MIT */
/*
 * collateral.h - what is needed besides a quote: certificates, revocation lists, signed JSON.
 *
 * What     Takes the parts of a collection apart and keeps their bytes as they stand: TCB info and
 *          QE identity are signed as text, so the inner objects are spans of the file, never
 *          written anew.  What the parts say is verify.h's.
 *
 *          One JSON object: tcb_info, tcb_info_signature, tcb_info_issuer_chain, qe_identity,
 *          qe_identity_signature, qe_identity_issuer_chain, pck_crl, pck_crl_issuer_chain,
 *          root_ca_crl.  tcb_info and qe_identity: an object, or its text; with the signature
 *          beside it, or {"tcbInfo": {...}, "signature": "..."} as the service sends it.
 *          Chains in PEM; lists in PEM, hex DER or base64 DER.
 *
 *          Or a folder of files with any names; each is known by its content: signed JSON, PEM
 *          (certificates and lists, mixed as you like), DER, hex DER.  Others are left alone.
 * Trust    OWNER.  All of it is foreign bytes.
 */
#ifndef CW_TEE_SGX_OWNER_COLLATERAL_H
#define CW_TEE_SGX_OWNER_COLLATERAL_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "core/base/status.h"

#define CW_DCAP_COLLATERAL_MAX (8u << 20) /* bytes of one file */
#define CW_DCAP_PARTS_MAX 64u             /* certificates, lists, signed objects: of each */
#define CW_DCAP_WHY_CAP 512u

struct cw_dcap_part {
    uint8_t *bytes; /* certificates and lists: DER; signed objects: the inner object's text */
    size_t len;
    X509 *certificate;
    X509_CRL *list;
    uint8_t *signature; /* signed objects: r, s, or DER; NULL: there is none */
    size_t signature_len;
};

struct cw_dcap_parts {
    struct cw_dcap_part part[CW_DCAP_PARTS_MAX];
    size_t count;
};

struct cw_dcap_collateral {
    struct cw_dcap_parts certificates;
    struct cw_dcap_parts lists;
    struct cw_dcap_parts tcb_infos;
    struct cw_dcap_parts identities;
};

/*
 * cw_dcap_collateral_json - one JSON object with the customary fields.
 *
 * ret_collateral  cw_dcap_collateral_free frees it
 * ret_why         on failure: what is wrong, and the remedy
 *
 * CW_E_FORM  not such an object.  Parts that are missing are missed by the verdict.
 */
CW_MUST_CHECK cw_status cw_dcap_collateral_json(const uint8_t *bytes, size_t len,
        struct cw_dcap_collateral **ret_collateral, char ret_why[static CW_DCAP_WHY_CAP]);

/*
 * cw_dcap_collateral_read - a folder, or a file with one JSON object.
 *
 * CW_E_ABSENT  no such file or folder
 * CW_E_FORM    as above, or a file in the folder that should be collateral is broken
 * CW_E_SYSTEM  it cannot be read
 */
CW_MUST_CHECK cw_status cw_dcap_collateral_read(const char *path,
        struct cw_dcap_collateral **ret_collateral, char ret_why[static CW_DCAP_WHY_CAP]);

void cw_dcap_collateral_free(struct cw_dcap_collateral *collateral);

#endif
