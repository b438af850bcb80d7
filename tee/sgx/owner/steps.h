/* SPDX-License-Identifier: MIT */
/*
 * steps.h - the steps of a verdict, for verify.c alone: what each needs of those before it.
 *
 * What     Each says true, or refuses: it fills reason and remedy and says false.
 * Trust    OWNER.
 */
#ifndef CW_TEE_SGX_OWNER_STEPS_H
#define CW_TEE_SGX_OWNER_STEPS_H

#include <openssl/types.h>

#include "tee/sgx/owner/chain.h"
#include "tee/sgx/owner/quote.h"
#include "tee/sgx/owner/tcb.h"
#include "tee/sgx/owner/verify.h"

#define CW_STEP_OWN_MAX 8u
#define CW_STEP_SIGNERS_MAX 8u
#define CW_STEP_NAME_CAP 80u
#define CW_STEP_GET_COLLATERAL \
    "get the collateral of the platform anew, all parts of one day (docs/sgx-attestation.md)"

struct cw_step {
    const struct cw_dcap_collateral *collateral;
    int64_t time;
    const struct cw_dcap_policy *policy;
    struct cw_dcap_verdict *verdict;
    cw_dcap_step step; /* the one that runs */

    const uint8_t *bytes;
    size_t len;
    struct cw_dcap_quote quote;
    X509 *own[CW_STEP_OWN_MAX]; /* certificates of the quote */
    size_t own_count;
    X509 *root; /* these are of the quote or the collateral */
    X509 *intermediate;
    X509 *leaf;
    struct cw_chain_pck pck;
    X509 *signers[CW_STEP_SIGNERS_MAX]; /* of TCB info and QE identity */
    size_t signer_count;
    struct cw_tcb_info info;
    struct cw_tcb_identity identity;
};

bool cw_step_quote(struct cw_step *r); /* step_quote.c */
bool cw_step_qe_report(struct cw_step *r);
bool cw_step_key(struct cw_step *r);
bool cw_step_signature(struct cw_step *r);
bool cw_step_pck(struct cw_step *r); /* step_chain.c */
bool cw_step_crl(struct cw_step *r);
bool cw_step_collateral(struct cw_step *r); /* step_collateral.c */
bool cw_step_platform(struct cw_step *r);
bool cw_step_tcb(struct cw_step *r);
bool cw_step_qe(struct cw_step *r);
bool cw_step_status(struct cw_step *r);
bool cw_step_policy(struct cw_step *r); /* step_policy.c */

/* What they share: steps.c. */

__attribute__((format(printf, 3, 4))) bool cw_step_refuse(struct cw_step *r, const char *remedy,
        const char *format, ...);

/* cw_step_is_in_window - is the time in it?  If so, the verdict's becomes no wider than it. */
bool cw_step_is_in_window(struct cw_step *r, int64_t from, int64_t until);
bool cw_step_refuse_window(struct cw_step *r, const char *what, int64_t from, int64_t until);
bool cw_step_check_window(struct cw_step *r, X509 *certificate);

/*
 * cw_step_check_revoked - all lists of one issuer that are signed and of this time: there must be
 * one, and none of them may name the certificate.
 */
bool cw_step_check_revoked(struct cw_step *r, const char *which, X509 *issuer, X509 *certificate);

#endif
