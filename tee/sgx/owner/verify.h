/* SPDX-License-Identifier: MIT */
/*
 * verify.h - is a DCAP quote genuine, and is it what the owner asks for?
 *
 * What     verdict = f(quote, collateral, time, policy).  No clock, no network, no file: the same
 *          four give the same verdict for ever.  Quotes of version 3, and of version 4 of SGX.
 *          Twelve steps, in this order; the first that fails ends it, with its reason and remedy.
 *
 *               1 QUOTE       sizes add up exactly; version, key type and vendor are known
 *               2 PCK         certificate chain, by issuer and signature, up to the pinned root key
 *               3 CRL         both lists are signed, are of this time, and name none of the chain
 *               4 QE_REPORT   the report of the quoting enclave is signed by the PCK key
 *               5 KEY         that report vouches for the attestation key
 *               6 SIGNATURE   the attestation key signed header and report
 *               7 COLLATERAL  TCB info and QE identity: chain, signatures, windows
 *               8 PLATFORM    they are about this platform: FMSPC and PCEID
 *               9 TCB         the first level that the platform reaches
 *              10 QE          the quoting enclave is the one that the identity describes; its level
 *              11 STATUS      both together; minimum tcbEvaluationDataNumber; marks of emulation
 *              12 POLICY      identity, DEBUG, report data, XFRM, status, advisories
 *
 *          Steps 1 to 11 say genuine, all 12 say accepted.
 * Trust    OWNER.  Quote and collateral are foreign bytes.
 * Memory   A policy points to the caller's bytes; a verdict holds no pointer.
 * Calls    Any thread.
 * Source   Intel SGX DCAP: quote layout, PCK certificate profile, TCB info v2/v3, QE identity v2
 */
#ifndef CW_TEE_SGX_OWNER_VERIFY_H
#define CW_TEE_SGX_OWNER_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "silicon/sgx/arch.h"
#include "tee/sgx/owner/collateral.h"

#define CW_DCAP_HASH_LEN 32u
#define CW_DCAP_ADVISORIES_MAX 64u
#define CW_DCAP_ADVISORY_CAP 32u
#define CW_DCAP_TEXT_CAP 512u

/* Best to worst, as steps 9 to 11 compare them; the last two are no places in that order. */
typedef enum cw_dcap_status {
    CW_DCAP_UP_TO_DATE = 0,
    CW_DCAP_SW_HARDENING_NEEDED,
    CW_DCAP_CONFIGURATION_NEEDED,
    CW_DCAP_CONFIGURATION_AND_SW_HARDENING_NEEDED,
    CW_DCAP_OUT_OF_DATE,
    CW_DCAP_OUT_OF_DATE_CONFIGURATION_NEEDED,
    CW_DCAP_REVOKED,
    CW_DCAP_EMULATED, /* "EMULATED": no hardware; allow_emulated, never allowed_statuses */
    CW_DCAP_UNKNOWN,  /* the steps that tell were not reached                            */
} cw_dcap_status;

#define CW_DCAP_STATUS_BIT(status) (1u << (status))

typedef enum cw_dcap_step {
    CW_DCAP_STEP_NONE = 0,
    CW_DCAP_STEP_QUOTE,
    CW_DCAP_STEP_PCK,
    CW_DCAP_STEP_CRL,
    CW_DCAP_STEP_QE_REPORT,
    CW_DCAP_STEP_KEY,
    CW_DCAP_STEP_SIGNATURE,
    CW_DCAP_STEP_COLLATERAL,
    CW_DCAP_STEP_PLATFORM,
    CW_DCAP_STEP_TCB,
    CW_DCAP_STEP_QE,
    CW_DCAP_STEP_STATUS,
    CW_DCAP_STEP_POLICY,
    CW_DCAP_STEP_COUNT,
} cw_dcap_step;

/* What the owner asks for.  Zeros (a policy = {0}) are the strictest: Intel's root, UpToDate only,
 * neither debug nor emulated; but any enclave. */
struct cw_dcap_policy {
    /* The root key: SHA-256 of its SubjectPublicKeyInfo in DER, [CW_DCAP_HASH_LEN]; NULL: Intel */
    const uint8_t *root_key_hash;
    bool allow_emulated;     /* evidence of causeway-sgx under the root key that is pinned above  */
    bool allow_foreign_root; /* a pinned root that is not Intel's may vouch for evidence that is
                                not marked as emulated: samples and tests; never is_protected    */
    bool allow_debug;
    bool allow_no_lists; /* collateral may lack revocation lists; those that it has count       */
    uint32_t allowed_statuses;      /* CW_DCAP_STATUS_BIT, besides UpToDate                       */
    uint32_t min_evaluation_number; /* of TCB info and QE identity                                */
    const char *const *refused_advisories; /* end with NULL; NULL: none                           */

    const uint8_t *mrenclave;   /* [SGX_HASH_LEN], or NULL: any                                   */
    const uint8_t *mrsigner;    /* [SGX_HASH_LEN], or NULL: any                                   */
    bool has_prodid;
    uint16_t prodid;
    uint16_t min_svn;           /* ISVSVN is this or more                                         */
    const uint8_t *report_data; /* [SGX_REPORTDATA_LEN], or NULL: any                             */
    uint64_t xfrm_allowed;      /* bits that XFRM may have; 0: any                                */
    const uint8_t *ppid_hash;   /* [CW_DCAP_HASH_LEN]: SHA-256 of the platform's PPID; NULL: any  */
};

/* The report in the quote; filled as soon as step 1 is done, proved only from step 6 on. */
struct cw_dcap_report {
    uint8_t cpusvn[SGX_CPUSVN_LEN];
    uint32_t miscselect;
    uint64_t attributes;
    uint64_t xfrm;
    uint8_t mrenclave[SGX_HASH_LEN];
    uint8_t mrsigner[SGX_HASH_LEN];
    uint8_t config_id[64];
    uint8_t family_id[16];
    uint8_t ext_prodid[16];
    uint16_t prodid;
    uint16_t svn;
    uint16_t config_svn;
    uint8_t report_data[SGX_REPORTDATA_LEN];
};

/* What the PCK certificate says of the platform. */
struct cw_dcap_platform {
    uint8_t ppid_hash[CW_DCAP_HASH_LEN]; /* SHA-256 of the PPID, which itself is not shown */
    uint8_t fmspc[6];
    uint8_t pceid[2];
    uint8_t components[16];
    uint16_t pcesvn;
    uint8_t cpusvn[SGX_CPUSVN_LEN];
    uint32_t type; /* 0 standard, 1 scalable, 2 scalable with integrity */
    char issuer[64]; /* who certified it: "Intel SGX PCK Processor CA" */
};

struct cw_dcap_verdict {
    bool accepted;
    bool genuine;      /* steps 1 to 11                                                     */
    bool is_protected; /* accepted, under Intel's root, not DEBUG, no list lacked: hardware isolates */
    bool emulated;     /* it says so itself (vendor id or status): never protected          */
    bool is_intel_root;
    bool is_debug;
    bool not_offline;  /* the certification data holds no chain                             */
    bool lacked_list;  /* who was revoked is not known: a list was not there                */

    cw_dcap_step failed; /* the step that refused it; CW_DCAP_STEP_NONE if accepted         */
    char reason[CW_DCAP_TEXT_CAP];
    char remedy[CW_DCAP_TEXT_CAP];

    cw_dcap_status status;          /* step 11 */
    cw_dcap_status platform_status; /* step 9  */
    cw_dcap_status qe_status;       /* step 10 */
    char advisories[CW_DCAP_ADVISORIES_MAX][CW_DCAP_ADVISORY_CAP]; /* of both levels */
    size_t advisory_count;
    int64_t tcb_date; /* of the platform's level; seconds since 1970 */
    int64_t qe_tcb_date;
    uint32_t tcb_evaluation_number;
    uint32_t qe_evaluation_number;
    int64_t valid_from; /* within these times this collateral gives this verdict */
    int64_t valid_until;

    uint16_t version;
    uint16_t cert_type;
    size_t trailing_len; /* bytes behind the quote: not part of it, not signed */
    struct cw_dcap_report report;
    bool has_platform; /* step 2 was passed */
    struct cw_dcap_platform platform;
    uint8_t root_key_hash[CW_DCAP_HASH_LEN]; /* of the chain's root, once step 2 was passed */
};

/*
 * cw_dcap_verify - verify a quote.
 *
 * quote        [quote_len] foreign bytes; bytes behind the quote are counted and left alone
 * time         seconds since 1970
 * ret_verdict  always filled
 *
 * CW_OK        accepted
 * CW_E_AUTH    refused in steps 1 to 11: not shown to be genuine
 * CW_E_DENIED  refused in step 12: genuine, but not what the policy asks for
 */
CW_MUST_CHECK cw_status cw_dcap_verify(const uint8_t *quote, size_t quote_len,
        const struct cw_dcap_collateral *collateral, int64_t time,
        const struct cw_dcap_policy *policy, struct cw_dcap_verdict *ret_verdict);

/* cw_dcap_status_name - "SWHardeningNeeded"; CW_DCAP_UNKNOWN: "Unknown". */
const char *cw_dcap_status_name(cw_dcap_status status);

/* cw_dcap_status_parse - of that name; false: no such status. */
bool cw_dcap_status_parse(const char *name, cw_dcap_status *ret_status);

/* cw_dcap_step_name - "pck chain". */
const char *cw_dcap_step_name(cw_dcap_step step);

/* cw_dcap_verdict_line - one line for people. */
void cw_dcap_verdict_line(const struct cw_dcap_verdict *verdict, char *ret_text, size_t cap);

#endif
