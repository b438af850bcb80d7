/* SPDX-License-Identifier: MIT */
/* The emulated platform: one folder, one identity; quotes and collateral that fit together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "posix/file.h"
#include "posix/log.h"
#include "silicon/sgx/qe.h"
#include "tests/support/folder.h"

#define NOW 1790000000 /* 2026-09-21 */
#define HOUR 3600
#define DAY (24 * HOUR)

static char path[64];
static struct cw_qe *qe;
static char text[1024]; /* of errors */

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof path, "%s/state/%s", folder, name);
    return path;
}

static void open_platform(void)
{
    char state_folder[64];
    snprintf(state_folder, sizeof state_folder, "%s/state", folder);
    cw_qe_free(qe);
    qe = NULL;
    assert_int_equal(cw_qe_open(state_folder, &qe), CW_OK);
}

static int begin(void **state)
{
    (void)state;
    cw_log_catch(text, sizeof text);
    open_platform();
    return 0;
}

static int end(void **state)
{
    (void)state;
    cw_log_catch(NULL, 0);
    cw_qe_free(qe);
    qe = NULL;
    return 0;
}

/* A report of some enclave for the quoting enclave. */
static void make_report(uint8_t ret_report[SGX_REPORT_LEN])
{
    uint8_t secs[SGX_PAGE_LEN] = {0};
    uint8_t target[SGX_TARGETINFO_LEN];
    uint8_t data[SGX_REPORTDATA_LEN];
    secs[SGX_SECS_ATTRIBUTES] = 5;
    memset(secs + SGX_SECS_MRENCLAVE, 0x12, 32);
    memset(secs + SGX_SECS_MRSIGNER, 0x34, 32);
    memset(data, 0x56, sizeof data);
    cw_qe_target(qe, target);
    assert_int_equal(cw_sgx_ereport(cw_qe_fuses(qe), secs, target, data, ret_report), SGX_OK);
}

/* --- the folder ------------------------------------------------------------------------------------ */

static void a_platform_is_the_same_after_a_restart(void **state)
{
    uint8_t platform[CW_QE_PLATFORM_LEN];
    struct cw_sgx_fuses fuses;
    uint8_t *first;
    uint8_t *second;
    size_t first_len;
    size_t second_len;
    (void)state;
    memcpy(platform, cw_qe_platform(qe), sizeof platform);
    fuses = *cw_qe_fuses(qe);
    assert_int_equal(cw_file_read(in_folder("certificates.pem"), 1 << 20, &first, &first_len), CW_OK);
    open_platform();
    assert_memory_equal(platform, cw_qe_platform(qe), sizeof platform);
    assert_memory_equal(fuses.root, cw_qe_fuses(qe)->root, sizeof fuses.root);
    assert_memory_not_equal(fuses.report_keyid, cw_qe_fuses(qe)->report_keyid, SGX_KEYID_LEN);
    assert_int_equal(cw_file_read(in_folder("certificates.pem"), 1 << 20, &second, &second_len),
            CW_OK);
    assert_int_equal(first_len, second_len);
    assert_memory_equal(first, second, first_len);
    free(first);
    free(second);
}

static void only_the_owner_can_read_its_secret(void **state)
{
    struct stat st;
    (void)state;
    assert_int_equal(stat(in_folder("root"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 32);
    assert_int_equal(stat(in_folder(""), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void open_refuses(cw_status expected, const char *because)
{
    struct cw_qe *other = NULL;
    char state_folder[64];
    snprintf(state_folder, sizeof state_folder, "%s/state", folder);
    text[0] = '\0';
    cw_log_catch(text, sizeof text);
    assert_int_equal(cw_qe_open(state_folder, &other), expected);
    assert_null(other);
    if (strstr(text, because) == NULL) {
        fail_msg("said: %s", text);
    }
}

static void a_secret_that_others_can_read_is_refused(void **state)
{
    (void)state;
    assert_int_equal(chmod(in_folder("root"), 0644), 0);
    open_refuses(CW_E_DENIED, "root");
    assert_int_equal(chmod(in_folder("root"), 0600), 0);
    open_platform();
}

static void a_secret_of_another_length_is_refused(void **state)
{
    uint8_t *root;
    size_t len;
    (void)state;
    assert_int_equal(cw_file_read(in_folder("root"), 1000, &root, &len), CW_OK);
    static const size_t wrong[] = {0, 31, 33, 65};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t bytes[65] = {0};
        assert_int_equal(cw_file_write(in_folder("root"), bytes, wrong[i], 0600), CW_OK);
        open_refuses(CW_E_FORM, "expected 32 bytes");
    }
    assert_int_equal(cw_file_write(in_folder("root"), root, len, 0600), CW_OK);
    free(root);
    open_platform();
}

/* The power may fail between the two files, or the second may be damaged. */
static void lost_certificates_are_issued_again_for_the_same_keys(void **state)
{
    uint8_t platform[CW_QE_PLATFORM_LEN];
    (void)state;
    memcpy(platform, cw_qe_platform(qe), sizeof platform);
    assert_int_equal(unlink(in_folder("certificates.pem")), 0);
    open_platform();
    assert_true(cw_file_exists(in_folder("certificates.pem")));
    assert_memory_equal(platform, cw_qe_platform(qe), sizeof platform);

    assert_int_equal(cw_file_write(in_folder("certificates.pem"), "nothing", 7, 0600), CW_OK);
    open_platform();
    assert_memory_equal(platform, cw_qe_platform(qe), sizeof platform);
    uint8_t *bytes;
    size_t len;
    assert_int_equal(cw_file_read(in_folder("certificates.pem"), 1 << 20, &bytes, &len), CW_OK);
    assert_memory_equal(bytes, "-----BEGIN", 10);

    /* Those of another platform are not taken. */
    uint8_t root[32] = {7};
    assert_int_equal(cw_file_write(in_folder("root"), root, sizeof root, 0600), CW_OK);
    open_platform();
    assert_memory_not_equal(platform, cw_qe_platform(qe), sizeof platform);
    uint8_t *others;
    size_t others_len;
    assert_int_equal(cw_file_read(in_folder("certificates.pem"), 1 << 20, &others, &others_len),
            CW_OK);
    assert_true(len != others_len || memcmp(bytes, others, len) != 0);
    free(bytes);
    free(others);
}

static void starts_at_the_same_time_make_one_platform(void **state)
{
    enum { STARTS = 6 };
    char fresh[64];
    int out[2];
    (void)state;
    snprintf(fresh, sizeof fresh, "%s/fresh", folder);
    assert_int_equal(pipe(out), 0);
    for (int i = 0; i < STARTS; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct cw_qe *mine = NULL;
            bool is_done = cw_qe_open(fresh, &mine) == CW_OK &&
                    write(out[1], cw_qe_platform(mine), CW_QE_PLATFORM_LEN) == CW_QE_PLATFORM_LEN;
            _exit(is_done ? 0 : 1);
        }
    }
    uint8_t platforms[STARTS][CW_QE_PLATFORM_LEN];
    for (int i = 0; i < STARTS; i++) {
        int status = 0;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
        assert_int_equal(read(out[0], platforms[i], CW_QE_PLATFORM_LEN), CW_QE_PLATFORM_LEN);
        assert_memory_equal(platforms[i], platforms[0], CW_QE_PLATFORM_LEN);
    }
    close(out[0]);
    close(out[1]);
}

/* --- quotes ---------------------------------------------------------------------------------------- */

static unsigned number(const uint8_t *at, unsigned len)
{
    unsigned value = 0;
    while (len-- > 0) {
        value = value << 8 | at[len];
    }
    return value;
}

/* r, s over bytes, by a public key. */
static bool is_signature(EVP_PKEY *key, const uint8_t *rs, const void *bytes, size_t len)
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    uint8_t *der = NULL;
    assert_int_equal(ECDSA_SIG_set0(signature, BN_bin2bn(rs, 32, NULL), BN_bin2bn(rs + 32, 32, NULL)),
            1);
    int der_len = i2d_ECDSA_SIG(signature, &der);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    bool holds = EVP_DigestVerify(ctx, der, (size_t)der_len, bytes, len) == 1;
    EVP_MD_CTX_free(ctx);
    OPENSSL_free(der);
    ECDSA_SIG_free(signature);
    return holds;
}

static EVP_PKEY *key_of_point(const uint8_t xy[64])
{
    uint8_t point[65] = {4};
    EVP_PKEY *key = NULL;
    memcpy(point + 1, xy, 64);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    return key;
}

/* Certificates of a PEM text, at most 4. */
static size_t certificates_of(const char *pem, size_t len, X509 *ret_certificates[4])
{
    BIO *in = BIO_new_mem_buf(pem, (int)len);
    size_t count = 0;
    while (count < 4) {
        X509 *certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);
        if (certificate == NULL) {
            break;
        }
        ret_certificates[count++] = certificate;
    }
    BIO_free(in);
    return count;
}

static void free_all(X509 **certificates, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        X509_free(certificates[i]);
    }
}

static bool is_issued_by(X509 *certificate, X509 *issuer)
{
    return X509_check_issued(issuer, certificate) == X509_V_OK &&
            X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

static void a_quote_adds_up_and_its_signatures_hold(void **state)
{
    static const uint8_t vendor[16] = SGX_QUOTE_VENDOR_EMULATED;
    uint8_t report[SGX_REPORT_LEN];
    uint8_t quote[CW_QE_QUOTE_MAX];
    uint8_t hash[32];
    uint8_t vouched[96];
    size_t len = 0;
    X509 *chain[4];
    (void)state;
    make_report(report);
    assert_int_equal(cw_qe_quote(qe, report, quote, &len), CW_OK);

    assert_int_equal(number(quote, 2), 3);
    assert_int_equal(number(quote + 2, 2), 2);
    assert_int_equal(number(quote + 4, 4), 0);
    assert_memory_equal(quote + 12, vendor, 16);
    assert_memory_equal(quote + 48, report, 384);
    assert_int_equal(number(quote + 432, 4), len - 436);
    const uint8_t *sig = quote + 436;
    EVP_PKEY *key = key_of_point(sig + 64);
    assert_true(is_signature(key, sig, quote, 432));
    quote[431] ^= 1;
    assert_false(is_signature(key, sig, quote, 432));
    EVP_PKEY_free(key);

    assert_int_equal(number(sig + 576, 2), 32);
    memcpy(vouched, sig + 64, 64);
    memcpy(vouched + 64, sig + 578, 32);
    SHA256(vouched, sizeof vouched, hash);
    assert_memory_equal(sig + 128 + 320, hash, 32);
    for (unsigned i = 352; i < 384; i++) {
        assert_int_equal(sig[128 + i], 0);
    }
    assert_int_equal(number(sig + 610, 2), 5);
    assert_int_equal(number(sig + 612, 4), len - 436 - 616);
    assert_int_equal(certificates_of((const char *)sig + 616, len - 436 - 616, chain), 3);
    assert_true(is_signature(X509_get0_pubkey(chain[0]), sig + 512, sig + 128, 384));
    assert_true(is_issued_by(chain[0], chain[1]));
    assert_true(is_issued_by(chain[1], chain[2]));
    assert_true(is_issued_by(chain[2], chain[2]));
    assert_int_equal(X509_check_ca(chain[0]), 0);
    assert_int_equal(X509_check_ca(chain[1]), 1);
    assert_int_equal(X509_check_ca(chain[2]), 1);

    uint8_t *spki = NULL;
    int spki_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(chain[2]), &spki);
    SHA256(spki, (size_t)spki_len, hash);
    assert_memory_equal(hash, cw_qe_platform(qe), 32);
    OPENSSL_free(spki);
    free_all(chain, 3);
}

static void only_genuine_reports_for_the_quoting_enclave_are_quoted(void **state)
{
    uint8_t report[SGX_REPORT_LEN];
    uint8_t quote[CW_QE_QUOTE_MAX];
    size_t len = 4711;
    (void)state;
    make_report(report);
    for (unsigned i = 0; i < SGX_REPORT_LEN; i++) {
        report[i] ^= 0x80;
        assert_int_equal(cw_qe_quote(qe, report, quote, &len), CW_E_AUTH);
        report[i] ^= 0x80;
    }
    assert_int_equal(len, 4711);

    uint8_t secs[SGX_PAGE_LEN] = {0};
    uint8_t target[SGX_TARGETINFO_LEN];
    uint8_t data[SGX_REPORTDATA_LEN] = {0};
    cw_qe_target(qe, target);
    target[SGX_TARGET_ATTRIBUTES] ^= SGX_ATTR_DEBUG;
    assert_int_equal(cw_sgx_ereport(cw_qe_fuses(qe), secs, target, data, report), SGX_OK);
    assert_int_equal(cw_qe_quote(qe, report, quote, &len), CW_E_AUTH);
}

/* The bytes of the extension, as the profile has them, value by value. */
static void the_pck_certificate_describes_the_platform(void **state)
{
    uint8_t report[SGX_REPORT_LEN];
    uint8_t quote[CW_QE_QUOTE_MAX];
    size_t len;
    X509 *chain[4];
    (void)state;
    make_report(report);
    assert_int_equal(cw_qe_quote(qe, report, quote, &len), CW_OK);
    assert_int_equal(certificates_of((const char *)quote + 1052, len - 1052, chain), 3);
    ASN1_OBJECT *oid = OBJ_txt2obj("1.2.840.113741.1.13.1", 1);
    int at = X509_get_ext_by_OBJ(chain[0], oid, -1);
    assert_true(at >= 0);
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(chain[0], at));
    BIO *out = BIO_new(BIO_s_mem());
    assert_int_equal(ASN1_parse_dump(out, ASN1_STRING_get0_data(value), ASN1_STRING_length(value), 0,
                             0), 1);
    char *dump = NULL;
    long dump_len = BIO_get_mem_data(out, &dump);
    char *copy = strndup(dump, (size_t)dump_len);
    static const char *const expected[] = {
            "1.2.840.113741.1.13.1.1\n", "OCTET STRING", "1.2.840.113741.1.13.1.2\n",
            "1.2.840.113741.1.13.1.2.1\n", "INTEGER           :EE", "1.2.840.113741.1.13.1.2.16\n",
            "INTEGER           :EE", "1.2.840.113741.1.13.1.2.17\n", "INTEGER           :01",
            "1.2.840.113741.1.13.1.2.18\n",
            "OCTET STRING      [HEX DUMP]:EEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE",
            "1.2.840.113741.1.13.1.3\n", "[HEX DUMP]:EEEE\n", "1.2.840.113741.1.13.1.4\n",
            "[HEX DUMP]:EEEEEEEEEEEE\n", "1.2.840.113741.1.13.1.5\n", "ENUMERATED        :00",
            "1.2.840.113741.1.13.1.6\n", "1.2.840.113741.1.13.1.7\n", "1.2.840.113741.1.13.1.7.1\n",
            "BOOLEAN           :0", "1.2.840.113741.1.13.1.7.2\n", "BOOLEAN           :0",
            "1.2.840.113741.1.13.1.7.3\n", "BOOLEAN           :0",
    };
    const char *rest = copy;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const char *found = strstr(rest, expected[i]);
        if (found == NULL) {
            fail_msg("no %s in its place:\n%s", expected[i], copy);
        }
        rest = found + strlen(expected[i]);
    }
    free(copy);
    BIO_free(out);
    ASN1_OBJECT_free(oid);
    free_all(chain, 3);
}

/* --- collateral ------------------------------------------------------------------------------------- */

static json_t *collateral_at(int64_t now)
{
    char *json = NULL;
    assert_int_equal(cw_qe_collateral(qe, now, &json), CW_OK);
    json_t *all = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(all);
    free(json);
    return all;
}

static const char *string_in(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    if (value == NULL) {
        fail_msg("no %s", name);
    }
    return value;
}

static size_t unhex(const char *hex, uint8_t *ret_bytes, size_t cap)
{
    size_t len = 0;
    for (; hex[0] != '\0'; hex += 2) {
        unsigned byte;
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        assert_true(len < cap);
        ret_bytes[len++] = (uint8_t)byte;
    }
    return len;
}

/* Signed by the first of the chain, which the second, the root, issued; the object is returned. */
static json_t *signed_object(const json_t *all, const char *name, const char *chain_name)
{
    char signature_name[64];
    uint8_t signature[64];
    X509 *chain[4];
    const char *inner = string_in(all, name);
    const char *pem = string_in(all, chain_name);
    snprintf(signature_name, sizeof signature_name, "%s_signature", name);
    assert_int_equal(unhex(string_in(all, signature_name), signature, sizeof signature), 64);
    assert_int_equal(certificates_of(pem, strlen(pem), chain), 2);
    assert_true(is_signature(X509_get0_pubkey(chain[0]), signature, inner, strlen(inner)));
    assert_true(is_issued_by(chain[0], chain[1]));
    free_all(chain, 2);
    json_t *object = json_loads(inner, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    return object;
}

static void tcb_info_says_emulated_and_nothing_else(void **state)
{
    json_t *all = collateral_at(NOW);
    (void)state;
    json_t *info = signed_object(all, "tcb_info", "tcb_info_issuer_chain");
    assert_string_equal(string_in(info, "id"), "SGX");
    assert_int_equal(json_integer_value(json_object_get(info, "version")), 3);
    assert_string_equal(string_in(info, "issueDate"), "2026-09-21T13:13:20Z");
    assert_string_equal(string_in(info, "nextUpdate"), "2026-10-21T14:13:20Z");
    assert_string_equal(string_in(info, "fmspc"), "EEEEEEEEEEEE");
    assert_string_equal(string_in(info, "pceId"), "EEEE");
    const json_t *levels = json_object_get(info, "tcbLevels");
    assert_int_equal(json_array_size(levels), 1);
    const json_t *level = json_array_get(levels, 0);
    assert_string_equal(string_in(level, "tcbStatus"), "EMULATED");
    const json_t *tcb = json_object_get(level, "tcb");
    const json_t *components = json_object_get(tcb, "sgxtcbcomponents");
    assert_int_equal(json_array_size(components), 16);
    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(json_integer_value(json_object_get(json_array_get(components, i), "svn")),
                0xee);
    }
    assert_int_equal(json_integer_value(json_object_get(tcb, "pcesvn")), 1);
    json_decref(info);
    json_decref(all);
}

static void qe_identity_is_that_of_the_quotes(void **state)
{
    uint8_t report[SGX_REPORT_LEN];
    uint8_t quote[CW_QE_QUOTE_MAX];
    uint8_t mrsigner[32];
    uint8_t attributes[16];
    size_t len;
    json_t *all = collateral_at(NOW);
    (void)state;
    make_report(report);
    assert_int_equal(cw_qe_quote(qe, report, quote, &len), CW_OK);
    const uint8_t *qe_body = quote + 436 + 128;
    json_t *identity = signed_object(all, "qe_identity", "qe_identity_issuer_chain");
    assert_string_equal(string_in(identity, "id"), "QE");
    assert_int_equal(unhex(string_in(identity, "mrsigner"), mrsigner, 32), 32);
    assert_memory_equal(mrsigner, qe_body + 128, 32);
    assert_int_equal(unhex(string_in(identity, "attributes"), attributes, 16), 16);
    assert_memory_equal(attributes, qe_body + 48, 16);
    assert_int_equal(json_integer_value(json_object_get(identity, "isvprodid")),
            number(qe_body + 256, 2));
    json_decref(identity);
    json_decref(all);
}

static void check_list(const json_t *all, const char *name, X509 *issuer)
{
    uint8_t der[2048];
    const uint8_t *at = der;
    size_t len = unhex(string_in(all, name), der, sizeof der);
    X509_CRL *list = d2i_X509_CRL(NULL, &at, (long)len);
    assert_non_null(list);
    assert_ptr_equal(at, der + len);
    assert_int_equal(X509_CRL_verify(list, X509_get0_pubkey(issuer)), 1);
    assert_int_equal(X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(issuer)), 0);
    assert_int_equal(ASN1_TIME_cmp_time_t(X509_CRL_get0_lastUpdate(list), NOW - HOUR), 0);
    assert_int_equal(ASN1_TIME_cmp_time_t(X509_CRL_get0_nextUpdate(list), NOW + 30 * DAY), 0);
    assert_null(X509_CRL_get_REVOKED(list));
    X509_CRL_free(list);
}

static void both_revocation_lists_are_of_this_time(void **state)
{
    X509 *chain[4];
    json_t *all = collateral_at(NOW);
    const char *pem = string_in(all, "pck_crl_issuer_chain");
    (void)state;
    assert_int_equal(certificates_of(pem, strlen(pem), chain), 2);
    assert_true(is_issued_by(chain[0], chain[1]));
    check_list(all, "pck_crl", chain[0]);
    check_list(all, "root_ca_crl", chain[1]);
    free_all(chain, 2);
    json_decref(all);
}

static void every_name_says_that_it_is_emulated(void **state)
{
    uint8_t *pem;
    size_t len;
    X509 *certificates[4];
    (void)state;
    assert_int_equal(cw_file_read(in_folder("certificates.pem"), 1 << 20, &pem, &len), CW_OK);
    assert_int_equal(certificates_of((const char *)pem, len, certificates), 4);
    for (size_t i = 0; i < 4; i++) {
        char name[256];
        X509_NAME_oneline(X509_get_subject_name(certificates[i]), name, sizeof name);
        assert_non_null(strstr(name, "CN=Causeway Emulated SGX "));
        assert_non_null(strstr(name, "no hardware"));
    }
    free_all(certificates, 4);
    free(pem);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
            CASE(a_platform_is_the_same_after_a_restart),
            CASE(only_the_owner_can_read_its_secret),
            CASE(a_secret_that_others_can_read_is_refused),
            CASE(a_secret_of_another_length_is_refused),
            CASE(lost_certificates_are_issued_again_for_the_same_keys),
            CASE(starts_at_the_same_time_make_one_platform),
            CASE(a_quote_adds_up_and_its_signatures_hold),
            CASE(only_genuine_reports_for_the_quoting_enclave_are_quoted),
            CASE(the_pck_certificate_describes_the_platform),
            CASE(tcb_info_says_emulated_and_nothing_else),
            CASE(qe_identity_is_that_of_the_quotes),
            CASE(both_revocation_lists_are_of_this_time),
            CASE(every_name_says_that_it_is_emulated),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
