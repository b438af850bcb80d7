/* SPDX-License-Identifier: MIT */
#include "tee/sgx/owner/verify.h"

#include <stdio.h>

#include <openssl/x509.h>

#include "tee/sgx/owner/steps.h"

static void free_step(struct cw_step *r)
{
    for (size_t i = 0; i < r->own_count; i++) {
        X509_free(r->own[i]);
    }
    cw_tcb_info_free(&r->info);
    cw_tcb_identity_free(&r->identity);
}

cw_status cw_dcap_verify(const uint8_t *quote, size_t quote_len,
        const struct cw_dcap_collateral *collateral, int64_t time,
        const struct cw_dcap_policy *policy, struct cw_dcap_verdict *ret_verdict)
{
    static bool (*const steps[CW_DCAP_STEP_COUNT])(struct cw_step *) = {
            [CW_DCAP_STEP_QUOTE] = cw_step_quote,
            [CW_DCAP_STEP_PCK] = cw_step_pck,
            [CW_DCAP_STEP_CRL] = cw_step_crl,
            [CW_DCAP_STEP_QE_REPORT] = cw_step_qe_report,
            [CW_DCAP_STEP_KEY] = cw_step_key,
            [CW_DCAP_STEP_SIGNATURE] = cw_step_signature,
            [CW_DCAP_STEP_COLLATERAL] = cw_step_collateral,
            [CW_DCAP_STEP_PLATFORM] = cw_step_platform,
            [CW_DCAP_STEP_TCB] = cw_step_tcb,
            [CW_DCAP_STEP_QE] = cw_step_qe,
            [CW_DCAP_STEP_STATUS] = cw_step_status,
            [CW_DCAP_STEP_POLICY] = cw_step_policy,
    };
    struct cw_dcap_verdict *v = ret_verdict;
    *v = (struct cw_dcap_verdict){.status = CW_DCAP_UNKNOWN,
            .platform_status = CW_DCAP_UNKNOWN,
            .qe_status = CW_DCAP_UNKNOWN,
            .valid_from = INT64_MIN,
            .valid_until = INT64_MAX};
    struct cw_step r = {.collateral = collateral,
            .time = time,
            .policy = policy,
            .verdict = v,
            .bytes = quote,
            .len = quote_len};
    bool is_well = true;
    for (r.step = CW_DCAP_STEP_QUOTE; r.step < CW_DCAP_STEP_COUNT && is_well; r.step++) {
        is_well = steps[r.step](&r);
    }
    free_step(&r);
    v->genuine = is_well || v->failed == CW_DCAP_STEP_POLICY;
    v->accepted = is_well;
    v->is_protected =
            v->accepted && v->is_intel_root && !v->emulated && !v->is_debug && !v->lacked_list;
    if (is_well) { /* what a step tried and did without */
        v->failed = CW_DCAP_STEP_NONE;
        v->reason[0] = '\0';
        v->remedy[0] = '\0';
    }
    return v->accepted ? CW_OK : v->genuine ? CW_E_DENIED : CW_E_AUTH;
}

const char *cw_dcap_step_name(cw_dcap_step step)
{
    static const char *const names[CW_DCAP_STEP_COUNT] = {"none", "quote", "pck chain",
            "revocation", "qe report", "attestation key", "quote signature", "collateral",
            "platform", "tcb level", "qe identity", "status", "policy"};
    return step < CW_DCAP_STEP_COUNT ? names[step] : names[0];
}

void cw_dcap_verdict_line(const struct cw_dcap_verdict *v, char *ret_text, size_t cap)
{
    const char *what = v->emulated         ? "emulated, no protected hardware"
                       : !v->is_intel_root ? "under a root of the owner's, not Intel's"
                                           : "SGX hardware";
    if (v->accepted) {
        (void)snprintf(ret_text, cap, "sgx: genuine quote (%s), TCB status %s%s%s", what,
                cw_dcap_status_name(v->status), v->is_debug ? ", DEBUG" : "",
                v->lacked_list ? ", revocation not checked" : "");
    } else {
        (void)snprintf(ret_text, cap, "sgx: refused in step %u (%s): %s", (unsigned)v->failed,
                cw_dcap_step_name(v->failed), v->reason);
    }
}
