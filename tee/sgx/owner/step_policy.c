/* SPDX-License-Identifier: MIT */
/* Step 12: what the owner asks for. */
#include <string.h>

#include "tee/sgx/owner/steps.h"
#include "tee/sgx/owner/text.h"

static bool check_hash(
        struct cw_step *r, const char *name, const uint8_t *found, const uint8_t *wanted)
{
    char text[2][2 * SGX_HASH_LEN + 1];
    return wanted == NULL || memcmp(found, wanted, SGX_HASH_LEN) == 0 ||
           cw_step_refuse(r,
                   "this is another enclave than the one expected: deploy that one, or correct "
                   "what "
                   "is expected",
                   "%s is %s; expected is %s", name,
                   cw_text_hex_print(found, SGX_HASH_LEN, text[0]),
                   cw_text_hex_print(wanted, SGX_HASH_LEN, text[1]));
}

static const char *status_remedy(cw_dcap_status status)
{
    switch (status) {
    case CW_DCAP_SW_HARDENING_NEEDED:
        return "allow it (--allow-status SWHardeningNeeded) if the enclave was built with the "
               "mitigations that the advisories name";
    case CW_DCAP_CONFIGURATION_NEEDED:
    case CW_DCAP_CONFIGURATION_AND_SW_HARDENING_NEEDED:
        return "configure the platform as the advisories say (BIOS settings), or allow the status "
               "by name (--allow-status)";
    case CW_DCAP_OUT_OF_DATE:
    case CW_DCAP_OUT_OF_DATE_CONFIGURATION_NEEDED:
        return "update the platform's microcode, BIOS and quoting enclave, then quote again; or "
               "allow the status by name (--allow-status)";
    case CW_DCAP_UP_TO_DATE:
    case CW_DCAP_REVOKED:
    case CW_DCAP_EMULATED:
    case CW_DCAP_UNKNOWN:
        break;
    }
    return "use another platform";
}

static bool check_status(struct cw_step *r)
{
    const struct cw_dcap_verdict *v = r->verdict;
    bool is_allowed = v->status == CW_DCAP_UP_TO_DATE ||
                      (v->status == CW_DCAP_EMULATED && r->policy->allow_emulated) ||
                      (v->status < CW_DCAP_REVOKED &&
                              (r->policy->allowed_statuses & CW_DCAP_STATUS_BIT(v->status)) != 0);
    if (!is_allowed) {
        return cw_step_refuse(r, status_remedy(v->status),
                "the TCB status is %s, which the policy does not "
                "allow",
                cw_dcap_status_name(v->status));
    }
    const char *const *refused = r->policy->refused_advisories;
    for (; refused != NULL && *refused != NULL; refused++) {
        for (size_t i = 0; i < v->advisory_count; i++) {
            if (strcmp(v->advisories[i], *refused) == 0) {
                return cw_step_refuse(r,
                        "update the platform as that advisory says, then quote again",
                        "the platform is subject to %s, which the policy refuses", *refused);
            }
        }
    }
    return true;
}

bool cw_step_policy(struct cw_step *r)
{
    const struct cw_dcap_policy *p = r->policy;
    const struct cw_dcap_report *report = &r->verdict->report;
    if (r->verdict->is_debug && !p->allow_debug) {
        return cw_step_refuse(r,
                "build and sign the enclave for production; for tests: --allow-debug",
                "a DEBUG enclave: its host reads and writes its memory");
    }
    if (!check_hash(r, "MRENCLAVE", report->mrenclave, p->mrenclave) ||
            !check_hash(r, "MRSIGNER", report->mrsigner, p->mrsigner) ||
            !check_hash(r, "the hash of the platform's PPID", r->verdict->platform.ppid_hash,
                    p->ppid_hash)) {
        return false;
    }
    if (p->has_prodid && report->prodid != p->prodid) {
        return cw_step_refuse(r, "this is another product of that signer",
                "ISVPRODID is %u; expected is %u", (unsigned)report->prodid, (unsigned)p->prodid);
    }
    if (report->svn < p->min_svn) {
        return cw_step_refuse(r, "deploy the newer version", "ISVSVN is %u; expected is %u or more",
                (unsigned)report->svn, (unsigned)p->min_svn);
    }
    if (p->report_data != NULL &&
            memcmp(report->report_data, p->report_data, SGX_REPORTDATA_LEN) != 0) {
        return cw_step_refuse(r, "ask for a quote with the report data of this session",
                "REPORTDATA is not "
                "what is expected: the quote is of another session, or an old one");
    }
    if (p->xfrm_allowed != 0 && (report->xfrm & ~p->xfrm_allowed) != 0) {
        return cw_step_refuse(r, "allow these bits, or build the enclave without",
                "XFRM is 0x%llx; allowed "
                "are 0x%llx",
                (unsigned long long)report->xfrm, (unsigned long long)p->xfrm_allowed);
    }
    return check_status(r);
}
