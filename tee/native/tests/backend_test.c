/* SPDX-License-Identifier: MIT */
/* Both backends together: what the owner's builds, the node's runs, and the jail holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "core/module/endpoint.h"
#include "core/wire/attest.h"
#include "core/wire/manage.h"
#include "core/wire/writer.h"
#include "tee/native/abi.h"
#include "tee/node.h"
#include "tee/owner.h"

#define SDK "build/sdk"
#define MODULES "tee/native/tests/modules"

static char folder[] = "/tmp/native-test-XXXXXX";
static char root[4096];

/* --- the owner's side ------------------------------------------------------------------------------ */

static const uint8_t owner_key[CW_DH_LEN] = {9};

static void path_of(char ret_path[static 4200], const char *relative)
{
    (void)snprintf(ret_path, 4200, "%s/%s", root, relative);
}

static cw_status build(const char *out, const char *source, const char *device,
        struct cw_owner_built *ret_built, char why[static CW_OWNER_WHY_LEN])
{
    char sdk_dir[4200];
    char include_dir[4200];
    char out_dir[4200];
    char source_path[4200];
    path_of(sdk_dir, SDK);
    path_of(include_dir, MODULES);
    path_of(source_path, source);
    (void)snprintf(out_dir, sizeof out_dir, "%s/%s", folder, out);
    (void)mkdir(out_dir, 0700);
    const struct cw_owner_build how = {.sdk_dir = sdk_dir, .include_dir = include_dir,
            .out_dir = out_dir, .owner_key = owner_key};
    const struct cw_owner_node node = {.name = "node", .tee = "native"};
    const char *const sources[] = {source_path};
    const struct cw_owner_module module = {
            .name = "prisoner", .sources = sources, .source_count = 1, .device = device};
    *ret_built = (struct cw_owner_built){0};
    return cw_owner_native.build(&how, &node, &module, 1, ret_built, why);
}

static void forget(struct cw_owner_built *built)
{
    free(built->image);
    free(built->endpoints);
}

static struct cw_owner_built prisoner;

static uint16_t index_of(const char *name)
{
    for (size_t i = 0; i < prisoner.endpoint_count; i++) {
        if (strcmp(prisoner.endpoints[i].name, name) == 0) {
            return (uint16_t)i;
        }
    }
    fail_msg("no endpoint %s", name);
    return 0;
}

static void table_tells_names_kinds_and_sizes(void **state)
{
    (void)state;
    assert_int_equal(prisoner.endpoint_count, 7);
    const struct cw_owner_endpoint *echo = &prisoner.endpoints[index_of("echo")];
    assert_int_equal(echo->kind, CW_KIND_ENTRY);
    assert_int_equal(echo->max, 1000);
    assert_int_equal(echo->reply_max, 1001);
    assert_int_equal(prisoner.endpoints[index_of("swallow")].kind, CW_KIND_INPUT);
    assert_int_equal(prisoner.endpoints[index_of("shout")].kind, CW_KIND_OUTPUT);
    assert_int_equal(prisoner.endpoints[index_of("shout")].max, 100);
    assert_true(prisoner.text_len > 1000 && prisoner.data_len > 1000);
}

static void image_is_the_same_from_two_folders(void **state)
{
    (void)state;
    struct cw_owner_built other;
    char why[CW_OWNER_WHY_LEN];
    assert_int_equal(build("elsewhere", MODULES "/prisoner.c", NULL, &other, why), CW_OK);
    assert_int_equal(other.image_len, prisoner.image_len);
    assert_memory_equal(other.image, prisoner.image, other.image_len);
    assert_memory_equal(other.measurement, prisoner.measurement, CW_MEASUREMENT_LEN);
    forget(&other);
}

static void missing_source_is_named(void **state)
{
    (void)state;
    struct cw_owner_built built;
    char why[CW_OWNER_WHY_LEN];
    assert_int_equal(build("missing", MODULES "/nowhere.c", NULL, &built, why), CW_E_ABSENT);
    assert_non_null(strstr(why, "nowhere.c"));
}

static void device_is_refused_with_the_reason(void **state)
{
    (void)state;
    struct cw_owner_built built;
    char why[CW_OWNER_WHY_LEN];
    assert_int_not_equal(build("device", MODULES "/device.c", NULL, &built, why), CW_OK);
    assert_non_null(strstr(why, "native has none"));
    assert_int_not_equal(build("device", MODULES "/prisoner.c", "port1", &built, why), CW_OK);
    assert_non_null(strstr(why, "native has none"));
}

static void sealing_is_refused_with_the_reason(void **state)
{
    (void)state;
    struct cw_owner_built built;
    char why[CW_OWNER_WHY_LEN];
    assert_int_not_equal(build("sealer", MODULES "/sealer.c", NULL, &built, why), CW_OK);
    assert_non_null(strstr(why, "native has no key that survives a restart"));
}

static void counting_is_refused_with_the_reason(void **state)
{
    (void)state;
    struct cw_owner_built built;
    char why[CW_OWNER_WHY_LEN];
    assert_int_not_equal(build("counting", MODULES "/counting.c", NULL, &built, why), CW_OK);
    assert_non_null(strstr(why, "native has no counter that survives a restart"));
}

static void compiler_is_quoted(void **state)
{
    (void)state;
    char path[4200];
    (void)snprintf(path, sizeof path, "%s/bad.c", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs("#include \"causeway.h\"\nCW_INPUT(broken, data, len) { return nonsense; }\n", file);
    (void)fclose(file);
    struct cw_owner_built built;
    char why[CW_OWNER_WHY_LEN];
    char sdk_dir[4200];
    path_of(sdk_dir, SDK);
    const struct cw_owner_build how = {.sdk_dir = sdk_dir, .include_dir = folder,
            .out_dir = folder, .owner_key = owner_key};
    const char *const sources[] = {path};
    const struct cw_owner_module module = {.name = "bad", .sources = sources, .source_count = 1};
    built = (struct cw_owner_built){0};
    assert_int_equal(cw_owner_native.build(&how, &(struct cw_owner_node){.name = "n"}, &module, 1,
                             &built, why), CW_E_DENIED);
    assert_non_null(strstr(why, "nonsense"));
    assert_non_null(strstr(why, "module bad"));
}

static void verdict_says_that_nothing_is_proved(void **state)
{
    (void)state;
    struct cw_owner_verdict verdict = {.genuine = true, .is_protected = true};
    const uint8_t zeros[32] = {0};
    assert_int_equal(cw_owner_native.verify(NULL, &prisoner, zeros, zeros, zeros, zeros, 0, &verdict),
            CW_OK);
    assert_false(verdict.genuine);
    assert_false(verdict.is_protected);
    assert_int_equal(cw_owner_native.verify(NULL, &prisoner, zeros, zeros, zeros, zeros, 1, &verdict),
            CW_E_AUTH);
}

/* --- the node's side --------------------------------------------------------------------------------- */

static uv_loop_t loop;
static struct cw_platform *platform;
static struct cw_node_module *loaded;
static cw_status load_status;
static char last_why[512];
static bool is_lost;

static bool answered;
static cw_status call_status;
static cw_result call_result;
static uint8_t items[CW_NATIVE_OUT_MAX];
static size_t items_len;

static void on_lost(void *ctx, struct cw_node_module *module, const char *why)
{
    (void)ctx;
    assert_ptr_equal(module, loaded);
    is_lost = true;
    uv_stop(&loop);
    (void)snprintf(last_why, sizeof last_why, "%s", why);
}

static void on_loaded(void *ctx, cw_status status, struct cw_node_module *module, const char *why)
{
    (void)ctx;
    load_status = status;
    loaded = module;
    answered = true;
    uv_stop(&loop);
    (void)snprintf(last_why, sizeof last_why, "%s", why != NULL ? why : "");
}

static void on_called(void *ctx, cw_status status, cw_result result, const uint8_t *bytes,
        size_t len)
{
    (void)ctx;
    answered = true;
    uv_stop(&loop);
    call_status = status;
    call_result = result;
    items_len = len;
    if (len > 0) {
        (void)memcpy(items, bytes, len);
    }
}

static void on_done(void *ctx)
{
    *(bool *)ctx = true;
    uv_stop(&loop);
}

static void run_until(const bool *flag)
{
    for (int i = 0; i < 100000 && !*flag; i++) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    assert_true(*flag);
}

static void load_bytes(const uint8_t *image, size_t len)
{
    answered = false;
    is_lost = false;
    last_why[0] = 0;
    cw_node_native.load(platform, "prisoner", image, len, on_loaded, NULL);
    assert_false(answered);
    run_until(&answered);
}

static void unload(void)
{
    bool done = false;
    cw_node_native.unload(platform, loaded, on_done, &done);
    assert_false(done);
    run_until(&done);
    loaded = NULL;
}

static void call(cw_entry entry, const void *in, size_t len)
{
    answered = false;
    cw_node_native.call(platform, loaded, entry, in, len, on_called, NULL);
    assert_false(answered);
    run_until(&answered);
}

/* CALL of an entry: index, zero, argument. */
static void call_entry(const char *name, const void *argument, size_t len)
{
    uint8_t in[2048];
    struct cw_writer w = cw_writer_over(in, sizeof in);
    cw_writer_u16(&w, index_of(name));
    cw_writer_u16(&w, 0);
    cw_writer_bytes(&w, argument, len);
    call(CW_ENTRY_CALL, in, 4 + len);
}

static uint32_t served;

static void on_called_many(void *ctx, cw_status status, uint32_t count, cw_result result,
        const uint8_t *bytes, size_t len)
{
    served = count;
    on_called(ctx, status, result, bytes, len);
}

static void call_many(cw_entry entry, const void *in, size_t len)
{
    answered = false;
    cw_node_native.call_many(platform, loaded, entry, in, len, on_called_many, NULL);
    assert_false(answered);
    run_until(&answered);
}

/* One more input of an entry: CALL of what may not exist. */
static void put_call(struct cw_writer *w, uint16_t index)
{
    cw_writer_u32(w, 4);
    cw_writer_u16(w, index);
    cw_writer_u16(w, 0);
}

static void call_kernel(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    const uint64_t arguments[] = {number, a, b, c, d, e};
    call_entry("kernel", arguments, sizeof arguments);
}

static int set_up_platform(void **state)
{
    (void)state;
    char why[256];
    const struct cw_node_setup setup = {.loop = &loop, .state_dir = folder, .lost = on_lost};
    if (uv_loop_init(&loop) != 0 ||
            cw_node_native.open(&setup, &platform, why, sizeof why) != CW_OK) {
        return -1;
    }
    load_bytes(prisoner.image, prisoner.image_len);
    return load_status == CW_OK ? 0 : -1;
}

static int tear_down_platform(void **state)
{
    (void)state;
    bool done = false;
    cw_node_native.close(platform, on_done, &done);
    run_until(&done);
    return uv_loop_close(&loop);
}

static void entry_answers_what_it_was_given(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 100; i++) {
        uint8_t argument[1000];
        (void)memset(argument, i, sizeof argument);
        call_entry("echo", argument, sizeof argument);
        assert_int_equal(call_status, CW_OK);
        assert_int_equal(call_result, CW_RESULT_DONE);
        assert_int_equal(items_len, CW_LINK_HEADER_LEN + 1001);
        assert_int_equal(items[5], CW_FRAME_REPLY);
        assert_int_equal(items[CW_LINK_HEADER_LEN], 42); /* CW_INIT ran */
        assert_memory_equal(items + CW_LINK_HEADER_LEN + 1, argument, sizeof argument);
    }
    call_entry("count", NULL, 0);
    assert_int_equal(items[CW_LINK_HEADER_LEN], 100);
}

static void every_life_starts_with_new_randomness(void **state)
{
    (void)state;
    uint8_t attest[CW_ATTEST_LEN];
    const uint8_t nonce[CW_NONCE_LEN] = {1};
    uint8_t first[CW_EVIDENCE_LEN + CW_DH_LEN];
    cw_attest_encode(nonce, attest);
    call(CW_ENTRY_ATTEST, attest, sizeof attest);
    assert_int_equal(call_result, CW_RESULT_DONE);
    assert_int_equal(items_len, CW_LINK_HEADER_LEN + sizeof first);
    (void)memcpy(first, items + CW_LINK_HEADER_LEN, sizeof first);
    struct cw_evidence evidence;
    assert_int_equal(cw_evidence_decode(first, &evidence), CW_OK);
    assert_int_equal(evidence.kind, CW_FRESH_RANDOM);
    call(CW_ENTRY_ATTEST, attest, sizeof attest);
    assert_memory_equal(items + CW_LINK_HEADER_LEN, first, sizeof first);
    unload();
    load_bytes(prisoner.image, prisoner.image_len);
    call(CW_ENTRY_ATTEST, attest, sizeof attest);
    assert_memory_not_equal(items + CW_LINK_HEADER_LEN + 16, first + 16, 16);
    assert_memory_not_equal(items + CW_LINK_HEADER_LEN + CW_EVIDENCE_LEN, first + CW_EVIDENCE_LEN,
            CW_DH_LEN);
}

static void garbage_is_refused_and_the_module_lives(void **state)
{
    (void)state;
    uint8_t *bytes = calloc(1, CW_NATIVE_IN_MAX + 1);
    assert_non_null(bytes);
    for (unsigned entry = 0; entry < 256; entry++) {
        for (size_t len = 0; len < 64; len += 7) {
            (void)memset(bytes, (int)(entry + len), len);
            call((cw_entry)entry, bytes, len);
            assert_int_equal(call_status, CW_OK);
            if (entry != CW_ENTRY_CALL && entry != CW_ENTRY_STREAM_CLOSE) {
                assert_int_equal(call_result, CW_RESULT_REFUSED);
                assert_int_equal(items_len, 0);
            }
        }
    }
    const size_t lens[] = {65535, 65536, 100000, CW_NATIVE_IN_MAX, CW_NATIVE_IN_MAX + 1};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        call(CW_ENTRY_EVENT, bytes, lens[i]);
        assert_int_equal(call_status, CW_OK);
        assert_int_equal(call_result, CW_RESULT_REFUSED);
    }
    free(bytes);
    call_entry("count", NULL, 0);
    assert_int_equal(call_result, CW_RESULT_DONE);
    assert_false(is_lost);
}

static void expect_loss(const char *why)
{
    assert_int_equal(call_status, CW_E_ABSENT);
    run_until(&is_lost);
    if (strstr(last_why, why) == NULL) {
        fail_msg("lost, but \"%s\"", last_why);
    }
    call(CW_ENTRY_CALL, "", 0);
    assert_int_equal(call_status, CW_E_ABSENT);
    unload();
}

static void crash_is_told_as_loss(void **state)
{
    (void)state;
    call_entry("crash", NULL, 0);
    expect_loss("SIGILL");
}

static void killed_while_idle_is_told_as_loss(void **state)
{
    (void)state;
    call_kernel(SYS_exit_group, 3, 0, 0, 0, 0);
    expect_loss("exited with status 3");
}

static void lost_module_is_loaded_anew(void **state)
{
    (void)state;
    call_entry("crash", NULL, 0);
    expect_loss("SIGILL");
    load_bytes(prisoner.image, prisoner.image_len);
    assert_int_equal(load_status, CW_OK);
    call_entry("count", NULL, 0);
    assert_int_equal(items[CW_LINK_HEADER_LEN], 0);
}

static void babbling_module_is_killed(void **state)
{
    (void)state;
    call_entry("babble", "this is no link header", 22);
    expect_loss("no answer");
}

static void too_much_answer_is_none(void **state)
{
    (void)state;
    uint8_t header[CW_LINK_HEADER_LEN];
    cw_link_header_encode(&(struct cw_link_header){.len = CW_NATIVE_OUT_MAX + 1}, header);
    call_entry("babble", header, sizeof header);
    expect_loss("no answer");
}

static void jail_forbids(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    if (loaded == NULL) {
        load_bytes(prisoner.image, prisoner.image_len);
        assert_int_equal(load_status, CW_OK);
    }
    call_kernel(number, a, b, c, d, e);
    expect_loss("SIGSYS");
}

#define SOMEWHERE 0x400000u /* an address that the module has */

static void module_cannot_open_a_file(void **state)
{
    (void)state;
    jail_forbids(SYS_open, SOMEWHERE, 0, 0, 0, 0);
    jail_forbids(SYS_openat, (uint64_t)-100, SOMEWHERE, 0, 0, 0);
    jail_forbids(SYS_memfd_create, SOMEWHERE, 0, 0, 0, 0);
}

static void module_cannot_make_a_socket(void **state)
{
    (void)state;
    jail_forbids(SYS_socket, 2, 1, 0, 0, 0);
    jail_forbids(SYS_socketpair, 1, 1, 0, SOMEWHERE, 0);
}

static void module_cannot_make_or_touch_processes(void **state)
{
    (void)state;
    jail_forbids(SYS_fork, 0, 0, 0, 0, 0);
    jail_forbids(SYS_clone, 0, 0, 0, 0, 0);
    jail_forbids(SYS_kill, 1, 0, 0, 0, 0);
    jail_forbids(SYS_ptrace, 0, 1, 0, 0, 0);
}

static void module_cannot_become_another_program(void **state)
{
    (void)state;
    jail_forbids(SYS_execve, SOMEWHERE, 0, 0, 0, 0);
    jail_forbids(SYS_execveat, 10, SOMEWHERE, 0, 0, 0x1000);
}

static void module_cannot_map_memory_as_code(void **state)
{
    (void)state;
    jail_forbids(SYS_mmap, 0, 4096, 7, 0x22, (uint64_t)-1);
    jail_forbids(SYS_mprotect, SOMEWHERE, 4096, 7, 0, 0);
}

static void module_cannot_use_other_descriptors(void **state)
{
    (void)state;
    jail_forbids(SYS_read, 3, SOMEWHERE, 1, 0, 0);
    jail_forbids(SYS_write, 2, SOMEWHERE, 1, 0, 0);
    /* The one of the loader is let through by the filter, and is closed. */
    load_bytes(prisoner.image, prisoner.image_len);
    call_kernel(SYS_write, 11, SOMEWHERE, 1, 0, 0);
    int64_t result;
    (void)memcpy(&result, items + CW_LINK_HEADER_LEN, sizeof result);
    assert_int_equal(result, -9); /* EBADF */
}

static void what_is_no_executable_is_not_loaded(void **state)
{
    (void)state;
    unload();
    load_bytes((const uint8_t *)"#!/bin/sh\nexit 0\n", 17);
    assert_int_not_equal(load_status, CW_OK);
    assert_non_null(strstr(last_why, "no static executable"));
    for (size_t len = 1; len < prisoner.image_len / 2; len += 97) {
        load_bytes(prisoner.image, len);
        assert_int_not_equal(load_status, CW_OK);
    }
    uint8_t *changed = malloc(prisoner.image_len);
    assert_non_null(changed);
    for (size_t at = 0; at < 64; at++) {
        (void)memcpy(changed, prisoner.image, prisoner.image_len);
        changed[at] ^= 0x80;
        load_bytes(changed, prisoner.image_len);
        if (load_status == CW_OK) { /* what nobody reads: padding, flags, section headers */
            assert_true(at >= 6);
            unload();
        }
    }
    free(changed);
    load_bytes(prisoner.image, 0);
    assert_int_not_equal(load_status, CW_OK);
}

static void many_inputs_are_served_in_order_up_to_the_first_refused(void **state)
{
    (void)state;
    uint8_t in[256];
    struct cw_writer w = cw_writer_over(in, sizeof in);
    put_call(&w, index_of("echo"));
    put_call(&w, index_of("echo"));
    call_many(CW_ENTRY_CALL, in, w.used_len);
    assert_int_equal(call_status, CW_OK);
    assert_int_equal(call_result, CW_RESULT_DONE);
    assert_int_equal(served, 1);
    assert_int_equal(items_len, 2 * (CW_LINK_HEADER_LEN + 1));
    put_call(&w, 9999);
    put_call(&w, index_of("echo"));
    call_many(CW_ENTRY_CALL, in, w.used_len);
    assert_int_equal(call_result, CW_RESULT_REFUSED);
    assert_int_equal(served, 2);
    assert_int_equal(items_len, 2 * (CW_LINK_HEADER_LEN + 1));
    call_entry("echo", NULL, 0);
    assert_int_equal(call_result, CW_RESULT_DONE);
}

static void many_of_what_is_no_input_are_refused(void **state)
{
    (void)state;
    const uint8_t in[] = {200, 0, 0, 0, 1, 2, 3};
    call_many(CW_ENTRY_CALL, in, sizeof in);
    assert_int_equal(call_status, CW_OK);
    assert_int_equal(call_result, CW_RESULT_REFUSED);
    assert_int_equal(served, 0);
    call_many(CW_ENTRY_CALL, in, 3);
    assert_int_equal(call_result, CW_RESULT_REFUSED);
    call_entry("echo", NULL, 0);
    assert_int_equal(call_result, CW_RESULT_DONE);
}

static void unload_ends_a_call_under_way(void **state)
{
    (void)state;
    answered = false;
    cw_node_native.call(platform, loaded, CW_ENTRY_EVENT, (const uint8_t *)"", 0, on_called, NULL);
    unload();
    assert_true(answered);
    assert_int_equal(call_status, CW_E_ABSENT);
}

static void platform_describes_itself_as_unprotected(void **state)
{
    (void)state;
    char json[512];
    cw_node_native.describe(platform, json, sizeof json);
    assert_non_null(strstr(json, "\"protection\": \"none\""));
}

static int set_up(void **state)
{
    (void)state;
    char why[CW_OWNER_WHY_LEN];
    if (getcwd(root, sizeof root) == NULL || mkdtemp(folder) == NULL) {
        return -1;
    }
    if (build("one", MODULES "/prisoner.c", NULL, &prisoner, why) != CW_OK) {
        print_error("%s\n", why);
        return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    forget(&prisoner);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) == 0 ? 0 : -1;
}

#define WITH_MODULE(name) cmocka_unit_test_setup_teardown(name, set_up_platform, tear_down_platform)

int main(void)
{
    if (access(SDK "/lib/native/libnative.a", R_OK) != 0) {
        (void)printf("there is no SDK in " SDK ": make sdk\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(table_tells_names_kinds_and_sizes),
            cmocka_unit_test(image_is_the_same_from_two_folders),
            cmocka_unit_test(missing_source_is_named),
            cmocka_unit_test(device_is_refused_with_the_reason),
            cmocka_unit_test(sealing_is_refused_with_the_reason),
            cmocka_unit_test(counting_is_refused_with_the_reason),
            cmocka_unit_test(compiler_is_quoted),
            cmocka_unit_test(verdict_says_that_nothing_is_proved),
            WITH_MODULE(entry_answers_what_it_was_given),
            WITH_MODULE(every_life_starts_with_new_randomness),
            WITH_MODULE(garbage_is_refused_and_the_module_lives),
            WITH_MODULE(crash_is_told_as_loss),
            WITH_MODULE(killed_while_idle_is_told_as_loss),
            WITH_MODULE(lost_module_is_loaded_anew),
            WITH_MODULE(babbling_module_is_killed),
            WITH_MODULE(too_much_answer_is_none),
            WITH_MODULE(module_cannot_open_a_file),
            WITH_MODULE(module_cannot_make_a_socket),
            WITH_MODULE(module_cannot_make_or_touch_processes),
            WITH_MODULE(module_cannot_become_another_program),
            WITH_MODULE(module_cannot_map_memory_as_code),
            WITH_MODULE(module_cannot_use_other_descriptors),
            WITH_MODULE(what_is_no_executable_is_not_loaded),
            WITH_MODULE(many_inputs_are_served_in_order_up_to_the_first_refused),
            WITH_MODULE(many_of_what_is_no_input_are_refused),
            WITH_MODULE(unload_ends_a_call_under_way),
            WITH_MODULE(platform_describes_itself_as_unprotected),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
