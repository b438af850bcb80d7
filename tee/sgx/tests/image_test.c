/* SPDX-License-Identifier: MIT */
/*
 * Pages of what the linker made, and SIGSTRUCT: the emulated CPU, whose reading and measuring is
 * code of its own, takes them; and what breaks a rule is refused with the reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "posix/file.h"
#include "posix/tool.h"
#include "silicon/sgx/cpu.h"
#include "tee/sgx/owner/image.h"
#include "tee/sgx/owner/sign.h"
#include "tests/support/folder.h"

static char why[CW_SGXS_WHY_LEN];
static uint8_t key[CW_SIGSTRUCT_KEY_MAX];
static size_t key_len;

static int start(void **state)
{
    return folder_make(state) != 0 || cw_sigstruct_key(key, sizeof key, &key_len) != CW_OK;
}

/* The least that is an image: an entry, one ENCLU, a table with addresses. */
#define PLAIN                                                                                      \
    ".section .text.cw_entry,\"ax\"\n.globl __cw_entry\n__cw_entry: nop\n.globl __cw_enclu_exit\n" \
    "__cw_enclu_exit: enclu\n"                                                                     \
    ".section .data.rel.ro,\"aw\"\n.globl table\ntable: .quad __cw_entry\n .quad table + 3\n"      \
    ".section .rodata,\"a\"\n.ascii \"constant\"\n"

static void write_file(const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(cw_file_write(path, text, strlen(text), 0600), CW_OK);
}

static void run(struct cw_tool *tool)
{
    char log[128];
    char words[2048] = "";
    (void)snprintf(log, sizeof log, "%s/log", folder);
    if (cw_tool_run(tool, log, words, sizeof words) != CW_OK) {
        fail_msg("%s", words);
    }
}

static void add_all(struct cw_tool *tool, const char *const *words)
{
    for (; *words != NULL; words++) {
        cw_tool_add(tool, "%s", *words);
    }
}

/* Assemble and link; script NULL: that of the project; more: one more word for ld, or NULL. */
static cw_status link_with(const char *source, const char *script, const char *more,
        struct cw_sgx_linked *ret_linked)
{
    static const char *const assemble[] = {"gcc", "-c", "-o", NULL};
    static const char *const link[] = {"ld", "-pie", "--no-dynamic-linker", "-z", "noexecstack",
            "-z", "max-page-size=0x1000", "--no-warn-rwx-segments", "-T", NULL};
    char path[128];
    struct cw_tool as = {0};
    struct cw_tool ld = {0};
    write_file("probe.S", source);
    add_all(&as, assemble);
    cw_tool_add(&as, "%s/probe.o", folder);
    cw_tool_add(&as, "%s/probe.S", folder);
    run(&as);
    add_all(&ld, link);
    cw_tool_add(&ld, "%s", script != NULL ? script : "tee/sgx/enclave/link.ld");
    if (more != NULL) {
        cw_tool_add(&ld, "%s", more);
    }
    cw_tool_add(&ld, "-o");
    cw_tool_add(&ld, "%s/probe.elf", folder);
    cw_tool_add(&ld, "%s/probe.o", folder);
    run(&ld);
    (void)snprintf(path, sizeof path, "%s/probe.elf", folder);
    why[0] = '\0';
    return cw_sgx_image_link(path, ret_linked, why);
}

static void refuses(const char *source, const char *script, const char *more, const char *word)
{
    struct cw_sgx_linked linked = {0};
    assert_int_equal(link_with(source, script, more, &linked), CW_E_FORM);
    if (strstr(why, word) == NULL) {
        fail_msg("no word of \"%s\" in: %s", word, why);
    }
}

/* The project's linker script with one text put in another's place. */
static const char *changed(const char *from, const char *to)
{
    static char path[128];
    uint8_t *script = NULL;
    size_t len = 0;
    char *text = NULL;
    assert_int_equal(cw_file_read("tee/sgx/enclave/link.ld", 1u << 20, &script, &len), CW_OK);
    const char *at = strstr((const char *)script, from);
    assert_non_null(at);
    assert_true(asprintf(&text, "%.*s%s%s", (int)(at - (const char *)script), (const char *)script,
                        to, at + strlen(from)) > 0);
    write_file("link.ld", text);
    free(text);
    free(script);
    (void)snprintf(path, sizeof path, "%s/link.ld", folder);
    return path;
}

static void good(struct cw_sgx_linked *ret_linked, uint8_t **ret_stream, size_t *ret_len)
{
    if (link_with(PLAIN, NULL, NULL, ret_linked) != CW_OK) {
        fail_msg("%s", why);
    }
    assert_int_equal(cw_sgxs_write(&ret_linked->image, ret_stream, ret_len), CW_OK);
}

static void the_cpu_measures_the_same(void **state)
{
    (void)state;
    struct cw_sgx_linked linked;
    uint8_t *stream = NULL;
    size_t len = 0;
    good(&linked, &stream, &len);
    struct cw_sgxs own = {0};
    assert_int_equal(cw_sgxs_read(stream, len, &own, why), CW_OK);
    struct cw_sgx_image cpu = {0};
    char cpu_why[CW_SGX_WHY_LEN] = "";
    if (cw_sgx_image_read(stream, len, &cpu, cpu_why) != CW_OK) {
        fail_msg("%s", cpu_why);
    }
    assert_memory_equal(own.mrenclave, cpu.mrenclave, SGX_HASH_LEN);
    assert_int_equal(own.len, cpu.len);
    assert_int_equal(own.page_count, cpu.page_count);
    for (size_t i = 0; i < own.page_count; i++) {
        assert_int_equal(own.pages[i].offset, cpu.pages[i].offset);
        assert_int_equal(own.pages[i].flags, cpu.pages[i].secinfo);
        assert_int_equal(own.pages[i].measured, CW_SGXS_ALL_MEASURED);
        assert_memory_equal(own.pages[i].bytes, cpu.pages[i].bytes, SGX_PAGE_LEN);
        assert_memory_equal(own.pages[i].bytes, linked.image.pages[i].bytes, SGX_PAGE_LEN);
    }
    assert_int_equal(linked.enclu_count, 1);
    assert_true(linked.stack_len > 0 && linked.stack_len % SGX_PAGE_LEN == 0);
    cw_sgx_image_free(&cpu);
    cw_sgxs_free(&own);
    cw_sgx_linked_free(&linked);
    free(stream);
}

static void the_cpu_takes_the_signature_and_no_other(void **state)
{
    (void)state;
    struct cw_sgx_linked linked;
    uint8_t *stream = NULL;
    size_t len = 0;
    good(&linked, &stream, &len);
    struct cw_sgx_image cpu = {0};
    char text[CW_SGX_WHY_LEN] = "";
    assert_int_equal(cw_sgx_image_read(stream, len, &cpu, text), CW_OK);
    struct cw_sigstruct_wish wish = {.product = 0x1234, .version = 7};
    memcpy(wish.mrenclave, cpu.mrenclave, sizeof wish.mrenclave);
    uint8_t sig[SGX_SIGSTRUCT_LEN];
    uint8_t again[SGX_SIGSTRUCT_LEN];
    assert_int_equal(cw_sigstruct_sign(key, key_len, &wish, sig, text), CW_OK);
    assert_int_equal(cw_sigstruct_sign(key, key_len, &wish, again, text), CW_OK);
    assert_memory_equal(sig, again, sizeof sig);
    uint8_t secs[SGX_PAGE_LEN];
    cw_sgx_secs(&cpu, sig, 0x10000000, secs);
    if (cw_sgx_einit(secs, sig, text) != SGX_OK) {
        fail_msg("%s", text);
    }
    uint8_t signer[SGX_HASH_LEN];
    cw_sigstruct_signer(sig, signer);
    assert_memory_equal(secs + SGX_SECS_MRSIGNER, signer, SGX_HASH_LEN);
    for (size_t i = 0; i < SGX_SIGSTRUCT_LEN; i += 13) {
        memcpy(again, sig, sizeof sig);
        again[i] ^= (uint8_t)(1u << i % 8);
        cw_sgx_secs(&cpu, again, 0x10000000, secs);
        assert_int_not_equal(cw_sgx_einit(secs, again, text), SGX_OK);
        assert_int_not_equal(cw_sigstruct_check(again, text), CW_OK);
        assert_true(text[0] != '\0');
    }
    cw_sgx_image_free(&cpu);
    cw_sgx_linked_free(&linked);
    free(stream);
}

static void the_date_is_that_of_the_source(void **state)
{
    (void)state;
    const struct cw_sigstruct_wish wish = {.version = 1};
    uint8_t sig[SGX_SIGSTRUCT_LEN];
    char text[CW_SIGSTRUCT_WHY_LEN];
    assert_int_equal(setenv("SOURCE_DATE_EPOCH", "951782400", 1), 0);
    assert_int_equal(cw_sigstruct_sign(key, key_len, &wish, sig, text), CW_OK);
    assert_int_equal(unsetenv("SOURCE_DATE_EPOCH"), 0);
    assert_int_equal(cw_sgxs_u32(sig + SGX_SIG_DATE), 0x20000229);
}

static void the_same_source_gives_the_same_bytes(void **state)
{
    (void)state;
    struct cw_sgx_linked linked[2];
    uint8_t *stream[2] = {NULL, NULL};
    size_t len[2] = {0, 0};
    good(&linked[0], &stream[0], &len[0]);
    good(&linked[1], &stream[1], &len[1]);
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(stream[0], stream[1], len[0]);
    for (size_t i = 0; i < 2; i++) {
        cw_sgx_linked_free(&linked[i]);
        free(stream[i]);
    }
}

static void writable_code_is_refused(void **state)
{
    (void)state;
    refuses(PLAIN, changed("text PT_LOAD FLAGS(5)", "text PT_LOAD FLAGS(7)"), NULL,
            "writable and executable");
}

static void a_relocation_in_code_is_refused(void **state)
{
    (void)state;
    refuses(PLAIN ".text\n.globl f\nf: .quad table\n", NULL, "-znotext", "(in f)");
    assert_non_null(strstr(why, "(code)"));
}

static void a_relocation_in_constants_is_refused(void **state)
{
    (void)state;
    refuses(PLAIN ".section .rodata.x,\"a\"\n.globl names\nnames: .quad table\n", NULL,
            "-znotext", "(in names)");
}

static void shared_pages_are_refused(void **state)
{
    (void)state;
    refuses(PLAIN, changed("    . = ALIGN(0x1000);\n    .rodata", "    .rodata"), NULL,
            "inside a page");
}

static void a_wrong_tcs_is_refused(void **state)
{
    (void)state;
    refuses(PLAIN, changed("QUAD(0)          /* STATE", "QUAD(1)          /* STATE"), NULL,
            "STATE");
    refuses(PLAIN, changed("QUAD(__cw_entry)", "QUAD(__cw_tls)"), NULL, "OENTRY");
    refuses(PLAIN, changed("QUAD(__cw_ssa)", "QUAD(__cw_entry)"), NULL, "SSA");
    refuses(PLAIN, changed("LONG(2)", "LONG(1)"), NULL, "NSSA");
    refuses(PLAIN, changed("__cw_tcs = .;", ""), NULL, "__cw_tcs is missing");
}

static void a_wrong_length_is_refused(void **state)
{
    (void)state;
    refuses(PLAIN, changed("QUAD(1 <<", "QUAD(2 <<"), NULL, "ELRANGE");
}

static void a_thread_local_variable_is_refused(void **state)
{
    (void)state;
    refuses(PLAIN ".section .tdata,\"awT\",@progbits\n.quad 1\n",
            changed("tcs PT_LOAD FLAGS(6);", "tcs PT_LOAD FLAGS(6); tls PT_TLS FLAGS(4);"), NULL,
            "hread");
}

static void what_is_no_image_is_refused(void **state)
{
    (void)state;
    struct cw_sgx_linked linked;
    assert_int_equal(cw_sgx_image_link("README.md", &linked, why), CW_E_SYSTEM);
    assert_int_equal(cw_sgx_image_link("/nothing/there", &linked, why), CW_E_SYSTEM);
    assert_int_equal(cw_sgx_image_link("build/host/bin/causeway", &linked, why), CW_E_FORM);
}

static void a_cut_stream_is_refused(void **state)
{
    (void)state;
    struct cw_sgx_linked linked;
    uint8_t *stream = NULL;
    size_t len = 0;
    good(&linked, &stream, &len);
    struct cw_sgxs s;
    for (size_t cut = 0; cut < 2000; cut++) {
        /* At the end of a step it is another image; anywhere else it is none. */
        const size_t rest = cut < 2 * SGX_SGXS_HEADER_LEN
                ? cut
                : (cut - 2 * SGX_SGXS_HEADER_LEN) % (SGX_SGXS_HEADER_LEN + SGX_CHUNK_LEN);
        if (rest == 0 || rest == SGX_SGXS_HEADER_LEN) {
            continue;
        }
        assert_int_equal(cw_sgxs_read(stream, cut, &s, why), CW_E_FORM);
        assert_non_null(strstr(why, "at byte "));
    }
    cw_sgx_linked_free(&linked);
    free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_cpu_measures_the_same),
            cmocka_unit_test(the_cpu_takes_the_signature_and_no_other),
            cmocka_unit_test(the_date_is_that_of_the_source),
            cmocka_unit_test(the_same_source_gives_the_same_bytes),
            cmocka_unit_test(writable_code_is_refused),
            cmocka_unit_test(a_relocation_in_code_is_refused),
            cmocka_unit_test(a_relocation_in_constants_is_refused),
            cmocka_unit_test(shared_pages_are_refused),
            cmocka_unit_test(a_wrong_tcs_is_refused),
            cmocka_unit_test(a_wrong_length_is_refused),
            cmocka_unit_test(a_thread_local_variable_is_refused),
            cmocka_unit_test(what_is_no_image_is_refused),
            cmocka_unit_test(a_cut_stream_is_refused),
    };
    return cmocka_run_group_tests(tests, start, folder_remove);
}
