/* SPDX-License-Identifier: MIT */
/* Steps 2 and 3: from the PCK certificate to the root, and what was revoked. */
#include <stdlib.h>
#include <string.h>

#include "core/crypto/hash.h"
#include "tee/sgx/owner/steps.h"
#include "tee/sgx/owner/text.h"

/* SHA-256 of the SubjectPublicKeyInfo of "Intel SGX Root CA". */
static const uint8_t intel_root[CW_DCAP_HASH_LEN] = {
    0xa0, 0xaf, 0x03, 0x12, 0x89, 0xf5, 0xd5, 0xd4, 0x13, 0x2f, 0x91, 0x86, 0x06, 0x8a, 0x7f, 0xc1,
    0x36, 0x28, 0x63, 0x3b, 0xa2, 0x35, 0x77, 0x74, 0x72, 0xe2, 0x9b, 0x6b, 0x6c, 0x67, 0xa4, 0x9e,
};

/* Decoding a key is most of the work: issuers are mostly in the collateral, byte for byte. */
static X509 *decode(const struct cw_step *r, const uint8_t *der, size_t len)
{
    const struct cw_dcap_parts *parts = &r->collateral->certificates;
    for (size_t i = 0; i < parts->count; i++) {
        if (parts->part[i].len == len && memcmp(parts->part[i].bytes, der, len) == 0) {
            return X509_up_ref(parts->part[i].certificate) == 1 ? parts->part[i].certificate : NULL;
        }
    }
    return cw_chain_certificate(der, len);
}

static bool decode_own(struct cw_step *r)
{
    struct cw_text_pem pem = {(const char *)r->quote.cert, r->quote.cert_len, true};
    static const char broken[] =
            "the quote was changed on its way, or was never whole: take it anew";
    cw_text_label label;
    uint8_t *der;
    size_t len;
    cw_status status;
    while ((status = cw_text_pem_next(&pem, &label, &der, &len)) == CW_OK) {
        X509 *certificate = label == CW_TEXT_CERTIFICATE ? decode(r, der, len) : NULL;
        free(der);
        if (certificate == NULL || r->own_count == CW_STEP_OWN_MAX) {
            X509_free(certificate);
            return cw_step_refuse(r, broken,
                    "block %zu of the quote's chain is no certificate of an "
                    "SGX platform (X.509 in DER, ECDSA on P-256 with SHA-256), or one too many",
                    r->own_count + 1);
        }
        r->own[r->own_count++] = certificate;
    }
    return status == CW_E_ABSENT && r->own_count > 0
                   ? true
                   : cw_step_refuse(r, broken,
                             "the certification data of the quote is not a chain in PEM");
}

/* Who signed it, of this role: of the quote's certificates, else of the collateral's. */
static X509 *find_issuer(struct cw_step *r, cw_chain_role role, X509 *certificate)
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

static bool is_in_chain(const struct cw_step *r, const X509 *certificate)
{
    const X509 *chain[3] = {r->leaf, r->intermediate, r->root};
    for (size_t i = 0; i < 3; i++) {
        if (X509_cmp(chain[i], certificate) == 0) {
            return true;
        }
    }
    return false;
}

static bool find_chain(struct cw_step *r)
{
    static const char take_anew[] = "the quote's certificates must be the PCK certificate, its "
                                    "issuer and the root: take the quote anew";
    char name[CW_STEP_NAME_CAP];
    for (size_t i = 0; i < r->own_count; i++) {
        if (cw_chain_role_of(r->own[i]) == CW_CHAIN_LEAF) {
            if (r->leaf != NULL && X509_cmp(r->leaf, r->own[i]) != 0) {
                return cw_step_refuse(r, take_anew, "two PCK certificates stand in the quote");
            }
            r->leaf = r->own[i];
        }
    }
    if (r->leaf == NULL) {
        return cw_step_refuse(r, take_anew,
                "no PCK certificate (with the SGX extension, for signatures, no "
                "authority) stands in the quote");
    }
    r->intermediate = find_issuer(r, CW_CHAIN_INTERMEDIATE, r->leaf);
    if (r->intermediate == NULL) {
        cw_chain_common_name(r->leaf, name, sizeof name);
        return cw_step_refuse(r, take_anew, "no authority that is there signed \"%s\"", name);
    }
    r->root = find_issuer(r, CW_CHAIN_ROOT, r->intermediate);
    if (r->root == NULL || !cw_chain_issued(r->root, r->root)) {
        cw_chain_common_name(r->intermediate, name, sizeof name);
        return cw_step_refuse(r, take_anew, "no root that is there signed \"%s\"", name);
    }
    for (size_t i = 0; i < r->own_count; i++) {
        if (!is_in_chain(r, r->own[i])) {
            cw_chain_common_name(r->own[i], name, sizeof name);
            return cw_step_refuse(
                    r, take_anew, "certificate \"%s\" of the quote is no part of its chain", name);
        }
    }
    return true;
}

static bool check_root(struct cw_step *r)
{
    struct cw_dcap_verdict *v = r->verdict;
    const uint8_t *pinned =
            r->policy->root_key_hash == NULL ? intel_root : r->policy->root_key_hash;
    char found[2 * CW_DCAP_HASH_LEN + 1];
    char wanted[2 * CW_DCAP_HASH_LEN + 1];
    uint8_t hash[CW_DCAP_HASH_LEN];
    if (!cw_chain_key_hash(r->root, hash)) {
        return cw_step_refuse(r, CW_STEP_GET_COLLATERAL, "the root's key cannot be hashed");
    }
    if (memcmp(hash, pinned, sizeof hash) != 0) {
        return cw_step_refuse(r,
                "evidence of Intel's hardware ends at Intel's root; pin another root "
                "(--root-key-hash) only if you know whose it is",
                "the chain ends at another root: "
                "key hash %s, %s is %s",
                cw_text_hex_print(hash, sizeof hash, found),
                r->policy->root_key_hash == NULL ? "Intel's" : "pinned",
                cw_text_hex_print(pinned, sizeof hash, wanted));
    }
    v->is_intel_root = memcmp(hash, intel_root, sizeof hash) == 0;
    memcpy(v->root_key_hash, hash, sizeof hash);
    if (v->emulated && v->is_intel_root) {
        return cw_step_refuse(
                r, "take the quote anew", "marked as emulated, and yet under Intel's root");
    }
    if (!v->emulated && !v->is_intel_root && !r->policy->allow_foreign_root) {
        return cw_step_refuse(r, "evidence that is not marked as emulated must end at Intel's root",
                "the pinned root is not Intel's, and the quote is not marked as emulated");
    }
    return true;
}

bool cw_step_pck(struct cw_step *r)
{
    if (r->quote.cert_type >= 1 && r->quote.cert_type <= 3) {
        r->verdict->not_offline = true;
        return cw_step_refuse(r,
                "let the machine fetch its PCK certificate (platform registration, PCCS) and "
                "quote again: the quote then holds the chain (type 5)",
                "not verifiable offline: the certification data (type %u) is an identifier of the "
                "platform, without the certificate chain",
                (unsigned)r->quote.cert_type);
    }
    if (r->quote.cert_type != SGX_QUOTE_CERT_PCK_CHAIN) {
        return cw_step_refuse(r, "quote with the certificate chain (type 5)",
                "certification data of type %u is not known here", (unsigned)r->quote.cert_type);
    }
    if (!decode_own(r) || !find_chain(r) || !check_root(r) || !cw_step_check_window(r, r->leaf) ||
            !cw_step_check_window(r, r->intermediate) || !cw_step_check_window(r, r->root)) {
        return false;
    }
    if (!cw_chain_pck_read(r->leaf, &r->pck)) {
        return cw_step_refuse(r, "take the quote anew",
                "the SGX extension of the PCK certificate is not "
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

bool cw_step_crl(struct cw_step *r)
{
    return cw_step_check_revoked(r, "root", r->root, r->intermediate) &&
           cw_step_check_revoked(r, "PCK", r->intermediate, r->leaf);
}
