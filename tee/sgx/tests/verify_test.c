/* SPDX-License-Identifier: MIT */
/*
 * The quote verifier against a vendor made for tests: every step fails in its own way with its own
 * words, nothing that was changed is accepted, and the same things written otherwise are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>

#include "posix/file.h"
#include "tee/sgx/owner/verify.h"
#include "tests/support/dcap.h"

static bool is_long(void)
{
    const char *value = getenv("CW_LONG");
    return value != NULL && strcmp(value, "1") == 0;
}

/* How many bits further the next one is that is flipped.  Sanitizers need five times as long. */
static size_t stride(size_t usual)
{
#ifdef __SANITIZE_ADDRESS__
    return is_long() ? 7 : 7 * usual;
#else
    return is_long() ? 1 : usual;
#endif
}

/* --- helpers ---------------------------------------------------------------------------------- */

static struct cw_dcap_collateral *collateral_of(const char *text)
{
    struct cw_dcap_collateral *collateral = NULL;
    char why[CW_DCAP_WHY_CAP];
    if (cw_dcap_collateral_json((const uint8_t *)text, strlen(text), &collateral, why) != CW_OK) {
        fail_msg("%s", why);
    }
    return collateral;
}

/* What most cases ask: this root, whatever it vouches for. */
static struct cw_dcap_policy policy_of(const struct dcap_made *made)
{
    return (struct cw_dcap_policy){.root_key_hash = made->root_hash, .allow_foreign_root = true};
}

static cw_status verify(const struct dcap_made *made, int64_t time,
        const struct cw_dcap_policy *policy, struct cw_dcap_verdict *ret_verdict)
{
    struct cw_dcap_collateral *collateral = collateral_of(made->collateral);
    cw_status status = cw_dcap_verify(made->quote, made->quote_len, collateral, time, policy,
            ret_verdict);
    cw_dcap_collateral_free(collateral);
    return status;
}

static void expect_accepted(const struct cw_dcap_verdict *v)
{
    if (!v->accepted) {
        fail_msg("refused in step %d: %s", (int)v->failed, v->reason);
    }
    assert_true(v->genuine);
    assert_int_equal(v->failed, CW_DCAP_STEP_NONE);
    assert_string_equal(v->reason, "");
}

static void expect_refused(const struct cw_dcap_verdict *v, cw_dcap_step step, const char *words)
{
    assert_false(v->accepted);
    assert_false(v->is_protected);
    if (v->failed != step || strstr(v->reason, words) == NULL) {
        fail_msg("step %d, \"%s\"; expected %d, \"%s\"", (int)v->failed, v->reason, (int)step,
                words);
    }
    assert_true(v->genuine == (step == CW_DCAP_STEP_POLICY));
    assert_true(v->remedy[0] != '\0');
}

/* --- what is right is accepted ---------------------------------------------------------------- */

static void good_quote_is_accepted(void **state)
{
    (void)state;
    for (unsigned version = 3; version <= 4; version++) {
        for (unsigned tcb_version = 2; tcb_version <= 3; tcb_version++) {
            struct dcap_recipe r = dcap_recipe_good();
            r.version = version;
            r.tcb_version = tcb_version;
            struct dcap_made made = dcap_make(&r);
            struct cw_dcap_policy policy = policy_of(&made);
            struct cw_dcap_verdict v;
            policy.mrenclave = made.mrenclave;
            policy.mrsigner = made.mrsigner;
            policy.has_prodid = true;
            policy.prodid = DCAP_PRODID;
            policy.min_svn = DCAP_SVN;
            policy.report_data = r.report_data;
            policy.xfrm_allowed = SGX_XFRM_LEGACY;
            policy.min_evaluation_number = 17;
            assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_OK);
            expect_accepted(&v);
            assert_int_equal(v.version, version);
            assert_int_equal(v.status, CW_DCAP_UP_TO_DATE);
            assert_int_equal(v.advisory_count, 2);
            assert_string_equal(v.advisories[0], "TEST-SA-00001");
            assert_int_equal(v.tcb_evaluation_number, 17);
            assert_int_equal(v.valid_from, DCAP_NOW + DCAP_WINDOW_BEGIN);
            assert_int_equal(v.valid_until, DCAP_NOW + DCAP_WINDOW_END);
            assert_memory_equal(v.platform.fmspc, "\x00\x90\x6e\xd5\x00\x00", 6);
            assert_int_equal(v.platform.pcesvn, 13);
            assert_memory_equal(v.root_key_hash, made.root_hash, sizeof made.root_hash);
            assert_memory_equal(v.report.mrenclave, made.mrenclave, SGX_HASH_LEN);
            assert_int_equal(v.report.svn, DCAP_SVN);
            assert_false(v.is_intel_root);
            assert_false(v.is_protected); /* another root than Intel's never says so */
            dcap_made_free(&made);
        }
    }
}

static void chain_stands_in_any_order(void **state)
{
    static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1},
        {2, 1, 0}};
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct dcap_recipe r = dcap_recipe_good();
        struct cw_dcap_verdict v;
        memcpy(r.order, orders[i], sizeof r.order);
        struct dcap_made made = dcap_make(&r);
        struct cw_dcap_policy policy = policy_of(&made);
        assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_OK);
        dcap_made_free(&made);
    }
}

static void chain_that_lacks_or_repeats_one_is_refused(void **state)
{
    static const struct {
        unsigned order[3];
        const char *words; /* NULL: accepted, as the collateral has what lacks */
    } cases[] = {
        {{1, 1, 2}, "no PCK certificate"},
        {{0, 0, 2}, NULL},
        {{0, 1, 1}, NULL},
        {{0, 0, 0}, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dcap_recipe r = dcap_recipe_good();
        struct cw_dcap_verdict v;
        memcpy(r.order, cases[i].order, sizeof r.order);
        struct dcap_made made = dcap_make(&r);
        struct cw_dcap_policy policy = policy_of(&made);
        cw_status status = verify(&made, DCAP_NOW, &policy, &v);
        if (cases[i].words == NULL) {
            assert_int_equal(status, CW_OK);
        } else {
            expect_refused(&v, CW_DCAP_STEP_PCK, cases[i].words);
        }
        dcap_made_free(&made);
    }
}

static void zero_bytes_behind_the_chain_are_no_matter(void **state)
{
    (void)state;
    for (size_t zeros = 1; zeros <= 3; zeros++) {
        struct dcap_recipe r = dcap_recipe_good();
        struct cw_dcap_verdict v;
        r.zeros = zeros;
        struct dcap_made made = dcap_make(&r);
        struct cw_dcap_policy policy = policy_of(&made);
        assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_OK);
        made.quote[made.quote_len - 1] = 1;
        assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_E_AUTH);
        expect_refused(&v, CW_DCAP_STEP_PCK, "not a chain in PEM");
        dcap_made_free(&made);
    }
}

static void bytes_behind_the_quote_are_counted(void **state)
{
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    r.version = 4;
    struct dcap_made made = dcap_make(&r);
    struct cw_dcap_policy policy = policy_of(&made);
    struct cw_dcap_verdict v;
    made.quote = realloc(made.quote, made.quote_len + 3000);
    memset(made.quote + made.quote_len, 0x41, 3000);
    made.quote_len += 3000;
    assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_OK);
    assert_int_equal(v.trailing_len, 3000);
    dcap_made_free(&made);
}

/* --- what is wrong is refused, each in its own way -------------------------------------------- */

static void every_flaw_fails_in_its_own_step(void **state)
{
    static const struct {
        cw_dcap_step step;
        const char *words;
    } expected[DCAP_FLAW_COUNT] = {
        [DCAP_LEAF_BY_ANOTHER_KEY] = {CW_DCAP_STEP_PCK, "signed \"Test SGX PCK Certificate\""},
        [DCAP_LEAF_IS_AUTHORITY] = {CW_DCAP_STEP_PCK, "no PCK certificate"},
        [DCAP_LEAF_WITHOUT_EXTENSION] = {CW_DCAP_STEP_PCK, "no PCK certificate"},
        [DCAP_LEAF_EXTENSION_SHORT] = {CW_DCAP_STEP_PCK, "SGX extension"},
        [DCAP_LEAF_WITHOUT_USAGE] = {CW_DCAP_STEP_PCK, "no PCK certificate"},
        [DCAP_LEAF_ON_ANOTHER_CURVE] = {CW_DCAP_STEP_PCK, "block 1"},
        [DCAP_LEAF_HAS_CRITICAL_EXTENSION] = {CW_DCAP_STEP_PCK, "block 1"},
        [DCAP_LEAF_EXPIRED] = {CW_DCAP_STEP_PCK, "\"Test SGX PCK Certificate\" has expired"},
        [DCAP_LEAF_NOT_YET] = {CW_DCAP_STEP_PCK, "\"Test SGX PCK Certificate\" is not yet"},
        [DCAP_INTERMEDIATE_NO_AUTHORITY] = {CW_DCAP_STEP_PCK, "no authority"},
        [DCAP_INTERMEDIATE_BY_ANOTHER_KEY] = {CW_DCAP_STEP_PCK, "no root"},
        [DCAP_INTERMEDIATE_EXPIRED] = {CW_DCAP_STEP_PCK, "Platform CA\" has expired"},
        [DCAP_ROOT_EXPIRED] = {CW_DCAP_STEP_PCK, "Root CA\" has expired"},
        [DCAP_SIGNER_BY_ANOTHER_KEY] = {CW_DCAP_STEP_COLLATERAL, "no certificate"},
        [DCAP_SIGNER_BY_INTERMEDIATE] = {CW_DCAP_STEP_COLLATERAL, "no certificate"},
        [DCAP_SIGNER_EXPIRED] = {CW_DCAP_STEP_COLLATERAL, "TCB Signing\" has expired"},
        [DCAP_SIGNER_NAMED_OTHERWISE] = {CW_DCAP_STEP_COLLATERAL, "no certificate"},
        [DCAP_SIGNER_MISSING] = {CW_DCAP_STEP_COLLATERAL, "no certificate"},
        [DCAP_PCK_LIST_BY_ANOTHER_KEY] = {CW_DCAP_STEP_CRL, "PCK CRL is not signed"},
        [DCAP_PCK_LIST_EXPIRED] = {CW_DCAP_STEP_CRL, "PCK CRL has expired"},
        [DCAP_PCK_LIST_NOT_YET] = {CW_DCAP_STEP_CRL, "PCK CRL is not yet"},
        [DCAP_PCK_LIST_MISSING] = {CW_DCAP_STEP_CRL, "no PCK CRL"},
        [DCAP_PCK_LIST_NAMES_LEAF] = {CW_DCAP_STEP_CRL, "Certificate\" is revoked by the PCK CRL"},
        [DCAP_ROOT_LIST_BY_ANOTHER_KEY] = {CW_DCAP_STEP_CRL, "root CRL is not signed"},
        [DCAP_ROOT_LIST_EXPIRED] = {CW_DCAP_STEP_CRL, "root CRL has expired"},
        [DCAP_ROOT_LIST_MISSING] = {CW_DCAP_STEP_CRL, "no root CRL"},
        [DCAP_ROOT_LIST_NAMES_INTERMEDIATE] = {CW_DCAP_STEP_CRL, "Platform CA\" is revoked"},
        [DCAP_ROOT_LIST_NAMES_SIGNER] = {CW_DCAP_STEP_COLLATERAL, "TCB Signing\" is revoked"},
        [DCAP_QE_REPORT_BY_ANOTHER_KEY] = {CW_DCAP_STEP_QE_REPORT, "not signed by the PCK key"},
        [DCAP_QE_REPORT_VOUCHES_FOR_ANOTHER] = {CW_DCAP_STEP_KEY, "does not vouch"},
        [DCAP_QE_REPORT_DATA_HAS_MORE] = {CW_DCAP_STEP_KEY, "does not vouch"},
        [DCAP_QUOTE_BY_ANOTHER_KEY] = {CW_DCAP_STEP_SIGNATURE, "did not sign"},
        [DCAP_KEY_NOT_ON_CURVE] = {CW_DCAP_STEP_SIGNATURE, "did not sign"},
        [DCAP_QE_OF_ANOTHER_SIGNER] = {CW_DCAP_STEP_QE, "MRSIGNER"},
        [DCAP_QE_OF_ANOTHER_PRODUCT] = {CW_DCAP_STEP_QE, "ISVPRODID"},
        [DCAP_QE_MISCSELECT] = {CW_DCAP_STEP_QE, "MISCSELECT"},
        [DCAP_QE_DEBUG] = {CW_DCAP_STEP_QE, "ATTRIBUTES"},
        [DCAP_QE_TOO_OLD] = {CW_DCAP_STEP_QE, "ISVSVN 4"},
        [DCAP_TCB_INFO_BY_ANOTHER_KEY] = {CW_DCAP_STEP_COLLATERAL,
            "signature of the TCB info does not verify"},
        [DCAP_TCB_INFO_EXPIRED] = {CW_DCAP_STEP_COLLATERAL, "TCB info has expired"},
        [DCAP_TCB_INFO_NOT_YET] = {CW_DCAP_STEP_COLLATERAL, "TCB info is not yet"},
        [DCAP_TCB_INFO_OF_ANOTHER_PLATFORM] = {CW_DCAP_STEP_PLATFORM, "FMSPC 00906ed50001"},
        [DCAP_TCB_INFO_OF_ANOTHER_PCE] = {CW_DCAP_STEP_PLATFORM, "PCEID 0000"},
        [DCAP_TCB_INFO_OF_TDX] = {CW_DCAP_STEP_COLLATERAL, "another TEE"},
        [DCAP_TCB_INFO_UNREACHED] = {CW_DCAP_STEP_TCB, "reaches no level"},
        [DCAP_TCB_INFO_STATUS_UNKNOWN] = {CW_DCAP_STEP_COLLATERAL, "tcbStatus"},
        [DCAP_TCB_INFO_MISSING] = {CW_DCAP_STEP_COLLATERAL, "no TCB info"},
        [DCAP_TCB_INFO_UNSIGNED] = {CW_DCAP_STEP_COLLATERAL, "has no signature"},
        [DCAP_QE_IDENTITY_BY_ANOTHER_KEY] = {CW_DCAP_STEP_COLLATERAL,
            "signature of the QE identity does not verify"},
        [DCAP_QE_IDENTITY_EXPIRED] = {CW_DCAP_STEP_COLLATERAL, "QE identity has expired"},
        [DCAP_QE_IDENTITY_OF_ANOTHER_ENCLAVE] = {CW_DCAP_STEP_COLLATERAL, "another enclave"},
        [DCAP_QE_IDENTITY_MISSING] = {CW_DCAP_STEP_COLLATERAL, "no QE identity"},
    };
    (void)state;
    for (dcap_flaw flaw = DCAP_FLAW_NONE + 1; flaw < DCAP_FLAW_COUNT; flaw++) {
        for (unsigned version = 3; version <= 4; version++) {
            struct dcap_recipe r = dcap_recipe_good();
            struct cw_dcap_verdict v;
            r.flaw = flaw;
            r.version = version;
            struct dcap_made made = dcap_make(&r);
            struct cw_dcap_policy policy = policy_of(&made);
            assert_non_null(expected[flaw].words);
            assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_E_AUTH);
            expect_refused(&v, expected[flaw].step, expected[flaw].words);
            dcap_made_free(&made);
        }
    }
}

static void lists_may_be_missing_only_where_the_policy_says_so(void **state)
{
    static const struct {
        dcap_flaw flaw;
        cw_dcap_step failed;
    } cases[] = {
        {DCAP_FLAW_NONE, CW_DCAP_STEP_NONE},
        {DCAP_PCK_LIST_MISSING, CW_DCAP_STEP_NONE},
        {DCAP_ROOT_LIST_MISSING, CW_DCAP_STEP_NONE},
        {DCAP_PCK_LIST_EXPIRED, CW_DCAP_STEP_CRL},
        {DCAP_PCK_LIST_BY_ANOTHER_KEY, CW_DCAP_STEP_CRL},
        {DCAP_PCK_LIST_NAMES_LEAF, CW_DCAP_STEP_CRL},
        {DCAP_ROOT_LIST_NAMES_SIGNER, CW_DCAP_STEP_COLLATERAL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dcap_recipe r = dcap_recipe_good();
        struct cw_dcap_verdict v;
        r.flaw = cases[i].flaw;
        struct dcap_made made = dcap_make(&r);
        struct cw_dcap_policy policy = policy_of(&made);
        policy.allow_no_lists = true;
        (void)verify(&made, DCAP_NOW, &policy, &v);
        assert_int_equal(v.failed, cases[i].failed);
        assert_true(v.accepted == (cases[i].failed == CW_DCAP_STEP_NONE));
        assert_true(v.lacked_list == (v.accepted && cases[i].flaw != DCAP_FLAW_NONE));
        dcap_made_free(&made);
    }
}

static void time_outside_a_window_is_refused(void **state)
{
    static const struct {
        int64_t from_now;
        bool is_well;
    } cases[] = {
        {DCAP_WINDOW_BEGIN - 1, false}, {DCAP_WINDOW_BEGIN, true}, {0, true},
        {DCAP_WINDOW_END, true}, {DCAP_WINDOW_END + 1, false}, {-DCAP_NOW, false},
        {INT64_MAX - DCAP_NOW, false},
    };
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    struct dcap_made made = dcap_make(&r);
    struct cw_dcap_policy policy = policy_of(&made);
    struct cw_dcap_verdict v;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cw_status status = verify(&made, DCAP_NOW + cases[i].from_now, &policy, &v);
        assert_int_equal(status, cases[i].is_well ? CW_OK : CW_E_AUTH);
    }
    dcap_made_free(&made);
}

static void certification_data_without_a_chain_is_not_verifiable_offline(void **state)
{
    (void)state;
    for (unsigned type = 1; type <= 7; type++) {
        struct dcap_recipe r = dcap_recipe_good();
        struct cw_dcap_verdict v;
        r.cert_type = type;
        struct dcap_made made = dcap_make(&r);
        struct cw_dcap_policy policy = policy_of(&made);
        cw_status status = verify(&made, DCAP_NOW, &policy, &v);
        if (type == 5) {
            assert_int_equal(status, CW_OK);
        } else {
            expect_refused(&v, CW_DCAP_STEP_PCK,
                    type <= 3 ? "not verifiable offline" : "is not known here");
        }
        assert_true(v.not_offline == (type <= 3));
        dcap_made_free(&made);
    }
}

static void other_quotes_are_refused_by_name(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        unsigned version;
        const char *words;
    } cases[] = {
        {0, 5, 3, "version 5"},
        {0, 2, 3, "known are 3 and 4"},
        {0, 6, 3, "known are 3 and 4"},
        {SGX_QUOTE_TEE_TYPE, 0x81, 4, "TDX"},
        {SGX_QUOTE_TEE_TYPE, 0x81, 3, "TEE type"},
        {SGX_QUOTE_TEE_TYPE, 1, 4, "TEE type"},
        {SGX_QUOTE_KEY_TYPE, 3, 3, "attestation key is of type 3"},
        {SGX_QUOTE_VENDOR, 0, 3, "vendor"},
        {SGX_QUOTE_SIG_LEN + 3, 1, 3, "cut off"},
        {SGX_QUOTE_SIG_LEN, 0xff, 3, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dcap_recipe r = dcap_recipe_good();
        struct cw_dcap_verdict v;
        r.version = cases[i].version;
        struct dcap_made made = dcap_make(&r);
        struct cw_dcap_policy policy = policy_of(&made);
        made.quote[cases[i].at] = cases[i].value;
        assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_E_AUTH);
        expect_refused(&v, CW_DCAP_STEP_QUOTE, cases[i].words);
        dcap_made_free(&made);
    }
}

static void producers_own_header_is_refused_not_skipped(void **state)
{
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    struct dcap_made made = dcap_make(&r);
    struct cw_dcap_policy policy = policy_of(&made);
    struct cw_dcap_verdict v;
    uint8_t *longer = malloc(16 + made.quote_len);
    assert_non_null(longer);
    memcpy(longer, "\x01\0\0\0\x02\0\0\0\x10\x0f\0\0\0\0\0\0", 16);
    memcpy(longer + 16, made.quote, made.quote_len);
    free(made.quote);
    made.quote = longer;
    made.quote_len += 16;
    assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_E_AUTH);
    expect_refused(&v, CW_DCAP_STEP_QUOTE, "16 bytes of somebody's own header");
    memset(longer, 'a', made.quote_len);
    assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_E_AUTH);
    expect_refused(&v, CW_DCAP_STEP_QUOTE, "text");
    dcap_made_free(&made);
}

static void quote_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (unsigned version = 3; version <= 4; version++) {
        struct dcap_recipe r = dcap_recipe_good();
        r.version = version;
        struct dcap_made made = dcap_make(&r);
        struct cw_dcap_policy policy = policy_of(&made);
        struct cw_dcap_collateral *collateral = collateral_of(made.collateral);
        struct cw_dcap_verdict v;
        for (size_t len = 0; len < made.quote_len; len++) {
            uint8_t *cut = malloc(len + (len == 0)); /* of exactly its length */
            assert_non_null(cut);
            memcpy(cut, made.quote, len);
            assert_int_equal(cw_dcap_verify(cut, len, collateral, DCAP_NOW, &policy, &v),
                    CW_E_AUTH);
            assert_int_equal(v.failed, CW_DCAP_STEP_QUOTE);
            free(cut);
        }
        cw_dcap_collateral_free(collateral);
        dcap_made_free(&made);
    }
}

/* Every bit of a quote: header, report, signatures, keys, lengths, every certificate. */
static void flipped_bit_in_the_quote_is_never_accepted(void **state)
{
    (void)state;
    for (unsigned version = 3; version <= (is_long() ? 4u : 3u); version++) {
        struct dcap_recipe r = dcap_recipe_good();
        r.version = version;
        r.zeros = 1;
        struct dcap_made made = dcap_make(&r);
        struct cw_dcap_policy policy = policy_of(&made);
        struct cw_dcap_collateral *collateral = collateral_of(made.collateral);
        struct cw_dcap_verdict v;
        for (size_t bit = 0; bit < 8 * made.quote_len; bit += stride(1)) {
            made.quote[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (cw_dcap_verify(made.quote, made.quote_len, collateral, DCAP_NOW, &policy, &v) ==
                    CW_OK) {
                fail_msg("bit %zu of byte %zu, version %u", bit % 8, bit / 8, version);
            }
            made.quote[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_int_equal(cw_dcap_verify(made.quote, made.quote_len, collateral, DCAP_NOW, &policy,
                &v), CW_OK);
        cw_dcap_collateral_free(collateral);
        dcap_made_free(&made);
    }
}

/*
 * Some bits of collateral mean nothing: the case of hex digits, the name of a field that is not
 * needed.  None may change what is said.
 */
static void flipped_bit_in_the_collateral_changes_no_verdict(void **state)
{
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    struct dcap_made made = dcap_make(&r);
    struct cw_dcap_policy policy = policy_of(&made);
    struct cw_dcap_verdict right;
    assert_int_equal(verify(&made, DCAP_NOW, &policy, &right), CW_OK);
    size_t len = strlen(made.collateral);
    size_t refused = 0;
    size_t step = stride(101);
    for (size_t bit = 0; bit < 8 * len; bit += step) {
        struct cw_dcap_collateral *collateral = NULL;
        char why[CW_DCAP_WHY_CAP];
        struct cw_dcap_verdict v;
        made.collateral[bit / 8] = (char)(made.collateral[bit / 8] ^ 1 << bit % 8);
        if (cw_dcap_collateral_json((const uint8_t *)made.collateral, len, &collateral, why) !=
                CW_OK) {
            refused++;
        } else if (cw_dcap_verify(made.quote, made.quote_len, collateral, DCAP_NOW, &policy, &v) !=
                CW_OK) {
            refused++;
        } else if (memcmp(&v, &right, sizeof v) != 0) {
            fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
        }
        cw_dcap_collateral_free(collateral);
        made.collateral[bit / 8] = (char)(made.collateral[bit / 8] ^ 1 << bit % 8);
    }
    assert_true(refused * step > 4 * len);
    dcap_made_free(&made);
}

/* --- status and policy ------------------------------------------------------------------------ */

static void platform_and_quoting_enclave_converge(void **state)
{
    static const struct {
        const char *platform;
        const char *qe;
        cw_dcap_status status;
    } cases[] = {
        {"UpToDate", "UpToDate", CW_DCAP_UP_TO_DATE},
        {"SWHardeningNeeded", "UpToDate", CW_DCAP_SW_HARDENING_NEEDED},
        {"ConfigurationNeeded", "UpToDate", CW_DCAP_CONFIGURATION_NEEDED},
        {"ConfigurationAndSWHardeningNeeded", "UpToDate",
            CW_DCAP_CONFIGURATION_AND_SW_HARDENING_NEEDED},
        {"OutOfDate", "UpToDate", CW_DCAP_OUT_OF_DATE},
        {"OutOfDateConfigurationNeeded", "UpToDate", CW_DCAP_OUT_OF_DATE_CONFIGURATION_NEEDED},
        {"Revoked", "UpToDate", CW_DCAP_REVOKED},
        {"UpToDate", "OutOfDate", CW_DCAP_OUT_OF_DATE},
        {"SWHardeningNeeded", "OutOfDate", CW_DCAP_OUT_OF_DATE},
        {"ConfigurationNeeded", "OutOfDate", CW_DCAP_OUT_OF_DATE_CONFIGURATION_NEEDED},
        {"ConfigurationAndSWHardeningNeeded", "OutOfDate",
            CW_DCAP_OUT_OF_DATE_CONFIGURATION_NEEDED},
        {"OutOfDate", "OutOfDate", CW_DCAP_OUT_OF_DATE},
        {"OutOfDateConfigurationNeeded", "OutOfDate", CW_DCAP_OUT_OF_DATE_CONFIGURATION_NEEDED},
        {"Revoked", "OutOfDate", CW_DCAP_REVOKED},
        {"UpToDate", "Revoked", CW_DCAP_REVOKED},
        {"ConfigurationNeeded", "Revoked", CW_DCAP_REVOKED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dcap_recipe r = dcap_recipe_good();
        struct cw_dcap_verdict v;
        r.tcb_status = cases[i].platform;
        r.qe_status = cases[i].qe;
        struct dcap_made made = dcap_make(&r);
        struct cw_dcap_policy policy = policy_of(&made);
        bool is_best = cases[i].status == CW_DCAP_UP_TO_DATE;
        assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), is_best ? CW_OK : CW_E_DENIED);
        assert_int_equal(v.status, cases[i].status);
        assert_true(v.genuine);
        if (!is_best) { /* allowed by name, it is accepted; revoked never is */
            expect_refused(&v, CW_DCAP_STEP_POLICY, cw_dcap_status_name(cases[i].status));
            policy.allowed_statuses = CW_DCAP_STATUS_BIT(cases[i].status);
            assert_int_equal(verify(&made, DCAP_NOW, &policy, &v),
                    cases[i].status == CW_DCAP_REVOKED ? CW_E_DENIED : CW_OK);
            policy.allowed_statuses = UINT32_MAX & ~policy.allowed_statuses;
            assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_E_DENIED);
        }
        dcap_made_free(&made);
    }
}

static void advisories_of_both_levels_are_told_once(void **state)
{
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    r.qe_status = "OutOfDate";
    struct dcap_made made = dcap_make(&r);
    struct cw_dcap_policy policy = policy_of(&made);
    const char *refused[] = {"TEST-SA-00009", "TEST-SA-00002", NULL};
    struct cw_dcap_verdict v;
    policy.allowed_statuses = CW_DCAP_STATUS_BIT(CW_DCAP_OUT_OF_DATE);
    assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_OK);
    assert_int_equal(v.advisory_count, 2); /* the level of the QE that is reached names none */
    policy.refused_advisories = refused;
    assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_E_DENIED);
    expect_refused(&v, CW_DCAP_STEP_POLICY, "TEST-SA-00002");
    dcap_made_free(&made);
}

static void another_enclave_than_asked_for_is_refused(void **state)
{
    static const uint8_t other[SGX_REPORTDATA_LEN] = {1};
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    r.xfrm = SGX_XFRM_LEGACY | SGX_XFRM_AVX;
    struct dcap_made made = dcap_make(&r);
    const struct cw_dcap_policy any = policy_of(&made);
    struct {
        struct cw_dcap_policy policy;
        const char *words;
    } cases[] = {{any, "MRENCLAVE"}, {any, "MRSIGNER"}, {any, "ISVPRODID"}, {any, "ISVSVN"},
        {any, "REPORTDATA"}, {any, "XFRM"}, {any, "PPID"}};
    struct cw_dcap_verdict v;
    cases[0].policy.mrenclave = other;
    cases[1].policy.mrsigner = other;
    cases[2].policy.has_prodid = true;
    cases[3].policy.min_svn = DCAP_SVN + 1;
    cases[4].policy.report_data = other;
    cases[5].policy.xfrm_allowed = SGX_XFRM_LEGACY;
    cases[6].policy.ppid_hash = other;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(verify(&made, DCAP_NOW, &cases[i].policy, &v), CW_E_DENIED);
        expect_refused(&v, CW_DCAP_STEP_POLICY, cases[i].words);
    }
    dcap_made_free(&made);
}

static void debug_enclave_is_refused_unless_allowed(void **state)
{
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    r.attributes |= SGX_ATTR_DEBUG;
    struct dcap_made made = dcap_make(&r);
    struct cw_dcap_policy policy = policy_of(&made);
    struct cw_dcap_verdict v;
    assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_E_DENIED);
    expect_refused(&v, CW_DCAP_STEP_POLICY, "DEBUG");
    policy.allow_debug = true;
    assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_OK);
    assert_true(v.is_debug);
    assert_false(v.is_protected);
    dcap_made_free(&made);
}

static void old_evaluation_number_is_refused(void **state)
{
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    struct dcap_made made = dcap_make(&r);
    struct cw_dcap_policy policy = policy_of(&made);
    struct cw_dcap_verdict v;
    policy.min_evaluation_number = 18;
    assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_E_AUTH);
    expect_refused(&v, CW_DCAP_STEP_STATUS, "tcbEvaluationDataNumber is 17");
    dcap_made_free(&made);
}

static void root_of_others_is_refused(void **state)
{
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    struct dcap_made made = dcap_make(&r);
    struct cw_dcap_policy policy = {0};
    struct cw_dcap_verdict v;
    assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_E_AUTH);
    expect_refused(&v, CW_DCAP_STEP_PCK, "another root");
    uint8_t other[CW_DCAP_HASH_LEN] = {0};
    policy = (struct cw_dcap_policy){.root_key_hash = other, .allow_foreign_root = true};
    assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_E_AUTH);
    expect_refused(&v, CW_DCAP_STEP_PCK, "another root");
    /* Pinned, but what it vouches for has no marks of emulation. */
    policy = (struct cw_dcap_policy){.root_key_hash = made.root_hash, .allow_emulated = true};
    assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_E_AUTH);
    expect_refused(&v, CW_DCAP_STEP_PCK, "not marked as emulated");
    dcap_made_free(&made);
}

static void emulated_quote_is_refused_unless_allowed_and_pinned(void **state)
{
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    r.emulated = true;
    r.tcb_status = "EMULATED";
    struct dcap_made made = dcap_make(&r);
    struct cw_dcap_policy policy = policy_of(&made);
    struct cw_dcap_verdict v;
    char line[256];
    assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_E_AUTH);
    expect_refused(&v, CW_DCAP_STEP_QUOTE, "emulated");
    policy = (struct cw_dcap_policy){.allow_emulated = true};
    assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_E_AUTH);
    expect_refused(&v, CW_DCAP_STEP_PCK, "another root");
    policy.root_key_hash = made.root_hash;
    assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_OK);
    expect_accepted(&v);
    assert_int_equal(v.status, CW_DCAP_EMULATED);
    assert_true(v.emulated);
    assert_false(v.is_protected);
    cw_dcap_verdict_line(&v, line, sizeof line);
    assert_non_null(strstr(line, "emulated"));
    dcap_made_free(&made);
}

static void marks_of_emulation_agree_or_all_is_refused(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 2; which++) {
        struct dcap_recipe r = dcap_recipe_good();
        struct cw_dcap_verdict v;
        r.emulated = which == 0;
        r.tcb_status = which == 0 ? "UpToDate" : "EMULATED";
        struct dcap_made made = dcap_make(&r);
        struct cw_dcap_policy policy = policy_of(&made);
        policy.allow_emulated = true;
        assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_E_AUTH);
        expect_refused(&v, CW_DCAP_STEP_STATUS, "marks of emulation");
        dcap_made_free(&made);
    }
}

/* --- the same collateral written otherwise ---------------------------------------------------- */

static json_t *object_of(const struct dcap_made *made)
{
    json_t *object = json_loads(made->collateral, 0, NULL);
    assert_non_null(object);
    return object;
}

static void expect_of(struct dcap_made *made, json_t *object, const char *words)
{
    struct cw_dcap_policy policy = policy_of(made);
    struct cw_dcap_verdict v;
    free(made->collateral);
    made->collateral = json_dumps(object, JSON_INDENT(3));
    cw_status status = verify(made, DCAP_NOW, &policy, &v);
    if (words == NULL) {
        expect_accepted(&v);
        assert_int_equal(status, CW_OK);
    } else {
        expect_refused(&v, CW_DCAP_STEP_COLLATERAL, words);
    }
}

static void signed_parts_may_come_as_the_service_sends_them(void **state)
{
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    struct dcap_made made = dcap_make(&r);
    json_t *object = object_of(&made);
    (void)json_object_set_new(object, "tcb_info", json_string(made.tcb_info));
    (void)json_object_set_new(object, "qe_identity", json_string(made.qe_identity));
    (void)json_object_del(object, "tcb_info_signature");
    (void)json_object_del(object, "qe_identity_signature");
    expect_of(&made, object, NULL);
    json_decref(object);
    dcap_made_free(&made);
}

static void objects_in_the_object_keep_their_bytes(void **state)
{
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    struct dcap_made made = dcap_make(&r);
    struct cw_dcap_policy policy = policy_of(&made);
    struct cw_dcap_verdict v;
    json_t *object = object_of(&made);
    char *text = NULL;
    const char *pck_crl = json_string_value(json_object_get(object, "pck_crl"));
    const char *root_crl = json_string_value(json_object_get(object, "root_ca_crl"));
    char *chain = json_dumps(json_object_get(object, "tcb_info_issuer_chain"), JSON_ENCODE_ANY);
    assert_true(asprintf(&text, " {\n \"x\": [1, {\"tcb_info\": \"}\\\"\"}], \"tcb_info\" : %s ,"
            "\"qe_identity\":\t%s, \"pck_crl\": \"%s\",\n\"root_ca_crl\": \"%s\","
            "\"tcb_info_issuer_chain\": %s}", made.tcb_info, made.qe_identity, pck_crl, root_crl,
            chain) > 0);
    free(made.collateral);
    made.collateral = text;
    assert_int_equal(verify(&made, DCAP_NOW, &policy, &v), CW_OK);
    expect_accepted(&v);
    free(chain);
    json_decref(object);
    dcap_made_free(&made);
}

static void signed_text_written_anew_is_refused(void **state)
{
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    struct dcap_made made = dcap_make(&r);
    json_t *object = object_of(&made);
    json_t *info = json_loads(json_string_value(json_object_get(object, "tcb_info")), 0, NULL);
    char *anew = json_dumps(info, JSON_INDENT(1));
    (void)json_object_set_new(object, "tcb_info", json_string(anew));
    expect_of(&made, object, "signature of the TCB info does not verify");
    free(anew);
    json_decref(info);
    json_decref(object);
    dcap_made_free(&made);
}

static void lists_and_signatures_may_be_lists_of_bytes(void **state)
{
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    struct dcap_made made = dcap_make(&r);
    json_t *object = object_of(&made);
    json_t *bytes = json_array();
    for (size_t i = 0; i < made.pck_list_len; i++) {
        (void)json_array_append_new(bytes, json_integer(made.pck_list[i]));
    }
    (void)json_object_set_new(object, "pck_crl", bytes);
    expect_of(&made, object, NULL);
    const char *hex = json_string_value(json_object_get(object, "tcb_info_signature"));
    json_t *signature = json_array();
    for (size_t i = 0; i < 64; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        (void)json_array_append_new(signature, json_integer(byte));
    }
    (void)json_object_set_new(object, "tcb_info_signature", signature);
    expect_of(&made, object, NULL);
    (void)json_object_set_new(object, "pck_crl", json_string("-----BEGIN X509 CRL-----\n!\n"));
    struct cw_dcap_collateral *collateral;
    char why[CW_DCAP_WHY_CAP];
    char *text = json_dumps(object, 0);
    assert_int_equal(cw_dcap_collateral_json((uint8_t *)text, strlen(text), &collateral, why),
            CW_E_FORM);
    assert_non_null(strstr(why, "pck_crl"));
    free(text);
    json_decref(object);
    dcap_made_free(&made);
}

static void signatures_may_be_base64_and_chains_lists(void **state)
{
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    struct dcap_made made = dcap_make(&r);
    json_t *object = object_of(&made);
    const char *hex = json_string_value(json_object_get(object, "tcb_info_signature"));
    unsigned char bytes[64];
    unsigned char base64[89];
    for (size_t i = 0; i < sizeof bytes; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        bytes[i] = (unsigned char)byte;
    }
    assert_int_equal(EVP_EncodeBlock(base64, bytes, sizeof bytes), 88);
    (void)json_object_set_new(object, "tcb_info_signature", json_string((char *)base64));
    expect_of(&made, object, NULL);
    const char *chain = json_string_value(json_object_get(object, "tcb_info_issuer_chain"));
    const char *second = strstr(chain + 1, "-----BEGIN");
    assert_non_null(second);
    json_t *list = json_pack("[s#, s]", chain, (size_t)(second - chain), second);
    (void)json_object_set_new(object, "tcb_info_issuer_chain", list);
    expect_of(&made, object, NULL);
    bytes[5] ^= 1;
    assert_int_equal(EVP_EncodeBlock(base64, bytes, sizeof bytes), 88);
    (void)json_object_set_new(object, "tcb_info_signature", json_string((char *)base64));
    expect_of(&made, object, "signature of the TCB info does not verify");
    json_decref(object);
    dcap_made_free(&made);
}

static void what_is_no_collateral_is_said_so(void **state)
{
    static const char *const texts[][2] = {
        {"", "not JSON"}, {"[]", "not a JSON object"}, {"{}", "customary fields"},
        {"{\"tcb_info\": 1}", "neither an object nor its text"},
        {"{\"tcb_info\": \"{\"}", "not JSON"},
        {"{\"tcb_info\": {}, \"tcb_info\": {}}", "duplicate"},
        {"{\"tcb_info\": {}, \"tcb_info_signature\": \"xx\"}", "hex of r and s"},
        {"{\"pck_crl\": \"30\"}", "no certificate and no revocation list"},
        {"{\"pck_crl\": 30}", "no certificate and no revocation list"},
        {"{\"pck_crl\": [\"30\", 1]}", "no certificate and no revocation list"},
        {"{\"tcb_info\": {}, \"tcb_info_signature\": \"QUJ\"}", "nor base64"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct cw_dcap_collateral *collateral;
        char why[CW_DCAP_WHY_CAP];
        assert_int_equal(cw_dcap_collateral_json((const uint8_t *)texts[i][0], strlen(texts[i][0]),
                &collateral, why), CW_E_FORM);
        if (strstr(why, texts[i][1]) == NULL) {
            fail_msg("\"%s\"; expected \"%s\"", why, texts[i][1]);
        }
    }
}

/* --- a folder --------------------------------------------------------------------------------- */

struct folder {
    char path[64];
    unsigned count;
};

static void folder_add(struct folder *f, const void *bytes, size_t len)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%02u", f->path, f->count++);
    assert_int_equal(cw_file_write(path, bytes, len, 0600), CW_OK);
}

static void folder_end(struct folder *f)
{
    for (unsigned i = 0; i < f->count; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%02u", f->path, i);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(f->path), 0);
}

/* As the service's answer has it in a header. */
static char *percent_encoded(const char *text)
{
    static const char before[] = "HTTP/1.1 200 OK\r\nTCB-Info-Issuer-Chain: ";
    char *out = calloc(3, strlen(text) + sizeof before);
    assert_non_null(out);
    memcpy(out, before, sizeof before);
    for (char *at = out + strlen(before); *text != '\0'; text++) {
        bool is_plain = *text != ' ' && *text != '\n' && *text != '+' && *text != '/' &&
                *text != '=';
        at += is_plain ? snprintf(at, 4, "%c", *text)
                       : snprintf(at, 4, "%%%02X", (unsigned)(unsigned char)*text);
    }
    return out;
}

static void files_of_a_folder_are_known_by_content(void **state)
{
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    struct dcap_made made = dcap_make(&r);
    struct cw_dcap_policy policy = policy_of(&made);
    struct cw_dcap_verdict v;
    struct cw_dcap_collateral *collateral;
    char why[CW_DCAP_WHY_CAP];
    struct folder f = {.path = "/tmp/sgx-collateral-XXXXXX"};
    assert_non_null(mkdtemp(f.path));
    json_t *object = object_of(&made);
    const char *hex = json_string_value(json_object_get(object, "pck_crl"));
    char *chain = percent_encoded(made.signer_chain);
    char *lines = NULL; /* as a hex dump has them */
    assert_true(asprintf(&lines, "%.60s\n%s\n", hex, hex + 60) > 0);
    folder_add(&f, made.quote, made.quote_len); /* what is none is left alone */
    folder_add(&f, "readme\n", 7);
    folder_add(&f, "{\"note\": 1}", 11);
    folder_add(&f, made.qe_identity, strlen(made.qe_identity));
    folder_add(&f, made.root_list, made.root_list_len);
    folder_add(&f, chain, strlen(chain));
    folder_add(&f, lines, strlen(lines));
    folder_add(&f, made.pck_chain, strlen(made.pck_chain));
    folder_add(&f, made.tcb_info, strlen(made.tcb_info));
    folder_add(&f, made.tcb_info, strlen(made.tcb_info)); /* twice the same is once */
    assert_int_equal(cw_dcap_collateral_read(f.path, &collateral, why), CW_OK);
    assert_int_equal(cw_dcap_verify(made.quote, made.quote_len, collateral, DCAP_NOW, &policy, &v),
            CW_OK);
    cw_dcap_collateral_free(collateral);

    /* Another one of the same platform: which of them counts would be chance. */
    r.evaluation_number = 18;
    struct dcap_made newer = dcap_make(&r);
    folder_add(&f, newer.tcb_info, strlen(newer.tcb_info));
    assert_int_equal(cw_dcap_collateral_read(f.path, &collateral, why), CW_OK);
    assert_int_equal(cw_dcap_verify(made.quote, made.quote_len, collateral, DCAP_NOW, &policy, &v),
            CW_E_AUTH);
    expect_refused(&v, CW_DCAP_STEP_COLLATERAL, "several TCB infos");
    cw_dcap_collateral_free(collateral);
    folder_add(&f, "{\"tcbInfo\": ", 12);
    assert_int_equal(cw_dcap_collateral_read(f.path, &collateral, why), CW_E_FORM);
    assert_non_null(strstr(why, "11: not JSON, line 1"));
    folder_end(&f);
    assert_int_equal(cw_dcap_collateral_read(f.path, &collateral, why), CW_E_ABSENT);
    free(chain);
    free(lines);
    json_decref(object);
    dcap_made_free(&newer);
    dcap_made_free(&made);
}

static void other_platforms_in_a_folder_are_no_matter(void **state)
{
    (void)state;
    struct dcap_recipe r = dcap_recipe_good();
    struct dcap_made made = dcap_make(&r);
    struct cw_dcap_policy policy = policy_of(&made);
    struct cw_dcap_verdict v;
    struct cw_dcap_collateral *collateral;
    char why[CW_DCAP_WHY_CAP];
    struct folder f = {.path = "/tmp/sgx-collateral-XXXXXX"};
    assert_non_null(mkdtemp(f.path));
    r.flaw = DCAP_TCB_INFO_OF_ANOTHER_PLATFORM;
    struct dcap_made other = dcap_make(&r);
    r.flaw = DCAP_TCB_INFO_OF_TDX;
    struct dcap_made tdx = dcap_make(&r);
    r.flaw = DCAP_QE_IDENTITY_OF_ANOTHER_ENCLAVE;
    struct dcap_made verifier = dcap_make(&r);
    folder_add(&f, other.tcb_info, strlen(other.tcb_info));
    folder_add(&f, tdx.tcb_info, strlen(tdx.tcb_info));
    folder_add(&f, made.tcb_info, strlen(made.tcb_info));
    folder_add(&f, verifier.qe_identity, strlen(verifier.qe_identity));
    folder_add(&f, made.qe_identity, strlen(made.qe_identity));
    folder_add(&f, made.signer_chain, strlen(made.signer_chain));
    folder_add(&f, made.root_list, made.root_list_len);
    folder_add(&f, made.pck_list, made.pck_list_len);
    assert_int_equal(cw_dcap_collateral_read(f.path, &collateral, why), CW_OK);
    assert_int_equal(cw_dcap_verify(made.quote, made.quote_len, collateral, DCAP_NOW, &policy, &v),
            CW_OK);
    cw_dcap_collateral_free(collateral);
    folder_end(&f);
    dcap_made_free(&other);
    dcap_made_free(&tdx);
    dcap_made_free(&verifier);
    dcap_made_free(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_quote_is_accepted),
        cmocka_unit_test(chain_stands_in_any_order),
        cmocka_unit_test(chain_that_lacks_or_repeats_one_is_refused),
        cmocka_unit_test(zero_bytes_behind_the_chain_are_no_matter),
        cmocka_unit_test(bytes_behind_the_quote_are_counted),
        cmocka_unit_test(every_flaw_fails_in_its_own_step),
        cmocka_unit_test(lists_may_be_missing_only_where_the_policy_says_so),
        cmocka_unit_test(time_outside_a_window_is_refused),
        cmocka_unit_test(certification_data_without_a_chain_is_not_verifiable_offline),
        cmocka_unit_test(other_quotes_are_refused_by_name),
        cmocka_unit_test(producers_own_header_is_refused_not_skipped),
        cmocka_unit_test(quote_cut_anywhere_is_refused),
        cmocka_unit_test(flipped_bit_in_the_quote_is_never_accepted),
        cmocka_unit_test(flipped_bit_in_the_collateral_changes_no_verdict),
        cmocka_unit_test(platform_and_quoting_enclave_converge),
        cmocka_unit_test(advisories_of_both_levels_are_told_once),
        cmocka_unit_test(another_enclave_than_asked_for_is_refused),
        cmocka_unit_test(debug_enclave_is_refused_unless_allowed),
        cmocka_unit_test(old_evaluation_number_is_refused),
        cmocka_unit_test(root_of_others_is_refused),
        cmocka_unit_test(emulated_quote_is_refused_unless_allowed_and_pinned),
        cmocka_unit_test(marks_of_emulation_agree_or_all_is_refused),
        cmocka_unit_test(signed_parts_may_come_as_the_service_sends_them),
        cmocka_unit_test(objects_in_the_object_keep_their_bytes),
        cmocka_unit_test(signed_text_written_anew_is_refused),
        cmocka_unit_test(lists_and_signatures_may_be_lists_of_bytes),
        cmocka_unit_test(signatures_may_be_base64_and_chains_lists),
        cmocka_unit_test(what_is_no_collateral_is_said_so),
        cmocka_unit_test(files_of_a_folder_are_known_by_content),
        cmocka_unit_test(other_platforms_in_a_folder_are_no_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
