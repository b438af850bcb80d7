/* SPDX-License-Identifier: MIT */
/*
 * What the owner accepts for a module: the quote of this image, on the machine that the descriptor
 * pins; and each of those that is another one is refused, with the reason and the remedy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/wire/node.h"
#include "silicon/sgx/qe.h"
#include "tee/sgx/owner/evidence.h"
#include "tee/sgx/owner/sign.h"
#include "tee/sgx/owner/stream.h"

#define NOW 1790000000
#define DAY (24 * 3600)

static char folder[] = "/tmp/sgx-appraisal-XXXXXX";
static struct cw_qe *platforms[2];
static uint8_t key[2][CW_SIGSTRUCT_KEY_MAX];
static size_t key_len[2];
static uint8_t report_data[32] = {1, 2, 3};

/* A module's image as far as evidence is concerned: SIGSTRUCT, and what it is signed for. */
struct image {
    uint8_t sigstruct[SGX_SIGSTRUCT_LEN];
    struct cw_owner_built built;
};

static struct image ours;
static struct cw_owner_node node;
static struct cw_owner_verdict verdict;
static uint8_t proof[CW_QUOTE_MAX];
static size_t proof_len;

static void make_image(uint8_t content, size_t signer, uint16_t product, uint16_t version,
        struct image *ret_image)
{
    char why[CW_SIGSTRUCT_WHY_LEN] = "";
    struct cw_sigstruct_wish wish = {.product = product, .version = version};
    memset(wish.mrenclave, content, sizeof wish.mrenclave);
    *ret_image = (struct image){0};
    assert_int_equal(cw_sigstruct_sign(key[signer], key_len[signer], &wish, ret_image->sigstruct,
                             why),
            CW_OK);
    memcpy(ret_image->built.measurement, wish.mrenclave, sizeof wish.mrenclave);
    ret_image->built.image = ret_image->sigstruct;
    ret_image->built.image_len = SGX_SIGSTRUCT_LEN;
}

/* What a node answers for an enclave of this image: on that platform, with those attributes. */
static void make_proof(const struct image *image, size_t platform, uint64_t flags, uint64_t xfrm)
{
    uint8_t secs[SGX_PAGE_LEN] = {0};
    uint8_t target[SGX_TARGETINFO_LEN];
    uint8_t data[SGX_REPORTDATA_LEN] = {0};
    uint8_t report[SGX_REPORT_LEN];
    uint8_t quote[CW_QE_QUOTE_MAX];
    size_t quote_len = 0;
    char *json = NULL;
    memcpy(data, report_data, sizeof report_data);
    cw_sgxs_put(secs + SGX_SECS_ATTRIBUTES, flags | SGX_ATTR_INIT | SGX_ATTR_MODE64BIT, 8);
    cw_sgxs_put(secs + SGX_SECS_ATTRIBUTES + 8, xfrm, 8);
    memcpy(secs + SGX_SECS_MRENCLAVE, image->sigstruct + SGX_SIG_ENCLAVEHASH, SGX_HASH_LEN);
    cw_sigstruct_signer(image->sigstruct, secs + SGX_SECS_MRSIGNER);
    memcpy(secs + SGX_SECS_ISVPRODID, image->sigstruct + SGX_SIG_ISVPRODID, 4);
    cw_qe_target(platforms[platform], target);
    assert_int_equal(cw_sgx_ereport(cw_qe_fuses(platforms[platform]), secs, target, data, report),
            SGX_OK);
    assert_int_equal(cw_qe_quote(platforms[platform], report, quote, &quote_len), CW_OK);
    assert_int_equal(cw_qe_collateral(platforms[platform], NOW, &json), CW_OK);
    const struct cw_quote answer = {quote, (uint32_t)quote_len, (const uint8_t *)json,
            (uint32_t)strlen(json)};
    struct cw_writer w = cw_writer_over(proof, sizeof proof);
    cw_quote_put(&w, &answer);
    assert_int_equal(cw_writer_finish(&w, &proof_len), CW_OK);
    free(json);
}

static int start(void **state)
{
    (void)state;
    char path[64];
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%zu", folder, i);
        if (cw_qe_open(path, &platforms[i]) != CW_OK ||
                cw_sigstruct_key(key[i], sizeof key[i], &key_len[i]) != CW_OK) {
            return 1;
        }
    }
    make_image(0x11, 0, 7, 2, &ours);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    char command[64];
    cw_qe_free(platforms[0]);
    cw_qe_free(platforms[1]);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static int begin(void **state)
{
    (void)state;
    node = (struct cw_owner_node){.name = "n", .tee = "sgx",
            .platform = cw_qe_platform(platforms[0])};
    make_proof(&ours, 0, 0, SGX_XFRM_LEGACY);
    return 0;
}

static cw_status verify_at(int64_t time)
{
    return cw_sgx_verify_at(time, &node, &ours.built, report_data, proof, proof_len, &verdict);
}

static void refuses(const char *word)
{
    assert_int_equal(verify_at(NOW), CW_E_AUTH);
    assert_false(verdict.genuine);
    if (strstr(verdict.text, word) == NULL) {
        fail_msg("no word of \"%s\" in: %s", word, verdict.text);
    }
}

static void the_module_on_the_pinned_machine_is_genuine_and_emulated(void **state)
{
    (void)state;
    char signer[2 * SGX_HASH_LEN + 1] = "";
    uint8_t hash[SGX_HASH_LEN];
    cw_status status = verify_at(NOW);
    if (status != CW_OK) {
        fail_msg("%s", verdict.text);
    }
    assert_true(verdict.genuine && verdict.is_protected && verdict.emulated);
    assert_non_null(strstr(verdict.text, "emulated"));
    cw_sigstruct_signer(ours.sigstruct, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        (void)snprintf(signer + 2 * i, 3, "%02x", hash[i]);
    }
    assert_string_equal(verdict.signer, signer);
    assert_string_equal(verdict.tcb, "EMULATED");
    assert_int_equal(strlen(verdict.platform), 64);
}

static void an_emulated_machine_that_is_not_pinned_is_refused(void **state)
{
    (void)state;
    node.platform = NULL;
    refuses("\"platform\"");
    assert_true(verdict.emulated);
}

static void another_machine_is_refused(void **state)
{
    (void)state;
    make_proof(&ours, 1, 0, SGX_XFRM_LEGACY);
    refuses("root");
    node.platform = cw_qe_platform(platforms[1]);
    assert_int_equal(verify_at(NOW), CW_OK);
}

static void collateral_of_another_machine_is_refused(void **state)
{
    (void)state;
    struct cw_quote first;
    struct cw_reader r = cw_reader_over(proof, proof_len);
    cw_quote_get(&r, &first);
    char *json = NULL;
    assert_int_equal(cw_qe_collateral(platforms[1], NOW, &json), CW_OK);
    static uint8_t mixed[CW_QUOTE_MAX];
    const struct cw_quote answer = {first.quote, first.quote_len, (const uint8_t *)json,
            (uint32_t)strlen(json)};
    struct cw_writer w = cw_writer_over(mixed, sizeof mixed);
    cw_quote_put(&w, &answer);
    size_t len = 0;
    assert_int_equal(cw_writer_finish(&w, &len), CW_OK);
    assert_int_equal(cw_sgx_verify_at(NOW, &node, &ours.built, report_data, mixed, len, &verdict),
            CW_E_AUTH);
    free(json);
}

static void another_image_is_refused(void **state)
{
    (void)state;
    struct image other;
    make_image(0x22, 0, 7, 2, &other);
    make_proof(&other, 0, 0, SGX_XFRM_LEGACY);
    refuses("MRENCLAVE");
    make_image(0x11, 1, 7, 2, &other);
    make_proof(&other, 0, 0, SGX_XFRM_LEGACY);
    refuses("MRSIGNER");
    make_image(0x11, 0, 8, 2, &other);
    make_proof(&other, 0, 0, SGX_XFRM_LEGACY);
    refuses("ISVPRODID");
    make_image(0x11, 0, 7, 1, &other);
    make_proof(&other, 0, 0, SGX_XFRM_LEGACY);
    refuses("ISVSVN");
}

static void a_debug_enclave_is_refused(void **state)
{
    (void)state;
    make_proof(&ours, 0, SGX_ATTR_DEBUG, SGX_XFRM_LEGACY);
    refuses("DEBUG");
}

static void more_registers_than_were_signed_are_refused(void **state)
{
    (void)state;
    make_proof(&ours, 0, 0, SGX_XFRM_LEGACY | SGX_XFRM_AVX);
    refuses("XFRM");
}

static void an_old_answer_is_refused(void **state)
{
    (void)state;
    report_data[0] ^= 1;
    refuses("REPORTDATA");
    report_data[0] ^= 1;
    assert_int_equal(verify_at(NOW), CW_OK);
}

static void old_collateral_is_refused(void **state)
{
    (void)state;
    assert_int_equal(verify_at(NOW + 29 * DAY), CW_OK);
    assert_int_equal(verify_at(NOW + 31 * DAY), CW_E_AUTH);
    assert_int_equal(verify_at(NOW - 2 * DAY), CW_E_AUTH);
    node.min_evaluation = UINT32_MAX;
    assert_int_equal(verify_at(NOW), CW_E_AUTH);
}

static void what_is_no_proof_is_refused(void **state)
{
    (void)state;
    const size_t whole = proof_len;
    for (size_t len = 0; len < whole; len += 97) {
        proof_len = len;
        assert_int_equal(verify_at(NOW), CW_E_AUTH);
        assert_false(verdict.genuine);
        assert_true(verdict.text[0] != '\0');
    }
    static const uint8_t nothing[CW_QUOTE_MAX];
    assert_int_equal(cw_sgx_verify_at(NOW, &node, &ours.built, report_data, nothing, 8, &verdict),
            CW_E_AUTH);
}

static void a_missing_folder_of_collateral_is_said(void **state)
{
    (void)state;
    node.collateral = "/nothing/there";
    refuses("/nothing/there");
}

#define CASE(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
            CASE(the_module_on_the_pinned_machine_is_genuine_and_emulated),
            CASE(an_emulated_machine_that_is_not_pinned_is_refused),
            CASE(another_machine_is_refused),
            CASE(collateral_of_another_machine_is_refused),
            CASE(another_image_is_refused),
            CASE(a_debug_enclave_is_refused),
            CASE(more_registers_than_were_signed_are_refused),
            CASE(an_old_answer_is_refused),
            CASE(old_collateral_is_refused),
            CASE(what_is_no_proof_is_refused),
            CASE(a_missing_folder_of_collateral_is_said),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
