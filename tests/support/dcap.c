/* SPDX-License-Identifier: MIT */
#include "tests/support/dcap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "tests/support/dcap_der.h"

#define DAY 86400
#define YEAR (365 * DAY)

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* --- keys ------------------------------------------------------------------------------------- */

enum { ROOT, INTERMEDIATE, LEAF, SIGNER, ATTESTATION, STRANGER, ODD_CURVE, KEY_COUNT };

static EVP_PKEY *key_of(unsigned who)
{
    static EVP_PKEY *keys[KEY_COUNT];
    if (keys[who] == NULL) {
        keys[who] = EVP_EC_gen(who == ODD_CURVE ? "P-384" : "P-256");
        must(keys[who] != NULL);
    }
    return keys[who];
}

static void point_of(EVP_PKEY *key, uint8_t ret_point[static 64])
{
    unsigned char *encoded = NULL;
    size_t len = EVP_PKEY_get1_encoded_public_key(key, &encoded);
    must(len == 65 && encoded[0] == POINT_CONVERSION_UNCOMPRESSED);
    memcpy(ret_point, encoded + 1, 64);
    OPENSSL_free(encoded);
}

/* r and s. */
static void sign_raw(EVP_PKEY *key, const void *bytes, size_t len, uint8_t ret_signature[static 64])
{
    uint8_t der[80];
    size_t der_len = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
            EVP_DigestSign(context, der, &der_len, bytes, len) == 1);
    const unsigned char *next = der;
    ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &next, (long)der_len);
    must(parts != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(parts), ret_signature, 32) == 32 &&
            BN_bn2binpad(ECDSA_SIG_get0_s(parts), ret_signature + 32, 32) == 32);
    ECDSA_SIG_free(parts);
    EVP_MD_CTX_free(context);
}

/* --- the platform: PCK extension -------------------------------------------------------------- */

static const uint8_t fmspc[6] = {0x00, 0x90, 0x6e, 0xd5, 0x00, 0x00};
static const uint8_t pceid[2] = {0x00, 0x01};
static const uint8_t components[16] = {11, 11, 2, 2, 255, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0};
#define PCESVN 13

static size_t extension_make(uint8_t *ret_bytes, bool is_short)
{
    static const uint8_t prefix[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
    uint8_t ppid[16];
    uint8_t cpusvn[16];
    struct dcap_der tcb = {0};
    struct dcap_der all = {0};
    memset(ppid, 0x5a, sizeof ppid);
    memcpy(cpusvn, components, sizeof cpusvn);
    for (unsigned i = 1; i <= 18; i++) {
        struct dcap_der pair = {0};
        uint8_t oid[sizeof prefix + 2];
        memcpy(oid, prefix, sizeof prefix);
        oid[sizeof prefix] = 2;
        oid[sizeof prefix + 1] = (uint8_t)i;
        dcap_der_put(&pair, 0x06, oid, sizeof oid);
        if (i == 18) {
            dcap_der_put(&pair, 0x04, cpusvn, sizeof cpusvn);
        } else {
            dcap_der_number(&pair, 0x02, i == 17 ? PCESVN : components[i - 1]);
        }
        dcap_der_put(&tcb, 0x30, pair.bytes, pair.len);
    }
    for (unsigned i = 1; i <= (is_short ? 4u : 5u); i++) {
        struct dcap_der pair = {0};
        uint8_t oid[sizeof prefix + 1];
        memcpy(oid, prefix, sizeof prefix);
        oid[sizeof prefix] = (uint8_t)i;
        dcap_der_put(&pair, 0x06, oid, sizeof oid);
        switch (i) {
        case 1: dcap_der_put(&pair, 0x04, ppid, sizeof ppid); break;
        case 2: dcap_der_put(&pair, 0x30, tcb.bytes, tcb.len); break;
        case 3: dcap_der_put(&pair, 0x04, pceid, sizeof pceid); break;
        case 4: dcap_der_put(&pair, 0x04, fmspc, sizeof fmspc); break;
        default: dcap_der_number(&pair, 0x0a, 1); break;
        }
        dcap_der_put(&all, 0x30, pair.bytes, pair.len);
    }
    struct dcap_der whole = {0};
    dcap_der_put(&whole, 0x30, all.bytes, all.len);
    memcpy(ret_bytes, whole.bytes, whole.len);
    return whole.len;
}

/* --- certificates ----------------------------------------------------------------------------- */

struct subject {
    const char *name;
    const char *issuer;
    unsigned key;
    unsigned by;
    int64_t from; /* from now */
    int64_t until;
    bool is_authority;
    const char *usage; /* NULL: none */
    long serial;
    bool has_extension;
    bool is_extension_short;
    bool has_critical;
};

static void set_name(X509_NAME *name, const char *common)
{
    must(X509_NAME_add_entry_by_txt(
                 name, "CN", MBSTRING_ASC, (const unsigned char *)common, -1, -1, 0) == 1 &&
            X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
                    (const unsigned char *)"Test Silicon", -1, -1, 0) == 1);
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    must(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void add_raw_extension(X509 *certificate, const char *oid, bool is_critical,
        const uint8_t *bytes, size_t len)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    must(object != NULL && value != NULL && ASN1_OCTET_STRING_set(value, bytes, (int)len) == 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, is_critical, value);
    must(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(object);
}

static X509 *certificate_make(const struct subject *s, int64_t now)
{
    X509 *c = X509_new();
    must(c != NULL && X509_set_version(c, X509_VERSION_3) == 1 &&
            ASN1_INTEGER_set(X509_get_serialNumber(c), s->serial) == 1);
    set_name(X509_get_subject_name(c), s->name);
    set_name(X509_get_issuer_name(c), s->issuer);
    must(ASN1_TIME_set(X509_getm_notBefore(c), (time_t)(now + s->from)) != NULL &&
            ASN1_TIME_set(X509_getm_notAfter(c), (time_t)(now + s->until)) != NULL &&
            X509_set_pubkey(c, key_of(s->key)) == 1);
    add_extension(
            c, NID_basic_constraints, s->is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (s->usage != NULL) {
        add_extension(c, NID_key_usage, s->usage);
    }
    if (s->has_extension) {
        uint8_t bytes[1024];
        size_t len = extension_make(bytes, s->is_extension_short);
        add_raw_extension(c, "1.2.840.113741.1.13.1", false, bytes, len);
    }
    if (s->has_critical) {
        add_raw_extension(c, "1.2.3.4.5", true, (const uint8_t *)"\x05\x00", 2);
    }
    must(X509_sign(c, key_of(s->by), EVP_sha256()) > 0);
    return c;
}

#define ROOT_NAME "Test SGX Root CA"
#define INTERMEDIATE_NAME "Test SGX PCK Platform CA"
#define SIGNER_NAME "Test SGX TCB Signing"
#define AUTHORITY_USAGE "critical,keyCertSign,cRLSign"
#define LEAF_USAGE "critical,digitalSignature,nonRepudiation"

struct chain {
    X509 *root;
    X509 *intermediate;
    X509 *leaf;
    X509 *signer;
};

static struct chain chain_make(const struct dcap_recipe *r)
{
    dcap_flaw flaw = r->flaw;
    struct subject root = {ROOT_NAME, ROOT_NAME, ROOT, ROOT, -3 * YEAR,
            flaw == DCAP_ROOT_EXPIRED ? -DAY : 20 * YEAR, true, AUTHORITY_USAGE, 1, false, false,
            false};
    struct subject intermediate = {INTERMEDIATE_NAME, ROOT_NAME, INTERMEDIATE,
        flaw == DCAP_INTERMEDIATE_BY_ANOTHER_KEY ? STRANGER : ROOT, -2 * YEAR,
        flaw == DCAP_INTERMEDIATE_EXPIRED ? -DAY : 10 * YEAR,
        flaw != DCAP_INTERMEDIATE_NO_AUTHORITY,
        flaw == DCAP_INTERMEDIATE_NO_AUTHORITY ? LEAF_USAGE : AUTHORITY_USAGE, 2, false, false,
        false};
    struct subject leaf = {"Test SGX PCK Certificate", INTERMEDIATE_NAME,
        flaw == DCAP_LEAF_ON_ANOTHER_CURVE ? ODD_CURVE : LEAF,
        flaw == DCAP_LEAF_BY_ANOTHER_KEY ? STRANGER : INTERMEDIATE,
        flaw == DCAP_LEAF_NOT_YET ? DAY : -YEAR, flaw == DCAP_LEAF_EXPIRED ? -DAY : 5 * YEAR,
        flaw == DCAP_LEAF_IS_AUTHORITY,
        flaw == DCAP_LEAF_WITHOUT_USAGE ? NULL
                : flaw == DCAP_LEAF_IS_AUTHORITY ? AUTHORITY_USAGE : LEAF_USAGE,
        3, flaw != DCAP_LEAF_WITHOUT_EXTENSION, flaw == DCAP_LEAF_EXTENSION_SHORT,
        flaw == DCAP_LEAF_HAS_CRITICAL_EXTENSION};
    bool by_intermediate = flaw == DCAP_SIGNER_BY_INTERMEDIATE;
    struct subject signer = {
            flaw == DCAP_SIGNER_NAMED_OTHERWISE ? "Test SGX Something" : SIGNER_NAME,
            by_intermediate ? INTERMEDIATE_NAME : ROOT_NAME, SIGNER,
            flaw == DCAP_SIGNER_BY_ANOTHER_KEY ? STRANGER
            : by_intermediate                  ? INTERMEDIATE
                                               : ROOT,
            -YEAR, flaw == DCAP_SIGNER_EXPIRED ? -DAY : 5 * YEAR, false, LEAF_USAGE, 4, false,
            false, false};
    return (struct chain){certificate_make(&root, r->now), certificate_make(&intermediate, r->now),
        certificate_make(&leaf, r->now), certificate_make(&signer, r->now)};
}

static X509_CRL *list_make(
        const char *issuer, unsigned by, int64_t from, int64_t until, long revoked)
{
    X509_CRL *list = X509_CRL_new();
    X509_NAME *name = X509_NAME_new();
    must(list != NULL && name != NULL);
    set_name(name, issuer);
    ASN1_TIME *this_update = ASN1_TIME_set(NULL, (time_t)from);
    ASN1_TIME *next_update = ASN1_TIME_set(NULL, (time_t)until);
    must(X509_CRL_set_version(list, X509_CRL_VERSION_2) == 1 &&
            X509_CRL_set_issuer_name(list, name) == 1 &&
            X509_CRL_set1_lastUpdate(list, this_update) == 1 &&
            X509_CRL_set1_nextUpdate(list, next_update) == 1);
    /* A stranger's serial number always, so that a list is never empty. */
    const long serials[2] = {0x77, revoked};
    for (size_t i = 0; i < (revoked != 0 ? 2u : 1u); i++) {
        X509_REVOKED *entry = X509_REVOKED_new();
        ASN1_INTEGER *serial = ASN1_INTEGER_new();
        must(entry != NULL && serial != NULL && ASN1_INTEGER_set(serial, serials[i]) == 1 &&
                X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
                X509_REVOKED_set_revocationDate(entry, this_update) == 1 &&
                X509_CRL_add0_revoked(list, entry) == 1);
        ASN1_INTEGER_free(serial);
    }
    must(X509_CRL_sort(list) == 1 && X509_CRL_sign(list, key_of(by), EVP_sha256()) > 0);
    ASN1_TIME_free(this_update);
    ASN1_TIME_free(next_update);
    X509_NAME_free(name);
    return list;
}

static uint8_t *list_der(X509_CRL *list, size_t *ret_len)
{
    unsigned char *encoded = NULL;
    int len = i2d_X509_CRL(list, &encoded);
    must(len > 0);
    uint8_t *bytes = malloc((size_t)len);
    must(bytes != NULL);
    memcpy(bytes, encoded, (size_t)len);
    OPENSSL_free(encoded);
    X509_CRL_free(list);
    *ret_len = (size_t)len;
    return bytes;
}

static void lists_make(const struct dcap_recipe *r, struct dcap_made *made)
{
    int64_t from = r->now + DCAP_WINDOW_BEGIN;
    int64_t until = r->now + DCAP_WINDOW_END;
    dcap_flaw flaw = r->flaw;
    if (flaw != DCAP_ROOT_LIST_MISSING) {
        long revoked = flaw == DCAP_ROOT_LIST_NAMES_INTERMEDIATE ? 2
                : flaw == DCAP_ROOT_LIST_NAMES_SIGNER ? 4 : 0;
        made->root_list = list_der(list_make(ROOT_NAME,
                flaw == DCAP_ROOT_LIST_BY_ANOTHER_KEY ? STRANGER : ROOT, from,
                flaw == DCAP_ROOT_LIST_EXPIRED ? r->now - 1 : until, revoked),
                &made->root_list_len);
    }
    if (flaw != DCAP_PCK_LIST_MISSING) {
        made->pck_list = list_der(list_make(INTERMEDIATE_NAME,
                flaw == DCAP_PCK_LIST_BY_ANOTHER_KEY ? STRANGER : INTERMEDIATE,
                flaw == DCAP_PCK_LIST_NOT_YET ? r->now + 1 : from,
                flaw == DCAP_PCK_LIST_EXPIRED ? r->now - 1 : until,
                flaw == DCAP_PCK_LIST_NAMES_LEAF ? 3 : 0), &made->pck_list_len);
    }
}

static char *pem_of(X509 *const *certificates, size_t count)
{
    BIO *memory = BIO_new(BIO_s_mem());
    must(memory != NULL);
    for (size_t i = 0; i < count; i++) {
        must(PEM_write_bio_X509(memory, certificates[i]) == 1);
    }
    char *text;
    long len = BIO_get_mem_data(memory, &text);
    char *copy = strndup(text, (size_t)len);
    must(copy != NULL);
    BIO_free(memory);
    return copy;
}

/* --- signed JSON ------------------------------------------------------------------------------ */

__attribute__((format(printf, 1, 2))) static char *format(const char *pattern, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, pattern);
    must(vasprintf(&text, pattern, arguments) >= 0);
    va_end(arguments);
    return text;
}

static char *hex_text(const uint8_t *bytes, size_t len)
{
    char *text = malloc(2 * len + 1);
    must(text != NULL);
    text[0] = '\0';
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(text + 2 * i, 3, "%02X", bytes[i]);
    }
    return text;
}

static void time_text(int64_t time, char ret_text[static 32])
{
    time_t seconds = (time_t)time;
    struct tm parts;
    must(gmtime_r(&seconds, &parts) != NULL &&
            strftime(ret_text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0);
}

/* One level: all components one more than the platform's (never reached), equal, or one less. */
static char *level_make(unsigned version, int step, const char *status, const char *advisories)
{
    char *list = format("%s", version == 3 ? "\"sgxtcbcomponents\":[" : "");
    for (unsigned i = 0; i < 16; i++) {
        int value = components[i] + (i == 0 ? step : 0);
        char *more = version == 3 ? format("%s%s{\"svn\":%d}", list, i == 0 ? "" : ",", value)
                                  : format("%s\"sgxtcbcomp%02usvn\":%d,", list, i + 1, value);
        free(list);
        list = more;
    }
    char *level = format("{\"tcb\":{%s%s\"pcesvn\":%d},\"tcbDate\":\"2024-03-13T00:00:00Z\","
            "\"tcbStatus\":\"%s\"%s}", list, version == 3 ? "]," : "", PCESVN, status, advisories);
    free(list);
    return level;
}

static char *tcb_info_make(const struct dcap_recipe *r)
{
    char issued[32];
    char next[32];
    dcap_flaw flaw = r->flaw;
    time_text(flaw == DCAP_TCB_INFO_NOT_YET ? r->now + 1 : r->now + DCAP_WINDOW_BEGIN, issued);
    time_text(flaw == DCAP_TCB_INFO_EXPIRED ? r->now - 1 : r->now + DCAP_WINDOW_END, next);
    char *first = level_make(r->tcb_version, 1, "UpToDate", "");
    char *second = level_make(r->tcb_version, flaw == DCAP_TCB_INFO_UNREACHED ? 2 : 0,
            flaw == DCAP_TCB_INFO_STATUS_UNKNOWN ? "Splendid" : r->tcb_status,
            ",\"advisoryIDs\":[\"TEST-SA-00001\",\"TEST-SA-00002\"]");
    char *third =
            level_make(r->tcb_version, flaw == DCAP_TCB_INFO_UNREACHED ? 3 : -1, "Revoked", "");
    char *id = format("%s", r->tcb_version == 2 ? ""
            : flaw == DCAP_TCB_INFO_OF_TDX ? "\"id\":\"TDX\"," : "\"id\":\"SGX\",");
    char *text = format("{%s\"version\":%u,\"issueDate\":\"%s\",\"nextUpdate\":\"%s\","
            "\"fmspc\":\"%s\",\"pceId\":\"%s\",\"tcbType\":0,\"tcbEvaluationDataNumber\":%u,"
            "\"tcbLevels\":[%s,%s,%s]}", id, r->tcb_version, issued, next,
            flaw == DCAP_TCB_INFO_OF_ANOTHER_PLATFORM ? "00906ED50001" : "00906Ed50000",
            flaw == DCAP_TCB_INFO_OF_ANOTHER_PCE ? "0000" : "0001", r->evaluation_number, first,
            second, third);
    free(first);
    free(second);
    free(third);
    free(id);
    return text;
}

static const uint8_t qe_signer[SGX_HASH_LEN] = {0x8c, 0x4f, 0x57, 0x75, 0xd7, 0x96};
#define QE_PRODID 1
#define QE_SVN 8

static char *qe_identity_make(const struct dcap_recipe *r)
{
    char issued[32];
    char next[32];
    dcap_flaw flaw = r->flaw;
    time_text(r->now + DCAP_WINDOW_BEGIN, issued);
    time_text(flaw == DCAP_QE_IDENTITY_EXPIRED ? r->now - 1 : r->now + DCAP_WINDOW_END, next);
    char *signer = hex_text(qe_signer, sizeof qe_signer);
    char *text = format("{\"id\":\"%s\",\"version\":2,\"issueDate\":\"%s\",\"nextUpdate\":\"%s\","
            "\"tcbEvaluationDataNumber\":%u,\"miscselect\":\"00000000\","
            "\"miscselectMask\":\"FFFFFFFF\",\"attributes\":\"11000000000000000000000000000000\","
            "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\",\"mrsigner\":\"%s\","
            "\"isvprodid\":%d,\"tcbLevels\":[{\"tcb\":{\"isvsvn\":%d},"
            "\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"%s\"},{\"tcb\":{\"isvsvn\":5},"
            "\"tcbDate\":\"2021-11-10T00:00:00Z\",\"tcbStatus\":\"OutOfDate\","
            "\"advisoryIDs\":[\"TEST-SA-00002\",\"TEST-SA-00003\"]}]}",
            flaw == DCAP_QE_IDENTITY_OF_ANOTHER_ENCLAVE ? "QVE" : "QE", issued, next,
            r->evaluation_number, signer, QE_PRODID, QE_SVN, r->qe_status);
    free(signer);
    return text;
}

/* {"tcbInfo": ..., "signature": ...}; ret_signature: the latter alone. */
static char *wrap(const char *name, const char *inner, unsigned by, char **ret_signature)
{
    uint8_t signature[64];
    sign_raw(key_of(by), inner, strlen(inner), signature);
    *ret_signature = hex_text(signature, sizeof signature);
    return format("{\"%s\":%s,\"signature\":\"%s\"}\n", name, inner, *ret_signature);
}

static void put(json_t *object, const char *name, json_t *value)
{
    must(value != NULL && json_object_set_new(object, name, value) == 0);
}

static void put_list(json_t *object, const char *name, const uint8_t *bytes, size_t len)
{
    if (bytes != NULL) {
        char *text = hex_text(bytes, len);
        put(object, name, json_string(text));
        free(text);
    }
}

static void collateral_make(const struct dcap_recipe *r, struct dcap_made *made)
{
    char *info = tcb_info_make(r);
    char *identity = qe_identity_make(r);
    char *info_signature;
    char *identity_signature;
    made->tcb_info = wrap("tcbInfo", info,
            r->flaw == DCAP_TCB_INFO_BY_ANOTHER_KEY ? STRANGER : SIGNER, &info_signature);
    made->qe_identity = wrap("enclaveIdentity", identity,
            r->flaw == DCAP_QE_IDENTITY_BY_ANOTHER_KEY ? STRANGER : SIGNER, &identity_signature);
    json_t *object = json_object();
    put(object, "pck_crl_issuer_chain", json_string(made->pck_chain));
    put_list(object, "root_ca_crl", made->root_list, made->root_list_len);
    put_list(object, "pck_crl", made->pck_list, made->pck_list_len);
    if (r->flaw != DCAP_SIGNER_MISSING) {
        put(object, "tcb_info_issuer_chain", json_string(made->signer_chain));
        put(object, "qe_identity_issuer_chain", json_string(made->signer_chain));
    }
    if (r->flaw != DCAP_TCB_INFO_MISSING) {
        put(object, "tcb_info", json_string(info));
    }
    if (r->flaw != DCAP_TCB_INFO_UNSIGNED) {
        put(object, "tcb_info_signature", json_string(info_signature));
    }
    if (r->flaw != DCAP_QE_IDENTITY_MISSING) {
        put(object, "qe_identity", json_string(identity));
    }
    put(object, "qe_identity_signature", json_string(identity_signature));
    made->collateral = json_dumps(object, JSON_COMPACT);
    must(made->collateral != NULL);
    json_decref(object);
    free(info);
    free(identity);
    free(info_signature);
    free(identity_signature);
}

/* --- the quote -------------------------------------------------------------------------------- */

struct out {
    uint8_t *bytes;
    size_t len;
};

static void add(struct out *o, const void *bytes, size_t len)
{
    o->bytes = realloc(o->bytes, o->len + len + 1);
    must(o->bytes != NULL);
    memcpy(o->bytes + o->len, bytes, len);
    o->len += len;
}

static void add_number(struct out *o, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));
        add(o, &byte, 1);
    }
}

static void put_u64(uint8_t *at, uint64_t value)
{
    for (size_t i = 0; i < 8; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static void qe_report_make(const struct dcap_recipe *r, const uint8_t point[static 64],
        const uint8_t *auth, size_t auth_len, uint8_t ret_report[static SGX_REPORT_BODY_LEN])
{
    uint8_t message[64 + 32];
    dcap_flaw flaw = r->flaw;
    memset(ret_report, 0, SGX_REPORT_BODY_LEN);
    put_u64(ret_report + SGX_REPORT_ATTRIBUTES, SGX_ATTR_INIT | SGX_ATTR_PROVISIONKEY |
            SGX_ATTR_MODE64BIT | (flaw == DCAP_QE_DEBUG ? SGX_ATTR_DEBUG : 0));
    put_u64(ret_report + SGX_REPORT_ATTRIBUTES + 8, 0xe7);
    memcpy(ret_report + SGX_REPORT_MRSIGNER, qe_signer, sizeof qe_signer);
    ret_report[SGX_REPORT_MRSIGNER] ^= flaw == DCAP_QE_OF_ANOTHER_SIGNER;
    ret_report[SGX_REPORT_MISCSELECT] = flaw == DCAP_QE_MISCSELECT;
    ret_report[SGX_REPORT_ISVPRODID] = flaw == DCAP_QE_OF_ANOTHER_PRODUCT ? 9 : QE_PRODID;
    ret_report[SGX_REPORT_ISVSVN] = flaw == DCAP_QE_TOO_OLD ? 4 : QE_SVN;
    memcpy(message, point, 64);
    memcpy(message + 64, auth, auth_len);
    message[0] ^= flaw == DCAP_QE_REPORT_VOUCHES_FOR_ANOTHER;
    SHA256(message, 64 + auth_len, ret_report + SGX_REPORT_REPORTDATA);
    ret_report[SGX_REPORT_REPORTDATA + 63] = flaw == DCAP_QE_REPORT_DATA_HAS_MORE;
}

/* From the QE report on. */
static struct out certified_make(const struct dcap_recipe *r, const struct chain *chain,
        const uint8_t point[static 64])
{
    X509 *const all[3] = {chain->leaf, chain->intermediate, chain->root};
    X509 *const ordered[3] = {all[r->order[0]], all[r->order[1]], all[r->order[2]]};
    struct out o = {0};
    uint8_t report[SGX_REPORT_BODY_LEN];
    uint8_t signature[64];
    uint8_t auth[32];
    for (size_t i = 0; i < sizeof auth; i++) {
        auth[i] = (uint8_t)i;
    }
    qe_report_make(r, point, auth, sizeof auth, report);
    sign_raw(key_of(r->flaw == DCAP_QE_REPORT_BY_ANOTHER_KEY ? STRANGER : LEAF), report,
            sizeof report, signature);
    add(&o, report, sizeof report);
    add(&o, signature, sizeof signature);
    add_number(&o, sizeof auth, 2);
    add(&o, auth, sizeof auth);
    char *pem = pem_of(ordered, 3);
    size_t pem_len = r->cert_type == SGX_QUOTE_CERT_PCK_CHAIN ? strlen(pem) : 36;
    add_number(&o, r->cert_type, 2);
    add_number(&o, pem_len + r->zeros, 4);
    add(&o, pem, pem_len);
    for (size_t i = 0; i < r->zeros; i++) {
        add(&o, "", 1);
    }
    free(pem);
    return o;
}

static void quote_make(const struct dcap_recipe *r, const struct chain *chain,
        struct dcap_made *made)
{
    static const uint8_t intel[] = SGX_QUOTE_VENDOR_INTEL;
    static const uint8_t emulated[] = SGX_QUOTE_VENDOR_EMULATED;
    static const uint8_t user_data[20] = "platform";
    struct out o = {0};
    uint8_t report[SGX_REPORT_BODY_LEN] = {0};
    uint8_t signature[64];
    uint8_t point[64];
    add_number(&o, r->version, 2);
    add_number(&o, SGX_QUOTE_KEY_P256, 2);
    add_number(&o, 0, 4);
    add_number(&o, r->version == 3 ? QE_SVN : 0, 2);
    add_number(&o, r->version == 3 ? PCESVN : 0, 2);
    add(&o, r->emulated ? emulated : intel, SGX_QUOTE_VENDOR_LEN);
    add(&o, user_data, sizeof user_data);
    memset(report + SGX_REPORT_CPUSVN, r->emulated ? 0xee : 0x0b, SGX_CPUSVN_LEN);
    put_u64(report + SGX_REPORT_ATTRIBUTES, r->attributes);
    put_u64(report + SGX_REPORT_ATTRIBUTES + 8, r->xfrm);
    memcpy(report + SGX_REPORT_MRENCLAVE, made->mrenclave, SGX_HASH_LEN);
    memcpy(report + SGX_REPORT_MRSIGNER, made->mrsigner, SGX_HASH_LEN);
    report[SGX_REPORT_ISVPRODID] = DCAP_PRODID;
    report[SGX_REPORT_ISVSVN] = DCAP_SVN;
    memcpy(report + SGX_REPORT_REPORTDATA, r->report_data, SGX_REPORTDATA_LEN);
    add(&o, report, sizeof report);
    sign_raw(key_of(r->flaw == DCAP_QUOTE_BY_ANOTHER_KEY ? STRANGER : ATTESTATION), o.bytes, o.len,
            signature);
    point_of(key_of(ATTESTATION), point);
    point[63] ^= r->flaw == DCAP_KEY_NOT_ON_CURVE;
    struct out certified = certified_make(r, chain, point);
    size_t wrapper_len = r->version == 4 ? 6 : 0;
    add_number(&o, 64 + 64 + wrapper_len + certified.len, 4);
    add(&o, signature, sizeof signature);
    add(&o, point, sizeof point);
    if (r->version == 4) {
        add_number(&o, 6, 2);
        add_number(&o, certified.len, 4);
    }
    add(&o, certified.bytes, certified.len);
    free(certified.bytes);
    made->quote = o.bytes;
    made->quote_len = o.len;
}

/* --- all -------------------------------------------------------------------------------------- */

struct dcap_recipe dcap_recipe_good(void)
{
    struct dcap_recipe r = {
        .now = DCAP_NOW,
        .version = 3,
        .tcb_version = 3,
        .tcb_status = "UpToDate",
        .qe_status = "UpToDate",
        .evaluation_number = 17,
        .order = {0, 1, 2},
        .cert_type = SGX_QUOTE_CERT_PCK_CHAIN,
        .attributes = SGX_ATTR_INIT | SGX_ATTR_MODE64BIT,
        .xfrm = SGX_XFRM_LEGACY,
    };
    memset(r.report_data, 0x42, 32);
    return r;
}

struct dcap_made dcap_make(const struct dcap_recipe *recipe)
{
    struct dcap_made made = {0};
    struct chain chain = chain_make(recipe);
    X509 *const signers[2] = {chain.signer, chain.root};
    X509 *const issuers[2] = {chain.intermediate, chain.root};
    unsigned char *key = NULL;
    int key_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(chain.root), &key);
    must(key_len > 0);
    SHA256(key, (size_t)key_len, made.root_hash);
    OPENSSL_free(key);
    memset(made.mrenclave, 0x11, sizeof made.mrenclave);
    memset(made.mrsigner, 0x22, sizeof made.mrsigner);
    made.signer_chain = pem_of(signers, 2);
    made.pck_chain = pem_of(issuers, 2);
    lists_make(recipe, &made);
    collateral_make(recipe, &made);
    quote_make(recipe, &chain, &made);
    X509_free(chain.root);
    X509_free(chain.intermediate);
    X509_free(chain.leaf);
    X509_free(chain.signer);
    return made;
}

void dcap_made_free(struct dcap_made *made)
{
    free(made->quote);
    free(made->collateral);
    free(made->tcb_info);
    free(made->qe_identity);
    free(made->signer_chain);
    free(made->pck_chain);
    free(made->root_list);
    free(made->pck_list);
}

size_t dcap_extension(const struct dcap_recipe *recipe, uint8_t *ret_bytes)
{
    return extension_make(ret_bytes, recipe->flaw == DCAP_LEAF_EXTENSION_SHORT);
}
