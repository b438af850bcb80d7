/* SPDX-License-Identifier: MIT */
/* ECREATE's and EINIT's checks: each failure has its code and says which field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include "silicon/sgx/cpu.h"
#include "silicon/sgx/field.h"
#include "tests/support/sgx_image.h"
#include "tests/support/vectors.h"

static struct sgx_stream stream;
static struct cw_sgx_image image;
static struct sgx_identity identity;
static uint8_t sig[SGX_SIGSTRUCT_LEN];
static uint8_t secs[SGX_PAGE_LEN];
static char why[CW_SGX_WHY_LEN];

static void make_secs(void)
{
    cw_sgx_secs(&image, sig, 0x7f0000000000, secs);
}

static void sign(void)
{
    sgx_sign(&stream, &identity, SGX_SIGNER, sig);
    make_secs();
}

static int begin(void **state)
{
    (void)state;
    identity = (struct sgx_identity)SGX_IDENTITY;
    sgx_stream_ecreate(&stream, 0x10000, 2);
    sgx_stream_tcs(&stream, 0, &(struct sgx_tcs){.ossa = 0x1000, .nssa = 2});
    assert_int_equal(cw_sgx_image_read(stream.bytes, stream.len, &image, why), CW_OK);
    sign();
    return 0;
}

static int end(void **state)
{
    (void)state;
    sgx_stream_free(&stream);
    cw_sgx_image_free(&image);
    return 0;
}

/* The code, with because in its text; and the SECS is as it was. */
static void refused(uint32_t code, const char *because)
{
    uint8_t before[SGX_PAGE_LEN];
    memcpy(before, secs, sizeof before);
    uint32_t found = cw_sgx_einit(secs, sig, why);
    if (found != code || strstr(why, because) == NULL) {
        fail_msg("%s (%s), expected %s (%s)", cw_sgx_code_name(found), why, cw_sgx_code_name(code),
                because);
    }
    assert_memory_equal(secs, before, sizeof before);
}

static void accepted(void)
{
    uint32_t code = cw_sgx_einit(secs, sig, why);
    assert_string_equal(why, "");
    assert_int_equal(code, SGX_OK);
}

/* --- ECREATE ------------------------------------------------------------------------------------ */

static void a_loaders_secs_passes_ecreate(void **state)
{
    (void)state;
    assert_int_equal(cw_sgx_ecreate(secs, why), SGX_OK);
    static const uint8_t expected[64] = {
            [2] = 1,             /* SIZE 0x10000             */
            [13] = 0x7f,         /* BASEADDR 0x7f0000000000  */
            [16] = 2,            /* SSAFRAMESIZE             */
            [20] = 1,            /* MISCSELECT               */
            [48] = 4, [56] = 3,  /* ATTRIBUTES, XFRM         */
    };
    assert_memory_equal(secs, expected, sizeof expected);
    assert_memory_equal(secs + SGX_SECS_MRENCLAVE, image.mrenclave, SGX_HASH_LEN);
}

static void what_the_cpu_lacks_is_not_asked_of_it(void **state)
{
    (void)state;
    identity.attributes |= SGX_ATTR_AEXNOTIFY | SGX_ATTR_CET | SGX_ATTR_INIT;
    identity.attribute_mask = ~(uint64_t)(SGX_ATTR_AEXNOTIFY | SGX_ATTR_CET | SGX_ATTR_INIT);
    identity.xfrm = 0xe7 | 1ull << 17; /* AVX-512 and more */
    identity.xfrm_mask = 3;
    identity.miscselect = 3;
    identity.miscmask = 1;
    sign();
    assert_int_equal(cw_sgx_ecreate(secs, why), SGX_OK);
    accepted();
    assert_int_equal(cw_field_u64(secs + SGX_SECS_ATTRIBUTES + 8), SGX_XFRM_LEGACY | SGX_XFRM_AVX);
}

static void what_the_cpu_lacks_and_must_have_is_refused(void **state)
{
    (void)state;
    identity.xfrm = 0xe7;
    sign();
    assert_int_equal(cw_sgx_ecreate(secs, why), SGX_OK);
    refused(SGX_INVALID_ATTRIBUTE, "XFRM: SECS has 0x7, SIGSTRUCT 0xe7");
}

static void what_the_cpu_needs_is_there_though_nobody_asks(void **state)
{
    (void)state;
    identity.attributes = 0;
    identity.attribute_mask = 0;
    identity.xfrm = 0;
    identity.xfrm_mask = 0;
    sign();
    assert_int_equal(cw_sgx_ecreate(secs, why), SGX_OK);
    accepted();
    assert_int_equal(secs[SGX_SECS_ATTRIBUTES], SGX_ATTR_INIT | SGX_ATTR_MODE64BIT);
    assert_int_equal(secs[SGX_SECS_ATTRIBUTES + 8], SGX_XFRM_LEGACY);
}

static void each_wrong_secs_faults(void **state)
{
    static const struct {
        unsigned offset;
        uint8_t value;
        const char *because;
    } rows[] = {
            {SGX_SECS_SIZE, 1, "SIZE"},
            {SGX_SECS_SIZE + 2, 0, "SIZE"},
            {SGX_SECS_SIZE + 6, 1, "SIZE"},
            {SGX_SECS_BASE + 1, 0x10, "BASEADDR"},
            {SGX_SECS_SSAFRAMESIZE, 0, "SSAFRAMESIZE"},
            {SGX_SECS_MISCSELECT, 2, "MISCSELECT"},
            {24, 1, "CET"},
            {SGX_SECS_CET_ATTRIBUTES, 1, "CET"},
            {33, 1, "CET"},
            {47, 1, "CET"},
            {SGX_SECS_ATTRIBUTES, 5, "ATTRIBUTES"},
            {SGX_SECS_ATTRIBUTES, 0, "ATTRIBUTES"},
            {SGX_SECS_ATTRIBUTES, 12, "ATTRIBUTES"},
            {SGX_SECS_ATTRIBUTES + 1, 4, "ATTRIBUTES"},
            {SGX_SECS_ATTRIBUTES + 8, 2, "XFRM"},
            {SGX_SECS_ATTRIBUTES + 8, 0xb, "XFRM"},
            {SGX_SECS_ATTRIBUTES + 15, 1, "XFRM"},
            {96, 1, "bytes 96"},
            {127, 1, "bytes 96"},
            {160, 1, "bytes 160"},
            {191, 1, "bytes 160"},
            {SGX_SECS_CONFIGID, 1, "CONFIGID"},
            {SGX_SECS_CONFIGID + 63, 1, "CONFIGID"},
            {SGX_SECS_CONFIGSVN, 1, "CONFIGSVN"},
            {262, 1, "bytes 262"},
            {CW_SGX_SECS_ISVFAMILYID, 1, "bytes 262"},
            {4095, 1, "bytes 262"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        make_secs();
        secs[rows[i].offset] = rows[i].value;
        assert_int_equal(cw_sgx_ecreate(secs, why), CW_SGX_FAULT_GP);
        if (strstr(why, rows[i].because) == NULL) {
            fail_msg("row %zu: %s", i, why);
        }
    }
    make_secs();
    secs[SGX_SECS_ATTRIBUTES] |= SGX_ATTR_KSS;
    secs[SGX_SECS_CONFIGID] = 1;
    secs[SGX_SECS_CONFIGSVN] = 1;
    assert_int_equal(cw_sgx_ecreate(secs, why), SGX_OK);
}

/* --- EINIT -------------------------------------------------------------------------------------- */

static void a_signed_enclave_gets_its_identity(void **state)
{
    uint8_t mrsigner[SGX_HASH_LEN];
    (void)state;
    accepted();
    SHA256(sig + SGX_SIG_MODULUS, SGX_RSA_LEN, mrsigner);
    assert_memory_equal(secs + SGX_SECS_MRSIGNER, mrsigner, sizeof mrsigner);
    assert_int_equal(secs[SGX_SECS_ISVPRODID], 7);
    assert_int_equal(secs[SGX_SECS_ISVSVN], 3);
    assert_int_equal(secs[SGX_SECS_ATTRIBUTES], SGX_ATTR_INIT | SGX_ATTR_MODE64BIT);
}

/* Signed by the openssl command, Q1 and Q2 by Python. */
static void the_vectors_sigstruct_is_accepted(void **state)
{
    struct vectors *v = vectors_load("tests/vectors/sgx.txt");
    struct bytes bytes = vectors_get(v, "image1.stream");
    struct bytes mrsigner = vectors_get(v, "image1.mrsigner");
    (void)state;
    cw_sgx_image_free(&image);
    assert_int_equal(cw_sgx_image_read(bytes.at, bytes.len, &image, why), CW_OK);
    bytes = vectors_get(v, "image1.sigstruct");
    assert_int_equal(bytes.len, SGX_SIGSTRUCT_LEN);
    memcpy(sig, bytes.at, bytes.len);
    make_secs();
    assert_int_equal(cw_sgx_ecreate(secs, why), SGX_OK);
    accepted();
    assert_memory_equal(secs + SGX_SECS_MRSIGNER, mrsigner.at, SGX_HASH_LEN);
    assert_int_equal(secs[SGX_SECS_ISVPRODID] | secs[SGX_SECS_ISVPRODID + 1] << 8, 0x1234);
    assert_int_equal(secs[SGX_SECS_ISVSVN] | secs[SGX_SECS_ISVSVN + 1] << 8, 0x0203);
    assert_int_equal(secs[CW_SGX_SECS_ISVFAMILYID + 15], 15);
    assert_int_equal(secs[CW_SGX_SECS_ISVEXTPRODID], 16);
    vectors_free(v);
}

static bool is_signed(unsigned byte)
{
    return byte < 128 || (byte >= 900 && byte < 1028);
}

/* What EINIT looks at before the signature. */
static bool is_form(unsigned byte)
{
    return byte < 20 || (byte >= 24 && byte < 40) || (byte >= 44 && byte < 128) ||
            (byte >= 512 && byte < 516) || byte == 910 || byte == 911 ||
            (byte >= 992 && byte < 1008) || (byte >= 1028 && byte < 1040);
}

static void no_flipped_bit_is_accepted(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 8 * SGX_SIGSTRUCT_LEN; bit++) {
        unsigned byte = bit / 8;
        sig[byte] ^= (uint8_t)(1u << bit % 8);
        refused(is_form(byte) ? SGX_INVALID_SIG_STRUCT : SGX_INVALID_SIGNATURE,
                is_form(byte) ? "SIGSTRUCT" : "SIGSTRUCT.");
        if (is_signed(byte) && !is_form(byte)) {
            assert_non_null(strstr(why, "signature of bytes 0 to 127 and 900 to 1027"));
        }
        sig[byte] ^= (uint8_t)(1u << bit % 8);
    }
    accepted();
}

/* Constants and reserved bytes are looked at, whoever signed them. */
static void a_wrong_form_is_refused_though_it_is_signed(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < SGX_SIGSTRUCT_LEN; byte++) {
        if (is_form(byte) && is_signed(byte)) {
            sign();
            sig[byte] ^= 0x10;
            sgx_sign_again(sig, SGX_SIGNER);
            refused(SGX_INVALID_SIG_STRUCT, "SIGSTRUCT");
            byte += 6;
        }
    }
}

static void texts_say_what_stands_there_and_what_should(void **state)
{
    (void)state;
    sig[SGX_SIG_HEADER + 1] = 0xff;
    refused(SGX_INVALID_SIG_STRUCT, "HEADER is 06ff0000e10000000000010000000000, must be "
                                    "06000000e10000000000010000000000");
    sign();
    sig[SGX_SIG_VENDOR] = 0x87;
    refused(SGX_INVALID_SIG_STRUCT, "VENDOR is 0x87, must be 0 or 0x8086");
    sign();
    sig[SGX_SIG_EXPONENT + 2] = 1;
    refused(SGX_INVALID_SIG_STRUCT, "EXPONENT is 65539, must be 3");
}

static void both_vendors_are_accepted(void **state)
{
    (void)state;
    identity.vendor = 0x8086;
    sign();
    accepted();
}

static void each_part_of_the_signature_is_checked(void **state)
{
    (void)state;
    sig[SGX_SIG_Q1] ^= 1;
    refused(SGX_INVALID_SIGNATURE, "Q1");
    sign();
    sig[SGX_SIG_Q2] ^= 1;
    refused(SGX_INVALID_SIGNATURE, "Q2");
    sign();
    memset(sig + SGX_SIG_MODULUS, 0, SGX_RSA_LEN);
    refused(SGX_INVALID_SIGNATURE, "MODULUS has 0 bits");
    sign();
    sig[SGX_SIG_MODULUS] &= 0xfe;
    refused(SGX_INVALID_SIGNATURE, "must be odd");
    sign();
    sig[SGX_SIG_MODULUS + SGX_RSA_LEN - 1] = 0;
    refused(SGX_INVALID_SIGNATURE, "it must be odd and have 3072");
    sign();
    memcpy(sig + SGX_SIG_SIGNATURE, sig + SGX_SIG_MODULUS, SGX_RSA_LEN);
    refused(SGX_INVALID_SIGNATURE, "not below MODULUS");
}

/* S = 0 or 1 with right quotients: only the padding shows that it is no signature. */
static void a_trivial_root_is_no_signature(void **state)
{
    (void)state;
    for (uint8_t s = 0; s < 2; s++) {
        sign();
        memset(sig + SGX_SIG_SIGNATURE, 0, SGX_RSA_LEN);
        memset(sig + SGX_SIG_Q1, 0, 2 * SGX_RSA_LEN);
        sig[SGX_SIG_SIGNATURE] = s;
        refused(SGX_INVALID_SIGNATURE, "SIGNATURE is not MODULUS' signature");
    }
}

static void another_signers_key_makes_another_signer(void **state)
{
    uint8_t first[SGX_HASH_LEN];
    (void)state;
    accepted();
    memcpy(first, secs + SGX_SECS_MRSIGNER, sizeof first);
    sgx_sign(&stream, &identity, SGX_OTHER_SIGNER, sig);
    make_secs();
    accepted();
    assert_memory_not_equal(secs + SGX_SECS_MRSIGNER, first, sizeof first);
}

static void another_image_is_another_measurement(void **state)
{
    (void)state;
    secs[SGX_SECS_MRENCLAVE + 31] ^= 1;
    refused(SGX_INVALID_MEASUREMENT, "ENCLAVEHASH is ");
    char hex[3];
    snprintf(hex, sizeof hex, "%02x", image.mrenclave[31]);
    assert_string_equal(why + strlen(why) - 2, hex);
}

static void attributes_are_compared_under_the_mask(void **state)
{
    (void)state;
    secs[SGX_SECS_ATTRIBUTES] |= SGX_ATTR_DEBUG;
    refused(SGX_INVALID_ATTRIBUTE, "ATTRIBUTES: SECS has 0x6, SIGSTRUCT 0x4");
    identity.attribute_mask = ~(uint64_t)SGX_ATTR_DEBUG;
    sign();
    secs[SGX_SECS_ATTRIBUTES] |= SGX_ATTR_DEBUG;
    accepted();
    assert_int_equal(secs[SGX_SECS_ATTRIBUTES], 7);

    sign();
    secs[SGX_SECS_ATTRIBUTES + 8] |= SGX_XFRM_AVX;
    refused(SGX_INVALID_ATTRIBUTE, "XFRM: SECS has 0x7, SIGSTRUCT 0x3");
    identity.xfrm_mask = ~(uint64_t)SGX_XFRM_AVX;
    sign();
    secs[SGX_SECS_ATTRIBUTES + 8] |= SGX_XFRM_AVX;
    accepted();

    sign();
    secs[SGX_SECS_MISCSELECT] = 0;
    refused(SGX_INVALID_ATTRIBUTE, "MISCSELECT: SECS has 0x0, SIGSTRUCT 0x1");
    identity.miscmask = ~1u;
    sign();
    secs[SGX_SECS_MISCSELECT] = 0;
    accepted();

    sign();
    sig[SGX_SIG_CET] = 1;
    sig[SGX_SIG_CET + 1] = 1;
    sgx_sign_again(sig, SGX_SIGNER);
    refused(SGX_INVALID_ATTRIBUTE, "CET_ATTRIBUTES");
    sig[SGX_SIG_CET + 1] = 0xfe;
    sgx_sign_again(sig, SGX_SIGNER);
    accepted();
}

static void the_init_bit_cannot_be_demanded(void **state)
{
    (void)state;
    identity.attributes |= SGX_ATTR_INIT;
    sign();
    refused(SGX_INVALID_ATTRIBUTE, "they differ in 0x1");
}

static void ids_of_kss_need_kss(void **state)
{
    (void)state;
    identity.family_id[15] = 1;
    sign();
    refused(SGX_INVALID_SIG_STRUCT, "ISVFAMILYID");
    identity.family_id[15] = 0;
    identity.ext_prodid[0] = 1;
    sign();
    refused(SGX_INVALID_SIG_STRUCT, "ISVEXTPRODID");
    identity.attributes |= SGX_ATTR_KSS;
    sign();
    accepted();
    assert_int_equal(secs[CW_SGX_SECS_ISVEXTPRODID], 1);
}

/* As the manual's order has it: the first thing that is wrong names the code. */
static void the_order_of_checks_is_the_manuals(void **state)
{
    (void)state;
    secs[SGX_SECS_ATTRIBUTES] |= SGX_ATTR_DEBUG;
    refused(SGX_INVALID_ATTRIBUTE, "");
    secs[SGX_SECS_MRENCLAVE] ^= 1;
    refused(SGX_INVALID_MEASUREMENT, "");
    sig[SGX_SIG_Q1] ^= 1;
    refused(SGX_INVALID_SIGNATURE, "");
    sig[SGX_SIG_RESERVED1] = 1;
    refused(SGX_INVALID_SIG_STRUCT, "");
}

static void codes_have_the_manuals_names(void **state)
{
    (void)state;
    assert_string_equal(cw_sgx_code_name(4), "SGX_INVALID_MEASUREMENT");
    assert_string_equal(cw_sgx_code_name(1), "SGX_INVALID_SIG_STRUCT");
    assert_string_equal(cw_sgx_code_name(2), "SGX_INVALID_ATTRIBUTE");
    assert_string_equal(cw_sgx_code_name(8), "SGX_INVALID_SIGNATURE");
    assert_string_equal(cw_sgx_code_name(CW_SGX_FAULT_GP), "#GP");
    assert_string_equal(cw_sgx_code_name(77), "unknown code");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
            CASE(a_loaders_secs_passes_ecreate),
            CASE(what_the_cpu_lacks_is_not_asked_of_it),
            CASE(what_the_cpu_lacks_and_must_have_is_refused),
            CASE(what_the_cpu_needs_is_there_though_nobody_asks),
            CASE(each_wrong_secs_faults),
            CASE(a_signed_enclave_gets_its_identity),
            CASE(the_vectors_sigstruct_is_accepted),
            CASE(no_flipped_bit_is_accepted),
            CASE(a_wrong_form_is_refused_though_it_is_signed),
            CASE(texts_say_what_stands_there_and_what_should),
            CASE(both_vendors_are_accepted),
            CASE(each_part_of_the_signature_is_checked),
            CASE(a_trivial_root_is_no_signature),
            CASE(another_signers_key_makes_another_signer),
            CASE(another_image_is_another_measurement),
            CASE(attributes_are_compared_under_the_mask),
            CASE(the_init_bit_cannot_be_demanded),
            CASE(ids_of_kss_need_kss),
            CASE(the_order_of_checks_is_the_manuals),
            CASE(codes_have_the_manuals_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
