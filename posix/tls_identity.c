/* SPDX-License-Identifier: MIT */
#include "posix/tls_identity.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "posix/file.h"
#include "posix/log.h"

#define PEM_MAX_LEN (64u * 1024u)
#define YEARS_VALID 30

struct cw_tls_identity {
    SSL_CTX *context;
    char fingerprint[CW_TLS_FINGERPRINT_CAP];
};

cw_status cw_tls_fingerprint_of(const X509 *certificate,
        char ret_text[static CW_TLS_FINGERPRINT_CAP])
{
    unsigned char *spki = NULL;
    const int spki_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);
    if (spki_len <= 0) {
        ERR_clear_error();
        return CW_E_FORM;
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    const int done = EVP_Digest(spki, (size_t)spki_len, digest, &digest_len, EVP_sha256(), NULL);
    OPENSSL_free(spki);
    if (done != 1 || digest_len != 32) {
        ERR_clear_error();
        return CW_E_FORM;
    }
    for (unsigned i = 0; i < digest_len; i++) {
        snprintf(ret_text + 2 * (size_t)i, 3, "%02x", digest[i]);
    }
    return CW_OK;
}

cw_status cw_tls_fingerprint_check(const char *text)
{
    return strlen(text) == CW_TLS_FINGERPRINT_CAP - 1 &&
                    strspn(text, "0123456789abcdef") == CW_TLS_FINGERPRINT_CAP - 1
            ? CW_OK
            : CW_E_FORM;
}

/* A text of its own out of a memory BIO. */
static char *text_of(BIO *bio)
{
    char *bytes = NULL;
    const long len = BIO_get_mem_data(bio, &bytes);
    return len > 0 ? strndup(bytes, (size_t)len) : NULL;
}

/* Self-signed: nobody but its fingerprint says whose key it is. */
static X509 *certify(EVP_PKEY *key, const char *name)
{
    X509 *certificate = X509_new();
    unsigned char serial[8];
    if (certificate == NULL || RAND_bytes(serial, sizeof serial) != 1) {
        goto fail;
    }
    serial[0] &= 0x7f;
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    const bool numbered =
            number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    X509_NAME *subject = X509_get_subject_name(certificate);
    if (numbered && X509_set_version(certificate, X509_VERSION_3) == 1 &&
            X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name,
                    -1, -1, 0) == 1 &&
            X509_set_issuer_name(certificate, subject) == 1 &&
            X509_gmtime_adj(X509_getm_notBefore(certificate), -86400L) != NULL &&
            X509_time_adj_ex(X509_getm_notAfter(certificate), 365 * YEARS_VALID, 0, NULL) != NULL &&
            X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, NULL) > 0) {
        return certificate;
    }
fail:
    X509_free(certificate);
    return NULL;
}

cw_status cw_tls_identity_generate(const char *name, char **ret_key, char **ret_certificate)
{
    cw_status status = CW_E_SYSTEM;
    char common_name[65];
    snprintf(common_name, sizeof common_name, "%s", name[0] != '\0' ? name : "causeway");
    char *key_text = NULL;
    char *certificate_text = NULL;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509 *certificate = key != NULL ? certify(key, common_name) : NULL;
    BIO *key_bio = BIO_new(BIO_s_secmem());
    BIO *certificate_bio = BIO_new(BIO_s_mem());
    if (certificate != NULL && key_bio != NULL && certificate_bio != NULL &&
            PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL) == 1 &&
            PEM_write_bio_X509(certificate_bio, certificate) == 1) {
        key_text = text_of(key_bio);
        certificate_text = text_of(certificate_bio);
    }
    if (key_text != NULL && certificate_text != NULL) {
        *ret_key = key_text;
        *ret_certificate = certificate_text;
        status = CW_OK;
    } else {
        free(key_text);
        free(certificate_text);
    }
    BIO_free(key_bio);
    BIO_free(certificate_bio);
    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return status;
}

/* Every certificate will do here: TLS proves that the peer holds its key, and the caller
 * compares the fingerprint before anything else happens. */
static int take_any(X509_STORE_CTX *store, void *ctx)
{
    (void)store;
    (void)ctx;
    return 1;
}

static SSL_CTX *make_context(EVP_PKEY *key, X509 *certificate)
{
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    if (context == NULL) {
        return NULL;
    }
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(context, take_any, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
            SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
            SSL_CTX_set_num_tickets(context, 0) == 1 &&
            SSL_CTX_use_certificate(context, certificate) == 1 &&
            SSL_CTX_use_PrivateKey(context, key) == 1 &&
            SSL_CTX_check_private_key(context) == 1) {
        return context;
    }
    SSL_CTX_free(context);
    return NULL;
}

cw_status cw_tls_identity_from_pem(const char *key_text, const char *certificate_text,
        struct cw_tls_identity **ret_identity)
{
    cw_status status = CW_E_FORM;
    struct cw_tls_identity *identity = calloc(1, sizeof *identity);
    BIO *key_bio = BIO_new_mem_buf(key_text, -1);
    BIO *certificate_bio = BIO_new_mem_buf(certificate_text, -1);
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;
    if (identity == NULL || key_bio == NULL || certificate_bio == NULL) {
        status = CW_E_SPACE;
        goto free_all;
    }
    key = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL);
    certificate = PEM_read_bio_X509(certificate_bio, NULL, NULL, NULL);
    if (key == NULL || certificate == NULL ||
            cw_tls_fingerprint_of(certificate, identity->fingerprint) != CW_OK) {
        goto free_all;
    }
    identity->context = make_context(key, certificate);
    if (identity->context != NULL) {
        *ret_identity = identity;
        identity = NULL;
        status = CW_OK;
    }
free_all:
    X509_free(certificate);
    EVP_PKEY_free(key);
    BIO_free(certificate_bio);
    BIO_free(key_bio);
    free(identity);
    ERR_clear_error();
    return status;
}

static void wipe_text(char *text)
{
    if (text != NULL) {
        OPENSSL_cleanse(text, strlen(text));
        free(text);
    }
}

/* First start: the key is on the disk before the certificate that names it. */
static cw_status make_files(const char *key_path, const char *certificate_path, const char *name)
{
    char *key = NULL;
    char *certificate = NULL;
    cw_status status = cw_tls_identity_generate(name, &key, &certificate);
    if (status == CW_OK) {
        status = cw_file_write(key_path, key, strlen(key), 0600);
    }
    if (status == CW_OK) {
        status = cw_file_write(certificate_path, certificate, strlen(certificate), 0644);
    }
    wipe_text(key);
    free(certificate);
    return status;
}

/* A first start that broke off left the key alone: its certificate can be made at any time. */
static cw_status make_certificate(const char *key_path, const char *certificate_path,
        const char *name)
{
    uint8_t *text = NULL;
    size_t len = 0;
    cw_status status = cw_file_check_private(key_path);
    if (status == CW_OK) {
        status = cw_file_read(key_path, PEM_MAX_LEN, &text, &len);
    }
    if (status != CW_OK) {
        return status;
    }
    BIO *key_bio = BIO_new_mem_buf(text, (int)len);
    BIO *certificate_bio = BIO_new(BIO_s_mem());
    EVP_PKEY *key = key_bio == NULL ? NULL : PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL);
    X509 *certificate = key == NULL ? NULL : certify(key, name[0] != '\0' ? name : "causeway");
    char *pem = NULL;
    if (certificate != NULL && certificate_bio != NULL &&
            PEM_write_bio_X509(certificate_bio, certificate) == 1) {
        pem = text_of(certificate_bio);
    }
    if (pem != NULL) {
        status = cw_file_write(certificate_path, pem, strlen(pem), 0644);
    } else {
        cw_log_error("%s" CW_AT " is no private key" CW_REMEDY ": restore it from a backup, or "
                "move it away to get a new "
                     "identity", key_path);
        status = CW_E_FORM;
    }
    free(pem);
    X509_free(certificate);
    EVP_PKEY_free(key);
    BIO_free(certificate_bio);
    BIO_free(key_bio);
    OPENSSL_cleanse(text, len);
    free(text);
    ERR_clear_error();
    return status;
}

static cw_status load_files(const char *key_path, const char *certificate_path,
        struct cw_tls_identity **ret_identity)
{
    uint8_t *key = NULL;
    uint8_t *certificate = NULL;
    size_t key_len = 0;
    size_t certificate_len = 0;
    cw_status status = cw_file_check_private(key_path);
    if (status == CW_OK) {
        status = cw_file_read(key_path, PEM_MAX_LEN, &key, &key_len);
    }
    if (status == CW_OK) {
        status = cw_file_read(certificate_path, PEM_MAX_LEN, &certificate, &certificate_len);
    }
    if (status == CW_E_ABSENT) {
        cw_log_error("%s" CW_AT " is not there" CW_REMEDY ": restore it from a backup, or move "
                "%s away to get a new "
                     "identity", key_path, certificate_path);
    }
    if (status == CW_OK) {
        status = cw_tls_identity_from_pem((const char *)key, (const char *)certificate,
                ret_identity);
        if (status != CW_OK) {
            cw_log_error("%s" CW_AT " and %s are not a key and its certificate" CW_REMEDY ": "
                    "restore them from a "
                         "backup, or move both away to get a new identity", key_path,
                    certificate_path);
        }
    }
    if (key != NULL) {
        OPENSSL_cleanse(key, key_len);
    }
    free(key);
    free(certificate);
    return status;
}

cw_status cw_tls_identity_open(const char *folder, const char *name,
        struct cw_tls_identity **ret_identity)
{
    char *key_path = cw_file_join(folder, "key.pem");
    char *certificate_path = cw_file_join(folder, "certificate.pem");
    char *fingerprint_path = cw_file_join(folder, "fingerprint");
    cw_status status = CW_E_SPACE;
    if (key_path == NULL || certificate_path == NULL || fingerprint_path == NULL) {
        goto free_paths;
    }
    status = CW_OK;
    cw_file_remove_unfinished(folder);
    if (!cw_file_exists(certificate_path) && !cw_file_exists(key_path)) {
        status = make_files(key_path, certificate_path, name);
    } else if (!cw_file_exists(certificate_path)) {
        status = make_certificate(key_path, certificate_path, name);
    }
    if (status == CW_OK) {
        status = load_files(key_path, certificate_path, ret_identity);
    }
    if (status == CW_OK && !cw_file_exists(fingerprint_path)) {
        char line[CW_TLS_FINGERPRINT_CAP + 1];
        snprintf(line, sizeof line, "%s\n", (*ret_identity)->fingerprint);
        status = cw_file_write(fingerprint_path, line, strlen(line), 0644);
    }
free_paths:
    free(key_path);
    free(certificate_path);
    free(fingerprint_path);
    return status;
}

SSL_CTX *cw_tls_identity_context(struct cw_tls_identity *identity)
{
    return identity->context;
}

const char *cw_tls_identity_fingerprint(const struct cw_tls_identity *identity)
{
    return identity->fingerprint;
}

void cw_tls_identity_free(struct cw_tls_identity *identity)
{
    if (identity != NULL) {
        SSL_CTX_free(identity->context);
        free(identity);
    }
}
