/* SPDX-License-Identifier: MIT */
/* The owner's build of whole modules: the emulated CPU takes the image, and its identity is stable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "silicon/sgx/cpu.h"
#include "tee/owner.h"
#include "tests/support/built.h"
#include "tests/support/folder.h"

static cw_status build(const char *source, const char *name, size_t signed_by,
        struct cw_owner_module module, struct cw_owner_built *ret_built)
{
    const struct cw_owner_node node = {.name = "node", .tee = "sgx"};
    module.name = name;
    return built_make(&cw_owner_sgx, source, module, &node, signed_by, ret_built);
}

static void builds_well(const char *source, const char *name, size_t signed_by,
        struct cw_owner_built *ret_built)
{
    if (build(source, name, signed_by, (struct cw_owner_module){0}, ret_built) != CW_OK) {
        fail_msg("%s", built_why);
    }
}

static void fails(const char *source, struct cw_owner_module module, const char *word)
{
    struct cw_owner_built built;
    if (build(source, "m", 0, module, &built) == CW_OK) {
        fail_msg("it was built: %s", source);
    }
    built_says(word);
}

#define PLAIN "CW_ENTRY(e, d, n, r) { (void)d; (void)n; (void)r; }"

static void the_cpu_starts_it(void **state)
{
    (void)state;
    struct cw_owner_built built;
    builds_well(PLAIN, "m", 0, &built);
    assert_true(built.image_len > SGX_SIGSTRUCT_LEN);
    struct cw_sgx_image image = {0};
    char text[CW_SGX_WHY_LEN] = "";
    if (cw_sgx_image_read(built.image + SGX_SIGSTRUCT_LEN, built.image_len - SGX_SIGSTRUCT_LEN,
                &image, text) != CW_OK) {
        fail_msg("%s", text);
    }
    assert_memory_equal(image.mrenclave, built.measurement, SGX_HASH_LEN);
    uint8_t secs[SGX_PAGE_LEN];
    cw_sgx_secs(&image, built.image, image.len, secs);
    if (cw_sgx_einit(secs, built.image, text) != SGX_OK) {
        fail_msg("%s", text);
    }
    assert_int_equal(built.endpoint_count, 1);
    assert_string_equal(built.endpoints[0].name, "e");
    assert_int_equal(strncmp(built.fingerprint, "sgx:", 4), 0);
    assert_true(built.text_len > 0 && built.data_len > 0);
    cw_sgx_image_free(&image);
    cw_owner_built_free(&built);
}

static void the_same_source_gives_the_same_image_in_any_folder(void **state)
{
    (void)state;
    struct cw_owner_built a;
    struct cw_owner_built b;
    builds_well(PLAIN, "m", 0, &a);
    builds_well(PLAIN, "m", 0, &b);
    assert_int_equal(a.image_len, b.image_len);
    assert_memory_equal(a.image, b.image, a.image_len);
    cw_owner_built_free(&a);
    cw_owner_built_free(&b);
}

static void another_signer_is_another_signature_of_the_same_measurement(void **state)
{
    (void)state;
    struct cw_owner_built a;
    struct cw_owner_built b;
    builds_well(PLAIN, "m", 0, &a);
    builds_well(PLAIN, "m", 1, &b);
    assert_memory_equal(a.measurement, b.measurement, sizeof a.measurement);
    assert_memory_not_equal(a.image + SGX_SIG_MODULUS, b.image + SGX_SIG_MODULUS, SGX_RSA_LEN);
    cw_owner_built_free(&a);
    cw_owner_built_free(&b);
}

static void another_name_seals_for_itself(void **state)
{
    (void)state;
    struct cw_owner_built a;
    struct cw_owner_built b;
    builds_well(PLAIN, "m", 0, &a);
    builds_well(PLAIN, "n", 0, &b);
    assert_memory_not_equal(a.image + SGX_SIG_ISVPRODID, b.image + SGX_SIG_ISVPRODID, 2);
    cw_owner_built_free(&a);
    cw_owner_built_free(&b);
}

static void another_source_is_another_measurement(void **state)
{
    (void)state;
    struct cw_owner_built a;
    struct cw_owner_built b;
    builds_well(PLAIN, "m", 0, &a);
    builds_well("CW_ENTRY(e, d, n, r) { (void)d; (void)n; (void)r; }"
                "static volatile int x; CW_ENTRY(f, d, n, r) { (void)d; (void)n; (void)r; x = 1; }",
            "m", 0, &b);
    assert_memory_not_equal(a.measurement, b.measurement, sizeof a.measurement);
    cw_owner_built_free(&a);
    cw_owner_built_free(&b);
}

static void what_the_author_does_wrong_is_said(void **state)
{
    (void)state;
    fails(PLAIN, (struct cw_owner_module){.device = "port1"}, "has none");
    fails("CW_ENTRY(e, d, n, r) { (void)d; (void)n; (void)r; nothing(); }",
            (struct cw_owner_module){0}, "nothing");
    fails("static _Thread_local int x; CW_ENTRY(e, d, n, r) { (void)d; (void)n; (void)r; x++; }",
            (struct cw_owner_module){0}, "hread");
    fails("CW_ENTRY(e, d, n, r) { uint64_t c; (void)d; (void)n; (void)r; (void)!cw_counter(true, &c); }",
            (struct cw_owner_module){0}, "it counts");
}

#define WITH(assembly) \
    "CW_ENTRY(e, d, n, r) { (void)d; (void)n; (void)r; __asm__ volatile(" assembly "); }"

static void what_faults_in_an_enclave_is_refused(void **state)
{
    (void)state;
    const struct cw_owner_module plain = {0};
    fails(WITH("\"cpuid\" : : : \"eax\", \"ebx\", \"ecx\", \"edx\""), plain, "cpuid; it faults");
    fails(WITH("\"syscall\""), plain, "syscall; it faults");
    fails(WITH("\"rdtsc\" : : : \"eax\", \"edx\""), plain, "rdtsc");
    fails(WITH("\"vzeroall\""), plain, "AVX (VEX); the image has XFRM 3");
    fails(WITH("\"enclu\""), plain, "enclu; only the runtime");
    fails("__attribute__((target(\"avx2\"))) void f(float *a, float *b) { for (int i = 0; i < 64; "
          "i++) a[i] += b[i]; }"
          "static float x[64]; CW_ENTRY(e, d, n, r) { (void)d; (void)n; (void)r; f(x, x); }",
            plain, "AVX (VEX)");
    /* As a constant it is none. */
    struct cw_owner_built built;
    builds_well("CW_ENTRY(e, d, n, r) { (void)d; (void)n; (void)r; unsigned long x; __asm__ "
                "volatile(\"movabs $0x0fa20f050f31cd80, %0\" : \"=r\"(x)); }",
            "m", 0, &built);
    cw_owner_built_free(&built);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_cpu_starts_it),
            cmocka_unit_test(the_same_source_gives_the_same_image_in_any_folder),
            cmocka_unit_test(another_signer_is_another_signature_of_the_same_measurement),
            cmocka_unit_test(another_name_seals_for_itself),
            cmocka_unit_test(another_source_is_another_measurement),
            cmocka_unit_test(what_the_author_does_wrong_is_said),
            cmocka_unit_test(what_faults_in_an_enclave_is_refused),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
