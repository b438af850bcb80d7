/* SPDX-License-Identifier: MIT */
/*
 * The twelve steps.  Each is a function that says true, or refuse()s with reason and remedy; what
 * a step needs of those before it stands in struct run.
 */
#include "tee/sgx/owner/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/crypto/hash.h"
#include "posix/log.h"
#include "tee/sgx/owner/chain.h"
#include "tee/sgx/owner/quote.h"
#include "tee/sgx/owner/tcb.h"
#include "tee/sgx/owner/text.h"

#define QUOTE_CERTIFICATES_MAX 8u
#define SIGNERS_MAX 8u
#define NAME_CAP 80u

/* SHA-256 of the SubjectPublicKeyInfo of "Intel SGX Root CA". */
static const uint8_t intel_root[CW_DCAP_HASH_LEN] = {
    0xa0, 0xaf, 0x03, 0x12, 0x89, 0xf5, 0xd5, 0xd4, 0x13, 0x2f, 0x91, 0x86, 0x06, 0x8a, 0x7f, 0xc1,
    0x36, 0x28, 0x63, 0x3b, 0xa2, 0x35, 0x77, 0x74, 0x72, 0xe2, 0x9b, 0x6b, 0x6c, 0x67, 0xa4, 0x9e,
};

static const uint8_t vendor_emulated[SGX_QUOTE_VENDOR_LEN] = SGX_QUOTE_VENDOR_EMULATED;

static const char get_collateral[] =
        "get the collateral of the platform anew, all parts of one day (docs/sgx-attestation.md)";

struct run {
    const struct cw_dcap_collateral *collateral;
    int64_t time;
    const struct cw_dcap_policy *policy;
    struct cw_dcap_verdict *verdict;
    cw_dcap_step step;

    const uint8_t *bytes;
    size_t len;
    struct cw_dcap_quote quote;
    X509 *own[QUOTE_CERTIFICATES_MAX]; /* of the quote */
    size_t own_count;
    X509 *root; /* these are of the quote or the collateral */
    X509 *intermediate;
    X509 *leaf;
    X509 *signers[SIGNERS_MAX];
    size_t signer_count;
    struct cw_chain_pck pck;
    struct cw_tcb_info info;
    struct cw_tcb_identity identity;
};

__attribute__((format(printf, 3, 4))) static bool refuse(struct run *r, const char *remedy,
        const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(r->verdict->reason, sizeof r->verdict->reason, format, arguments);
    va_end(arguments);
    (void)snprintf(r->verdict->remedy, sizeof r->verdict->remedy, "%s", remedy);
    cw_log_clean(r->verdict->reason, "");
    r->verdict->failed = r->step;
    return false;
}

static uint16_t u16_at(const uint8_t *p)
{
    return (uint16_t)(p[0] | (unsigned)p[1] << 8);
}

static uint32_t u32_at(const uint8_t *p)
{
    return u16_at(p) | (uint32_t)u16_at(p + 2) << 16;
}

static uint64_t u64_at(const uint8_t *p)
{
    return u32_at(p) | (uint64_t)u32_at(p + 4) << 32;
}

static const char *hex_of(const uint8_t *bytes, size_t len, char *text)
{
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    return text;
}

/* Does this window hold the time?  If so, the verdict's becomes no wider than it. */
static bool is_in_window(struct run *r, int64_t from, int64_t until)
{
    if (r->time < from || r->time > until) {
        return false;
    }
    struct cw_dcap_verdict *v = r->verdict;
    v->valid_from = from > v->valid_from ? from : v->valid_from;
    v->valid_until = until < v->valid_until ? until : v->valid_until;
    return true;
}

static bool refuse_window(struct run *r, const char *what, int64_t from, int64_t until)
{
    char at[CW_TEXT_TIME_CAP];
    char from_text[CW_TEXT_TIME_CAP];
    char until_text[CW_TEXT_TIME_CAP];
    cw_text_time_print(r->time, at);
    cw_text_time_print(from, from_text);
    cw_text_time_print(until, until_text);
    return refuse(r, "verify with collateral of that time, or at a time of this collateral",
            "%s %s %s: valid from %s to %s", what, r->time < from ? "is not yet valid at"
            : "has expired at", at, from_text, until_text);
}

static bool check_window(struct run *r, X509 *certificate)
{
    char name[NAME_CAP];
    char what[NAME_CAP + 32];
    int64_t from;
    int64_t until;
    cw_chain_common_name(certificate, name, sizeof name);
    if (!cw_chain_window(certificate, &from, &until)) {
        return refuse(r, get_collateral, "certificate \"%s\" has no times", name);
    }
    (void)snprintf(what, sizeof what, "certificate \"%s\"", name);
    return is_in_window(r, from, until) || refuse_window(r, what, from, until);
}

/* --- 1: the quote ------------------------------------------------------------------------------- */

static void fill_report(const uint8_t *body, struct cw_dcap_report *ret_report)
{
    struct cw_dcap_report *p = ret_report;
    memcpy(p->cpusvn, body + SGX_REPORT_CPUSVN, sizeof p->cpusvn);
    p->miscselect = u32_at(body + SGX_REPORT_MISCSELECT);
    p->attributes = u64_at(body + SGX_REPORT_ATTRIBUTES);
    p->xfrm = u64_at(body + SGX_REPORT_ATTRIBUTES + 8);
    memcpy(p->mrenclave, body + SGX_REPORT_MRENCLAVE, sizeof p->mrenclave);
    memcpy(p->mrsigner, body + SGX_REPORT_MRSIGNER, sizeof p->mrsigner);
    memcpy(p->config_id, body + SGX_REPORT_CONFIGID, sizeof p->config_id);
    memcpy(p->family_id, body + SGX_REPORT_ISVFAMILYID, sizeof p->family_id);
    memcpy(p->ext_prodid, body + SGX_REPORT_ISVEXTPRODID, sizeof p->ext_prodid);
    p->prodid = u16_at(body + SGX_REPORT_ISVPRODID);
    p->svn = u16_at(body + SGX_REPORT_ISVSVN);
    p->config_svn = u16_at(body + SGX_REPORT_CONFIGSVN);
    memcpy(p->report_data, body + SGX_REPORT_REPORTDATA, sizeof p->report_data);
}

static bool step_quote(struct run *r)
{
    struct cw_dcap_verdict *v = r->verdict;
    char why[CW_DCAP_QUOTE_WHY_CAP];
    if (cw_dcap_quote_decode(r->bytes, r->len, &r->quote, why) != CW_OK) {
        return refuse(r, "give the bytes of one SGX quote, version 3 or 4, as the quoting enclave "
                "made them", "%s", why);
    }
    v->version = r->quote.version;
    v->cert_type = r->quote.cert_type;
    v->trailing_len = r->len - r->quote.len;
    v->emulated = memcmp(r->quote.vendor, vendor_emulated, sizeof vendor_emulated) == 0;
    fill_report(r->quote.report, &v->report);
    v->is_debug = (v->report.attributes & SGX_ATTR_DEBUG) != 0;
    if (v->emulated && !r->policy->allow_emulated) {
        return refuse(r, "for tests: \"allow_emulated\": true (--allow-emulated), with the platform's "
                "root key pinned; else run on SGX hardware",
                "emulated: this quote is made by software, not by SGX hardware, and the policy does "
                "not allow that");
    }
    return true;
}

/* --- 2: the PCK chain ----------------------------------------------------------------------------- */

/* Decoding a key is most of the work: issuers are mostly in the collateral, byte for byte. */
static X509 *decode(const struct run *r, const uint8_t *der, size_t len)
{
    const struct cw_dcap_parts *parts = &r->collateral->certificates;
    for (size_t i = 0; i < parts->count; i++) {
        if (parts->part[i].len == len && memcmp(parts->part[i].bytes, der, len) == 0) {
            return X509_up_ref(parts->part[i].certificate) == 1 ? parts->part[i].certificate : NULL;
        }
    }
    return cw_chain_certificate(der, len);
}

static bool decode_own(struct run *r)
{
    struct cw_text_pem pem = {(const char *)r->quote.cert, r->quote.cert_len, true};
    static const char broken[] = "the quote was changed on its way, or was never whole: take it anew";
    cw_text_label label;
    uint8_t *der;
    size_t len;
    cw_status status;
    while ((status = cw_text_pem_next(&pem, &label, &der, &len)) == CW_OK) {
        X509 *certificate = label == CW_TEXT_CERTIFICATE ? decode(r, der, len) : NULL;
        free(der);
        if (certificate == NULL || r->own_count == QUOTE_CERTIFICATES_MAX) {
            X509_free(certificate);
            return refuse(r, broken, "block %zu of the quote's chain is no certificate of an "
                    "SGX platform (X.509 in DER, ECDSA on P-256 with SHA-256), or one too many",
                    r->own_count + 1);
        }
        r->own[r->own_count++] = certificate;
    }
    return status == CW_E_ABSENT && r->own_count > 0 ? true
            : refuse(r, broken, "the certification data of the quote is not a chain in PEM");
}

/* Who signed it, of this role: of the quote's certificates, else of the collateral's. */
static X509 *find_issuer(struct run *r, cw_chain_role role, X509 *certificate)
{
    const struct cw_dcap_parts *pool = &r->collateral->certificates;
    for (size_t i = 0; i < r->own_count + pool->count; i++) {
        X509 *candidate = i < r->own_count ? r->own[i] : pool->part[i - r->own_count].certificate;
        if (cw_chain_role_of(candidate) == role && cw_chain_issued(candidate, certificate)) {
            return candidate;
        }
    }
    return NULL;
}

static bool is_in_chain(const struct run *r, const X509 *certificate)
{
    const X509 *chain[3] = {r->leaf, r->intermediate, r->root};
    for (size_t i = 0; i < 3; i++) {
        if (X509_cmp(chain[i], certificate) == 0) {
            return true;
        }
    }
    return false;
}

static bool find_chain(struct run *r)
{
    static const char take_anew[] = "the quote's certificates must be the PCK certificate, its "
                                    "issuer and the root: take the quote anew";
    char name[NAME_CAP];
    for (size_t i = 0; i < r->own_count; i++) {
        if (cw_chain_role_of(r->own[i]) == CW_CHAIN_LEAF) {
            if (r->leaf != NULL && X509_cmp(r->leaf, r->own[i]) != 0) {
                return refuse(r, take_anew, "two PCK certificates stand in the quote");
            }
            r->leaf = r->own[i];
        }
    }
    if (r->leaf == NULL) {
        return refuse(r, take_anew, "no PCK certificate (with the SGX extension, for signatures, no "
                "authority) stands in the quote");
    }
    r->intermediate = find_issuer(r, CW_CHAIN_INTERMEDIATE, r->leaf);
    if (r->intermediate == NULL) {
        cw_chain_common_name(r->leaf, name, sizeof name);
        return refuse(r, take_anew, "no authority that is there signed \"%s\"", name);
    }
    r->root = find_issuer(r, CW_CHAIN_ROOT, r->intermediate);
    if (r->root == NULL || !cw_chain_issued(r->root, r->root)) {
        cw_chain_common_name(r->intermediate, name, sizeof name);
        return refuse(r, take_anew, "no root that is there signed \"%s\"", name);
    }
    for (size_t i = 0; i < r->own_count; i++) {
        if (!is_in_chain(r, r->own[i])) {
            cw_chain_common_name(r->own[i], name, sizeof name);
            return refuse(r, take_anew, "certificate \"%s\" of the quote is no part of its chain",
                    name);
        }
    }
    return true;
}

static bool check_root(struct run *r)
{
    struct cw_dcap_verdict *v = r->verdict;
    const uint8_t *pinned = r->policy->root_key_hash == NULL ? intel_root
                                                             : r->policy->root_key_hash;
    char found[2 * CW_DCAP_HASH_LEN + 1];
    char wanted[2 * CW_DCAP_HASH_LEN + 1];
    uint8_t hash[CW_DCAP_HASH_LEN];
    if (!cw_chain_key_hash(r->root, hash)) {
        return refuse(r, get_collateral, "the root's key cannot be hashed");
    }
    if (memcmp(hash, pinned, sizeof hash) != 0) {
        return refuse(r, "evidence of Intel's hardware ends at Intel's root; pin another root "
                "(--root-key-hash) only if you know whose it is", "the chain ends at another root: "
                "key hash %s, %s is %s", hex_of(hash, sizeof hash, found),
                r->policy->root_key_hash == NULL ? "Intel's" : "pinned",
                hex_of(pinned, sizeof hash, wanted));
    }
    v->is_intel_root = memcmp(hash, intel_root, sizeof hash) == 0;
    memcpy(v->root_key_hash, hash, sizeof hash);
    if (v->emulated && v->is_intel_root) {
        return refuse(r, "take the quote anew", "marked as emulated, and yet under Intel's root");
    }
    if (!v->emulated && !v->is_intel_root && !r->policy->allow_foreign_root) {
        return refuse(r, "evidence that is not marked as emulated must end at Intel's root",
                "the pinned root is not Intel's, and the quote is not marked as emulated");
    }
    return true;
}

static bool step_pck(struct run *r)
{
    if (r->quote.cert_type >= 1 && r->quote.cert_type <= 3) {
        r->verdict->not_offline = true;
        return refuse(r, "let the machine fetch its PCK certificate (platform registration, PCCS) and "
                "quote again: the quote then holds the chain (type 5)",
                "not verifiable offline: the certification data (type %u) is an identifier of the "
                "platform, without the certificate chain", (unsigned)r->quote.cert_type);
    }
    if (r->quote.cert_type != SGX_QUOTE_CERT_PCK_CHAIN) {
        return refuse(r, "quote with the certificate chain (type 5)",
                "certification data of type %u is not known here", (unsigned)r->quote.cert_type);
    }
    if (!decode_own(r) || !find_chain(r) || !check_root(r) || !check_window(r, r->leaf) ||
            !check_window(r, r->intermediate) || !check_window(r, r->root)) {
        return false;
    }
    if (!cw_chain_pck_read(r->leaf, &r->pck)) {
        return refuse(r, "take the quote anew", "the SGX extension of the PCK certificate is not "
                "what it should be");
    }
    struct cw_dcap_platform *p = &r->verdict->platform;
    cw_sha256(r->pck.ppid, sizeof r->pck.ppid, p->ppid_hash);
    memcpy(p->fmspc, r->pck.fmspc, sizeof p->fmspc);
    memcpy(p->pceid, r->pck.pceid, sizeof p->pceid);
    memcpy(p->components, r->pck.components, sizeof p->components);
    memcpy(p->cpusvn, r->pck.cpusvn, sizeof p->cpusvn);
    p->pcesvn = r->pck.pcesvn;
    p->type = r->pck.type;
    cw_chain_common_name(r->intermediate, p->issuer, sizeof p->issuer);
    r->verdict->has_platform = true;
    return true;
}

/* --- 3: revocation ------------------------------------------------------------------------------- */

/*
 * All lists of one issuer that are signed and of this time; there must be one, and none of them may
 * name the certificate.
 */
static bool check_revoked(struct run *r, const char *which, X509 *issuer, X509 *certificate)
{
    char name[NAME_CAP];
    char what[NAME_CAP + 64];
    size_t named = 0;
    size_t is_signed = 0;
    size_t usable = 0;
    int64_t from = 0;
    int64_t until = 0;
    cw_chain_common_name(issuer, name, sizeof name);
    for (size_t i = 0; i < r->collateral->lists.count; i++) {
        X509_CRL *list = r->collateral->lists.part[i].list;
        if (!cw_chain_names_issuer(issuer, list)) {
            continue;
        }
        named++;
        if (!cw_chain_issued_list(issuer, list)) {
            continue;
        }
        is_signed++;
        if (!cw_chain_window_list(list, &from, &until) || !is_in_window(r, from, until)) {
            continue;
        }
        usable++;
        if (cw_chain_is_revoked(list, certificate)) {
            cw_chain_common_name(certificate, name, sizeof name);
            return refuse(r, "this platform, or who vouches for it, is no longer trusted: use "
                    "another one", "certificate \"%s\" is revoked by the %s CRL", name, which);
        }
    }
    if (named == 0) {
        return refuse(r, get_collateral, "the collateral has no %s CRL (of \"%s\")", which, name);
    }
    if (is_signed == 0) {
        return refuse(r, get_collateral, "the %s CRL is not signed by \"%s\"", which, name);
    }
    (void)snprintf(what, sizeof what, "the %s CRL", which);
    return usable > 0 || refuse_window(r, what, from, until);
}

static bool step_crl(struct run *r)
{
    return check_revoked(r, "root", r->root, r->intermediate) &&
            check_revoked(r, "PCK", r->intermediate, r->leaf);
}

/* --- 4 to 6: signatures of the quote ------------------------------------------------------------- */

static bool step_qe_report(struct run *r)
{
    return cw_chain_verify(X509_get0_pubkey(r->leaf), r->quote.qe_report, SGX_REPORT_BODY_LEN,
                   r->quote.qe_signature, CW_DCAP_SIGNATURE_LEN) ||
            refuse(r, "take the quote anew", "the report of the quoting enclave is not signed by "
                    "the PCK key of this platform");
}

static bool step_key(struct run *r)
{
    uint8_t expected[SGX_REPORTDATA_LEN] = {0};
    struct cw_sha256 hash;
    cw_sha256_init(&hash);
    cw_sha256_update(&hash, r->quote.key, CW_DCAP_KEY_LEN);
    cw_sha256_update(&hash, r->quote.auth, r->quote.auth_len);
    cw_sha256_out(&hash, expected);
    return memcmp(r->quote.qe_report + SGX_REPORT_REPORTDATA, expected, sizeof expected) == 0 ||
            refuse(r, "take the quote anew", "the quoting enclave's report does not vouch for the "
                    "attestation key and authentication data of this quote");
}

static bool step_signature(struct run *r)
{
    EVP_PKEY *key = cw_chain_point(r->quote.key);
    bool is_right = key != NULL && cw_chain_verify(key, r->quote.signed_part, SGX_QUOTE_SIGNED_LEN,
            r->quote.signature, CW_DCAP_SIGNATURE_LEN);
    EVP_PKEY_free(key);
    return is_right || refuse(r, "take the quote anew: its header or report was changed",
            "the attestation key did not sign this header and report");
}

/* --- 7: collateral --------------------------------------------------------------------------------- */

/* Certificates of the root for TCB info and QE identity that are of this time and not revoked. */
static bool find_signers(struct run *r)
{
    const struct cw_dcap_parts *pool = &r->collateral->certificates;
    X509 *refused = NULL;
    for (size_t i = 0; i < pool->count && r->signer_count < SIGNERS_MAX; i++) {
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
        return check_window(r, refused);
    }
    return r->signer_count > 0 || refuse(r, get_collateral, "the collateral has no certificate "
            "\"... SGX TCB Signing\" under this root (tcb_info_issuer_chain)");
}

/* Who signed the part; NULL: none of them. */
static X509 *signer_of(const struct run *r, const struct cw_dcap_part *part)
{
    for (size_t i = 0; i < r->signer_count; i++) {
        if (part->signature != NULL && cw_chain_verify(X509_get0_pubkey(r->signers[i]),
                part->bytes, part->len, part->signature, part->signature_len)) {
            return r->signers[i];
        }
    }
    return NULL;
}

static bool check_signer(struct run *r, X509 *signer)
{
    return check_window(r, signer) && check_revoked(r, "root", r->root, signer);
}

static bool refuse_unsigned(struct run *r, const char *what, const struct cw_dcap_part *part)
{
    return refuse(r, "give the text exactly as it was signed: not indented or written anew",
            part->signature == NULL ? "the %s has no signature"
                                    : "the signature of the %s does not verify", what);
}

/* The TCB info of this platform, of those that are signed. */
static bool find_info(struct run *r)
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
            (void)refuse(r, get_collateral, "the TCB info: %s", why);
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
        return refuse(r, get_collateral, "the collateral has no TCB info");
    }
    if (signer == NULL) {
        return false;
    }
    if (fitting > 1) {
        return refuse(r, "leave one of them in the collateral", "there are several TCB infos of this "
                "platform, and they may give different verdicts");
    }
    const struct cw_tcb_head *head = &r->info.head;
    return check_signer(r, signer) && (is_in_window(r, head->issued, head->next_update) ||
            refuse_window(r, "the TCB info", head->issued, head->next_update));
}

static bool find_identity(struct run *r)
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
            (void)refuse(r, get_collateral, "the QE identity: %s", why);
            continue;
        }
        if (signer != NULL) {
            cw_tcb_identity_free(&identity);
            return refuse(r, "leave one of them in the collateral", "there are several QE "
                    "identities, and they may give different verdicts");
        }
        r->identity = identity;
        signer = by;
    }
    if (parts->count == 0) {
        return refuse(r, get_collateral, "the collateral has no QE identity");
    }
    const struct cw_tcb_head *head = &r->identity.head;
    return signer != NULL && check_signer(r, signer) &&
            (is_in_window(r, head->issued, head->next_update) ||
            refuse_window(r, "the QE identity", head->issued, head->next_update));
}

static bool step_collateral(struct run *r)
{
    if (!find_signers(r) || !find_info(r) || !find_identity(r)) {
        return false;
    }
    r->verdict->tcb_evaluation_number = r->info.head.evaluation_number;
    r->verdict->qe_evaluation_number = r->identity.head.evaluation_number;
    return true;
}

/* --- 8 to 11: what the collateral says of the platform --------------------------------------------- */

static bool step_platform(struct run *r)
{
    char info[2][16];
    char pck[2][16];
    return (memcmp(r->info.fmspc, r->pck.fmspc, sizeof r->pck.fmspc) == 0 &&
                   memcmp(r->info.pceid, r->pck.pceid, sizeof r->pck.pceid) == 0) ||
            refuse(r, "get the TCB info of this FMSPC", "the TCB info is of another kind of "
                    "platform: FMSPC %s, PCEID %s; the PCK certificate says %s, %s",
                    hex_of(r->info.fmspc, 6, info[0]), hex_of(r->info.pceid, 2, info[1]),
                    hex_of(r->pck.fmspc, 6, pck[0]), hex_of(r->pck.pceid, 2, pck[1]));
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

static bool step_tcb(struct run *r)
{
    struct cw_tcb_level level;
    if (!cw_tcb_info_level(&r->info, r->pck.components, r->pck.pcesvn, &level)) {
        return refuse(r, "update the platform's microcode and PCE", "the platform reaches no level "
                "of the TCB info");
    }
    r->verdict->platform_status = level.status;
    r->verdict->tcb_date = level.date;
    add_advisories(r->verdict, level.advisories);
    return true;
}

static bool is_masked_equal(const uint8_t *found, const uint8_t *mask, const uint8_t *wanted,
        size_t len)
{
    uint8_t difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference |= (uint8_t)((found[i] ^ wanted[i]) & mask[i]);
    }
    return difference == 0;
}

static bool step_qe(struct run *r)
{
    static const char who[] = "the quoting enclave is not the vendor's: take the quote on a machine "
                              "with the vendor's quoting enclave";
    const uint8_t *report = r->quote.qe_report;
    const struct cw_tcb_identity *id = &r->identity;
    struct cw_tcb_level level;
    if (memcmp(report + SGX_REPORT_MRSIGNER, id->mrsigner, sizeof id->mrsigner) != 0) {
        return refuse(r, who, "MRSIGNER of the quoting enclave is not that of the QE identity");
    }
    if (u16_at(report + SGX_REPORT_ISVPRODID) != id->prodid) {
        return refuse(r, who, "ISVPRODID of the quoting enclave is %u; the QE identity says %u",
                (unsigned)u16_at(report + SGX_REPORT_ISVPRODID), (unsigned)id->prodid);
    }
    if (!is_masked_equal(report + SGX_REPORT_MISCSELECT, id->miscselect_mask, id->miscselect, 4)) {
        return refuse(r, who, "MISCSELECT of the quoting enclave is not that of the QE identity");
    }
    if (!is_masked_equal(report + SGX_REPORT_ATTRIBUTES, id->attributes_mask, id->attributes, 16) ||
            (report[SGX_REPORT_ATTRIBUTES] & SGX_ATTR_DEBUG) != 0) {
        return refuse(r, who, "ATTRIBUTES of the quoting enclave are not those of the QE identity");
    }
    if (!cw_tcb_identity_level(id, u16_at(report + SGX_REPORT_ISVSVN), &level)) {
        return refuse(r, "update the quoting enclave", "ISVSVN %u of the quoting enclave reaches no "
                "level of the QE identity", (unsigned)u16_at(report + SGX_REPORT_ISVSVN));
    }
    r->verdict->qe_status = level.status;
    r->verdict->qe_tcb_date = level.date;
    add_advisories(r->verdict, level.advisories);
    return true;
}

static bool step_status(struct run *r)
{
    struct cw_dcap_verdict *v = r->verdict;
    v->status = cw_tcb_converge(v->platform_status, v->qe_status);
    uint32_t least = v->tcb_evaluation_number < v->qe_evaluation_number ? v->tcb_evaluation_number
                                                                        : v->qe_evaluation_number;
    if (v->emulated != (v->status == CW_DCAP_EMULATED) && v->status != CW_DCAP_REVOKED) {
        v->emulated = true;
        return refuse(r, "evidence of an emulated CPU has all marks, evidence of hardware none",
                "the marks of emulation do not agree: vendor id and TCB status");
    }
    return least >= r->policy->min_evaluation_number ||
            refuse(r, "get newer collateral (update=early), or ask for less",
                    "tcbEvaluationDataNumber is %u, and the policy asks for %u or more", least,
                    r->policy->min_evaluation_number);
}

/* --- 12: what the owner asks for ------------------------------------------------------------------- */

static bool check_hash(struct run *r, const char *name, const uint8_t *found, const uint8_t *wanted)
{
    char text[2][2 * SGX_HASH_LEN + 1];
    return wanted == NULL || memcmp(found, wanted, SGX_HASH_LEN) == 0 ||
            refuse(r, "this is another enclave than the one expected: deploy that one, or correct what "
                    "is expected", "%s is %s; expected is %s", name,
                    hex_of(found, SGX_HASH_LEN, text[0]), hex_of(wanted, SGX_HASH_LEN, text[1]));
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

static bool check_status(struct run *r)
{
    const struct cw_dcap_verdict *v = r->verdict;
    bool is_allowed = v->status == CW_DCAP_UP_TO_DATE ||
            (v->status == CW_DCAP_EMULATED && r->policy->allow_emulated) ||
            (v->status < CW_DCAP_REVOKED &&
                    (r->policy->allowed_statuses & CW_DCAP_STATUS_BIT(v->status)) != 0);
    if (!is_allowed) {
        return refuse(r, status_remedy(v->status), "the TCB status is %s, which the policy does not "
                "allow", cw_dcap_status_name(v->status));
    }
    const char *const *refused = r->policy->refused_advisories;
    for (; refused != NULL && *refused != NULL; refused++) {
        for (size_t i = 0; i < v->advisory_count; i++) {
            if (strcmp(v->advisories[i], *refused) == 0) {
                return refuse(r, "update the platform as that advisory says, then quote again",
                        "the platform is subject to %s, which the policy refuses", *refused);
            }
        }
    }
    return true;
}

static bool step_policy(struct run *r)
{
    const struct cw_dcap_policy *p = r->policy;
    const struct cw_dcap_report *report = &r->verdict->report;
    if (r->verdict->is_debug && !p->allow_debug) {
        return refuse(r, "build and sign the enclave for production; for tests: --allow-debug",
                "a DEBUG enclave: its host reads and writes its memory");
    }
    if (!check_hash(r, "MRENCLAVE", report->mrenclave, p->mrenclave) ||
            !check_hash(r, "MRSIGNER", report->mrsigner, p->mrsigner) ||
            !check_hash(r, "the hash of the platform's PPID", r->verdict->platform.ppid_hash,
                    p->ppid_hash)) {
        return false;
    }
    if (p->has_prodid && report->prodid != p->prodid) {
        return refuse(r, "this is another product of that signer", "ISVPRODID is %u; expected is %u",
                (unsigned)report->prodid, (unsigned)p->prodid);
    }
    if (report->svn < p->min_svn) {
        return refuse(r, "deploy the newer version", "ISVSVN is %u; expected is %u or more",
                (unsigned)report->svn, (unsigned)p->min_svn);
    }
    if (p->report_data != NULL &&
            memcmp(report->report_data, p->report_data, SGX_REPORTDATA_LEN) != 0) {
        return refuse(r, "ask for a quote with the report data of this session", "REPORTDATA is not "
                "what is expected: the quote is of another session, or an old one");
    }
    if (p->xfrm_allowed != 0 && (report->xfrm & ~p->xfrm_allowed) != 0) {
        return refuse(r, "allow these bits, or build the enclave without", "XFRM is 0x%llx; allowed "
                "are 0x%llx", (unsigned long long)report->xfrm,
                (unsigned long long)p->xfrm_allowed);
    }
    return check_status(r);
}

/* --- all --------------------------------------------------------------------------------------------- */

static void free_run(struct run *r)
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
    static bool (*const steps[CW_DCAP_STEP_COUNT])(struct run *) = {
        [CW_DCAP_STEP_QUOTE] = step_quote,
        [CW_DCAP_STEP_PCK] = step_pck,
        [CW_DCAP_STEP_CRL] = step_crl,
        [CW_DCAP_STEP_QE_REPORT] = step_qe_report,
        [CW_DCAP_STEP_KEY] = step_key,
        [CW_DCAP_STEP_SIGNATURE] = step_signature,
        [CW_DCAP_STEP_COLLATERAL] = step_collateral,
        [CW_DCAP_STEP_PLATFORM] = step_platform,
        [CW_DCAP_STEP_TCB] = step_tcb,
        [CW_DCAP_STEP_QE] = step_qe,
        [CW_DCAP_STEP_STATUS] = step_status,
        [CW_DCAP_STEP_POLICY] = step_policy,
    };
    struct cw_dcap_verdict *v = ret_verdict;
    *v = (struct cw_dcap_verdict){.status = CW_DCAP_UNKNOWN, .platform_status = CW_DCAP_UNKNOWN,
        .qe_status = CW_DCAP_UNKNOWN, .valid_from = INT64_MIN, .valid_until = INT64_MAX};
    struct run r = {.collateral = collateral, .time = time, .policy = policy, .verdict = v,
        .bytes = quote, .len = quote_len};
    bool is_well = true;
    for (r.step = CW_DCAP_STEP_QUOTE; r.step < CW_DCAP_STEP_COUNT && is_well; r.step++) {
        is_well = steps[r.step](&r);
    }
    free_run(&r);
    v->genuine = is_well || v->failed == CW_DCAP_STEP_POLICY;
    v->accepted = is_well;
    v->is_protected = v->accepted && v->is_intel_root && !v->emulated && !v->is_debug;
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
        "revocation", "qe report", "attestation key", "quote signature", "collateral", "platform",
        "tcb level", "qe identity", "status", "policy"};
    return step < CW_DCAP_STEP_COUNT ? names[step] : names[0];
}

void cw_dcap_verdict_line(const struct cw_dcap_verdict *v, char *ret_text, size_t cap)
{
    const char *what = v->emulated ? "emulated, no protected hardware"
            : !v->is_intel_root ? "under a root of the owner's, not Intel's"
                                : "SGX hardware";
    if (v->accepted) {
        (void)snprintf(ret_text, cap, "sgx: genuine quote (%s), TCB status %s%s", what,
                cw_dcap_status_name(v->status), v->is_debug ? ", DEBUG" : "");
    } else {
        (void)snprintf(ret_text, cap, "sgx: refused in step %u (%s): %s", (unsigned)v->failed,
                cw_dcap_step_name(v->failed), v->reason);
    }
}
