/* SPDX-License-Identifier: MIT */
/* What the owner builds, the node loads into the emulated CPU and calls: all of it as it runs. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "core/wire/attest.h"
#include "core/wire/node.h"
#include "core/wire/writer.h"
#include "silicon/sgx/arch.h"
#include "tee/node.h"
#include "tee/owner.h"
#include "tee/sgx/abi.h"
#include "tests/support/seen.h"

#define SDK "build/sdk"
#define CPU "build/host/bin/causeway-sgx"

static char folder[] = "/tmp/sgx-backend-XXXXXX";
static char cpu_path[100];
static pid_t cpu_pid = -1;
static struct cw_owner_built guest;
static struct cw_platform *platform;

/* --- the CPU, and the image --------------------------------------------------------------------------- */

static bool start_cpu(void)
{
    char state[100];
    char jail[64];
    (void)snprintf(state, sizeof state, "%s/state", folder);
    (void)snprintf(jail, sizeof jail, "%s-jail", CPU);
    cpu_pid = fork();
    if (cpu_pid == 0) {
        (void)execl(CPU, CPU, "--listen", cpu_path, "--state", state, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 6000 && access(cpu_path, F_OK) != 0; i++) {
        usleep(10000);
    }
    return access(cpu_path, F_OK) == 0;
}

static void stop_cpu(void)
{
    (void)kill(cpu_pid, SIGTERM);
    (void)waitpid(cpu_pid, NULL, 0);
    (void)unlink(cpu_path);
}

static bool build_guest(void)
{
    static const uint8_t owner_key[CW_DH_LEN] = {9};
    static uint8_t signer[CW_OWNER_SECRET_MAX];
    char root[2048];
    char sdk_dir[2100];
    char source[2200];
    char out_dir[100];
    char why[CW_OWNER_WHY_LEN] = "";
    size_t signer_len = 0;
    if (getcwd(root, sizeof root) == NULL ||
            cw_owner_sgx.secret->make(signer, sizeof signer, &signer_len) != CW_OK) {
        return false;
    }
    (void)snprintf(sdk_dir, sizeof sdk_dir, "%s/" SDK, root);
    (void)snprintf(source, sizeof source, "%s/tee/sgx/tests/modules/guest.c", root);
    (void)snprintf(out_dir, sizeof out_dir, "%s/out", folder);
    (void)mkdir(out_dir, 0700);
    const struct cw_owner_build how = {.sdk_dir = sdk_dir, .include_dir = root, .out_dir = out_dir,
            .owner_key = owner_key, .secret = signer, .secret_len = signer_len};
    const struct cw_owner_node node = {.name = "node", .tee = "sgx"};
    const char *const sources[] = {source};
    const struct cw_owner_module module = {
            .name = "guest", .sources = sources, .source_count = 1};
    if (cw_owner_sgx.build(&how, &node, &module, 1, &guest, why) != CW_OK) {
        print_error("%s\n", why);
        return false;
    }
    return true;
}

/* --- the node's side ---------------------------------------------------------------------------------- */

static struct seen one;
static struct seen two;

static void on_lost(void *ctx, struct cw_node_module *module, const char *why)
{
    (void)ctx;
    struct seen *s = module == one.module ? &one : &two;
    s->is_lost = true;
    uv_stop(&seen_loop);
    (void)snprintf(s->why, sizeof s->why, "%s", why);
}

static void load_bytes(struct seen *s, const uint8_t *image, size_t len)
{
    *s = (struct seen){0};
    cw_node_sgx.load(platform, "guest", image, len, seen_loaded, s);
    assert_false(s->answered);
    seen_until(&s->answered);
}

static void load(struct seen *s)
{
    load_bytes(s, guest.image, guest.image_len);
    if (s->status != CW_OK) {
        fail_msg("%s", s->why);
    }
}

static void unload(struct seen *s)
{
    bool done = false;
    cw_node_sgx.unload(platform, s->module, seen_done, &done);
    seen_until(&done);
    s->module = NULL;
}

static void call(struct seen *s, cw_entry entry, const void *in, size_t len)
{
    s->answered = false;
    cw_node_sgx.call(platform, s->module, entry, in, len, seen_called, s);
    assert_false(s->answered);
    seen_until(&s->answered);
}

static uint16_t index_of(const char *name)
{
    for (size_t i = 0; i < guest.endpoint_count; i++) {
        if (strcmp(guest.endpoints[i].name, name) == 0) {
            return (uint16_t)i;
        }
    }
    fail_msg("no endpoint %s", name);
    return 0;
}

static size_t put_call(uint8_t *in, size_t cap, const char *name, const void *argument, size_t len)
{
    struct cw_writer w = cw_writer_over(in, cap);
    cw_writer_u16(&w, index_of(name));
    cw_writer_u16(&w, 0);
    cw_writer_bytes(&w, argument, len);
    return w.used_len;
}

static void call_entry(struct seen *s, const char *name, const void *argument, size_t len)
{
    uint8_t in[2048];
    call(s, CW_ENTRY_CALL, in, put_call(in, sizeof in, name, argument, len));
}

static void expect_echo(struct seen *s, const void *argument, size_t len)
{
    call_entry(s, "echo", argument, len);
    if (s->status != CW_OK) {
        fail_msg("%s", s->why);
    }
    assert_int_equal(s->result, CW_RESULT_DONE);
    assert_int_equal(s->len, CW_LINK_HEADER_LEN + 1 + len);
    assert_int_equal(s->items[5], CW_FRAME_REPLY);
    assert_int_equal(s->items[CW_LINK_HEADER_LEN], 42); /* CW_INIT ran */
    assert_memory_equal(s->items + CW_LINK_HEADER_LEN + 1, argument, len);
}

static int open_platform(void **state)
{
    (void)state;
    char why[400] = "";
    const struct cw_node_option option = {"cpu", cpu_path};
    const struct cw_node_setup setup = {.loop = &seen_loop, .state_dir = folder, .lost = on_lost,
            .options = &option, .option_count = 1};
    if (uv_loop_init(&seen_loop) != 0 ||
            cw_node_sgx.open(&setup, &platform, why, sizeof why) != CW_OK) {
        print_error("%s\n", why);
        return -1;
    }
    return 0;
}

static int close_platform(void **state)
{
    (void)state;
    bool done = false;
    cw_node_sgx.close(platform, seen_done, &done);
    seen_until(&done);
    return uv_loop_close(&seen_loop);
}

/* --- cases -------------------------------------------------------------------------------------------- */

static void entry_answers_what_it_was_given(void **state)
{
    (void)state;
    load(&one);
    uint8_t argument[1000];
    for (unsigned i = 0; i < 300; i++) {
        (void)memset(argument, (int)i, sizeof argument);
        expect_echo(&one, argument, i % (sizeof argument + 1));
        if (i % 100 == 0) {
            usleep(30000); /* and it leaves, and is entered again */
        }
    }
    call_entry(&one, "count", NULL, 0);
    assert_int_equal(one.items[CW_LINK_HEADER_LEN], 300 % 256);
    unload(&one);
}

/* Awake, on its way out, asleep: whatever the module is doing when a call comes. */
static void calls_at_any_distance_are_answered(void **state)
{
    (void)state;
    load(&one);
    srand(1);
    for (int i = 0; i < 3000; i++) {
        const uint64_t until = uv_hrtime() + (uint64_t)(rand() % 150000);
        while (i % 3 != 0 && uv_hrtime() < until) {
        }
        expect_echo(&one, &i, sizeof i);
    }
    unload(&one);
}

static void garbage_is_refused_and_the_module_lives(void **state)
{
    (void)state;
    load(&one);
    static uint8_t bytes[CW_SGX_IN_LEN + 1];
    for (unsigned entry = 0; entry < 256; entry += entry < 16 ? 1 : 15) {
        for (size_t len = 0; len < 64; len += 7) {
            (void)memset(bytes, (int)(entry + len), len);
            call(&one, (cw_entry)entry, bytes, len);
            assert_int_equal(one.status, CW_OK);
            if (entry != CW_ENTRY_CALL && entry != CW_ENTRY_STREAM_CLOSE) {
                assert_int_equal(one.result, CW_RESULT_REFUSED);
                assert_int_equal(one.len, 0);
            }
        }
    }
    const size_t lens[] = {65535, 65536, 100000, CW_SGX_IN_LEN, CW_SGX_IN_LEN + 1};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        call(&one, CW_ENTRY_EVENT, bytes, lens[i]);
        assert_int_equal(one.status, CW_OK);
        assert_int_equal(one.result, CW_RESULT_REFUSED);
    }
    expect_echo(&one, "well", 4);
    unload(&one);
}

static void many_inputs_are_served_in_order_up_to_the_first_refused(void **state)
{
    (void)state;
    load(&one);
    uint8_t in[256];
    size_t len = 0;
    for (int i = 0; i < 3; i++) {
        struct cw_writer w = cw_writer_over(in + len, 4);
        cw_writer_u32(&w, 5);
        len += 4 + put_call(in + len + 4, 64, "echo", "x", 1);
    }
    one.answered = false;
    cw_node_sgx.call_many(platform, one.module, CW_ENTRY_CALL, in, len, seen_called_many, &one);
    seen_until(&one.answered);
    assert_int_equal(one.status, CW_OK);
    assert_int_equal(one.result, CW_RESULT_DONE);
    assert_int_equal(one.served, 2);
    assert_int_equal(one.len, 3 * (CW_LINK_HEADER_LEN + 2));
    in[9 + 4] = 0xff; /* the second is of no endpoint */
    in[9 + 5] = 0xff;
    one.answered = false;
    cw_node_sgx.call_many(platform, one.module, CW_ENTRY_CALL, in, len, seen_called_many, &one);
    seen_until(&one.answered);
    assert_int_equal(one.result, CW_RESULT_REFUSED);
    assert_int_equal(one.served, 1);
    unload(&one);
}

static void dies_as(const char *entry, const char *why)
{
    load(&one);
    load(&two);
    expect_echo(&one, "x", 1);
    call_entry(&one, entry, NULL, 0);
    assert_int_equal(one.status, CW_E_ABSENT);
    seen_until(&one.is_lost);
    if (strstr(one.why, why) == NULL) {
        fail_msg("lost, but \"%s\"", one.why);
    }
    expect_echo(&two, "y", 1);
    unload(&one);
    load(&one);
    call_entry(&one, "count", NULL, 0);
    assert_int_equal(one.items[CW_LINK_HEADER_LEN], 0);
    unload(&one);
    unload(&two);
}

static void crash_is_told_as_loss_and_loaded_anew(void **state)
{
    (void)state;
    dies_as("crash", "#UD");
}

static void stray_write_is_told_as_loss(void **state)
{
    (void)state;
    dies_as("stray", "#PF");
}

static void module_that_hangs_can_be_unloaded(void **state)
{
    (void)state;
    load(&one);
    load(&two);
    uint8_t in[8];
    const size_t len = put_call(in, sizeof in, "hang", NULL, 0);
    one.answered = false;
    cw_node_sgx.call(platform, one.module, CW_ENTRY_CALL, in, len, seen_called, &one);
    expect_echo(&two, "x", 1);
    unload(&one);
    assert_int_equal(one.status, CW_E_ABSENT);
    expect_echo(&two, "x", 1);
    unload(&two);
}

static void killed_cpu_is_told_as_loss(void **state)
{
    (void)state;
    load(&one);
    expect_echo(&one, "x", 1);
    stop_cpu();
    seen_until(&one.is_lost);
    unload(&one);
    load_bytes(&one, guest.image, guest.image_len);
    assert_int_not_equal(one.status, CW_OK);
    assert_non_null(strstr(one.why, "causeway-sgx --listen"));
    assert_true(start_cpu());
    load(&one);
    expect_echo(&one, "x", 1);
    unload(&one);
}

static void changed_image_is_refused_with_the_reason(void **state)
{
    (void)state;
    uint8_t *changed = malloc(guest.image_len);
    assert_non_null(changed);
    (void)memcpy(changed, guest.image, guest.image_len);
    changed[guest.image_len - 1] ^= 1;
    load_bytes(&one, changed, guest.image_len);
    assert_int_not_equal(one.status, CW_OK);
    assert_true(strstr(one.why, "SGX_INVALID_MEASUREMENT") != NULL ||
            strstr(one.why, "SGXS") != NULL);
    (void)memcpy(changed, guest.image, guest.image_len);
    changed[SGX_SIG_SIGNATURE] ^= 1;
    load_bytes(&one, changed, guest.image_len);
    assert_int_not_equal(one.status, CW_OK);
    assert_non_null(strstr(one.why, "SGX_INVALID_SIGNATURE"));
    const size_t lens[] = {0, 1, SGX_SIGSTRUCT_LEN, SGX_SIGSTRUCT_LEN + 64, guest.image_len - 1};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        load_bytes(&one, guest.image, lens[i]);
        assert_int_not_equal(one.status, CW_OK);
        assert_true(one.why[0] != '\0');
    }
    free(changed);
}

static void evidence_becomes_a_quote_of_this_image(void **state)
{
    (void)state;
    load(&one);
    uint8_t attest[CW_ATTEST_LEN];
    const uint8_t nonce[CW_NONCE_LEN] = {1};
    cw_attest_encode(nonce, attest);
    call(&one, CW_ENTRY_ATTEST, attest, sizeof attest);
    assert_int_equal(one.result, CW_RESULT_DONE);
    const size_t fixed = CW_LINK_HEADER_LEN + CW_EVIDENCE_LEN + CW_DH_LEN;
    assert_int_equal(one.len, fixed + SGX_REPORT_LEN);
    uint8_t report[SGX_REPORT_LEN];
    (void)memcpy(report, one.items + fixed, sizeof report);
    assert_memory_equal(report + SGX_REPORT_MRENCLAVE, guest.measurement, SGX_HASH_LEN);
    one.answered = false;
    cw_node_sgx.quote(platform, report, sizeof report, seen_called, &one);
    seen_until(&one.answered);
    assert_int_equal(one.status, CW_OK);
    if (one.result != CW_RESULT_DONE) {
        fail_msg("%.*s", (int)one.len, (const char *)one.items);
    }
    struct cw_quote quote;
    struct cw_reader r = cw_reader_over(one.items, one.len);
    cw_quote_get(&r, &quote);
    assert_int_equal(cw_reader_finish(&r), CW_OK);
    assert_int_equal(quote.quote[0], 3); /* the version */
    assert_memory_equal(quote.quote + 48, report, SGX_REPORT_BODY_LEN);
    assert_true(quote.collateral_len > 0 && quote.collateral[0] == '{');
    report[SGX_REPORT_REPORTDATA] ^= 1;
    one.answered = false;
    cw_node_sgx.quote(platform, report, sizeof report, seen_called, &one);
    seen_until(&one.answered);
    assert_int_equal(one.result, CW_RESULT_REFUSED);
    assert_true(one.len > 0);
    unload(&one);
}

static void platform_says_what_it_is(void **state)
{
    (void)state;
    char json[2048];
    cw_node_sgx.describe(platform, json, sizeof json);
    assert_non_null(strstr(json, "\"emulated\":true"));
    assert_non_null(strstr(json, "\"isolation\":"));
    assert_non_null(strstr(json, "\"platform\":"));
}

/* --- speed and rest -------------------------------------------------------------------------------------- */

/* Processor time of a process and all below it that it waited for, in milliseconds. */
static double cpu_used_ms(pid_t pid)
{
    char path[64];
    char text[1024];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return 0;
    }
    const size_t len = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[len] = '\0';
    unsigned long user = 0;
    unsigned long system = 0;
    const char *at = strrchr(text, ')');
    if (at == NULL || sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                              &system) != 2) {
        return 0;
    }
    return 1e3 * (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* Of all processes of the CPU's group: it, its supervisors, the enclaves. */
static double tree_used_ms(void)
{
    char command[200];
    double sum = cpu_used_ms(getpid());
    (void)snprintf(command, sizeof command,
            "p=%d; while [ -n \"$p\" ]; do echo $p; p=$(for q in $p; do pgrep -P $q; done); done",
            (int)cpu_pid);
    FILE *list = popen(command, "r");
    int pid;
    while (list != NULL && fscanf(list, "%d", &pid) == 1) {
        sum += cpu_used_ms(pid);
    }
    if (list != NULL) {
        (void)pclose(list);
    }
    return sum;
}

static void stop_loop(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void closed(uv_handle_t *handle)
{
    *(bool *)handle->data = true;
    uv_stop(&seen_loop);
}

static void idle_modules_use_less_than_one_percent(void **state)
{
    (void)state;
    load(&one);
    load(&two);
    expect_echo(&one, "x", 1);
    expect_echo(&two, "x", 1);
    usleep(50000);
    bool done = false;
    uv_timer_t timer;
    (void)uv_timer_init(&seen_loop, &timer);
    timer.data = &done;
    double used = 100.0;
    for (int i = 0; i < 8 && used > 20.0; i++) { /* on a busy machine they fall asleep later */
        const double before = tree_used_ms();
        (void)uv_timer_start(&timer, stop_loop, 2000, 0);
        (void)uv_run(&seen_loop, UV_RUN_DEFAULT);
        used = tree_used_ms() - before;
        print_message("idle: %.1f ms in 2000\n", used);
    }
    assert_true(used <= 20.0);
    uv_close((uv_handle_t *)&timer, closed);
    seen_until(&done);
    unload(&one);
    unload(&two);
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(cpu_path, sizeof cpu_path, "%s/cpu", folder);
    return start_cpu() && build_guest() ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    stop_cpu();
    free(guest.image);
    free(guest.endpoints);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) == 0 ? 0 : -1;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_platform, close_platform)

int main(void)
{
    if (access(SDK "/lib/sgx/libsgx.a", R_OK) != 0 || access(CPU, X_OK) != 0) {
        (void)printf("there is no SDK in " SDK ", or no " CPU ": make\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
            CASE(entry_answers_what_it_was_given),
            CASE(calls_at_any_distance_are_answered),
            CASE(garbage_is_refused_and_the_module_lives),
            CASE(many_inputs_are_served_in_order_up_to_the_first_refused),
            CASE(crash_is_told_as_loss_and_loaded_anew),
            CASE(stray_write_is_told_as_loss),
            CASE(module_that_hangs_can_be_unloaded),
            CASE(killed_cpu_is_told_as_loss),
            CASE(changed_image_is_refused_with_the_reason),
            CASE(evidence_becomes_a_quote_of_this_image),
            CASE(platform_says_what_it_is),
            CASE(idle_modules_use_less_than_one_percent),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
