/* SPDX-License-Identifier: MIT */
/*
 * Both backends together, with the emulated board between them: what the owner's builds, the
 * firmware loads and runs, and the gateway notices when it goes.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/channel/channel.h"
#include "core/crypto/suite.h"
#include "core/wire/attest.h"
#include "tee/node.h"
#include "tee/sancus/tests/machine.h"

#define FIRMWARE "build/msp430/firmware.elf"

static char folder[] = "/tmp/sancus-board-XXXXXX";
static char uart_path[64];
static char control_path[64];
static pid_t board;
static uv_loop_t loop;
static struct cw_platform *platform;
static struct cw_owner_built built[2];

/* --- the board ------------------------------------------------------------------------------------ */

static void program_path(char ret_path[static 4096])
{
    ssize_t len = readlink("/proc/self/exe", ret_path, 4000);
    assert_true(len > 0);
    ret_path[len] = 0;
    for (int i = 0; i < 5; i++) { /* tests/tee/sancus/tests/NAME */
        char *slash = strrchr(ret_path, '/');
        assert_non_null(slash);
        *slash = 0;
    }
    (void)strcat(ret_path, "/bin/causeway-sancus");
}

static void start_board(void)
{
    char program[4096];
    program_path(program);
    (void)unlink(uart_path);
    (void)unlink(control_path);
    board = fork();
    assert_true(board >= 0);
    if (board == 0) {
        char counter[96];
        (void)snprintf(counter, sizeof counter, "%s/counter", folder);
        (void)execl(program, program, "--firmware", FIRMWARE, "--uart", uart_path, "--control",
                control_path, "--counter-file", counter, (char *)NULL);
        _exit(127);
    }
}

static void stop_board(void)
{
    (void)kill(board, SIGTERM);
    (void)waitpid(board, NULL, 0);
}

/* One command of silicon/sancus/port.h; its answer. */
static void control(const char *command, char ret_answer[static 256])
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)strcpy(address.sun_path, control_path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(fd, command, strlen(command)), (ssize_t)strlen(command));
    size_t len = 0;
    do {
        len = 0;
        char c = 0;
        while (c != '\n' && len < 255 && read(fd, &c, 1) == 1) {
            ret_answer[len] = c;
            len++;
        }
        ret_answer[len] = 0;
    } while (strncmp(ret_answer, "event", 5) == 0);
    (void)close(fd);
}

/* --- the node ------------------------------------------------------------------------------------- */

static unsigned lost_count;
static char lost_why[160];
static struct cw_node_module *interrupted;
static uint16_t interrupt_endpoint;

static void on_lost(void *ctx, struct cw_node_module *module, const char *why)
{
    (void)ctx;
    (void)module;
    lost_count++;
    (void)snprintf(lost_why, sizeof lost_why, "%s", why);
}

static void on_interrupt(void *ctx, struct cw_node_module *module, uint16_t endpoint)
{
    (void)ctx;
    interrupted = module;
    interrupt_endpoint = endpoint;
}

/* Turn the loop until *flag is set, fifteen seconds at most. */
static void on_tick(uv_timer_t *timer)
{
    ++*(unsigned *)timer->data;
}

static bool wait_for(const bool *flag)
{
    unsigned ticks = 0;
    uv_timer_t timer;
    assert_int_equal(uv_timer_init(&loop, &timer), 0);
    timer.data = &ticks;
    (void)uv_timer_start(&timer, on_tick, 1, 10);
    while (!*flag && ticks < 1500) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    return *flag;
}

struct outcome {
    bool done;
    cw_status status;
    struct cw_node_module *module;
    char why[160];
    cw_result result;
    uint8_t items[2048];
    size_t items_len;
};

static void on_loaded(void *ctx, cw_status status, struct cw_node_module *module, const char *why)
{
    struct outcome *o = ctx;
    o->done = true;
    o->status = status;
    o->module = module;
    (void)snprintf(o->why, sizeof o->why, "%s", why == NULL ? "" : why);
}

static void on_called(void *ctx, cw_status status, cw_result result, const uint8_t *items,
        size_t items_len)
{
    struct outcome *o = ctx;
    o->done = true;
    o->status = status;
    o->result = result;
    o->items_len = items_len;
    assert_true(items_len <= sizeof o->items);
    if (items_len != 0) {
        (void)memcpy(o->items, items, items_len);
    }
}

static void on_done(void *ctx)
{
    *(bool *)ctx = true;
}

static struct outcome load(const struct cw_owner_built *image)
{
    struct outcome o = {.done = false};
    cw_node_sancus.load(platform, "module", image->image, image->image_len, on_loaded, &o);
    assert_false(o.done);
    assert_true(wait_for(&o.done));
    return o;
}

static struct outcome call(struct cw_node_module *module, cw_entry entry, const uint8_t *in,
        size_t in_len)
{
    struct outcome o = {.done = false};
    cw_node_sancus.call(platform, module, entry, in, in_len, on_called, &o);
    assert_false(o.done);
    assert_true(wait_for(&o.done));
    return o;
}

static void unload(struct cw_node_module *module)
{
    bool done = false;
    cw_node_sancus.unload(platform, module, on_done, &done);
    assert_true(wait_for(&done));
}

static int start(void **state)
{
    (void)state;
    lost_count = 0;
    interrupted = NULL;
    start_board();
    assert_int_equal(uv_loop_init(&loop), 0);
    const struct cw_node_option options[] = {{"uart", uart_path}};
    const struct cw_node_setup setup = {.loop = &loop, .state_dir = folder, .options = options,
            .option_count = 1, .lost = on_lost, .interrupt = on_interrupt};
    char why[256];
    assert_int_equal(cw_node_sancus.open(&setup, &platform, why, sizeof why), CW_OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    bool done = false;
    cw_node_sancus.close(platform, on_done, &done);
    assert_true(wait_for(&done));
    assert_int_equal(uv_loop_close(&loop), 0);
    stop_board();
    return 0;
}

/* --- the owner ---------------------------------------------------------------------------------------- */

static int build(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(uart_path, sizeof uart_path, "%s/uart", folder);
    (void)snprintf(control_path, sizeof control_path, "%s/control", folder);
    static const char *const echo[] = {"tee/sancus/tests/modules/echo.c"};
    static const char *const button[] = {"examples/button-led/button_driver.c"};
    static const struct cw_owner_module modules[] = {
            {.name = "echo", .sources = echo, .source_count = 1},
            {.name = "button", .sources = button, .source_count = 1, .device = "port1",
                    .on_interrupt = "pressed"},
    };
    machine_build(modules, 2, "hardened", built);
    return 0;
}

static int unbuild(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        free(built[i].image);
        free(built[i].endpoints);
    }
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static bool proves_itself(struct cw_node_module *module, const struct cw_owner_built *image)
{
    static const uint8_t nonce[CW_NONCE_LEN] = "sixteen bytes no";
    uint8_t attest[CW_ATTEST_LEN];
    cw_attest_encode(nonce, attest);
    struct outcome o = call(module, CW_ENTRY_ATTEST, attest, sizeof attest);
    if (o.status != CW_OK || o.result != CW_RESULT_DONE ||
            o.items_len != CW_LINK_HEADER_LEN + CW_EVIDENCE_LEN + CW_TAG_LEN) {
        return false;
    }
    const struct cw_owner_node node = {.name = "board"};
    struct cw_owner_verdict verdict;
    const uint8_t *life = o.items + CW_LINK_HEADER_LEN;
    return cw_owner_sancus.verify(&node, image, nonce, life, NULL, life + CW_EVIDENCE_LEN,
                   CW_TAG_LEN, &verdict) == CW_OK;
}

/* --- cases -------------------------------------------------------------------------------------------- */

static const uint8_t call_echo[] = {4, 0, 0, 0, 'h', 'i'};

static void module_is_loaded_attested_called_and_unloaded(void **state)
{
    (void)state;
    struct outcome o = load(&built[0]);
    assert_string_equal(o.why, "");
    assert_int_equal(o.status, CW_OK);
    struct cw_node_module *module = o.module;
    assert_true(proves_itself(module, &built[0]));
    assert_false(proves_itself(module, &built[1]));
    o = call(module, CW_ENTRY_CALL, call_echo, sizeof call_echo);
    assert_int_equal(o.status, CW_OK);
    assert_int_equal(o.result, CW_RESULT_DONE);
    assert_int_equal(o.items_len, CW_LINK_HEADER_LEN + 4);
    assert_memory_equal(o.items + CW_LINK_HEADER_LEN + 2, "hi", 2);
    unload(module);
    o = load(&built[0]); /* the place is free again */
    assert_int_equal(o.status, CW_OK);
    assert_true(proves_itself(o.module, &built[0]));
    assert_int_equal(lost_count, 0);
}

static void second_module_in_the_same_place_is_refused(void **state)
{
    (void)state;
    assert_int_equal(load(&built[0]).status, CW_OK);
    struct outcome o = load(&built[0]);
    assert_int_equal(o.status, CW_E_DENIED);
    assert_string_not_equal(o.why, "");
}

static void foreign_image_is_refused(void **state)
{
    (void)state;
    static const uint8_t garbage[] = "CWS1 and whatever else an owner may send to a node";
    const struct cw_owner_built image = {
            .image = (uint8_t *)(uintptr_t)garbage, .image_len = sizeof garbage};
    assert_int_equal(load(&image).status, CW_E_FORM);
}

static void overlong_input_is_refused_and_harms_nobody(void **state)
{
    (void)state;
    struct cw_node_module *module = load(&built[0]).module;
    uint8_t in[4096] = {4};
    struct outcome o = call(module, CW_ENTRY_CALL, in, sizeof in);
    assert_int_equal(o.status, CW_OK);
    assert_int_equal(o.result, CW_RESULT_REFUSED);
    o = call(module, CW_ENTRY_CALL, in, 1024);
    assert_int_equal(o.result, CW_RESULT_REFUSED);
    assert_true(proves_itself(module, &built[0]));
}

static void press_of_the_button_reaches_the_driver(void **state)
{
    (void)state;
    struct cw_node_module *module = load(&built[1]).module;
    assert_non_null(module);
    assert_true(proves_itself(module, &built[1])); /* its CW_INIT ran now */
    for (int i = 0; i < 2; i++) {
        char answer[256];
        control("button 1\n", answer);
        assert_string_equal(answer, "ok\n");
        for (int turns = 0; turns < 60000 && interrupted == NULL; turns++) {
            (void)uv_run(&loop, UV_RUN_NOWAIT);
            (void)usleep(1000);
        }
        assert_ptr_equal(interrupted, module);
        const uint8_t in[] = {(uint8_t)interrupt_endpoint, (uint8_t)(interrupt_endpoint >> 8), 0, 0};
        struct outcome o = call(module, CW_ENTRY_CALL, in, sizeof in);
        assert_int_equal(o.result, CW_RESULT_DONE);
        interrupted = NULL;
        control("button 0\n", answer);
    }
    (void)call(module, CW_ENTRY_CALL, call_echo, 4); /* it was served: no more of it */
    assert_null(interrupted);
    unload(module);
}

static void restart_of_the_board_is_noticed(void **state)
{
    (void)state;
    struct cw_node_module *module = load(&built[0]).module;
    char answer[256];
    control("power cycle\n", answer);
    for (int turns = 0; turns < 60000 && lost_count == 0; turns++) {
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        (void)usleep(1000);
    }
    assert_int_equal(lost_count, 1);
    assert_int_equal(call(module, CW_ENTRY_CALL, call_echo, sizeof call_echo).status, CW_E_ABSENT);
    unload(module);
    struct outcome o = load(&built[0]);
    assert_int_equal(o.status, CW_OK);
    assert_true(proves_itself(o.module, &built[0]));
}

static void board_that_goes_and_comes_back_is_used_again(void **state)
{
    (void)state;
    struct cw_node_module *module = load(&built[0]).module;
    stop_board();
    for (int turns = 0; turns < 60000 && lost_count == 0; turns++) {
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        (void)usleep(1000);
    }
    assert_int_equal(lost_count, 1);
    unload(module);
    start_board();
    assert_int_equal(load(&built[0]).status, CW_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(module_is_loaded_attested_called_and_unloaded, start,
                    stop),
            cmocka_unit_test_setup_teardown(second_module_in_the_same_place_is_refused, start, stop),
            cmocka_unit_test_setup_teardown(foreign_image_is_refused, start, stop),
            cmocka_unit_test_setup_teardown(overlong_input_is_refused_and_harms_nobody, start, stop),
            cmocka_unit_test_setup_teardown(press_of_the_button_reaches_the_driver, start, stop),
            cmocka_unit_test_setup_teardown(restart_of_the_board_is_noticed, start, stop),
            cmocka_unit_test_setup_teardown(board_that_goes_and_comes_back_is_used_again, start,
                    stop),
    };
    return cmocka_run_group_tests(tests, build, unbuild);
}
