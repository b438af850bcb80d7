/* SPDX-License-Identifier: MIT */
/* Signatures against OpenSSL too. */
#include "core/crypto/cose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

static struct key {
    uint8_t secret[CW_P256_SECRET_LEN];
    uint8_t public_point[65];
} key;

static struct key derive(uint8_t first)
{
    uint8_t wide[CW_P256_WIDE_LEN] = {first};
    struct key made = {.public_point = {4}};
    cw_p256_secret(wide, made.secret);
    cw_p256_public(made.secret, made.public_point + 1);
    return made;
}

/* What OpenSSL says of r || s over a hash. */
static int openssl_verify(const uint8_t point[65], const uint8_t hash[32], const uint8_t raw[64])
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    assert_true(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0));
    assert_true(OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 65));
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *public_key = NULL;
    assert_int_equal(EVP_PKEY_fromdata_init(make), 1);
    assert_int_equal(EVP_PKEY_fromdata(make, &public_key, EVP_PKEY_PUBLIC_KEY, parameters), 1);
    ECDSA_SIG *signature = ECDSA_SIG_new();
    assert_true(ECDSA_SIG_set0(signature, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL)));
    unsigned char *der = NULL;
    int der_len = i2d_ECDSA_SIG(signature, &der);
    EVP_PKEY_CTX *check = EVP_PKEY_CTX_new(public_key, NULL);
    assert_int_equal(EVP_PKEY_verify_init(check), 1);
    int verdict = EVP_PKEY_verify(check, der, (size_t)der_len, hash, 32);
    EVP_PKEY_CTX_free(check);
    OPENSSL_free(der);
    ECDSA_SIG_free(signature);
    EVP_PKEY_free(public_key);
    EVP_PKEY_CTX_free(make);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    return verdict;
}

static size_t make(const char *payload, uint8_t bytes[static 256])
{
    struct cw_writer w = cw_writer_over(bytes, 256);
    size_t len = 0;
    cw_cose_sign(&w, (const uint8_t *)payload, strlen(payload), key.secret);
    assert_int_equal(cw_writer_finish(&w, &len), CW_OK);
    assert_true(len <= strlen(payload) + CW_COSE_OVERHEAD_MAX);
    return len;
}

static void what_is_signed_is_read_and_verified(void **state)
{
    uint8_t bytes[256];
    struct cw_cose cose;
    (void)state;
    const size_t len = make("a payload", bytes);
    struct cw_reader r = cw_reader_over(bytes, len);
    cw_cose_read(&r, &cose);
    assert_int_equal(cw_reader_finish(&r), CW_OK);
    assert_int_equal(cose.payload_len, 9);
    assert_memory_equal(cose.payload, "a payload", 9);
    assert_true(cw_cose_is_by(&cose, key.public_point + 1));
}

/* The structure of RFC 9052 section 4.4, spelt out here. */
static void the_signature_is_over_the_structure_of_the_standard(void **state)
{
    static const uint8_t structure[] = "\x84\x6aSignature1\x43\xa1\x01\x26\x40\x49"
                                       "a payload";
    uint8_t bytes[256];
    uint8_t hash[32];
    (void)state;
    const size_t len = make("a payload", bytes);
    assert_memory_equal(bytes, "\xd2\x84\x43\xa1\x01\x26\xa0\x49"
                               "a payload\x58\x40", 19);
    assert_int_equal(EVP_Digest(structure, sizeof structure - 1, hash, NULL, EVP_sha256(), NULL), 1);
    assert_int_equal(openssl_verify(key.public_point, hash, bytes + len - 64), 1);
    hash[0] ^= 1;
    assert_int_equal(openssl_verify(key.public_point, hash, bytes + len - 64), 0);
}

static void no_bit_can_be_changed(void **state)
{
    uint8_t bytes[256];
    struct cw_cose cose;
    (void)state;
    const size_t len = make("x", bytes);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct cw_reader r = cw_reader_over(bytes, len);
        cw_cose_read(&r, &cose);
        if (cw_reader_finish(&r) == CW_OK) {
            assert_false(cw_cose_is_by(&cose, key.public_point + 1));
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void another_key_or_none_does_not_verify(void **state)
{
    uint8_t bytes[256];
    uint8_t point[64] = {0};
    const struct key other = derive(1);
    struct cw_cose cose;
    (void)state;
    struct cw_reader r = cw_reader_over(bytes, make("a payload", bytes));
    cw_cose_read(&r, &cose);
    assert_false(cw_cose_is_by(&cose, other.public_point + 1));
    assert_false(cw_cose_is_by(&cose, point)); /* not on the curve */
    memset(point, 0xff, sizeof point);
    assert_false(cw_cose_is_by(&cose, point));
    memset(cose.signature, 0, sizeof cose.signature);
    assert_false(cw_cose_is_by(&cose, key.public_point + 1));
}

static void what_was_not_read_is_by_nobody(void **state)
{
    static const uint8_t zeros[8];
    struct cw_cose cose;
    (void)state;
    struct cw_reader r = cw_reader_over(zeros, sizeof zeros);
    cw_cose_read(&r, &cose);
    assert_int_equal(r.status, CW_E_FORM);
    assert_null(cose.payload);
    assert_false(cw_cose_is_by(&cose, key.public_point + 1));
}

static void a_signature_without_room_is_told(void **state)
{
    uint8_t bytes[80];
    size_t len;
    (void)state;
    struct cw_writer w = cw_writer_over(bytes, sizeof bytes);
    cw_cose_sign(&w, (const uint8_t *)"a payload", 9, key.secret);
    assert_int_equal(cw_writer_finish(&w, &len), CW_E_SPACE);
}

int main(void)
{
    key = derive(7);
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_is_signed_is_read_and_verified),
            cmocka_unit_test(the_signature_is_over_the_structure_of_the_standard),
            cmocka_unit_test(no_bit_can_be_changed),
            cmocka_unit_test(another_key_or_none_does_not_verify),
            cmocka_unit_test(what_was_not_read_is_by_nobody),
            cmocka_unit_test(a_signature_without_room_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
