/* SPDX-License-Identifier: MIT */
/* Steps 7 to 11: the collateral, and what it says of the platform. */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "tee/sgx/owner/steps.h"
#include "tee/sgx/owner/stream.h"
#include "tee/sgx/owner/text.h"

/* Certificates of the root for TCB info and QE identity that are of this time and not revoked. */
static bool find_signers(struct cw_step *r)
{
    const struct cw_dcap_parts *pool = &r->collateral->certificates;
    X509 *refused = NULL;
    for (size_t i = 0; i < pool->count && r->signer_count < CW_STEP_SIGNERS_MAX; i++) {
        X509 *candidate = pool->part[i].certificate;
        int64_t from;
        int64_t until;
        if (cw_chain_role_of(candidate) != CW_CHAIN_TCB_SIGNER ||
                !cw_chain_issued(r->root, candidate)) {
            continue;
        }
        if (cw_chain_window(candidate, &from, &until) && r->time >= from && r->time <= until) {
            r->signers[r->signer_count++] = candidate;
        } else {
            refused = candidate;
        }
    }
    if (r->signer_count == 0 && refused != NULL) {
        return cw_step_check_window(r, refused);
    }
    return r->signer_count > 0 ||
           cw_step_refuse(r, CW_STEP_GET_COLLATERAL,
                   "the collateral has no certificate "
                   "\"... SGX TCB Signing\" under this root (tcb_info_issuer_chain)");
}

/* Who signed the part; NULL: none of them. */
static X509 *signer_of(const struct cw_step *r, const struct cw_dcap_part *part)
{
    for (size_t i = 0; i < r->signer_count; i++) {
        if (part->signature != NULL && cw_chain_verify(X509_get0_pubkey(r->signers[i]), part->bytes,
                                               part->len, part->signature, part->signature_len)) {
            return r->signers[i];
        }
    }
    return NULL;
}

static bool check_signer(struct cw_step *r, X509 *signer)
{
    return cw_step_check_window(r, signer) && cw_step_check_revoked(r, "root", r->root, signer);
}

static bool refuse_unsigned(struct cw_step *r, const char *what, const struct cw_dcap_part *part)
{
    return cw_step_refuse(r, "give the text exactly as it was signed: not indented or written anew",
            part->signature == NULL ? "the %s has no signature"
                                    : "the signature of the %s does not verify",
            what);
}

/* The TCB info of this platform, of those that are signed. */
static bool find_info(struct cw_step *r)
{
    const struct cw_dcap_parts *parts = &r->collateral->tcb_infos;
    X509 *signer = NULL;
    size_t fitting = 0;
    char why[CW_TCB_WHY_CAP];
    for (size_t i = 0; i < parts->count; i++) {
        struct cw_tcb_info info;
        X509 *by = signer_of(r, &parts->part[i]);
        if (by == NULL) {
            (void)refuse_unsigned(r, "TCB info", &parts->part[i]);
            continue;
        }
        if (cw_tcb_info_read(parts->part[i].bytes, parts->part[i].len, &info, why) != CW_OK) {
            (void)cw_step_refuse(r, CW_STEP_GET_COLLATERAL, "the TCB info: %s", why);
            continue;
        }
        bool fits = memcmp(info.fmspc, r->pck.fmspc, sizeof info.fmspc) == 0 &&
                    memcmp(info.pceid, r->pck.pceid, sizeof info.pceid) == 0;
        fitting += fits;
        if (fits || signer == NULL) {
            cw_tcb_info_free(&r->info);
            r->info = info;
            signer = by;
        } else {
            cw_tcb_info_free(&info);
        }
    }
    if (parts->count == 0) {
        return cw_step_refuse(r, CW_STEP_GET_COLLATERAL, "the collateral has no TCB info");
    }
    if (signer == NULL) {
        return false;
    }
    if (fitting > 1) {
        return cw_step_refuse(r, "leave one of them in the collateral",
                "there are several TCB infos of this "
                "platform, and they may give different verdicts");
    }
    const struct cw_tcb_head *head = &r->info.head;
    return check_signer(r, signer) &&
           (cw_step_is_in_window(r, head->issued, head->next_update) ||
                   cw_step_refuse_window(r, "the TCB info", head->issued, head->next_update));
}

static bool find_identity(struct cw_step *r)
{
    const struct cw_dcap_parts *parts = &r->collateral->identities;
    X509 *signer = NULL;
    char why[CW_TCB_WHY_CAP] = "";
    for (size_t i = 0; i < parts->count; i++) {
        struct cw_tcb_identity identity;
        X509 *by = signer_of(r, &parts->part[i]);
        if (by == NULL) {
            (void)refuse_unsigned(r, "QE identity", &parts->part[i]);
            continue;
        }
        if (cw_tcb_identity_read(parts->part[i].bytes, parts->part[i].len, &identity, why) !=
                CW_OK) {
            (void)cw_step_refuse(r, CW_STEP_GET_COLLATERAL, "the QE identity: %s", why);
            continue;
        }
        if (signer != NULL) {
            cw_tcb_identity_free(&identity);
            return cw_step_refuse(r, "leave one of them in the collateral",
                    "there are several QE "
                    "identities, and they may give different verdicts");
        }
        r->identity = identity;
        signer = by;
    }
    if (parts->count == 0) {
        return cw_step_refuse(r, CW_STEP_GET_COLLATERAL, "the collateral has no QE identity");
    }
    const struct cw_tcb_head *head = &r->identity.head;
    return signer != NULL && check_signer(r, signer) &&
           (cw_step_is_in_window(r, head->issued, head->next_update) ||
                   cw_step_refuse_window(r, "the QE identity", head->issued, head->next_update));
}

bool cw_step_collateral(struct cw_step *r)
{
    if (!find_signers(r) || !find_info(r) || !find_identity(r)) {
        return false;
    }
    r->verdict->tcb_evaluation_number = r->info.head.evaluation_number;
    r->verdict->qe_evaluation_number = r->identity.head.evaluation_number;
    return true;
}

/* --- 8 to 11: what the collateral says of the platform ---------------------------------------- */

bool cw_step_platform(struct cw_step *r)
{
    char info[2][16];
    char pck[2][16];
    return (memcmp(r->info.fmspc, r->pck.fmspc, sizeof r->pck.fmspc) == 0 &&
                   memcmp(r->info.pceid, r->pck.pceid, sizeof r->pck.pceid) == 0) ||
           cw_step_refuse(r, "get the TCB info of this FMSPC",
                   "the TCB info is of another kind of "
                   "platform: FMSPC %s, PCEID %s; the PCK certificate says %s, %s",
                   cw_text_hex_print(r->info.fmspc, 6, info[0]),
                   cw_text_hex_print(r->info.pceid, 2, info[1]),
                   cw_text_hex_print(r->pck.fmspc, 6, pck[0]),
                   cw_text_hex_print(r->pck.pceid, 2, pck[1]));
}

static void add_advisories(struct cw_dcap_verdict *v, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        bool is_there = false;
        for (size_t k = 0; k < v->advisory_count; k++) {
            is_there = is_there || strcmp(v->advisories[k], name) == 0;
        }
        if (!is_there && v->advisory_count < CW_DCAP_ADVISORIES_MAX) {
            (void)snprintf(v->advisories[v->advisory_count++], CW_DCAP_ADVISORY_CAP, "%s", name);
        }
    }
}

bool cw_step_tcb(struct cw_step *r)
{
    struct cw_tcb_level level;
    if (!cw_tcb_info_level(&r->info, r->pck.components, r->pck.pcesvn, &level)) {
        return cw_step_refuse(r, "update the platform's microcode and PCE",
                "the platform reaches no level "
                "of the TCB info");
    }
    r->verdict->platform_status = level.status;
    r->verdict->tcb_date = level.date;
    add_advisories(r->verdict, level.advisories);
    return true;
}

static bool is_masked_equal(
        const uint8_t *found, const uint8_t *mask, const uint8_t *wanted, size_t len)
{
    uint8_t difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference |= (uint8_t)((found[i] ^ wanted[i]) & mask[i]);
    }
    return difference == 0;
}

bool cw_step_qe(struct cw_step *r)
{
    static const char who[] =
            "the quoting enclave is not the vendor's: take the quote on a machine "
            "with the vendor's quoting enclave";
    const uint8_t *report = r->quote.qe_report;
    const struct cw_tcb_identity *id = &r->identity;
    struct cw_tcb_level level;
    if (memcmp(report + SGX_REPORT_MRSIGNER, id->mrsigner, sizeof id->mrsigner) != 0) {
        return cw_step_refuse(
                r, who, "MRSIGNER of the quoting enclave is not that of the QE identity");
    }
    if (cw_sgxs_u16(report + SGX_REPORT_ISVPRODID) != id->prodid) {
        return cw_step_refuse(r, who,
                "ISVPRODID of the quoting enclave is %u; the QE identity says %u",
                (unsigned)cw_sgxs_u16(report + SGX_REPORT_ISVPRODID), (unsigned)id->prodid);
    }
    if (!is_masked_equal(report + SGX_REPORT_MISCSELECT, id->miscselect_mask, id->miscselect, 4)) {
        return cw_step_refuse(
                r, who, "MISCSELECT of the quoting enclave is not that of the QE identity");
    }
    if (!is_masked_equal(report + SGX_REPORT_ATTRIBUTES, id->attributes_mask, id->attributes, 16) ||
            (report[SGX_REPORT_ATTRIBUTES] & SGX_ATTR_DEBUG) != 0) {
        return cw_step_refuse(
                r, who, "ATTRIBUTES of the quoting enclave are not those of the QE identity");
    }
    if (!cw_tcb_identity_level(id, cw_sgxs_u16(report + SGX_REPORT_ISVSVN), &level)) {
        return cw_step_refuse(r, "update the quoting enclave",
                "ISVSVN %u of the quoting enclave reaches no "
                "level of the QE identity",
                (unsigned)cw_sgxs_u16(report + SGX_REPORT_ISVSVN));
    }
    r->verdict->qe_status = level.status;
    r->verdict->qe_tcb_date = level.date;
    add_advisories(r->verdict, level.advisories);
    return true;
}

bool cw_step_status(struct cw_step *r)
{
    struct cw_dcap_verdict *v = r->verdict;
    v->status = cw_tcb_converge(v->platform_status, v->qe_status);
    uint32_t least = v->tcb_evaluation_number < v->qe_evaluation_number ? v->tcb_evaluation_number
                                                                        : v->qe_evaluation_number;
    if (v->emulated != (v->status == CW_DCAP_EMULATED) && v->status != CW_DCAP_REVOKED) {
        v->emulated = true;
        return cw_step_refuse(r,
                "evidence of an emulated CPU has all marks, evidence of hardware none",
                "the marks of emulation do not agree: vendor id and TCB status");
    }
    return least >= r->policy->min_evaluation_number ||
           cw_step_refuse(r, "get newer collateral (update=early), or ask for less",
                   "tcbEvaluationDataNumber is %u, and the policy asks for %u or more", least,
                   r->policy->min_evaluation_number);
}
