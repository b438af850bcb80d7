/* SPDX-License-Identifier: MIT */
/*
 * quote.h - a DCAP quote, taken apart.
 *
 * What     Versions 3, and 4 of SGX.  Every size must add up exactly inside the signature data,
 *          whose length ends the quote; bytes behind it are the caller's to mention.  Nothing is
 *          verified here.
 *
 *              0    header 48 | report 384 | length 4 | signature data
 *              data: signature 64, key 64, QE report 384, its signature 64, 2 + auth data,
 *                    type 2, 4 + certification data
 *              version 4: all from the QE report on stands in certification data of type 6
 * Trust    OWNER.  Pure, total; reads only what it is given.
 * Memory   Pointers are into the caller's bytes.
 */
#ifndef CW_TEE_SGX_OWNER_QUOTE_H
#define CW_TEE_SGX_OWNER_QUOTE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "silicon/sgx/arch.h"

#define CW_DCAP_SIGNATURE_LEN 64u
#define CW_DCAP_KEY_LEN 64u
#define CW_DCAP_QUOTE_WHY_CAP 512u

struct cw_dcap_quote {
    uint16_t version;
    const uint8_t *vendor;        /* [SGX_QUOTE_VENDOR_LEN]                        */
    const uint8_t *signed_part;   /* [SGX_QUOTE_SIGNED_LEN] header and report body */
    const uint8_t *report;        /* [SGX_REPORT_BODY_LEN]                         */
    const uint8_t *signature;     /* [CW_DCAP_SIGNATURE_LEN] r, s                 */
    const uint8_t *key;           /* [CW_DCAP_KEY_LEN] x, y                       */
    const uint8_t *qe_report;     /* [SGX_REPORT_BODY_LEN]                         */
    const uint8_t *qe_signature;  /* [CW_DCAP_SIGNATURE_LEN]                      */
    const uint8_t *auth;
    size_t auth_len;
    uint16_t cert_type;
    const uint8_t *cert;
    size_t cert_len;
    size_t len; /* of the quote: the given bytes may go on */
};

/*
 * cw_dcap_quote_decode - ret_why: what is wrong, where, on failure.
 *
 * CW_E_SHORT  the bytes end before the quote does
 * CW_E_FORM   no quote that is known here
 */
CW_MUST_CHECK cw_status cw_dcap_quote_decode(const uint8_t *bytes, size_t len,
        struct cw_dcap_quote *ret_quote, char ret_why[static CW_DCAP_QUOTE_WHY_CAP]);

#endif
