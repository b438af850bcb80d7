/* SPDX-License-Identifier: MIT */
/*
 * Every private key is derived from `root`, so that one file is the whole secret, a start draws no
 * key, and a crash between two files loses nothing: certificates that are missing, or of another
 * root, are issued again, with the same keys and serial numbers.  (One root in 2^30 gives a number
 * that is no scalar of P-256: such a one is refused like a lack of memory.)
 */
#include "silicon/sgx/qe.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "posix/file.h"
#include "posix/log.h"
#include "silicon/sgx/field.h"
#include "silicon/sgx/qe_state.h"

#define CERTIFICATES_MAX (64u << 10)
#define ROOT_FILE_MAX 4096u /* more is no mistake of a byte: refused as it is read */
#define SCALAR_LEN 32u
#define POINT_LEN 65u /* 4, x, y */
#define AUTH_LEN 32u

/* --- keys ------------------------------------------------------------------------------------------- */

cw_status cw_qe_derive(const struct cw_qe *qe, const char *purpose, uint8_t ret_bytes[static 32])
{
    static const char prefix[] = "causeway-sgx platform: ";
    uint8_t message[128];
    unsigned len = 0;
    size_t purpose_len = strlen(purpose);
    memcpy(message, prefix, sizeof prefix - 1);
    memcpy(message + sizeof prefix - 1, purpose, purpose_len);
    return HMAC(EVP_sha256(), qe->fuses.root, sizeof qe->fuses.root, message,
                   sizeof prefix - 1 + purpose_len, ret_bytes, &len) != NULL && len == 32
            ? CW_OK
            : CW_E_SYSTEM;
}

/* Scalar and point of P-256 as a key of OpenSSL. */
static EVP_PKEY *make_key(const BIGNUM *scalar, const uint8_t *point)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    if (ctx != NULL && build != NULL &&
            OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, SN_X9_62_prime256v1,
                    0) == 1 &&
            OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, POINT_LEN) == 1 &&
            OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1) {
        params = OSSL_PARAM_BLD_to_param(build);
    }
    if (params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
            EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1) {
        key = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *key_of_scalar(const EC_GROUP *group, const uint8_t scalar_bytes[SCALAR_LEN])
{
    uint8_t encoded[POINT_LEN];
    EVP_PKEY *key = NULL;
    BIGNUM *scalar = BN_secure_new();
    EC_POINT *point = EC_POINT_new(group);
    if (scalar != NULL && point != NULL && BN_bin2bn(scalar_bytes, SCALAR_LEN, scalar) != NULL &&
            !BN_is_zero(scalar) && BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0 &&
            EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) == 1 &&
            EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, encoded, sizeof encoded,
                    NULL) == sizeof encoded) {
        key = make_key(scalar, encoded);
    }
    EC_POINT_free(point);
    BN_clear_free(scalar);
    return key;
}

static cw_status derive_keys(struct cw_qe *qe)
{
    static const char *const purposes[CW_QE_KEY_COUNT] = {
            [CW_QE_PCK] = "key PCK",
            [CW_QE_PLATFORM_CA] = "key platform CA",
            [CW_QE_ROOT_CA] = "key root CA",
            [CW_QE_TCB_SIGNING] = "key TCB signing",
            [CW_QE_ATTESTATION] = "key attestation",
    };
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    cw_status status = group != NULL ? CW_OK : CW_E_SYSTEM;
    for (unsigned i = 0; status == CW_OK && i < CW_QE_KEY_COUNT; i++) {
        uint8_t scalar[SCALAR_LEN];
        status = cw_qe_derive(qe, purposes[i], scalar);
        if (status == CW_OK) {
            qe->keys[i] = key_of_scalar(group, scalar);
            status = qe->keys[i] != NULL ? CW_OK : CW_E_SYSTEM;
        }
        cw_bytes_wipe(scalar, sizeof scalar);
    }
    EC_GROUP_free(group);
    return status;
}

cw_status cw_qe_sign(const struct cw_qe *qe, cw_qe_key key, const void *bytes, size_t len,
        uint8_t ret_signature[static CW_QE_RAW_SIGNATURE_LEN])
{
    uint8_t der[80];
    size_t der_len = sizeof der;
    const uint8_t *at = der;
    ECDSA_SIG *signature = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, qe->keys[key]) == 1 &&
            EVP_DigestSign(ctx, der, &der_len, bytes, len) == 1) {
        signature = d2i_ECDSA_SIG(NULL, &at, (long)der_len);
    }
    EVP_MD_CTX_free(ctx);
    bool is_done = signature != NULL &&
            BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret_signature, 32) == 32 &&
            BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret_signature + 32, 32) == 32;
    ECDSA_SIG_free(signature);
    return is_done ? CW_OK : CW_E_SYSTEM;
}

/* --- the folder ------------------------------------------------------------------------------------ */

static cw_status cannot_compute(const char *path)
{
    cw_log_error("%s" CW_AT ": keys and certificates cannot be made: the cryptographic library fails",
            path);
    return CW_E_SYSTEM;
}

static cw_status draw_root(const char *path)
{
    uint8_t root[sizeof((struct cw_sgx_fuses *)0)->root];
    if (RAND_priv_bytes(root, sizeof root) != 1) {
        cw_log_error("cannot draw the secret of %s: no random bytes", path);
        return CW_E_SYSTEM;
    }
    cw_status status = cw_file_write(path, root, sizeof root, 0600);
    cw_bytes_wipe(root, sizeof root);
    return status;
}

static cw_status load_root(struct cw_qe *qe, const char *path)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    cw_status status = CW_OK;
    if (!cw_file_exists(path)) {
        status = draw_root(path);
    }
    if (status == CW_OK) {
        status = cw_file_check_private(path);
    }
    if (status == CW_OK) {
        status = cw_file_read(path, ROOT_FILE_MAX, &bytes, &len);
    }
    if (status == CW_OK && len != sizeof qe->fuses.root) {
        cw_log_error("%s" CW_AT " is no secret of an emulated CPU: %zu bytes" CW_REMEDY
                     ", expected %zu bytes; without the file a new platform is made, "
                     "and what was sealed on the old one is lost",
                path, len, sizeof qe->fuses.root);
        status = CW_E_FORM;
    }
    if (status == CW_E_SPACE) {
        status = CW_E_FORM;
    }
    if (status == CW_OK) {
        memcpy(qe->fuses.root, bytes, len);
    }
    if (bytes != NULL) {
        cw_bytes_wipe(bytes, len);
    }
    free(bytes);
    return status;
}

/* PEM of all certificates, in the order of their keys, into qe->pem. */
static cw_status write_pem(struct cw_qe *qe)
{
    for (size_t i = 0; i < CW_QE_CERTIFICATE_COUNT; i++) {
        BIO *out = BIO_new(BIO_s_mem());
        char *text = NULL;
        if (out != NULL && PEM_write_bio_X509(out, qe->certificates[i]) == 1) {
            long len = BIO_get_mem_data(out, &text);
            qe->pem[i] = strndup(text, (size_t)len);
        }
        BIO_free(out);
        if (qe->pem[i] == NULL) {
            return CW_E_SYSTEM;
        }
    }
    return CW_OK;
}

/* Are the bytes the certificates of this root's keys?  They come from the CPU's own folder. */
static bool read_certificates(struct cw_qe *qe, const uint8_t *bytes, size_t len)
{
    BIO *in = BIO_new_mem_buf(bytes, (int)len);
    bool is_whole = in != NULL;
    for (size_t i = 0; is_whole && i < CW_QE_CERTIFICATE_COUNT; i++) {
        qe->certificates[i] = PEM_read_bio_X509(in, NULL, NULL, NULL);
        is_whole = qe->certificates[i] != NULL &&
                EVP_PKEY_eq(X509_get0_pubkey(qe->certificates[i]), qe->keys[i]) == 1;
    }
    BIO_free(in);
    return is_whole;
}

static cw_status issue_certificates(struct cw_qe *qe, const char *path)
{
    char text[CERTIFICATES_MAX];
    size_t len = 0;
    if (cw_qe_issue(qe) != CW_OK || write_pem(qe) != CW_OK) {
        return cannot_compute(path);
    }
    for (size_t i = 0; i < CW_QE_CERTIFICATE_COUNT; i++) {
        size_t part_len = strlen(qe->pem[i]);
        if (part_len > sizeof text - len) {
            return cannot_compute(path);
        }
        memcpy(text + len, qe->pem[i], part_len);
        len += part_len;
    }
    return cw_file_write(path, text, len, 0644);
}

static cw_status load_certificates(struct cw_qe *qe, const char *path)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    cw_status status = cw_file_read(path, CERTIFICATES_MAX, &bytes, &len);
    if (status != CW_OK && status != CW_E_ABSENT && status != CW_E_SPACE) {
        return status;
    }
    bool is_ours = status == CW_OK && read_certificates(qe, bytes, len);
    free(bytes);
    if (!is_ours) {
        return issue_certificates(qe, path);
    }
    return write_pem(qe) == CW_OK ? CW_OK : cannot_compute(path);
}

static cw_status name_platform(struct cw_qe *qe)
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(qe->keys[CW_QE_ROOT_CA], &der);
    bool is_done = len > 0 && SHA256(der, (size_t)len, qe->platform) != NULL;
    OPENSSL_free(der);
    return is_done ? CW_OK : CW_E_SYSTEM;
}

static cw_status load_all(struct cw_qe *qe, const char *root, const char *certificates)
{
    cw_status status = load_root(qe, root);
    if (status != CW_OK) {
        return status;
    }
    if (RAND_bytes(qe->fuses.report_keyid, sizeof qe->fuses.report_keyid) != 1 ||
            derive_keys(qe) != CW_OK || name_platform(qe) != CW_OK) {
        return cannot_compute(root);
    }
    return load_certificates(qe, certificates);
}

cw_status cw_qe_open(const char *folder, struct cw_qe **ret_qe)
{
    cw_status status = CW_E_SYSTEM;
    struct cw_qe *qe = calloc(1, sizeof *qe);
    char *root = cw_file_join(folder, "root");
    char *certificates = cw_file_join(folder, "certificates.pem");
    int lock = -1;
    if (qe == NULL || root == NULL || certificates == NULL) {
        cw_log_error("cannot open %s: no memory", folder);
        goto out;
    }
    status = cw_file_make_folder(folder, 0700);
    if (status != CW_OK) {
        goto out;
    }
    /* Two that start at once make one platform. */
    lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0 || flock(lock, LOCK_EX) != 0) {
        cw_log_error("cannot lock %s: %s", folder, strerror(errno));
        status = CW_E_SYSTEM;
        goto out;
    }
    status = load_all(qe, root, certificates);
    if (status == CW_OK) {
        *ret_qe = qe;
        qe = NULL;
    }
out:
    if (lock >= 0) {
        close(lock);
    }
    free(certificates);
    free(root);
    cw_qe_free(qe);
    return status;
}

void cw_qe_free(struct cw_qe *qe)
{
    if (qe == NULL) {
        return;
    }
    for (size_t i = 0; i < CW_QE_KEY_COUNT; i++) {
        EVP_PKEY_free(qe->keys[i]);
    }
    for (size_t i = 0; i < CW_QE_CERTIFICATE_COUNT; i++) {
        X509_free(qe->certificates[i]);
        free(qe->pem[i]);
    }
    cw_bytes_wipe(qe, sizeof *qe);
    free(qe);
}

const struct cw_sgx_fuses *cw_qe_fuses(const struct cw_qe *qe)
{
    return &qe->fuses;
}

const uint8_t *cw_qe_platform(const struct cw_qe *qe)
{
    return qe->platform;
}

/* --- quotes ---------------------------------------------------------------------------------------- */

/* No image is behind it: it is a part of this CPU. */
static void qe_mrenclave(uint8_t ret_hash[SGX_HASH_LEN])
{
    static const char text[] = "Causeway emulated quoting enclave";
    SHA256((const uint8_t *)text, sizeof text - 1, ret_hash);
}

void cw_qe_mrsigner(uint8_t ret_hash[static SGX_HASH_LEN])
{
    static const char text[] = "Causeway emulated quoting enclave: signer";
    SHA256((const uint8_t *)text, sizeof text - 1, ret_hash);
}

void cw_qe_target(const struct cw_qe *qe, uint8_t ret_target[static SGX_TARGETINFO_LEN])
{
    (void)qe;
    memset(ret_target, 0, SGX_TARGETINFO_LEN);
    qe_mrenclave(ret_target + SGX_TARGET_MEASUREMENT);
    cw_field_put(ret_target + SGX_TARGET_ATTRIBUTES, CW_QE_ATTRIBUTES, 8);
    cw_field_put(ret_target + SGX_TARGET_ATTRIBUTES + 8, CW_QE_XFRM, 8);
}

/* The attestation key's x and y. */
static cw_status attestation_point(const struct cw_qe *qe, uint8_t ret_point[64])
{
    uint8_t point[POINT_LEN];
    size_t len = 0;
    if (EVP_PKEY_get_octet_string_param(qe->keys[CW_QE_ATTESTATION], OSSL_PKEY_PARAM_PUB_KEY, point,
                sizeof point, &len) != 1 || len != sizeof point) {
        return CW_E_SYSTEM;
    }
    memcpy(ret_point, point + 1, 64);
    return CW_OK;
}

/* The quoting enclave's own report: it vouches for the attestation key. */
static void qe_report(const uint8_t point[64], const uint8_t auth[AUTH_LEN],
        uint8_t ret_body[SGX_REPORT_BODY_LEN])
{
    uint8_t vouched[64 + AUTH_LEN];
    memcpy(vouched, point, 64);
    memcpy(vouched + 64, auth, AUTH_LEN);
    memset(ret_body, 0, SGX_REPORT_BODY_LEN);
    memcpy(ret_body + SGX_REPORT_CPUSVN, cw_sgx_cpusvn, SGX_CPUSVN_LEN);
    cw_field_put(ret_body + SGX_REPORT_ATTRIBUTES, CW_QE_ATTRIBUTES, 8);
    cw_field_put(ret_body + SGX_REPORT_ATTRIBUTES + 8, CW_QE_XFRM, 8);
    qe_mrenclave(ret_body + SGX_REPORT_MRENCLAVE);
    cw_qe_mrsigner(ret_body + SGX_REPORT_MRSIGNER);
    cw_field_put(ret_body + SGX_REPORT_ISVPRODID, CW_QE_ISVPRODID, 2);
    cw_field_put(ret_body + SGX_REPORT_ISVSVN, CW_QE_ISVSVN, 2);
    SHA256(vouched, sizeof vouched, ret_body + SGX_REPORT_REPORTDATA);
}

static void put_header(uint8_t *quote)
{
    static const uint8_t vendor[SGX_QUOTE_VENDOR_LEN] = SGX_QUOTE_VENDOR_EMULATED;
    memset(quote, 0, SGX_QUOTE_BODY);
    cw_field_put(quote + SGX_QUOTE_VERSION, 3, 2);
    cw_field_put(quote + SGX_QUOTE_KEY_TYPE, SGX_QUOTE_KEY_P256, 2);
    cw_field_put(quote + SGX_QUOTE_QE_SVN, CW_QE_ISVSVN, 2);
    cw_field_put(quote + SGX_QUOTE_PCE_SVN, CW_QE_PCESVN, 2);
    memcpy(quote + SGX_QUOTE_VENDOR, vendor, sizeof vendor);
}

/* What lies where, behind SGX_QUOTE_SIG. */
#define SIG_QUOTE 0u
#define SIG_POINT 64u
#define SIG_QE_REPORT 128u
#define SIG_QE_SIGNATURE (SIG_QE_REPORT + SGX_REPORT_BODY_LEN)
#define SIG_AUTH (SIG_QE_SIGNATURE + 64u)
#define SIG_CERT (SIG_AUTH + 2u + AUTH_LEN)
#define SIG_PEM (SIG_CERT + 6u)

cw_status cw_qe_quote(const struct cw_qe *qe, const uint8_t report[static SGX_REPORT_LEN],
        uint8_t ret_quote[static CW_QE_QUOTE_MAX], size_t *ret_len)
{
    uint8_t target[SGX_TARGETINFO_LEN];
    cw_qe_target(qe, target);
    cw_status status = cw_sgx_report_check(&qe->fuses, target, report);
    if (status != CW_OK) {
        return status;
    }
    static const cw_qe_key chain[] = {CW_QE_PCK, CW_QE_PLATFORM_CA, CW_QE_ROOT_CA};
    uint8_t quote[CW_QE_QUOTE_MAX];
    uint8_t *sig = quote + SGX_QUOTE_SIG;
    uint8_t *auth = sig + SIG_AUTH + 2;
    size_t pem_len = 0;
    for (size_t i = 0; i < sizeof chain / sizeof chain[0]; i++) {
        size_t len = strlen(qe->pem[chain[i]]);
        if (len > sizeof quote - SGX_QUOTE_SIG - SIG_PEM - pem_len) {
            return CW_E_SYSTEM;
        }
        memcpy(sig + SIG_PEM + pem_len, qe->pem[chain[i]], len);
        pem_len += len;
    }
    put_header(quote);
    memcpy(quote + SGX_QUOTE_BODY, report, SGX_REPORT_BODY_LEN);
    cw_field_put(quote + SGX_QUOTE_SIG_LEN, SIG_PEM + pem_len, 4);
    cw_field_put(sig + SIG_AUTH, AUTH_LEN, 2);
    for (unsigned i = 0; i < AUTH_LEN; i++) {
        auth[i] = (uint8_t)i;
    }
    cw_field_put(sig + SIG_CERT, SGX_QUOTE_CERT_PCK_CHAIN, 2);
    cw_field_put(sig + SIG_CERT + 2, pem_len, 4);
    status = attestation_point(qe, sig + SIG_POINT);
    if (status == CW_OK) {
        qe_report(sig + SIG_POINT, auth, sig + SIG_QE_REPORT);
        status = cw_qe_sign(qe, CW_QE_PCK, sig + SIG_QE_REPORT, SGX_REPORT_BODY_LEN,
                sig + SIG_QE_SIGNATURE);
    }
    if (status == CW_OK) {
        status = cw_qe_sign(qe, CW_QE_ATTESTATION, quote, SGX_QUOTE_SIGNED_LEN, sig + SIG_QUOTE);
    }
    if (status == CW_OK) {
        *ret_len = SGX_QUOTE_SIG + SIG_PEM + pem_len;
        memcpy(ret_quote, quote, *ret_len);
    }
    return status;
}
