/* SPDX-License-Identifier: MIT */
/*
 * What the emulated platform makes, the owner's verifier judges.  The two share no code, so each
 * checks the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "silicon/sgx/qe.h"
#include "tee/sgx/owner/verify.h"

#define NOW 1790000000
#define DAY (24 * 3600)

static char folder[] = "/tmp/emulated-quote-XXXXXX";
static struct cw_qe *qe;
static struct cw_dcap_collateral *collateral;
static uint8_t quote[CW_QE_QUOTE_MAX];
static size_t quote_len;
static uint8_t report_data[SGX_REPORTDATA_LEN];
static uint8_t mrenclave[SGX_HASH_LEN];
static struct cw_dcap_policy policy;
static struct cw_dcap_verdict verdict;

static void make_quote(uint8_t attributes)
{
    uint8_t secs[SGX_PAGE_LEN] = {0};
    uint8_t target[SGX_TARGETINFO_LEN];
    uint8_t report[SGX_REPORT_LEN];
    secs[SGX_SECS_ATTRIBUTES] = attributes;
    secs[SGX_SECS_ATTRIBUTES + 8] = SGX_XFRM_LEGACY;
    memset(mrenclave, 0x12, sizeof mrenclave);
    memcpy(secs + SGX_SECS_MRENCLAVE, mrenclave, sizeof mrenclave);
    memset(report_data, 0x56, sizeof report_data);
    cw_qe_target(qe, target);
    assert_int_equal(cw_sgx_ereport(cw_qe_fuses(qe), secs, target, report_data, report), SGX_OK);
    assert_int_equal(cw_qe_quote(qe, report, quote, &quote_len), CW_OK);
}

static struct cw_dcap_collateral *collateral_of(const struct cw_qe *platform, int64_t now)
{
    struct cw_dcap_collateral *result = NULL;
    char why[CW_DCAP_WHY_CAP] = "";
    char *json = NULL;
    assert_int_equal(cw_qe_collateral(platform, now, &json), CW_OK);
    cw_status status = cw_dcap_collateral_json((const uint8_t *)json, strlen(json), &result, why);
    if (status != CW_OK) {
        fail_msg("%s", why);
    }
    free(json);
    return result;
}

static int begin(void **state)
{
    (void)state;
    make_quote(SGX_ATTR_INIT | SGX_ATTR_MODE64BIT);
    policy = (struct cw_dcap_policy){.root_key_hash = cw_qe_platform(qe), .allow_emulated = true,
            .mrenclave = mrenclave, .report_data = report_data};
    return 0;
}

static cw_status verify_at(int64_t time)
{
    return cw_dcap_verify(quote, quote_len, collateral, time, &policy, &verdict);
}

static void refused_in(cw_dcap_step step)
{
    cw_status status = verify_at(NOW);
    if (status == CW_OK || verdict.accepted || verdict.failed != step) {
        fail_msg("step %s, not %s: %s", cw_dcap_step_name(verdict.failed), cw_dcap_step_name(step),
                verdict.reason);
    }
}

static void an_emulated_quote_is_genuine_where_it_is_allowed(void **state)
{
    (void)state;
    cw_status status = verify_at(NOW);
    assert_string_equal(verdict.reason, "");
    assert_int_equal(status, CW_OK);
    assert_true(verdict.accepted && verdict.genuine && verdict.emulated);
    assert_false(verdict.is_protected || verdict.is_intel_root || verdict.is_debug);
    assert_int_equal(verdict.status, CW_DCAP_EMULATED);
    assert_memory_equal(verdict.report.mrenclave, mrenclave, sizeof mrenclave);
    assert_memory_equal(verdict.report.cpusvn, cw_sgx_cpusvn, SGX_CPUSVN_LEN);
    assert_memory_equal(verdict.platform.cpusvn, cw_sgx_cpusvn, SGX_CPUSVN_LEN);
    assert_int_equal(verdict.platform.pcesvn, 1);
    assert_memory_equal(verdict.root_key_hash, cw_qe_platform(qe), CW_DCAP_HASH_LEN);
    assert_int_equal(verdict.trailing_len, 0);
}

static void it_is_refused_where_it_is_not_allowed(void **state)
{
    (void)state;
    policy.allow_emulated = false;
    assert_int_not_equal(verify_at(NOW), CW_OK);
    assert_false(verdict.accepted);
    /* Nor does anything else that a policy can allow let it in. */
    policy.allow_foreign_root = true;
    policy.allow_debug = true;
    policy.allowed_statuses = ~0u;
    assert_int_not_equal(verify_at(NOW), CW_OK);
    assert_false(verdict.accepted);
    assert_true(verdict.emulated);
}

static void it_is_never_under_intels_root(void **state)
{
    (void)state;
    policy.root_key_hash = NULL;
    refused_in(CW_DCAP_STEP_PCK);
}

static void collateral_is_of_its_days_only(void **state)
{
    (void)state;
    assert_int_equal(verify_at(NOW - 3600), CW_OK);
    assert_int_equal(verify_at(NOW + 30 * DAY), CW_OK);
    assert_int_not_equal(verify_at(NOW - 3601), CW_OK);
    assert_int_not_equal(verify_at(NOW + 30 * DAY + 1), CW_OK);
    struct cw_dcap_collateral *later = collateral_of(qe, NOW + 40 * DAY);
    assert_int_equal(cw_dcap_verify(quote, quote_len, later, NOW + 41 * DAY, &policy, &verdict),
            CW_OK);
    cw_dcap_collateral_free(later);
}

static void debug_enclaves_are_refused(void **state)
{
    (void)state;
    make_quote(SGX_ATTR_INIT | SGX_ATTR_MODE64BIT | SGX_ATTR_DEBUG);
    refused_in(CW_DCAP_STEP_POLICY);
    policy.allow_debug = true;
    assert_int_equal(verify_at(NOW), CW_OK);
    assert_true(verdict.is_debug);
}

static void another_platforms_evidence_is_not_this_ones(void **state)
{
    static const char *const names[] = {"root", "certificates.pem", ""};
    char other_folder[64];
    char path[96];
    struct cw_qe *other = NULL;
    (void)state;
    snprintf(other_folder, sizeof other_folder, "%s/other", folder);
    assert_int_equal(cw_qe_open(other_folder, &other), CW_OK);
    struct cw_dcap_collateral *foreign = collateral_of(other, NOW);
    assert_int_not_equal(cw_dcap_verify(quote, quote_len, foreign, NOW, &policy, &verdict), CW_OK);
    policy.root_key_hash = cw_qe_platform(other);
    assert_int_not_equal(cw_dcap_verify(quote, quote_len, foreign, NOW, &policy, &verdict), CW_OK);
    assert_int_not_equal(verify_at(NOW), CW_OK);
    cw_dcap_collateral_free(foreign);
    cw_qe_free(other);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", other_folder, names[i]);
        (void)remove(path);
    }
}

/* A PEM text ends its lines and begins where it likes: these bits say nothing. */
static bool is_harmless(size_t byte, unsigned bit)
{
    return byte >= 1052 && (quote[byte] == '\n' || (quote[byte] ^ 1u << bit) == '\n');
}

static void no_flipped_bit_is_accepted(void **state)
{
    const char *wanted = getenv("CW_LONG");
    bool is_long = wanted != NULL && strcmp(wanted, "1") == 0;
    (void)state;
    for (size_t byte = 0; byte < quote_len; byte += is_long || byte < 1052 ? 1 : 5) {
        for (unsigned bit = is_long ? 0 : byte % 8; bit < 8; bit += is_long ? 1 : 8) {
            quote[byte] ^= (uint8_t)(1u << bit);
            bool is_accepted = verify_at(NOW) == CW_OK;
            quote[byte] ^= (uint8_t)(1u << bit);
            if (is_accepted && !is_harmless(byte, bit)) {
                fail_msg("accepted with bit %u of byte %zu flipped", bit, byte);
            }
        }
    }
    assert_int_equal(verify_at(NOW), CW_OK);
}

static void a_cut_quote_is_refused(void **state)
{
    (void)state;
    size_t whole = quote_len;
    for (quote_len = 0; quote_len < whole; quote_len++) {
        assert_int_not_equal(verify_at(NOW), CW_OK);
    }
}

static int make_platform(void **state)
{
    char path[64];
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/state", folder);
    assert_int_equal(cw_qe_open(path, &qe), CW_OK);
    collateral = collateral_of(qe, NOW);
    return 0;
}

static int remove_platform(void **state)
{
    static const char *const names[] = {"state/root", "state/certificates.pem", "state", ""};
    char path[64];
    (void)state;
    cw_dcap_collateral_free(collateral);
    cw_qe_free(qe);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)remove(path);
    }
    return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
            CASE(an_emulated_quote_is_genuine_where_it_is_allowed),
            CASE(it_is_refused_where_it_is_not_allowed),
            CASE(it_is_never_under_intels_root),
            CASE(collateral_is_of_its_days_only),
            CASE(debug_enclaves_are_refused),
            CASE(another_platforms_evidence_is_not_this_ones),
            CASE(no_flipped_bit_is_accepted),
            CASE(a_cut_quote_is_refused),
    };
    return cmocka_run_group_tests(tests, make_platform, remove_platform);
}
