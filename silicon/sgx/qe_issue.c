/* SPDX-License-Identifier: MIT */
/* Certificates and revocation lists in the form of the PCK certificate and CRL profile. */
#include "silicon/sgx/qe_state.h"

#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <string.h>

/* Of every certificate: they are of no use to anybody but the tests of this platform. */
#define VALID_FROM "20240101000000Z"
#define VALID_UNTIL "20491231235959Z"
#define ORGANIZATION "Causeway emulation: no hardware"

const uint8_t cw_qe_fmspc[6] = {0xee, 0xee, 0xee, 0xee, 0xee, 0xee};
const uint8_t cw_qe_pceid[2] = {0xee, 0xee};

static const struct {
    const char *name;
    cw_qe_key issuer;
    const char *basic;
    const char *usage;
} rows[CW_QE_CERTIFICATE_COUNT] = {
        [CW_QE_PCK] = {"Causeway Emulated SGX PCK Certificate", CW_QE_PLATFORM_CA,
                "critical,CA:FALSE", "critical,digitalSignature,nonRepudiation"},
        [CW_QE_PLATFORM_CA] = {"Causeway Emulated SGX PCK Platform CA", CW_QE_ROOT_CA,
                "critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign"},
        [CW_QE_ROOT_CA] = {"Causeway Emulated SGX Root CA", CW_QE_ROOT_CA,
                "critical,CA:TRUE,pathlen:1", "critical,keyCertSign,cRLSign"},
        [CW_QE_TCB_SIGNING] = {"Causeway Emulated SGX TCB Signing", CW_QE_ROOT_CA,
                "critical,CA:FALSE", "critical,digitalSignature,nonRepudiation"},
};

/* --- the extension of a PCK certificate ------------------------------------------------------------ */

#define DER_CAP 1024u
#define DER_INTEGER 0x02
#define DER_OCTETS 0x04
#define DER_OID 0x06
#define DER_ENUMERATED 0x0a
#define DER_BOOLEAN 0x01
#define DER_SEQUENCE 0x30

/* Values are appended; what is closed as a sequence moves behind its header. */
struct der {
    uint8_t bytes[DER_CAP];
    size_t len;
};

/* Space for len bytes at a place; this file's values are fewer than DER_CAP in all. */
static void der_insert(struct der *d, size_t at, const uint8_t *bytes, size_t len)
{
    memmove(d->bytes + at + len, d->bytes + at, d->len - at);
    memcpy(d->bytes + at, bytes, len);
    d->len += len;
}

/* All from start on becomes one value. */
static void der_close(struct der *d, size_t start, uint8_t tag)
{
    size_t len = d->len - start;
    uint8_t header[4] = {tag, (uint8_t)len};
    size_t header_len = 2;
    if (len >= 256) {
        header[1] = 0x82;
        header[2] = (uint8_t)(len >> 8);
        header[3] = (uint8_t)len;
        header_len = 4;
    } else if (len >= 128) {
        header[1] = 0x81;
        header[2] = (uint8_t)len;
        header_len = 3;
    }
    der_insert(d, start, header, header_len);
}

static void der_value(struct der *d, uint8_t tag, const uint8_t *bytes, size_t len)
{
    size_t start = d->len;
    der_insert(d, start, bytes, len);
    der_close(d, start, tag);
}

/* 1.2.840.113741.1.13.1 and up to two numbers, 0: none; returns where the pair begins. */
static size_t der_pair(struct der *d, uint8_t first, uint8_t second)
{
    uint8_t oid[11] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, first, second};
    size_t start = d->len;
    der_value(d, DER_OID, oid, second != 0 ? 11 : 10);
    return start;
}

static void der_octets(struct der *d, uint8_t first, uint8_t second, const uint8_t *bytes, size_t len)
{
    size_t start = der_pair(d, first, second);
    der_value(d, DER_OCTETS, bytes, len);
    der_close(d, start, DER_SEQUENCE);
}

/* A number of one byte that is 127 at most needs one, else a zero before it. */
static void der_number(struct der *d, uint8_t tag, uint8_t first, uint8_t second, uint8_t number)
{
    size_t start = der_pair(d, first, second);
    const uint8_t bytes[2] = {0, number};
    bool is_long = tag == DER_INTEGER && number > 127;
    der_value(d, tag, is_long ? bytes : bytes + 1, is_long ? 2 : 1);
    der_close(d, start, DER_SEQUENCE);
}

static cw_status sgx_extension(const struct cw_qe *qe, struct der *d)
{
    uint8_t ppid[32];
    uint8_t instance[32];
    cw_status status = cw_qe_derive(qe, "ppid", ppid);
    if (status == CW_OK) {
        status = cw_qe_derive(qe, "platform instance", instance);
    }
    if (status != CW_OK) {
        return status;
    }
    d->len = 0;
    der_octets(d, 1, 0, ppid, 16);
    size_t start = der_pair(d, 2, 0);
    size_t tcb = d->len;
    for (uint8_t i = 0; i < SGX_CPUSVN_LEN; i++) {
        der_number(d, DER_INTEGER, 2, (uint8_t)(i + 1), cw_sgx_cpusvn[i]);
    }
    der_number(d, DER_INTEGER, 2, 17, CW_QE_PCESVN);
    der_octets(d, 2, 18, cw_sgx_cpusvn, SGX_CPUSVN_LEN);
    der_close(d, tcb, DER_SEQUENCE);
    der_close(d, start, DER_SEQUENCE);
    der_octets(d, 3, 0, cw_qe_pceid, sizeof cw_qe_pceid);
    der_octets(d, 4, 0, cw_qe_fmspc, sizeof cw_qe_fmspc);
    der_number(d, DER_ENUMERATED, 5, 0, 0); /* standard */
    der_octets(d, 6, 0, instance, 16);
    start = der_pair(d, 7, 0);
    size_t configuration = d->len;
    for (uint8_t i = 1; i <= 3; i++) { /* dynamic platform, cached keys, SMT: no */
        der_number(d, DER_BOOLEAN, 7, i, 0);
    }
    der_close(d, configuration, DER_SEQUENCE);
    der_close(d, start, DER_SEQUENCE);
    der_close(d, 0, DER_SEQUENCE);
    return CW_OK;
}

static bool add_sgx_extension(const struct cw_qe *qe, X509 *certificate)
{
    struct der d;
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OBJECT *oid = OBJ_txt2obj("1.2.840.113741.1.13.1", 1);
    X509_EXTENSION *extension = NULL;
    bool is_done = value != NULL && oid != NULL && sgx_extension(qe, &d) == CW_OK &&
            ASN1_OCTET_STRING_set(value, d.bytes, (int)d.len) == 1;
    if (is_done) {
        extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
        is_done = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    }
    X509_EXTENSION_free(extension);
    ASN1_OBJECT_free(oid);
    ASN1_OCTET_STRING_free(value);
    return is_done;
}

/* --- certificates ---------------------------------------------------------------------------------- */

static bool add_extension(X509V3_CTX *ctx, X509 *certificate, X509_CRL *list, int nid,
        const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
    bool is_done = extension != NULL &&
            (certificate != NULL ? X509_add_ext(certificate, extension, -1)
                                 : X509_CRL_add_ext(list, extension, -1)) == 1;
    X509_EXTENSION_free(extension);
    return is_done;
}

static bool set_name(X509_NAME *name, const char *common)
{
    const struct {
        const char *field;
        const char *value;
    } parts[] = {{"CN", common}, {"O", ORGANIZATION}};
    bool is_done = name != NULL;
    for (size_t i = 0; is_done && i < sizeof parts / sizeof parts[0]; i++) {
        is_done = X509_NAME_add_entry_by_txt(name, parts[i].field, MBSTRING_UTF8,
                          (const unsigned char *)parts[i].value, -1, -1, 0) == 1;
    }
    return is_done;
}

/* Of the key, so that a certificate issued anew has the same. */
static bool set_serial(X509 *certificate, EVP_PKEY *key)
{
    uint8_t *der = NULL;
    uint8_t hash[SHA256_DIGEST_LENGTH];
    int len = i2d_PUBKEY(key, &der);
    bool is_done = len > 0 && SHA256(der, (size_t)len, hash) != NULL;
    OPENSSL_free(der);
    if (!is_done) {
        return false;
    }
    hash[0] = (hash[0] & 0x3f) | 0x40;
    BIGNUM *number = BN_bin2bn(hash, 20, NULL);
    is_done = number != NULL &&
            BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return is_done;
}

static bool fill(const struct cw_qe *qe, cw_qe_key subject, X509 *certificate)
{
    cw_qe_key issuer = rows[subject].issuer;
    X509 *issued_by = issuer == subject ? certificate : qe->certificates[issuer];
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issued_by, certificate, NULL, NULL, 0);
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
            set_serial(certificate, qe->keys[subject]) &&
            set_name(X509_get_subject_name(certificate), rows[subject].name) &&
            set_name(X509_get_issuer_name(certificate), rows[issuer].name) &&
            ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), VALID_FROM) == 1 &&
            ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), VALID_UNTIL) == 1 &&
            X509_set_pubkey(certificate, qe->keys[subject]) == 1 &&
            add_extension(&ctx, certificate, NULL, NID_subject_key_identifier, "hash") &&
            add_extension(&ctx, certificate, NULL, NID_authority_key_identifier, "keyid:always") &&
            add_extension(&ctx, certificate, NULL, NID_basic_constraints, rows[subject].basic) &&
            add_extension(&ctx, certificate, NULL, NID_key_usage, rows[subject].usage) &&
            (subject != CW_QE_PCK || add_sgx_extension(qe, certificate)) &&
            X509_sign(certificate, qe->keys[issuer], EVP_sha256()) > 0;
}

cw_status cw_qe_issue(struct cw_qe *qe)
{
    static const cw_qe_key order[CW_QE_CERTIFICATE_COUNT] = {CW_QE_ROOT_CA, CW_QE_PLATFORM_CA,
            CW_QE_TCB_SIGNING, CW_QE_PCK};
    for (size_t i = 0; i < CW_QE_CERTIFICATE_COUNT; i++) {
        X509_free(qe->certificates[order[i]]);
        qe->certificates[order[i]] = X509_new();
        if (qe->certificates[order[i]] == NULL ||
                !fill(qe, order[i], qe->certificates[order[i]])) {
            return CW_E_SYSTEM;
        }
    }
    return CW_OK;
}

/* --- revocation lists ------------------------------------------------------------------------------- */

static bool fill_list(const struct cw_qe *qe, cw_qe_key authority, int64_t from, int64_t until,
        X509_CRL *list)
{
    X509 *issuer = qe->certificates[authority];
    ASN1_TIME *last = ASN1_TIME_set(NULL, from);
    ASN1_TIME *next = ASN1_TIME_set(NULL, until);
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, NULL, NULL, list, 0);
    bool is_done = last != NULL && next != NULL &&
            X509_CRL_set_version(list, X509_CRL_VERSION_2) == 1 &&
            X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer)) == 1 &&
            X509_CRL_set1_lastUpdate(list, last) == 1 &&
            X509_CRL_set1_nextUpdate(list, next) == 1 &&
            add_extension(&ctx, NULL, list, NID_authority_key_identifier, "keyid:always");
    if (is_done) {
        /* As RFC 5280 wants it, a number that grows: the time. */
        ASN1_INTEGER *number = ASN1_INTEGER_new();
        is_done = number != NULL && ASN1_INTEGER_set_int64(number, from) == 1 &&
                X509_CRL_add1_ext_i2d(list, NID_crl_number, number, 0, 0) == 1 &&
                X509_CRL_sign(list, qe->keys[authority], EVP_sha256()) > 0;
        ASN1_INTEGER_free(number);
    }
    ASN1_TIME_free(last);
    ASN1_TIME_free(next);
    return is_done;
}

cw_status cw_qe_crl(const struct cw_qe *qe, cw_qe_key authority, int64_t from, int64_t until,
        uint8_t **ret_der, size_t *ret_len)
{
    X509_CRL *list = X509_CRL_new();
    uint8_t *der = NULL;
    int len = 0;
    if (list != NULL && fill_list(qe, authority, from, until, list)) {
        len = i2d_X509_CRL(list, &der);
    }
    X509_CRL_free(list);
    if (len <= 0) {
        return CW_E_SYSTEM;
    }
    *ret_der = der;
    *ret_len = (size_t)len;
    return CW_OK;
}
