/* SPDX-License-Identifier: MIT */
/* EGETKEY and EREPORT: what each key depends on, bit by bit, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "silicon/sgx/cpu.h"
#include "tests/support/vectors.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct cw_sgx_fuses fuses;
static uint8_t secs[SGX_PAGE_LEN];
static uint8_t request[SGX_KEYREQUEST_LEN];
static uint8_t key[SGX_KEY_LEN];

/* An enclave that may ask for everything, and a request that may be granted. */
static int begin(void **state)
{
    (void)state;
    memset(fuses.root, 0x11, sizeof fuses.root);
    memset(fuses.report_keyid, 0x22, sizeof fuses.report_keyid);
    memset(secs, 0, sizeof secs);
    memset(request, 0, sizeof request);
    secs[SGX_SECS_MISCSELECT] = SGX_MISC_EXINFO;
    secs[SGX_SECS_ATTRIBUTES] = SGX_ATTR_INIT | SGX_ATTR_MODE64BIT | SGX_ATTR_PROVISIONKEY |
            SGX_ATTR_EINITTOKENKEY | SGX_ATTR_KSS;
    secs[SGX_SECS_ATTRIBUTES + 8] = 3;
    memset(secs + SGX_SECS_MRENCLAVE, 0x33, 32);
    memset(secs + SGX_SECS_MRSIGNER, 0x44, 32);
    memset(secs + SGX_SECS_CONFIGID, 0x55, 64);
    secs[SGX_SECS_ISVPRODID] = 7;
    secs[SGX_SECS_ISVSVN] = 3;
    secs[SGX_SECS_CONFIGSVN] = 5;
    memset(secs + CW_SGX_SECS_ISVFAMILYID, 0x66, 16);
    memset(secs + CW_SGX_SECS_ISVEXTPRODID, 0x77, 16);
    request[SGX_KEYREQ_KEYNAME] = SGX_KEYNAME_SEAL;
    request[SGX_KEYREQ_ISVSVN] = 2;
    request[SGX_KEYREQ_CONFIGSVN] = 4;
    memset(request + SGX_KEYREQ_CPUSVN, 0x0e, SGX_CPUSVN_LEN);
    memset(request + SGX_KEYREQ_KEYID, 0x88, SGX_KEYID_LEN);
    return 0;
}

static void refused(uint32_t code)
{
    static const uint8_t zeros[SGX_KEY_LEN];
    memset(key, 0xaa, sizeof key);
    assert_int_equal(cw_sgx_egetkey(&fuses, secs, request, key), code);
    assert_memory_equal(key, zeros, sizeof key);
}

static void granted(void)
{
    assert_int_equal(cw_sgx_egetkey(&fuses, secs, request, key), SGX_OK);
}

/* --- against computations of others --------------------------------------------------------------- */

static void take_secs(const struct vectors *v)
{
    struct cw_sgx_image image;
    char why[CW_SGX_WHY_LEN];
    struct bytes bytes = vectors_get(v, "image1.stream");
    assert_int_equal(cw_sgx_image_read(bytes.at, bytes.len, &image, why), CW_OK);
    bytes = vectors_get(v, "image1.sigstruct");
    cw_sgx_secs(&image, bytes.at, 0x10000000, secs);
    memcpy(secs + SGX_SECS_CONFIGID, vectors_get(v, "secs.configid").at, 64);
    memcpy(secs + SGX_SECS_CONFIGSVN, vectors_get(v, "secs.configsvn").at, 2);
    assert_int_equal(cw_sgx_ecreate(secs, why), SGX_OK);
    assert_int_equal(cw_sgx_einit(secs, bytes.at, why), SGX_OK);
    cw_sgx_image_free(&image);
    memcpy(fuses.root, vectors_get(v, "fuses.root").at, sizeof fuses.root);
    memcpy(fuses.report_keyid, vectors_get(v, "fuses.keyid").at, sizeof fuses.report_keyid);
}

static void vectors_have_their_keys(void **state)
{
    struct vectors *v = vectors_load("tests/vectors/sgx.txt");
    unsigned count = 0;
    (void)state;
    take_secs(v);
    for (; vectors_has(v, "key%u.request", count + 1); count++) {
        if (count == 3) {
            secs[SGX_SECS_ATTRIBUTES] |= SGX_ATTR_PROVISIONKEY | SGX_ATTR_EINITTOKENKEY;
        }
        memcpy(request, vectors_get(v, "key%u.request", count + 1).at, sizeof request);
        granted();
        assert_memory_equal(key, vectors_get(v, "key%u.key", count + 1).at, sizeof key);
    }
    assert_int_equal(count, 6);
    vectors_free(v);
}

static void the_vectors_report_is_made_bit_for_bit(void **state)
{
    struct vectors *v = vectors_load("tests/vectors/sgx.txt");
    uint8_t report[SGX_REPORT_LEN];
    (void)state;
    take_secs(v);
    assert_int_equal(cw_sgx_ereport(&fuses, secs, vectors_get(v, "report.target").at,
                             vectors_get(v, "report.data").at, report),
            SGX_OK);
    assert_int_equal(vectors_get(v, "report.report").len, sizeof report);
    assert_memory_equal(report, vectors_get(v, "report.report").at, sizeof report);
    vectors_free(v);
}

/* --- what each key depends on ----------------------------------------------------------------------- */

/* One input of a derivation; in rows below, a letter per key name says whether it enters. */
struct input {
    const char *name;
    bool is_request;
    uint16_t offset;
    uint8_t bit;
    const char *enters; /* in the order of key names: 'y' or '-' */
    uint16_t policy;    /* what it needs */
};

static const struct input inputs[] = {
        /*                                              token, provision, prov. seal, report, seal */
        {"MRENCLAVE", false, SGX_SECS_MRENCLAVE, 1, "---yy", SGX_KEYPOLICY_MRENCLAVE},
        {"MRENCLAVE's end", false, SGX_SECS_MRENCLAVE + 31, 0x80, "---yy", SGX_KEYPOLICY_MRENCLAVE},
        {"MRENCLAVE, no policy", false, SGX_SECS_MRENCLAVE, 1, "---y-", 0},
        {"MRSIGNER", false, SGX_SECS_MRSIGNER, 1, "yyy-y", SGX_KEYPOLICY_MRSIGNER},
        {"MRSIGNER's end", false, SGX_SECS_MRSIGNER + 31, 0x80, "yyy-y", SGX_KEYPOLICY_MRSIGNER},
        {"MRSIGNER, no policy", false, SGX_SECS_MRSIGNER, 1, "yyy--", 0},
        {"ISVPRODID", false, SGX_SECS_ISVPRODID + 1, 1, "yyy-y", 0},
        {"ISVPRODID, no policy", false, SGX_SECS_ISVPRODID, 1, "yy---", SGX_KEYPOLICY_NOISVPRODID},
        {"CONFIGID", false, SGX_SECS_CONFIGID + 63, 1, "--yyy", SGX_KEYPOLICY_CONFIGID},
        {"CONFIGID, no policy", false, SGX_SECS_CONFIGID, 1, "---y-", 0},
        {"SECS.CONFIGSVN", false, SGX_SECS_CONFIGSVN, 2, "---y-", SGX_KEYPOLICY_CONFIGID},
        {"ISVFAMILYID", false, CW_SGX_SECS_ISVFAMILYID + 15, 1, "--y-y", SGX_KEYPOLICY_ISVFAMILYID},
        {"ISVFAMILYID, no policy", false, CW_SGX_SECS_ISVFAMILYID, 1, "-----", 0},
        {"ISVEXTPRODID", false, CW_SGX_SECS_ISVEXTPRODID + 15, 1, "--y-y",
                SGX_KEYPOLICY_ISVEXTPRODID},
        {"ISVEXTPRODID, no policy", false, CW_SGX_SECS_ISVEXTPRODID, 1, "-----", 0},
        {"SECS.ISVSVN", false, SGX_SECS_ISVSVN, 4, "-----", 0},
        {"DEBUG", false, SGX_SECS_ATTRIBUTES, SGX_ATTR_DEBUG, "yyyyy", 0},
        {"INIT", false, SGX_SECS_ATTRIBUTES, SGX_ATTR_INIT, "yyyyy", 0},
        {"XFRM, not in the mask", false, SGX_SECS_ATTRIBUTES + 8, 4, "---y-", 0},
        {"MISCSELECT, not in the mask", false, SGX_SECS_MISCSELECT, 1, "---y-", 0},
        {"BASEADDR", false, SGX_SECS_BASE + 3, 1, "-----", 0},
        {"ISVSVN", true, SGX_KEYREQ_ISVSVN, 1, "yyy-y", 0},
        {"CPUSVN", true, SGX_KEYREQ_CPUSVN + 15, 1, "yyy-y", 0},
        {"CONFIGSVN", true, SGX_KEYREQ_CONFIGSVN, 1, "--y-y", SGX_KEYPOLICY_CONFIGID},
        {"CONFIGSVN, no policy", true, SGX_KEYREQ_CONFIGSVN, 1, "-----", 0},
        {"KEYID", true, SGX_KEYREQ_KEYID, 1, "y--yy", 0},
        {"KEYID's end", true, SGX_KEYREQ_KEYID + 31, 0x80, "y--yy", 0},
        {"ATTRIBUTEMASK that masks nothing", true, SGX_KEYREQ_ATTRIBUTEMASK + 7, 1, "-yy-y", 0},
        {"ATTRIBUTEMASK of 64BIT", true, SGX_KEYREQ_ATTRIBUTEMASK, SGX_ATTR_MODE64BIT, "yyy-y", 0},
        {"ATTRIBUTEMASK of XFRM", true, SGX_KEYREQ_ATTRIBUTEMASK + 8, 1, "yyy-y", 0},
        {"MISCMASK that masks nothing", true, SGX_KEYREQ_MISCMASK + 3, 1, "-yy-y", 0},
        {"MISCMASK", true, SGX_KEYREQ_MISCMASK, 1, "yyy-y", 0},
        {"KEYPOLICY MRENCLAVE", true, SGX_KEYREQ_KEYPOLICY, SGX_KEYPOLICY_MRENCLAVE, "--y-y", 0},
        {"KEYPOLICY MRSIGNER", true, SGX_KEYREQ_KEYPOLICY, SGX_KEYPOLICY_MRSIGNER, "--y-y", 0},
        {"KEYPOLICY NOISVPRODID", true, SGX_KEYREQ_KEYPOLICY, SGX_KEYPOLICY_NOISVPRODID, "--y-y", 0},
};

static void each_key_depends_on_what_the_table_says(void **state)
{
    uint8_t first[SGX_KEY_LEN];
    for (size_t i = 0; i < COUNT(inputs); i++) {
        for (uint8_t name = 0; name < 5; name++) {
            const struct input *input = &inputs[i];
            uint8_t *at = (input->is_request ? request : secs) + input->offset;
            begin(state);
            request[SGX_KEYREQ_KEYNAME] = name;
            request[SGX_KEYREQ_KEYPOLICY] = (uint8_t)input->policy;
            granted();
            memcpy(first, key, sizeof first);
            *at ^= input->bit;
            granted();
            bool is_other = memcmp(first, key, sizeof first) != 0;
            if (is_other != (input->enters[name] == 'y')) {
                fail_msg("key %u %s on %s", name, is_other ? "depends" : "does not depend",
                        input->name);
            }
        }
    }
}

static void keys_depend_on_the_root_and_the_name(void **state)
{
    uint8_t all[10][SGX_KEY_LEN];
    (void)state;
    for (uint8_t i = 0; i < 10; i++) {
        fuses.root[31] = i / 5;
        request[SGX_KEYREQ_KEYNAME] = i % 5;
        granted();
        memcpy(all[i], key, sizeof key);
        for (uint8_t j = 0; j < i; j++) {
            assert_memory_not_equal(all[i], all[j], sizeof key);
        }
    }
}

static void the_random_keyid_of_a_reset_changes_no_other_key(void **state)
{
    uint8_t first[SGX_KEY_LEN];
    (void)state;
    granted();
    memcpy(first, key, sizeof first);
    memset(fuses.report_keyid, 0x99, sizeof fuses.report_keyid);
    granted();
    assert_memory_equal(first, key, sizeof first);
}

/* --- what is refused ------------------------------------------------------------------------------- */

static void unknown_keys_are_refused(void **state)
{
    (void)state;
    for (unsigned name = 5; name < 0x10000; name += name < 300 ? 1 : 997) {
        request[SGX_KEYREQ_KEYNAME] = (uint8_t)name;
        request[SGX_KEYREQ_KEYNAME + 1] = (uint8_t)(name >> 8);
        refused(SGX_INVALID_KEYNAME);
    }
}

static void keys_of_a_role_need_its_attribute(void **state)
{
    static const struct {
        uint8_t name;
        uint8_t attribute;
    } rows[] = {
            {SGX_KEYNAME_EINITTOKEN, SGX_ATTR_EINITTOKENKEY},
            {SGX_KEYNAME_PROVISION, SGX_ATTR_PROVISIONKEY},
            {SGX_KEYNAME_PROVISION_SEAL, SGX_ATTR_PROVISIONKEY},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        request[SGX_KEYREQ_KEYNAME] = rows[i].name;
        secs[SGX_SECS_ATTRIBUTES] ^= rows[i].attribute;
        refused(SGX_INVALID_ATTRIBUTE);
        secs[SGX_SECS_ATTRIBUTES] ^= rows[i].attribute;
        granted();
    }
}

static void versions_above_the_own_are_refused(void **state)
{
    for (uint8_t name = 0; name < 5; name++) {
        bool is_report = name == SGX_KEYNAME_REPORT;
        bool has_config = name == SGX_KEYNAME_SEAL || name == SGX_KEYNAME_PROVISION_SEAL;
        begin(state);
        request[SGX_KEYREQ_KEYNAME] = name;
        request[SGX_KEYREQ_ISVSVN] = 3;
        granted();
        request[SGX_KEYREQ_ISVSVN] = 4;
        is_report ? granted() : refused(SGX_INVALID_ISVSVN);
        request[SGX_KEYREQ_ISVSVN] = 0;
        request[SGX_KEYREQ_ISVSVN + 1] = 1;
        is_report ? granted() : refused(SGX_INVALID_ISVSVN);
        request[SGX_KEYREQ_ISVSVN + 1] = 0;

        request[SGX_KEYREQ_CONFIGSVN] = 6;
        has_config ? refused(SGX_INVALID_ISVSVN) : granted();
        request[SGX_KEYREQ_CONFIGSVN] = 5;
        granted();

        memset(request + SGX_KEYREQ_CPUSVN, 0xee, SGX_CPUSVN_LEN);
        granted();
        request[SGX_KEYREQ_CPUSVN + 9] = 0xef;
        is_report ? granted() : refused(SGX_INVALID_CPUSVN);
    }
}

static void reserved_bytes_fault(void **state)
{
    (void)state;
    for (unsigned name = 0; name < 6; name++) {
        request[SGX_KEYREQ_KEYNAME] = (uint8_t)name;
        for (unsigned i = 6; i < SGX_KEYREQUEST_LEN; i++) {
            if (i < 8 || i >= SGX_KEYREQ_RESERVED) {
                request[i] = 1;
                refused(CW_SGX_FAULT_GP);
                request[i] = 0;
            }
        }
        for (unsigned bit = 6; bit < 16; bit++) {
            request[SGX_KEYREQ_KEYPOLICY + bit / 8] = (uint8_t)(1u << bit % 8);
            refused(CW_SGX_FAULT_GP);
            request[SGX_KEYREQ_KEYPOLICY + bit / 8] = 0;
        }
    }
}

static void policies_of_kss_need_kss(void **state)
{
    (void)state;
    secs[SGX_SECS_ATTRIBUTES] ^= SGX_ATTR_KSS;
    refused(CW_SGX_FAULT_GP); /* CONFIGSVN 4 */
    request[SGX_KEYREQ_CONFIGSVN] = 0;
    granted();
    for (uint8_t policy = 0; policy < 64; policy++) {
        request[SGX_KEYREQ_KEYPOLICY] = policy;
        policy < 4 ? granted() : refused(CW_SGX_FAULT_GP);
    }
}

/* --- reports ---------------------------------------------------------------------------------------- */

static uint8_t target[SGX_TARGETINFO_LEN];
static uint8_t data[SGX_REPORTDATA_LEN];
static uint8_t report[SGX_REPORT_LEN];

/* What the enclave of secs is for others. */
static void take_target(void)
{
    memset(target, 0, sizeof target);
    memcpy(target + SGX_TARGET_MEASUREMENT, secs + SGX_SECS_MRENCLAVE, 32);
    memcpy(target + SGX_TARGET_ATTRIBUTES, secs + SGX_SECS_ATTRIBUTES, 16);
    memcpy(target + SGX_TARGET_CONFIGSVN, secs + SGX_SECS_CONFIGSVN, 2);
    memcpy(target + SGX_TARGET_MISCSELECT, secs + SGX_SECS_MISCSELECT, 4);
    memcpy(target + SGX_TARGET_CONFIGID, secs + SGX_SECS_CONFIGID, 64);
}

static void the_target_alone_can_check_a_report(void **state)
{
    (void)state;
    take_target();
    assert_int_equal(cw_sgx_ereport(&fuses, secs, target, data, report), SGX_OK);
    assert_int_equal(cw_sgx_report_check(&fuses, target, report), CW_OK);
    for (unsigned bit = 0; bit < 8 * SGX_REPORT_LEN; bit++) {
        report[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(cw_sgx_report_check(&fuses, target, report), CW_E_AUTH);
        report[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (unsigned i = 0; i < 128; i++) {
        bool counts = i < 48 || i == 50 || i == 51 || (i >= 52 && i < 56) || i >= 64;
        target[i] ^= 1;
        assert_int_equal(cw_sgx_report_check(&fuses, target, report), counts ? CW_E_AUTH : CW_OK);
        target[i] ^= 1;
    }
    fuses.root[0] ^= 1;
    assert_int_equal(cw_sgx_report_check(&fuses, target, report), CW_E_AUTH);
}

static void a_report_outlives_a_reset_of_the_keyid(void **state)
{
    (void)state;
    take_target();
    assert_int_equal(cw_sgx_ereport(&fuses, secs, target, data, report), SGX_OK);
    memset(fuses.report_keyid, 0, sizeof fuses.report_keyid);
    assert_int_equal(cw_sgx_report_check(&fuses, target, report), CW_OK);
}

static void reserved_bytes_of_a_target_fault(void **state)
{
    static const uint8_t zeros[SGX_REPORT_LEN];
    (void)state;
    take_target();
    for (unsigned i = 48; i < SGX_TARGETINFO_LEN; i++) {
        if (i < 50 || (i >= 56 && i < 64) || i >= 128) {
            target[i] = 1;
            memset(report, 0xaa, sizeof report);
            assert_int_equal(cw_sgx_ereport(&fuses, secs, target, data, report), CW_SGX_FAULT_GP);
            assert_memory_equal(report, zeros, sizeof report);
            target[i] = 0;
        }
    }
}

static void a_report_is_marked_as_no_real_cpus(void **state)
{
    (void)state;
    take_target();
    assert_int_equal(cw_sgx_ereport(&fuses, secs, target, data, report), SGX_OK);
    for (unsigned i = 0; i < SGX_CPUSVN_LEN; i++) {
        assert_int_equal(report[SGX_REPORT_CPUSVN + i], 0xee);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
            CASE(vectors_have_their_keys),
            CASE(the_vectors_report_is_made_bit_for_bit),
            CASE(each_key_depends_on_what_the_table_says),
            CASE(keys_depend_on_the_root_and_the_name),
            CASE(the_random_keyid_of_a_reset_changes_no_other_key),
            CASE(unknown_keys_are_refused),
            CASE(keys_of_a_role_need_its_attribute),
            CASE(versions_above_the_own_are_refused),
            CASE(reserved_bytes_fault),
            CASE(policies_of_kss_need_kss),
            CASE(the_target_alone_can_check_a_report),
            CASE(a_report_outlives_a_reset_of_the_keyid),
            CASE(reserved_bytes_of_a_target_fault),
            CASE(a_report_is_marked_as_no_real_cpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
