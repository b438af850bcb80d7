/* SPDX-License-Identifier: MIT */
/* Steps 1, and 4 to 6: the quote itself, and its three signatures. */
#include <string.h>

#include "core/crypto/hash.h"
#include "tee/sgx/owner/steps.h"
#include "tee/sgx/owner/stream.h"

static const uint8_t vendor_emulated[SGX_QUOTE_VENDOR_LEN] = SGX_QUOTE_VENDOR_EMULATED;

static void fill_report(const uint8_t *body, struct cw_dcap_report *ret_report)
{
    struct cw_dcap_report *p = ret_report;
    memcpy(p->cpusvn, body + SGX_REPORT_CPUSVN, sizeof p->cpusvn);
    p->miscselect = cw_sgxs_u32(body + SGX_REPORT_MISCSELECT);
    p->attributes = cw_sgxs_u64(body + SGX_REPORT_ATTRIBUTES);
    p->xfrm = cw_sgxs_u64(body + SGX_REPORT_ATTRIBUTES + 8);
    memcpy(p->mrenclave, body + SGX_REPORT_MRENCLAVE, sizeof p->mrenclave);
    memcpy(p->mrsigner, body + SGX_REPORT_MRSIGNER, sizeof p->mrsigner);
    memcpy(p->config_id, body + SGX_REPORT_CONFIGID, sizeof p->config_id);
    memcpy(p->family_id, body + SGX_REPORT_ISVFAMILYID, sizeof p->family_id);
    memcpy(p->ext_prodid, body + SGX_REPORT_ISVEXTPRODID, sizeof p->ext_prodid);
    p->prodid = cw_sgxs_u16(body + SGX_REPORT_ISVPRODID);
    p->svn = cw_sgxs_u16(body + SGX_REPORT_ISVSVN);
    p->config_svn = cw_sgxs_u16(body + SGX_REPORT_CONFIGSVN);
    memcpy(p->report_data, body + SGX_REPORT_REPORTDATA, sizeof p->report_data);
}

bool cw_step_quote(struct cw_step *r)
{
    struct cw_dcap_verdict *v = r->verdict;
    char why[CW_DCAP_QUOTE_WHY_CAP];
    if (cw_dcap_quote_decode(r->bytes, r->len, &r->quote, why) != CW_OK) {
        return cw_step_refuse(r,
                "give the bytes of one SGX quote, version 3 or 4, as the quoting enclave "
                "made them",
                "%s", why);
    }
    v->version = r->quote.version;
    v->cert_type = r->quote.cert_type;
    v->trailing_len = r->len - r->quote.len;
    v->emulated = memcmp(r->quote.vendor, vendor_emulated, sizeof vendor_emulated) == 0;
    fill_report(r->quote.report, &v->report);
    v->is_debug = (v->report.attributes & SGX_ATTR_DEBUG) != 0;
    if (v->emulated && !r->policy->allow_emulated) {
        return cw_step_refuse(r,
                "for tests: \"allow_emulated\": true (--allow-emulated), with the platform's "
                "root key pinned; else run on SGX hardware",
                "emulated: this quote is made by software, not by SGX hardware, and the policy "
                "does "
                "not allow that");
    }
    return true;
}

bool cw_step_qe_report(struct cw_step *r)
{
    return cw_chain_verify(X509_get0_pubkey(r->leaf), r->quote.qe_report, SGX_REPORT_BODY_LEN,
                   r->quote.qe_signature, CW_DCAP_SIGNATURE_LEN) ||
           cw_step_refuse(r, "take the quote anew",
                   "the report of the quoting enclave is not signed by "
                   "the PCK key of this platform");
}

bool cw_step_key(struct cw_step *r)
{
    uint8_t expected[SGX_REPORTDATA_LEN] = {0};
    struct cw_sha256 hash;
    cw_sha256_init(&hash);
    cw_sha256_update(&hash, r->quote.key, CW_DCAP_KEY_LEN);
    cw_sha256_update(&hash, r->quote.auth, r->quote.auth_len);
    cw_sha256_out(&hash, expected);
    return memcmp(r->quote.qe_report + SGX_REPORT_REPORTDATA, expected, sizeof expected) == 0 ||
           cw_step_refuse(r, "take the quote anew",
                   "the quoting enclave's report does not vouch for the "
                   "attestation key and authentication data of this quote");
}

bool cw_step_signature(struct cw_step *r)
{
    EVP_PKEY *key = cw_chain_point(r->quote.key);
    bool is_right = key != NULL && cw_chain_verify(key, r->quote.signed_part, SGX_QUOTE_SIGNED_LEN,
                                           r->quote.signature, CW_DCAP_SIGNATURE_LEN);
    EVP_PKEY_free(key);
    return is_right || cw_step_refuse(r, "take the quote anew: its header or report was changed",
                               "the attestation key did not sign this header and report");
}
