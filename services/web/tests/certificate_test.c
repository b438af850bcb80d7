/* SPDX-License-Identifier: MIT */
/* OpenSSL is the judge of what we encode and sign. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "services/web/client/certificate.h"

static const uint8_t serial[CW_CERTIFICATE_SERIAL_LEN] = {0xff, 1, 2, 3};
static struct cw_ecdsa_key key;
static uint8_t der[CW_CERTIFICATE_MAX];
static size_t der_len;

static X509 *make(const char *name)
{
    assert_int_equal(cw_certificate_make(&key, name, strlen(name), serial, der, &der_len), CW_OK);
    const uint8_t *at = der;
    X509 *certificate = d2i_X509(NULL, &at, (long)der_len);
    assert_non_null(certificate);
    assert_ptr_equal(at, der + der_len);
    return certificate;
}

/* Trusting it alone, is it a server's of that name? */
static int verify(X509 *certificate)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_add_cert(store, certificate), 1);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, certificate, NULL), 1);
    (void)X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER);
    int result = X509_verify_cert(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return result;
}

static void certificate_is_signed_by_its_own_key(void **state)
{
    (void)state;
    X509 *certificate = make("");
    EVP_PKEY *public_key = X509_get0_pubkey(certificate);
    assert_int_equal(X509_verify(certificate, public_key), 1);
    assert_int_equal(X509_get_version(certificate), X509_VERSION_3);
    assert_int_equal(verify(certificate), 1);
    assert_int_equal(X509_check_ca(certificate), 0);
    X509_free(certificate);
}

static void changed_certificate_does_not_verify(void **state)
{
    (void)state;
    X509_free(make("host.example"));
    der[der_len / 2] ^= 1;
    const uint8_t *at = der;
    X509 *certificate = d2i_X509(NULL, &at, (long)der_len);
    if (certificate != NULL) {
        EVP_PKEY *public_key = X509_get0_pubkey(certificate);
        assert_int_not_equal(public_key == NULL ? 0 : X509_verify(certificate, public_key), 1);
    }
    X509_free(certificate);
}

static void without_a_name_it_is_this_machine(void **state)
{
    (void)state;
    X509 *certificate = make("");
    assert_int_equal(X509_check_host(certificate, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "::1", 0), 1);
    assert_int_equal(X509_check_host(certificate, "example.org", 0, 0, NULL), 0);
    X509_free(certificate);
}

static void with_a_name_it_is_that_one_only(void **state)
{
    (void)state;
    X509 *certificate = make("web-1.example.org");
    assert_int_equal(X509_check_host(certificate, "web-1.example.org", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(certificate, "localhost", 0, 0, NULL), 0);
    assert_int_equal(verify(certificate), 1);
    X509_free(certificate);
    certificate = make("192.0.2.7");
    assert_int_equal(X509_check_ip_asc(certificate, "192.0.2.7", 0), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "127.0.0.1", 0), 0);
    X509_free(certificate);
}

static void longest_name_fits(void **state)
{
    (void)state;
    char name[CW_CERTIFICATE_NAME_MAX + 2];
    (void)memset(name, 'a', sizeof name);
    name[CW_CERTIFICATE_NAME_MAX] = 0;
    X509 *certificate = make(name);
    assert_int_equal(X509_check_host(certificate, name, 0, 0, NULL), 1);
    X509_free(certificate);
    assert_int_equal(cw_certificate_make(&key, name, CW_CERTIFICATE_NAME_MAX + 1, serial, der,
                             &der_len), CW_E_SPACE);
}

static void what_is_no_name_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = {".", "a.", ".a", "a..b", "-a", "a-", "a-.b", "a b", "a/b",
            "*.a", "a_b", "b\xc3\xbc", "::1", "a:443"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (cw_certificate_make(&key, names[i], strlen(names[i]), serial, der, &der_len) !=
                CW_E_FORM) {
            fail_msg("taken: %s", names[i]);
        }
    }
}

static void pem_is_read_by_others(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 4; extra++) {
        char name[8] = "abc";
        name[extra] = 0;
        X509 *certificate = make(name);
        char pem[CW_PEM_LEN(CW_CERTIFICATE_MAX)];
        assert_true(CW_PEM_LEN(der_len) <= 1024);
        cw_certificate_pem(der, der_len, pem);
        BIO *bio = BIO_new_mem_buf(pem, (int)CW_PEM_LEN(der_len));
        X509 *again = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        assert_non_null(again);
        assert_int_equal(X509_cmp(certificate, again), 0);
        assert_int_equal(pem[CW_PEM_LEN(der_len) - 1], '\n');
        BIO_free(bio);
        X509_free(again);
        X509_free(certificate);
    }
}

static void seeds_make_different_keys(void **state)
{
    (void)state;
    struct cw_ecdsa_key other;
    const uint8_t seed[CW_ECDSA_SEED_LEN] = {2};
    cw_ecdsa_key_make(seed, &other);
    assert_memory_not_equal(other.secret, key.secret, sizeof key.secret);
    assert_memory_not_equal(other.public_point, key.public_point, sizeof key.public_point);
}

static int set_up(void **state)
{
    (void)state;
    const uint8_t seed[CW_ECDSA_SEED_LEN] = {1};
    cw_ecdsa_key_make(seed, &key);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(certificate_is_signed_by_its_own_key),
            cmocka_unit_test(changed_certificate_does_not_verify),
            cmocka_unit_test(without_a_name_it_is_this_machine),
            cmocka_unit_test(with_a_name_it_is_that_one_only),
            cmocka_unit_test(longest_name_fits),
            cmocka_unit_test(what_is_no_name_is_refused),
            cmocka_unit_test(pem_is_read_by_others),
            cmocka_unit_test(seeds_make_different_keys),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
