/* SPDX-License-Identifier: MIT */
/* The node's side of sgx against a CPU, and modules, that do the worst. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "core/wire/node.h"
#include "core/wire/writer.h"
#include "tee/node.h"
#include "tee/sgx/abi.h"
#include "tee/sgx/tests/fake_cpu.h"
#include "tests/support/seen.h"

static char folder[] = "/tmp/sgx-node-test-XXXXXX";
static char socket_path[100];
static struct fake_cpu cpu;
static struct cw_platform *platform;

static struct seen one;
static struct seen two;

static void on_lost(void *ctx, struct cw_node_module *module, const char *why)
{
    (void)ctx;
    struct seen *s = module == one.module ? &one : &two;
    assert_ptr_equal(module, s->module);
    s->is_lost = true;
    uv_stop(&seen_loop);
    (void)snprintf(s->why, sizeof s->why, "%s", why);
}

static void load(struct seen *s, const char *image)
{
    *s = (struct seen){0};
    cw_node_sgx.load(platform, "m", (const uint8_t *)image, strlen(image), seen_loaded, s);
    assert_false(s->answered);
    seen_until(&s->answered);
}

static void unload(struct seen *s)
{
    bool done = false;
    cw_node_sgx.unload(platform, s->module, seen_done, &done);
    assert_false(done);
    seen_until(&done);
    s->module = NULL;
}

static void begin(struct seen *s, char command, const void *argument, size_t len)
{
    static uint8_t in[CW_SGX_IN_LEN];
    in[4] = (uint8_t)command;
    if (len > 0) {
        (void)memcpy(in + 5, argument, len);
    }
    s->answered = false;
    cw_node_sgx.call(platform, s->module, CW_ENTRY_CALL, in, 5 + len, seen_called, s);
    assert_false(s->answered);
}

static void call(struct seen *s, char command, const void *argument, size_t len)
{
    begin(s, command, argument, len);
    seen_until(&s->answered);
}

static void expect_echo(struct seen *s, const void *argument, size_t len)
{
    call(s, 'e', argument, len);
    assert_int_equal(s->status, CW_OK);
    assert_int_equal(s->result, CW_RESULT_DONE);
    assert_int_equal(s->len, CW_LINK_HEADER_LEN + len);
    assert_memory_equal(s->items + CW_LINK_HEADER_LEN, argument, len);
}

static void expect_loss(struct seen *s, char command, const char *why)
{
    call(s, command, "", 0);
    assert_int_equal(s->status, CW_E_ABSENT);
    seen_until(&s->is_lost);
    if (strstr(s->why, why) == NULL) {
        fail_msg("lost, but \"%s\"", s->why);
    }
    call(s, 'e', "", 0);
    assert_int_equal(s->status, CW_E_ABSENT);
    unload(s);
}

static cw_status open_platform(const char *key, const char *value, char why[static 400])
{
    const struct cw_node_option option = {key, value};
    const struct cw_node_setup setup = {.loop = &seen_loop, .state_dir = folder, .lost = on_lost,
            .options = &option, .option_count = key != NULL ? 1 : 0};
    why[0] = '\0';
    return cw_node_sgx.open(&setup, &platform, why, 400);
}

static int set_up(void **state)
{
    (void)state;
    char why[400];
    fake_cpu_start(&cpu, socket_path);
    if (uv_loop_init(&seen_loop) != 0 || open_platform("cpu", socket_path, why) != CW_OK) {
        print_error("%s\n", why);
        return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bool done = false;
    cw_node_sgx.close(platform, seen_done, &done);
    seen_until(&done);
    fake_cpu_stop(&cpu);
    return uv_loop_close(&seen_loop);
}

/* --- calls ------------------------------------------------------------------------------------------- */

static void call_answers_what_it_was_given(void **state)
{
    (void)state;
    load(&one, "F");
    assert_int_equal(one.status, CW_OK);
    static uint8_t bytes[CW_SGX_OUT_LEN];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 13 >> 2);
    }
    const size_t lens[] = {0, 1, 16, 4096, 65536, CW_SGX_OUT_LEN - CW_LINK_HEADER_LEN};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        expect_echo(&one, bytes, lens[i]);
    }
    for (int i = 0; i < 2000; i++) {
        expect_echo(&one, &i, sizeof i);
    }
    unload(&one);
}

/* Awake, on its way out, asleep: whatever the module is doing when a call comes. */
static void calls_at_any_distance_are_answered(void **state)
{
    (void)state;
    load(&one, "F");
    srand(1);
    for (int i = 0; i < 4000; i++) {
        const uint64_t until = uv_hrtime() + (uint64_t)(rand() % 100000);
        while (i % 3 != 0 && uv_hrtime() < until) {
        }
        expect_echo(&one, &i, sizeof i);
    }
    assert_true(cpu.entered > 1);
    unload(&one);
}

static void input_longer_than_any_message_is_refused(void **state)
{
    (void)state;
    static uint8_t in[CW_SGX_IN_LEN + 1];
    load(&one, "F");
    const size_t lens[] = {CW_SGX_IN_LEN, CW_SGX_IN_LEN + 1};
    for (size_t i = 0; i < 2; i++) {
        one.answered = false;
        cw_node_sgx.call(platform, one.module, CW_ENTRY_EVENT, in, lens[i], seen_called, &one);
        assert_false(one.answered);
        seen_until(&one.answered);
        assert_int_equal(one.status, CW_OK);
        assert_int_equal(one.result, CW_RESULT_REFUSED);
    }
    one.answered = false; /* what would be read as many inputs */
    cw_node_sgx.call(platform, one.module, (cw_entry)(CW_SGX_MANY | CW_ENTRY_CALL), in, 64,
            seen_called, &one);
    seen_until(&one.answered);
    assert_int_equal(one.result, CW_RESULT_REFUSED);
    expect_echo(&one, "x", 1);
    unload(&one);
}

static void many_inputs_are_answered_together(void **state)
{
    (void)state;
    load(&one, "F");
    uint8_t in[256];
    struct cw_writer w = cw_writer_over(in, sizeof in);
    for (uint32_t i = 0; i < 3; i++) {
        cw_writer_u32(&w, 6);
        cw_writer_u32(&w, 0);
        cw_writer_u8(&w, 'e');
        cw_writer_u8(&w, (uint8_t)i);
    }
    one.answered = false;
    cw_node_sgx.call_many(platform, one.module, CW_ENTRY_CALL, in, w.used_len, seen_called_many,
            &one);
    seen_until(&one.answered);
    assert_int_equal(one.status, CW_OK);
    assert_int_equal(one.served, 2);
    assert_int_equal(one.len, 3 * (CW_LINK_HEADER_LEN + 1));
    assert_int_equal(one.items[2 * (CW_LINK_HEADER_LEN + 1) + CW_LINK_HEADER_LEN], 2);
    in[8] = 'm';
    one.answered = false;
    cw_node_sgx.call_many(platform, one.module, CW_ENTRY_CALL, in, w.used_len, seen_called_many,
            &one);
    seen_until(&one.answered);
    assert_int_equal(one.status, CW_E_ABSENT);
    seen_until(&one.is_lost);
    assert_non_null(strstr(one.why, "no answer"));
    unload(&one);
}

static void modules_work_side_by_side(void **state)
{
    (void)state;
    load(&one, "F");
    load(&two, "F");
    for (int i = 0; i < 300; i++) {
        begin(&one, 'e', &i, sizeof i);
        begin(&two, 's', &(uint8_t){(uint8_t)(i % 50 == 0)}, 1);
        seen_until(&one.answered);
        seen_until(&two.answered);
        assert_memory_equal(one.items + CW_LINK_HEADER_LEN, &i, sizeof i);
        assert_int_equal(two.status, CW_OK);
    }
    expect_loss(&two, 'd', "aborted");
    expect_echo(&one, "alone", 5);
    unload(&one);
}

static void slow_module_keeps_nobody_waiting(void **state)
{
    (void)state;
    load(&one, "F");
    load(&two, "F");
    bool is_free = false;
    for (int round = 0; round < 10 && !is_free; round++) { /* a busy machine may take 200 ms itself */
        begin(&one, 's', &(uint8_t){200}, 1);
        for (int i = 0; i < 20; i++) {
            expect_echo(&two, &i, sizeof i);
        }
        is_free = !one.answered;
        seen_until(&one.answered);
    }
    assert_true(is_free);
    assert_int_equal(one.status, CW_OK);
    unload(&one);
    unload(&two);
}

/* --- hostile modules -------------------------------------------------------------------------------- */

static void module_that_breaks_the_rules_is_lost(void **state)
{
    (void)state;
    static const struct {
        char command;
        const char *why;
    } rows[] = {{'g', "no answer"}, {'l', "no answer"}, {'n', "not asked"}, {'i', "without an answer"},
            {'d', "aborted"}, {'f', "#UD"}, {'r', "another version"}, {'o', "is none"},
            {'x', "#PF"}, {'k', "told to"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        load(&one, "F");
        assert_int_equal(one.status, CW_OK);
        if (i % 2 == 0) {
            expect_echo(&one, "before", 6);
            usleep(20000); /* and it sleeps outside */
        }
        expect_loss(&one, rows[i].command, rows[i].why);
    }
}

static void rung_bells_are_answered_once(void **state)
{
    (void)state;
    load(&one, "F");
    for (int i = 0; i < 5; i++) {
        call(&one, 'w', "x", 1);
        assert_int_equal(one.status, CW_OK);
    }
    assert_false(one.is_lost);
    unload(&one);
}

static void module_that_never_answers_can_be_unloaded(void **state)
{
    (void)state;
    load(&one, "F");
    load(&two, "F");
    begin(&one, 'h', "", 0);
    expect_echo(&two, "x", 1);
    bool done = false;
    cw_node_sgx.unload(platform, one.module, seen_done, &done);
    seen_until(&done);
    assert_true(one.answered);
    assert_int_equal(one.status, CW_E_ABSENT);
    expect_echo(&two, "x", 1);
    unload(&two);
}

static void unload_ends_a_call_under_way(void **state)
{
    (void)state;
    load(&one, "F");
    begin(&one, 'e', "x", 1);
    unload(&one);
    assert_true(one.answered);
    assert_int_equal(one.status, CW_E_ABSENT);
    for (int i = 0; i < 60000 && __atomic_load_n(&cpu.alive, __ATOMIC_SEQ_CST) > 0; i++) {
        usleep(1000);
    }
    assert_int_equal(cpu.alive, 0);
}

static void cpu_that_ends_takes_its_modules_along(void **state)
{
    (void)state;
    load(&one, "F");
    expect_echo(&one, "x", 1);
    call(&one, 'k', "", 0);
    seen_until(&one.is_lost);
    unload(&one);
    load(&one, "F");
    expect_echo(&one, "x", 1);
    unload(&one);
}

/* --- sleep ------------------------------------------------------------------------------------------- */

static double used_ms(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_THREAD, &usage); /* the loop's */
    return 1e3 * (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
            1e-3 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
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

static void nothing_runs_while_nothing_is_to_be_done(void **state)
{
    (void)state;
    load(&one, "F");
    for (int i = 0; i < 100; i++) {
        expect_echo(&one, &i, sizeof i);
    }
    bool done = false;
    uv_timer_t timer;
    (void)uv_timer_init(&seen_loop, &timer);
    timer.data = &done;
    (void)uv_timer_start(&timer, stop_loop, 1000, 0);
    const double before = used_ms();
    (void)uv_run(&seen_loop, UV_RUN_DEFAULT);
    assert_true(used_ms() - before < 10.0);
    assert_true(cpu.entered > 0 && cpu.left == cpu.entered); /* and the module sleeps outside */
    uv_close((uv_handle_t *)&timer, closed);
    seen_until(&done);
    expect_echo(&one, "awake", 5);
    unload(&one);
}

static void long_work_does_not_keep_the_loop_turning(void **state)
{
    (void)state;
    load(&one, "F");
    const double before = used_ms();
    call(&one, 's', &(uint8_t){250}, 1);
    assert_int_equal(one.status, CW_OK);
    assert_true(used_ms() - before < 10.0);
    unload(&one);
}

/* --- the CPU's side ----------------------------------------------------------------------------------- */

static void load_fails(const char *image, cw_status status, const char *why)
{
    load(&one, image);
    assert_int_equal(one.status, status);
    assert_null(one.module);
    if (strstr(one.why, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", one.why, why);
    }
}

static void what_the_cpu_refuses_is_told(void **state)
{
    (void)state;
    load_fails("G", CW_E_DENIED, "no image??of");
    cpu.refuses = SGX_INVALID_MEASUREMENT;
    load_fails("F", CW_E_DENIED, "SGX_INVALID_MEASUREMENT");
    cpu.refuses = SGX_OK;
    cpu.has_no_target = true;
    load_fails("F", CW_E_SYSTEM, "no quoting enclave");
    cpu.has_no_target = false;
    load(&one, "F");
    assert_int_equal(one.status, CW_OK);
    unload(&one);
}

static void cpu_that_breaks_its_interface_is_refused(void **state)
{
    (void)state;
    cpu.has_no_seal = true;
    load_fails("F", CW_E_SYSTEM, "memory");
    cpu.has_no_seal = false;
    cpu.is_short = true;
    load_fails("F", CW_E_SYSTEM, "memory");
    cpu.is_short = false;
    cpu.has_no_file = true;
    load_fails("F", CW_E_SYSTEM, "memory");
    cpu.has_no_file = false;
    cpu.cuts = true;
    load_fails("F", CW_E_SYSTEM, "interface");
    cpu.cuts = false;
    load(&one, "F");
    assert_int_equal(one.status, CW_OK);
    unload(&one);
}

static void changed_packets_do_no_harm(void **state)
{
    (void)state;
    uint8_t report[SGX_REPORT_LEN] = {1};
    unsigned loaded = 0;
    srand(1);
    cpu.garbles = true;
    for (unsigned i = 0; i < 150; i++) {
        load(&one, "F");
        if (one.status == CW_OK) {
            loaded++;
            call(&one, 'e', "x", 1);
            unload(&one);
        }
        one.answered = false;
        cw_node_sgx.quote(platform, report, sizeof report, seen_called, &one);
        seen_until(&one.answered);
    }
    cpu.garbles = false;
    assert_true(loaded < 150);
    load(&one, "F");
    expect_echo(&one, "x", 1);
    unload(&one);
}

static void quote_comes_with_its_collateral(void **state)
{
    (void)state;
    uint8_t report[SGX_REPORT_LEN];
    for (size_t i = 0; i < sizeof report; i++) {
        report[i] = (uint8_t)(i + 1);
    }
    one.answered = false;
    two.answered = false;
    cw_node_sgx.quote(platform, report, sizeof report, seen_called, &one);
    cw_node_sgx.quote(platform, report, sizeof report - 1, seen_called, &two);
    assert_false(one.answered);
    seen_until(&one.answered);
    seen_until(&two.answered);
    assert_int_equal(one.status, CW_OK);
    assert_int_equal(one.result, CW_RESULT_DONE);
    struct cw_quote quote;
    struct cw_reader r = cw_reader_over(one.items, one.len);
    cw_quote_get(&r, &quote);
    assert_int_equal(cw_reader_finish(&r), CW_OK);
    assert_int_equal(quote.quote_len, sizeof report);
    assert_int_equal(quote.quote[0], report[sizeof report - 1]);
    assert_memory_equal(quote.collateral, "{\"tcb_info\": 1}", quote.collateral_len);
    assert_int_equal(two.result, CW_RESULT_REFUSED); /* not as long as a report */
    assert_memory_equal(two.items, "this report", 11);
}

static void platform_closes_while_a_quote_is_under_way(void **state)
{
    (void)state;
    uint8_t report[SGX_REPORT_LEN] = {1};
    cpu.is_mute = true;
    one.answered = false;
    cw_node_sgx.quote(platform, report, sizeof report, seen_called, &one);
    bool done = false;
    cw_node_sgx.close(platform, seen_done, &done);
    seen_until(&done);
    assert_true(one.answered);
    assert_int_equal(one.status, CW_E_ABSENT);
    cpu.is_mute = false;
    char why[400];
    assert_int_equal(open_platform("cpu", socket_path, why), CW_OK);
}

static void platform_says_that_it_is_emulated(void **state)
{
    (void)state;
    char json[512];
    cw_node_sgx.describe(platform, json, sizeof json);
    assert_non_null(strstr(json, "\"emulated\":true"));
    assert_non_null(strstr(json, "\"mode\":\"fake\""));
    assert_non_null(strstr(json, socket_path));
}

static void platform_without_a_cpu_says_what_to_do(void **state)
{
    (void)state;
    char why[400];
    struct cw_platform *kept = platform;
    assert_int_equal(open_platform("cpu", "/tmp/nobody-listens-here", why), CW_E_ABSENT);
    assert_non_null(strstr(why, "causeway-sgx --listen /tmp/nobody-listens-here"));
    char path[300];
    (void)memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(open_platform("cpu", path, why), CW_E_FORM);
    assert_int_equal(open_platform("socket", "x", why), CW_E_FORM);
    assert_non_null(strstr(why, "cpu=SOCKET"));
    if (access("/dev/sgx_enclave", F_OK) != 0) {
        assert_int_equal(open_platform(NULL, NULL, why), CW_E_ABSENT);
        assert_non_null(strstr(why, "--platform cpu=SOCKET"));
    }
    platform = kept;
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(socket_path, sizeof socket_path, "%s/cpu", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
            CASE(call_answers_what_it_was_given),
            CASE(calls_at_any_distance_are_answered),
            CASE(input_longer_than_any_message_is_refused),
            CASE(many_inputs_are_answered_together),
            CASE(modules_work_side_by_side),
            CASE(slow_module_keeps_nobody_waiting),
            CASE(module_that_breaks_the_rules_is_lost),
            CASE(rung_bells_are_answered_once),
            CASE(module_that_never_answers_can_be_unloaded),
            CASE(unload_ends_a_call_under_way),
            CASE(cpu_that_ends_takes_its_modules_along),
            CASE(nothing_runs_while_nothing_is_to_be_done),
            CASE(long_work_does_not_keep_the_loop_turning),
            CASE(what_the_cpu_refuses_is_told),
            CASE(cpu_that_breaks_its_interface_is_refused),
            CASE(changed_packets_do_no_harm),
            CASE(quote_comes_with_its_collateral),
            CASE(platform_closes_while_a_quote_is_under_way),
            CASE(platform_says_that_it_is_emulated),
            CASE(platform_without_a_cpu_says_what_to_do),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
