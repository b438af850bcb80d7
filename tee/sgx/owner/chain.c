/* SPDX-License-Identifier: MIT */
#include "tee/sgx/owner/chain.h"

#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509v3.h>

#include "core/crypto/hash.h"
#include "posix/log.h"
#include "tee/sgx/owner/der.h"

#define POINT_LEN 64u

static const char pck_oid[] = "1.2.840.113741.1.13.1";
static const char signer_name[] = "SGX TCB Signing";

/* ecdsa-with-SHA256, and no parameters. */
static bool is_algorithm(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object;
    int type;
    X509_ALGOR_get0(&object, &type, NULL, algorithm);
    return OBJ_obj2nid(object) == NID_ecdsa_with_SHA256 && type == V_ASN1_UNDEF;
}

static bool is_p256(EVP_PKEY *key)
{
    char group[64];
    size_t len = 0;
    return key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
            EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 &&
            OBJ_txt2nid(group) == NID_X9_62_prime256v1;
}

static bool is_pck_extension(const X509_EXTENSION *extension)
{
    char text[sizeof pck_oid + 1];
    int len = OBJ_obj2txt(text, sizeof text, X509_EXTENSION_get_object((X509_EXTENSION *)(uintptr_t)
            extension), 1);
    return len == (int)sizeof pck_oid - 1 && strcmp(text, pck_oid) == 0;
}

static int pck_extension_index(const X509 *certificate)
{
    int found = -1;
    for (int i = 0; i < X509_get_ext_count(certificate); i++) {
        if (is_pck_extension(X509_get_ext(certificate, i))) {
            if (found >= 0) {
                return -2;
            }
            found = i;
        }
    }
    return found;
}

/* Is what OpenSSL made of it the one encoding of that? */
static bool is_same(unsigned char *encoded, int encoded_len, const uint8_t *der, size_t len)
{
    bool same = encoded != NULL && encoded_len > 0 && (size_t)encoded_len == len &&
            memcmp(encoded, der, len) == 0;
    OPENSSL_free(encoded);
    return same;
}

X509 *cw_chain_certificate(const uint8_t *der, size_t len)
{
    const unsigned char *next = der;
    X509 *certificate = len <= LONG_MAX ? d2i_X509(NULL, &next, (long)len) : NULL;
    if (certificate == NULL) {
        return NULL;
    }
    unsigned char *encoded = NULL;
    int encoded_len = i2d_X509(certificate, &encoded);
    const ASN1_BIT_STRING *signature;
    const X509_ALGOR *outer;
    X509_get0_signature(&signature, &outer, certificate);
    uint32_t flags = X509_get_extension_flags(certificate);
    if (!is_same(encoded, encoded_len, der, len) || !is_algorithm(outer) ||
            X509_ALGOR_cmp(outer, X509_get0_tbs_sigalg(certificate)) != 0 ||
            X509_get_version(certificate) != X509_VERSION_3 ||
            (flags & (EXFLAG_INVALID | EXFLAG_CRITICAL)) != 0 ||
            !is_p256(X509_get0_pubkey(certificate))) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

/* The algorithm inside the signed part of a list: version (if any), then it. */
static bool has_inner_algorithm(const uint8_t *der, size_t len)
{
    static const uint8_t ecdsa_sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    struct cw_der all = cw_der_over(der, len);
    struct cw_der list = cw_der_enter(&all, CW_DER_SEQUENCE);
    struct cw_der signed_part = cw_der_enter(&list, CW_DER_SEQUENCE);
    if (cw_der_uint(&signed_part, CW_DER_INTEGER, 1) != 1) {
        return false;
    }
    struct cw_der algorithm = cw_der_enter(&signed_part, CW_DER_SEQUENCE);
    struct cw_der oid = cw_der_enter(&algorithm, CW_DER_OID);
    return !oid.failed && oid.left_len == sizeof ecdsa_sha256 &&
            memcmp(oid.next, ecdsa_sha256, sizeof ecdsa_sha256) == 0 && cw_der_finish(&algorithm);
}

X509_CRL *cw_chain_list(const uint8_t *der, size_t len)
{
    const unsigned char *next = der;
    X509_CRL *list = len <= LONG_MAX ? d2i_X509_CRL(NULL, &next, (long)len) : NULL;
    if (list == NULL) {
        return NULL;
    }
    unsigned char *encoded = NULL;
    int encoded_len = i2d_X509_CRL(list, &encoded);
    const ASN1_BIT_STRING *signature;
    const X509_ALGOR *outer;
    X509_CRL_get0_signature(list, &signature, &outer);
    bool is_good = is_same(encoded, encoded_len, der, len) && is_algorithm(outer) &&
            has_inner_algorithm(der, len);
    for (int i = 0; i < X509_CRL_get_ext_count(list); i++) {
        is_good = is_good && X509_EXTENSION_get_critical(X509_CRL_get_ext(list, i)) == 0;
    }
    if (!is_good) {
        X509_CRL_free(list);
        return NULL;
    }
    return list;
}

void cw_chain_common_name(const X509 *certificate, char *ret_name, size_t cap)
{
    int len = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
            ret_name, (int)cap);
    if (len <= 0 || strlen(ret_name) != (size_t)len) {
        (void)snprintf(ret_name, cap, "?");
    }
    cw_log_clean(ret_name, "");
}

cw_chain_role cw_chain_role_of(X509 *certificate)
{
    uint32_t flags = X509_get_extension_flags(certificate);
    uint32_t usage = X509_get_key_usage(certificate);
    if ((flags & EXFLAG_KUSAGE) == 0 || (flags & EXFLAG_BCONS) == 0) {
        return CW_CHAIN_NONE;
    }
    int extension = pck_extension_index(certificate);
    if ((flags & EXFLAG_CA) != 0) {
        const uint32_t signs = KU_KEY_CERT_SIGN | KU_CRL_SIGN;
        long path_len = X509_get_pathlen(certificate);
        if ((usage & signs) != signs || extension != -1) {
            return CW_CHAIN_NONE;
        }
        if ((flags & EXFLAG_SI) == 0) {
            return CW_CHAIN_INTERMEDIATE;
        }
        return path_len == -1 || path_len >= 1 ? CW_CHAIN_ROOT : CW_CHAIN_NONE;
    }
    if ((usage & KU_DIGITAL_SIGNATURE) == 0 || (usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) != 0) {
        return CW_CHAIN_NONE;
    }
    if (extension >= 0) {
        return CW_CHAIN_LEAF;
    }
    char name[128];
    cw_chain_common_name(certificate, name, sizeof name);
    size_t len = strlen(name);
    size_t end_len = sizeof signer_name - 1;
    return extension == -1 && len >= end_len && strcmp(name + len - end_len, signer_name) == 0
            ? CW_CHAIN_TCB_SIGNER : CW_CHAIN_NONE;
}

bool cw_chain_issued(X509 *issuer, X509 *certificate)
{
    return X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(certificate)) == 0 &&
            X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

bool cw_chain_names_issuer(X509 *issuer, const X509_CRL *list)
{
    return X509_NAME_cmp(X509_get_subject_name(issuer), X509_CRL_get_issuer(list)) == 0;
}

bool cw_chain_issued_list(X509 *issuer, X509_CRL *list)
{
    return cw_chain_names_issuer(issuer, list) &&
            X509_CRL_verify(list, X509_get0_pubkey(issuer)) == 1;
}

bool cw_chain_is_revoked(X509_CRL *list, X509 *certificate)
{
    X509_REVOKED *entry;
    return X509_CRL_get0_by_serial(list, &entry, X509_get0_serialNumber(certificate)) != 0;
}

static bool time_of(const ASN1_TIME *time, int64_t *ret_time)
{
    struct tm parts;
    if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1) {
        return false;
    }
    *ret_time = (int64_t)timegm(&parts);
    return true;
}

bool cw_chain_window(const X509 *certificate, int64_t *ret_from, int64_t *ret_until)
{
    return time_of(X509_get0_notBefore(certificate), ret_from) &&
            time_of(X509_get0_notAfter(certificate), ret_until);
}

bool cw_chain_window_list(const X509_CRL *list, int64_t *ret_from, int64_t *ret_until)
{
    return time_of(X509_CRL_get0_lastUpdate(list), ret_from) &&
            time_of(X509_CRL_get0_nextUpdate(list), ret_until);
}

bool cw_chain_key_hash(X509 *certificate, uint8_t ret_hash[static 32])
{
    unsigned char *encoded = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded);
    if (len <= 0) {
        return false;
    }
    cw_sha256(encoded, (size_t)len, ret_hash);
    OPENSSL_free(encoded);
    return true;
}

bool cw_chain_verify(EVP_PKEY *key, const void *bytes, size_t len, const uint8_t *signature,
        size_t signature_len)
{
    unsigned char *encoded = NULL;
    int encoded_len = 0;
    if (signature_len == POINT_LEN) {
        ECDSA_SIG *parts = ECDSA_SIG_new();
        BIGNUM *r = BN_bin2bn(signature, 32, NULL);
        BIGNUM *s = BN_bin2bn(signature + 32, 32, NULL);
        if (parts == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(parts, r, s) != 1) {
            BN_free(r);
            BN_free(s);
        } else {
            encoded_len = i2d_ECDSA_SIG(parts, &encoded);
        }
        ECDSA_SIG_free(parts);
    } else if (signature_len <= 80) {
        encoded = OPENSSL_memdup(signature, signature_len);
        encoded_len = (int)signature_len;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_right = encoded != NULL && encoded_len > 0 && context != NULL &&
            EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
            EVP_DigestVerify(context, encoded, (size_t)encoded_len, bytes, len) == 1;
    EVP_MD_CTX_free(context);
    OPENSSL_free(encoded);
    return is_right;
}

EVP_PKEY *cw_chain_point(const uint8_t point[static 64])
{
    uint8_t encoded[1 + POINT_LEN] = {POINT_CONVERSION_UNCOMPRESSED};
    memcpy(encoded + 1, point, POINT_LEN);
    char group[] = SN_X9_62_prime256v1;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, encoded, sizeof encoded),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
            EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(context);
    return key;
}

bool cw_chain_pck_read(const X509 *leaf, struct cw_chain_pck *ret_pck)
{
    int index = pck_extension_index(leaf);
    if (index < 0) {
        return false;
    }
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(leaf, index));
    int len = ASN1_STRING_length(value);
    return len > 0 && cw_chain_pck_decode(ASN1_STRING_get0_data(value), (size_t)len, ret_pck);
}
