/* SPDX-License-Identifier: MIT */
/*
 * Requirements R15 and R19 to R27 (docs/testing.md): randomness, evidence, sealing keys that another image,
 * signer, CPU or a debugger does not get, what is wiped, and what an image consists of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/attest.h"
#include "core/wire/manage.h"
#include "tee/enclave.h"
#include "tee/sgx/owner/image.h"
#include "tee/sgx/owner/opcodes.h"
#include "tee/sgx/tests/subject.h"

static struct rig rig;

static int open_new(void **state)
{
    (void)state;
    subject_open(&rig);
    return 0;
}

static int open_alive(void **state)
{
    (void)state;
    subject_alive(&rig);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

/* --- randomness ---------------------------------------------------------------------------------------- */

static struct rig_poison first(void)
{
    struct rig_poison p = rig_poisoned;
    p.rdi = rig.arena_far;
    p.rsi = CW_SGX_ARENA_LEN;
    return p;
}

static uint64_t canary(void)
{
    uint64_t value;
    memcpy(&value, rig.memory + rig_symbol(&rig, "__cw_tls") + 0x28, sizeof value);
    return value;
}

static void r15_without_randomness_there_is_no_module(void **state)
{
    (void)state;
    const struct rig_poison p = first();
    rig.random = RIG_RANDOM_NOTHING;
    assert_int_equal(rig_go(&rig, &p), CW_SGX_EXIT_DEAD);
    assert_in_range(rig.draws, 10, 1000);
    rig.random = RIG_RANDOM_CPU;
    assert_int_equal(rig_go(&rig, &p), CW_SGX_EXIT_DEAD);
}

static void r15_random_source_that_repeats_ends_the_module(void **state)
{
    (void)state;
    const struct rig_poison p = first();
    uint8_t bytes[64];
    rig.random = RIG_RANDOM_STUCK; /* one number may be any */
    assert_int_equal(rig_go(&rig, &p), CW_SGX_EXIT_IDLE);
    rig_ask(&rig, CW_ENTRY_CALL, bytes, subject_in("echo", "!", 1, bytes));
    assert_int_equal(rig_go(&rig, &p), CW_SGX_EXIT_DEAD);
    assert_int_equal(rig_word(&rig, CW_SGX_WORD_RESPONSE), 0);
}

static void r15_random_source_may_be_late(void **state)
{
    (void)state;
    const struct rig_poison p = first();
    rig.random = RIG_RANDOM_LATE;
    assert_int_equal(rig_go(&rig, &p), CW_SGX_EXIT_IDLE);
    assert_int_equal(rig.draws, 3);
    assert_int_equal(canary(), 0x9876 + 2);
}

static void r26_canary_is_another_one_in_every_life(void **state)
{
    (void)state;
    uint64_t last = 0;
    for (unsigned i = 0; i < 3; i++) {
        subject_open(&rig);
        assert_int_equal(canary(), 0);
        rig_start(&rig);
        assert_true(canary() != 0 && canary() != last);
        last = canary();
        rig_close(&rig);
    }
}

/* --- evidence -------------------------------------------------------------------------------------------- */

static const uint8_t *attest(const uint8_t target[static SGX_TARGETINFO_LEN], uint8_t nonce)
{
    const uint8_t ask[CW_ATTEST_LEN] = {CW_VERSION, CW_MANAGE_ATTEST, 0, 0, nonce};
    memcpy(rig.arena + CW_SGX_TARGET_AT, target, SGX_TARGETINFO_LEN);
    assert_int_equal(rig_call(&rig, CW_ENTRY_ATTEST, ask, sizeof ask), CW_RESULT_DONE);
    const size_t len = rig_word(&rig, CW_SGX_WORD_RESULT) & 0xffffff;
    assert_int_equal(len, 8 + CW_EVIDENCE_LEN + CW_DH_LEN + SGX_REPORT_LEN);
    return rig.arena + CW_SGX_OUT + 8 + CW_EVIDENCE_LEN + CW_DH_LEN;
}

static void evidence_is_a_report_for_whom_the_host_names(void **state)
{
    (void)state;
    static const uint8_t zeros[32];
    uint8_t target[SGX_TARGETINFO_LEN] = {1, 2, 3};
    uint8_t expected[SGX_REPORT_LEN], other[SGX_REPORT_LEN];
    const uint8_t *report = attest(target, 7);
    const uint8_t *data = report + SGX_REPORT_REPORTDATA;
    assert_memory_equal(report + SGX_REPORT_MRENCLAVE, subject.built.measurement, SGX_HASH_LEN);
    assert_memory_not_equal(data, zeros, 32);
    assert_memory_equal(data + 32, zeros, 32);
    assert_int_equal(cw_sgx_ereport(&rig.fuses, rig.secs, target, data, expected), SGX_OK);
    assert_memory_equal(report, expected, sizeof expected);
    memcpy(other, report, sizeof other);
    target[0]++;
    assert_memory_not_equal(attest(target, 7) + SGX_REPORT_MAC, other + SGX_REPORT_MAC, 16);
    assert_memory_equal(report, other, SGX_REPORT_BODY_LEN);
    assert_memory_not_equal(attest(target, 8) + SGX_REPORT_REPORTDATA,
            other + SGX_REPORT_REPORTDATA, 32);
}

/* Reserved bytes that are not zeros would be an exception: they do not get in. */
static void evidence_for_a_broken_target_is_no_exception(void **state)
{
    (void)state;
    uint8_t target[SGX_TARGETINFO_LEN];
    memset(target, 0xff, sizeof target);
    (void)attest(target, 1);
}

/* --- sealing ---------------------------------------------------------------------------------------------- */

#define SECRET "sealed until the next life"
#define SECRET_LEN (sizeof SECRET - 1)

static void seal(struct rig *r, const char *entry, uint8_t ret_sealed[static CW_SEALED_LEN(SECRET_LEN)])
{
    assert_int_equal(subject_call(r, entry, SECRET, SECRET_LEN), CW_RESULT_DONE);
    assert_true(rig_word(r, CW_SGX_WORD_RESULT) ==
            CW_RETURN(CW_RESULT_DONE, 8 + CW_SEALED_LEN(SECRET_LEN)));
    memcpy(ret_sealed, r->arena + CW_SGX_OUT + 8, CW_SEALED_LEN(SECRET_LEN));
}

static cw_status unseal(struct rig *r, const char *entry, const uint8_t *sealed)
{
    assert_int_equal(subject_call(r, entry, sealed, CW_SEALED_LEN(SECRET_LEN)), CW_RESULT_DONE);
    const cw_status status = (cw_status)r->arena[CW_SGX_OUT + 8];
    if (status == CW_OK) {
        assert_memory_equal(r->arena + CW_SGX_OUT + 9, SECRET, SECRET_LEN);
    }
    return status;
}

/* Another life, maybe of another image, on another CPU, under a debugger. */
static void live(struct rig *r, const struct subject *s, const struct cw_sgx_fuses *cpu, bool debug)
{
    rig_open(r, s->built.image, s->built.image_len, s->elf, cpu, debug);
    rig_start(r);
}

static void r22_only_whom_it_is_for_unseals(void **state)
{
    (void)state;
    uint8_t image[CW_SEALED_LEN(SECRET_LEN)], signer[CW_SEALED_LEN(SECRET_LEN)];
    struct subject changed, product, stranger;
    struct cw_sgx_fuses cpu = subject_cpu;
    seal(&rig, "seal_image", image);
    seal(&rig, "seal_signer", signer);
    subject_build("subject", 0, true, &changed); /* another image of the module */
    subject_build("another", 0, false, &product);
    subject_build("subject", 1, true, &stranger);
    cpu.report_keyid[0]++; /* the same CPU, after a reset */
    const struct {
        const struct subject *who;
        bool debug, other_cpu;
        cw_status of_image, of_signer;
    } lives[] = {
            {&subject, false, false, CW_OK, CW_OK},
            {&changed, false, false, CW_E_AUTH, CW_OK},
            {&product, false, false, CW_E_AUTH, CW_E_AUTH},
            {&stranger, false, false, CW_E_AUTH, CW_E_AUTH},
            {&subject, true, false, CW_E_AUTH, CW_E_AUTH},
            {&subject, false, true, CW_E_AUTH, CW_E_AUTH},
    };
    for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
        struct rig other;
        struct cw_sgx_fuses on = cpu;
        on.root[0] ^= lives[i].other_cpu;
        live(&other, lives[i].who, &on, lives[i].debug);
        assert_int_equal(unseal(&other, "unseal_image", image), lives[i].of_image);
        assert_int_equal(unseal(&other, "unseal_signer", signer), lives[i].of_signer);
        assert_int_equal(unseal(&other, "unseal_image", signer), CW_E_FORM);
        rig_close(&other);
    }
    subject_free(&changed);
    subject_free(&product);
    subject_free(&stranger);
}

static void r22_every_blob_has_a_key_of_its_own(void **state)
{
    (void)state;
    uint8_t a[CW_SEALED_LEN(SECRET_LEN)], b[CW_SEALED_LEN(SECRET_LEN)];
    uint8_t key[SGX_KEY_LEN];
    seal(&rig, "seal_image", a);
    memcpy(key, rig.last_key, sizeof key);
    seal(&rig, "seal_image", b);
    assert_memory_not_equal(a + CW_SEALED_ID, b + CW_SEALED_ID, CW_SEALED_ID_LEN);
    assert_memory_not_equal(key, rig.last_key, sizeof key);
}

static void r22_newer_versions_are_refused(void **state)
{
    (void)state;
    uint8_t sealed[CW_SEALED_LEN(SECRET_LEN)];
    seal(&rig, "seal_signer", sealed);
    sealed[CW_SEALED_VERSIONS + 1]++; /* ISVSVN */
    assert_int_equal(unseal(&rig, "unseal_signer", sealed), CW_E_DENIED);
    sealed[CW_SEALED_VERSIONS + 1]--;
    sealed[CW_SEALED_VERSIONS + 2]++; /* CPUSVN */
    assert_int_equal(unseal(&rig, "unseal_signer", sealed), CW_E_DENIED);
    sealed[CW_SEALED_VERSIONS + 2] = 0;
    assert_int_equal(unseal(&rig, "unseal_signer", sealed), CW_E_AUTH);
}

static void root_key_survives_a_life_and_is_the_images(void **state)
{
    (void)state;
    uint8_t key[CW_KEY_LEN];
    assert_int_equal(subject_call(&rig, "derive", "context", 7), CW_RESULT_DONE);
    memcpy(key, rig.arena + CW_SGX_OUT + 8, sizeof key);
    assert_int_equal(subject_call(&rig, "derive", "another", 7), CW_RESULT_DONE);
    assert_memory_not_equal(rig.arena + CW_SGX_OUT + 8, key, sizeof key);
    struct rig other;
    live(&other, &subject, &subject_cpu, false);
    assert_int_equal(subject_call(&other, "derive", "context", 7), CW_RESULT_DONE);
    assert_memory_equal(other.arena + CW_SGX_OUT + 8, key, sizeof key);
    rig_close(&other);
    live(&other, &subject, &subject_cpu, true);
    assert_int_equal(subject_call(&other, "derive", "context", 7), CW_RESULT_DONE);
    assert_memory_not_equal(other.arena + CW_SGX_OUT + 8, key, sizeof key);
    rig_close(&other);
}

/* --- what stays behind ---------------------------------------------------------------------------------- */

static size_t copies_of(const uint8_t *bytes, size_t len)
{
    size_t count = 0;
    for (size_t at = 0; at + len <= rig.image.len; at++) {
        count += memcmp(rig.memory + at, bytes, len) == 0;
    }
    return count;
}

/* The schedule of AES begins with the key, so that a kept one would be found too. */
static void r26_keys_are_wiped(void **state)
{
    (void)state;
    uint8_t sealed[CW_SEALED_LEN(SECRET_LEN)];
    seal(&rig, "seal_image", sealed);
    assert_int_equal(rig.keys, 1);
    assert_int_equal(copies_of(rig.last_key, sizeof rig.last_key), 0);
    assert_int_equal(unseal(&rig, "unseal_image", sealed), CW_OK);
    assert_int_equal(rig.keys, 2);
    assert_int_equal(copies_of(rig.last_key, sizeof rig.last_key), 0);
    assert_int_equal(subject_call(&rig, "derive", "context", 7), CW_RESULT_DONE);
    assert_int_equal(rig.keys, 3);
    assert_int_equal(copies_of(rig.last_key, sizeof rig.last_key), 0);
    memcpy(rig.memory + rig_symbol(&rig, "__cw_stack_bottom"), rig.last_key, sizeof rig.last_key);
    assert_int_equal(copies_of(rig.last_key, sizeof rig.last_key), 1); /* it would be seen */
}

/* --- time ------------------------------------------------------------------------------------------------ */

/* A hash of all addresses of instructions, from EENTER to EEXIT. */
static uint64_t path_of(struct rig *r, const char *entry, const void *in, size_t len)
{
    uint8_t bytes[512];
    uint64_t hash = 14695981039346656037ull;
    rig_ask(r, CW_ENTRY_CALL, bytes, subject_in(entry, in, len, bytes));
    assert_true(rig_eenter(r, &rig_poisoned));
    r->steps = 0;
    do {
        hash = (hash ^ (r->regs.rip - r->base)) * 1099511628211ull;
    } while (rig_step(r) == RIG_STEPPED);
    assert_int_equal(rig_leave(r), CW_SGX_EXIT_IDLE);
    return hash;
}

/* Other keys, other texts: the same instructions in the same order. */
static void r21_path_does_not_depend_on_secrets(void **state)
{
    (void)state;
    struct rig other;
    struct cw_sgx_fuses cpu = subject_cpu;
    cpu.root[5] = 99;
    live(&other, &subject, &cpu, false);
    assert_int_equal(subject_call(&other, "echo", "?", 1), CW_RESULT_DONE);
    uint8_t sealed[2][CW_SEALED_LEN(SECRET_LEN)];
    seal(&rig, "seal_image", sealed[0]);
    seal(&other, "seal_image", sealed[1]);
    assert_true(path_of(&rig, "seal_image", "aaaaaaaaaaaaaaaa", 16) ==
            path_of(&other, "seal_image", "\0zzz\xff zzzzzzzzzz", 16));
    assert_true(rig.steps > 1000 && rig.steps == other.steps);
    assert_true(path_of(&rig, "unseal_image", sealed[0], sizeof sealed[0]) ==
            path_of(&other, "unseal_image", sealed[1], sizeof sealed[1]));
    assert_true(path_of(&rig, "seal_image", "1", 1) != path_of(&rig, "seal_image", "12", 2));
    rig_close(&other);
}

/* --- the image ------------------------------------------------------------------------------------------- */

static void r20_it_does_not_rely_on_aex_notify(void **state)
{
    (void)state;
    uint64_t attributes, flags;
    memcpy(&attributes, rig.sigstruct + SGX_SIG_ATTRIBUTES, 8);
    memcpy(&flags, rig.memory + rig.tcs + SGX_TCS_FLAGS, 8);
    assert_int_equal(attributes & SGX_ATTR_AEXNOTIFY, 0);
    assert_int_equal(flags, 0);
}

/* EINIT with DEBUG fails: the masks are strict. */
static void r23_r24_image_has_no_debugger_and_strict_masks(void **state)
{
    (void)state;
    uint8_t ones[16], secs[SGX_PAGE_LEN];
    char why[CW_SGX_WHY_LEN] = "";
    memset(ones, 0xff, sizeof ones);
    assert_memory_equal(rig.sigstruct + SGX_SIG_ATTRIBUTEMASK, ones, 16);
    assert_memory_equal(rig.sigstruct + SGX_SIG_MISCMASK, ones, 4);
    assert_int_equal(rig.sigstruct[SGX_SIG_ATTRIBUTES] & SGX_ATTR_DEBUG, 0);
    cw_sgx_secs(&rig.image, rig.sigstruct, rig.base, secs);
    secs[SGX_SECS_ATTRIBUTES] |= SGX_ATTR_DEBUG;
    assert_int_equal(cw_sgx_einit(secs, rig.sigstruct, why), SGX_INVALID_ATTRIBUTE);
}

static void r25_one_thread_no_page_both_written_and_run(void **state)
{
    (void)state;
    unsigned threads = 0;
    for (size_t i = 0; i < rig.image.page_count; i++) {
        const uint64_t secinfo = rig.image.pages[i].secinfo;
        threads += (secinfo & SGX_SECINFO_TYPE_MASK) == SGX_SECINFO_TCS;
        assert_true((secinfo & SGX_SECINFO_W) == 0 || (secinfo & SGX_SECINFO_X) == 0);
    }
    assert_int_equal(threads, 1);
    uint32_t nssa;
    memcpy(&nssa, rig.memory + rig.tcs + SGX_TCS_NSSA, sizeof nssa);
    assert_int_equal(nssa, 2);
}

/* Code and constants are the same wherever the host puts the image. */
static void r25_nothing_is_relocated_but_data(void **state)
{
    (void)state;
    const uint64_t first_base = rig.base;
    uint8_t *first_memory = malloc(rig.image.len);
    assert_non_null(first_memory);
    memcpy(first_memory, rig.memory, rig.image.len);
    struct rig other;
    live(&other, &subject, &subject_cpu, false);
    assert_true(other.base != first_base);
    for (size_t i = 0; i < rig.image.page_count; i++) {
        const struct cw_sgx_page *page = &rig.image.pages[i];
        if ((page->secinfo & SGX_SECINFO_W) == 0) {
            assert_memory_equal(other.memory + page->offset, page->bytes, SGX_PAGE_LEN);
            assert_memory_equal(first_memory + page->offset, page->bytes, SGX_PAGE_LEN);
        }
    }
    const size_t rows = rig_symbol(&rig, "__start_cw_endpoints");
    assert_memory_not_equal(other.memory + rows, first_memory + rows, 64);
    rig_close(&other);
    free(first_memory);
}

static void r27_every_page_is_measured_and_has_legal_code(void **state)
{
    (void)state;
    struct cw_sgx_linked linked = {0};
    char why[CW_SGXS_WHY_LEN] = "";
    assert_int_equal(cw_sgx_image_link(subject.elf, &linked, why), CW_OK);
    const struct cw_opcode_rules rules = {.xfrm = SGX_XFRM_LEGACY, .enclu = linked.enclu,
            .enclu_count = linked.enclu_count};
    uint64_t named[3] = {rig_symbol(&rig, "__cw_enclu_exit"), rig_symbol(&rig, "__cw_enclu_report"),
            rig_symbol(&rig, "__cw_enclu_key")};
    size_t code_len = 0;
    for (size_t i = 0; i < rig.image.page_count; i++) {
        const struct cw_sgx_page *page = &rig.image.pages[i];
        assert_int_equal(page->measured, 0xffff);
        if ((page->secinfo & SGX_SECINFO_X) != 0) {
            assert_true(code_len == 0 || page->offset == page[-1].offset + SGX_PAGE_LEN);
            code_len += SGX_PAGE_LEN;
        }
    }
    struct cw_opcode_finding found[4];
    size_t count = 99;
    const uint8_t *code = rig.memory + rig_symbol(&rig, "__cw_entry");
    cw_opcode_scan(code, code_len, rig_symbol(&rig, "__cw_entry"), &rules, found, 4, &count);
    assert_int_equal(count, 0);
    for (size_t i = 0; i < 3; i++) {
        const uint8_t *at = rig.memory + named[i];
        assert_memory_equal(at, "\x0f\x01\xd7", 3);
    }
    assert_int_equal(linked.enclu_count, 3);
    cw_sgx_linked_free(&linked);
}

#define NEW(name) cmocka_unit_test_setup_teardown(name, open_new, close_rig)
#define ALIVE(name) cmocka_unit_test_setup_teardown(name, open_alive, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
            NEW(r15_without_randomness_there_is_no_module),
            NEW(r15_random_source_that_repeats_ends_the_module),
            NEW(r15_random_source_may_be_late),
            ALIVE(evidence_is_a_report_for_whom_the_host_names),
            ALIVE(evidence_for_a_broken_target_is_no_exception),
            NEW(r20_it_does_not_rely_on_aex_notify),
            ALIVE(r21_path_does_not_depend_on_secrets),
            ALIVE(r22_only_whom_it_is_for_unseals),
            ALIVE(r22_every_blob_has_a_key_of_its_own),
            ALIVE(r22_newer_versions_are_refused),
            ALIVE(root_key_survives_a_life_and_is_the_images),
            NEW(r23_r24_image_has_no_debugger_and_strict_masks),
            NEW(r25_one_thread_no_page_both_written_and_run),
            ALIVE(r25_nothing_is_relocated_but_data),
            cmocka_unit_test(r26_canary_is_another_one_in_every_life),
            ALIVE(r26_keys_are_wiped),
            NEW(r27_every_page_is_measured_and_has_legal_code),
    };
    return cmocka_run_group_tests(tests, subject_start, subject_stop);
}
