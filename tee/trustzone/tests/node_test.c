/* SPDX-License-Identifier: MIT */
/*
 * The node's side of TrustZone against a board of a few lines, on the same loop: its sessions echo,
 * die, are entered by a device, or answer what nobody asked.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <uv.h>

#include "core/wire/frame.h"
#include "tee/node.h"
#include "tee/enclave.h"
#include "tee/trustzone/node/frames.h"
#include "tests/support/seen.h"

#define HEADER CW_TZ_LINK_HEADER_LEN
#define MESSAGE sizeof(struct optee_message)
#define PARAMETER sizeof(struct optee_parameter)

static char folder[] = "/tmp/tz-node-test-XXXXXX";
static char socket_path[100];
static struct cw_platform *platform;

/* --- the board ------------------------------------------------------------------------------------------ */

static struct {
    uv_pipe_t listener;
    uv_pipe_t client;
    bool is_open, has_listener;
    uint8_t have[CW_TZ_FRAME_MAX];
    size_t have_len;
    uint8_t image[1 << 20];
    size_t image_len;
    uint32_t last_session;
    unsigned open_sessions, hellos, chunks, enters;
    uint32_t load_ret;   /* of the last chunk */
    bool is_garbled;     /* words of another before READY */
    char answers_wrongly; /* in which way */
    /* what waits for FETCH */
    struct {
        uint32_t value;
        char text[16];
    } waits[8];
    unsigned waiting;
    char order[64]; /* what was told: e an answer, s said */
} board;

static void put32(uint8_t *to, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        to[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint32_t get32(const uint8_t *from)
{
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static void freed(uv_write_t *write, int status)
{
    (void)status;
    free(write->data);
    free(write);
}

static void board_send(const void *bytes, size_t len)
{
    uv_write_t *write = malloc(sizeof *write);
    uint8_t *copy = malloc(len);
    assert_true(write != NULL && copy != NULL);
    (void)memcpy(copy, bytes, len);
    write->data = copy;
    const uv_buf_t buffer = uv_buf_init((char *)copy, (unsigned)len);
    assert_int_equal(uv_write(write, (uv_stream_t *)&board.client, &buffer, 1, freed), 0);
}

static void board_say(uint8_t kind, const uint8_t *bytes, size_t len)
{
    uint8_t header[HEADER] = {[4] = kind};
    put32(header, (uint32_t)len);
    board_send(header, sizeof header);
    if (len > 0) {
        board_send(bytes, len);
    }
}

static void board_gone(uv_handle_t *handle)
{
    (void)handle;
    board.is_open = false;
}

static void board_hang_up(void)
{
    if (board.is_open && !uv_is_closing((uv_handle_t *)&board.client)) {
        uv_close((uv_handle_t *)&board.client, board_gone);
    }
}

static void board_wait(uint32_t value, const char *text)
{
    board.waits[board.waiting].value = value | (uint32_t)strlen(text);
    (void)snprintf(board.waits[board.waiting].text, sizeof board.waits[0].text, "%s", text);
    board.waiting++;
}

/* ENTER: byte 4 of the input says what becomes of it. */
static uint32_t board_enter(const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len,
        uint32_t *ret_value)
{
    *out_len = 0;
    if (board.waiting > 0) {
        return TEE_ERROR_BUSY;
    }
    board.enters++;
    switch (in_len > 4 ? in[4] : 0) {
    case 'd':
        return TEE_ERROR_TARGET_DEAD;
    case 'g':
        return TEE_ERROR_GENERIC;
    case 'b':
        return TEE_ERROR_BUSY;
    case 'l': /* a length that is not that of its items */
        *ret_value = 5;
        return TEE_SUCCESS;
    case 'r': /* no such result */
        *ret_value = 9u << 24;
        return TEE_SUCCESS;
    default:
        (void)memcpy(out, in, in_len);
        *out_len = in_len;
        *ret_value = (uint32_t)in_len;
        return TEE_SUCCESS;
    }
}

static void answer(uint8_t *message, size_t message_len, uint32_t ret, const uint8_t *out,
        size_t out_len, unsigned out_at)
{
    put32(message + 20, ret);
    put32(message + 24, TEE_ORIGIN_MODULE);
    if (out_at != 0) {
        put32(message + MESSAGE + out_at * PARAMETER + 16, (uint32_t)out_len);
    }
    switch (board.answers_wrongly) {
    case 'n':
        put32(message + 28, get32(message + 28) + 1);
        break;
    case 'f':
        put32(message + 4, get32(message + 4) + 1);
        break;
    case 'a':
        message[MESSAGE] ^= 1;
        break;
    case 'o':
        put32(message + MESSAGE + 2 * PARAMETER + 16, UINT32_MAX);
        break;
    default:
        break;
    }
    uint8_t header[HEADER] = {[4] = board.answers_wrongly == 'k' ? 77 : CW_TZ_LINK_ANSWER};
    put32(header, (uint32_t)(message_len + (ret == TEE_SUCCESS ? out_len : 0))
            + (board.answers_wrongly == 's' ? 1 : 0));
    board_send(header, sizeof header);
    board_send(message, message_len);
    if (ret == TEE_SUCCESS && out_len > 0) {
        board_send(out, out_len);
    }
    if (board.answers_wrongly == 's') {
        board_send("", 1);
    }
    if (board.answers_wrongly == '2') {
        board_send(header, sizeof header);
        board_send(message, message_len);
        board_send(out, out_len);
    }
}

static void board_invoke(uint8_t *message, size_t message_len, const uint8_t *data, size_t data_len)
{
    static uint8_t out[CW_TZ_OUT_LEN];
    uint8_t *first = message + MESSAGE;
    size_t out_len = 0;
    uint32_t value = 0;
    uint32_t ret = TEE_SUCCESS;
    switch (get32(message + 4)) {
    case CW_TZ_LOAD:
        assert_int_equal(get32(first + 8), board.image_len);
        assert_int_equal(get32(first + PARAMETER + 16), data_len);
        (void)memcpy(board.image + board.image_len, data, data_len);
        board.image_len += data_len;
        board.chunks++;
        ret = board.image_len == get32(first + 16) ? board.load_ret : TEE_SUCCESS;
        answer(message, message_len, ret, NULL, 0, 0);
        break;
    case CW_TZ_ENTER:
        assert_true(get32(first + 2 * PARAMETER + 16) >= CW_TZ_OUT_LEN);
        ret = board_enter(data, data_len, out, &out_len, &value);
        if (ret == TEE_SUCCESS) {
            put32(first + 16, (get32(first + 8) & CW_TZ_MANY) != 0 ? 2 : 0);
            put32(first + 8, value);
        }
        answer(message, message_len, ret, out, out_len, 2);
        break;
    case CW_TZ_FETCH:
        if (board.waiting > 0) {
            board.waiting--;
            put32(first + 8, board.waits[0].value);
            put32(first + 16, board.waiting);
            out_len = strlen(board.waits[0].text);
            (void)memcpy(out, board.waits[0].text, out_len);
            (void)memmove(board.waits, board.waits + 1, sizeof board.waits - sizeof board.waits[0]);
        }
        answer(message, message_len, TEE_SUCCESS, out, out_len, 2);
        break;
    case CW_TZ_INFO:
        (void)memset(out, 0, sizeof(struct cw_tz_info));
        put32(out, 1);
        put32(out + 4, CW_TZ_SESSIONS - board.open_sessions);
        put32(out + 8, 42);
        put32(out + 16, 1000000);
        (void)memcpy(out + 56, "dev\"ice", 7);
        answer(message, message_len, TEE_SUCCESS, out, sizeof(struct cw_tz_info), 1);
        break;
    default:
        fail();
    }
}

static void board_call(uint8_t *message, size_t len)
{
    assert_true(len >= MESSAGE);
    const size_t message_len = MESSAGE + get32(message + 28) * PARAMETER;
    assert_true(len >= message_len);
    switch (get32(message)) {
    case OPTEE_OPEN_SESSION:
        assert_int_equal(get32(message + 28), 2);
        assert_memory_equal(message + MESSAGE + 8, ((uint8_t[16])CW_TZ_UUID), 16);
        board.open_sessions++;
        put32(message + 8, ++board.last_session);
        board.image_len = 0;
        answer(message, message_len, board.open_sessions > CW_TZ_SESSIONS ? TEE_ERROR_BUSY
                : TEE_SUCCESS, NULL, 0, 0);
        break;
    case OPTEE_CLOSE_SESSION:
        board.open_sessions--;
        answer(message, message_len, TEE_SUCCESS, NULL, 0, 0);
        break;
    default:
        board_invoke(message, message_len, message + message_len, len - message_len);
        break;
    }
}

static bool is_header(const uint8_t *at)
{
    return (at[4] == CW_TZ_LINK_HELLO || at[4] == CW_TZ_LINK_CALL) && at[5] == 0 && at[6] == 0
            && at[7] == 0 && get32(at) <= CW_TZ_LINK_MAX;
}

static void board_take(void)
{
    while (board.is_open && board.have_len >= HEADER) {
        size_t at = 0;
        while (board.have_len - at >= HEADER && !is_header(board.have + at)) {
            at++;
        }
        const bool is_whole = board.have_len - at >= HEADER
                && board.have_len - at - HEADER >= get32(board.have + at);
        if (!is_whole) {
            (void)memmove(board.have, board.have + at, board.have_len - at);
            board.have_len -= at;
            return;
        }
        const uint32_t len = get32(board.have + at);
        const uint8_t kind = board.have[at + 4];
        uint8_t *data = board.have + at + HEADER;
        if (kind == CW_TZ_LINK_HELLO) {
            assert_int_equal(len, CW_TZ_LINK_NAME_LEN);
            board.hellos++;
            board.open_sessions = 0;
            if (board.is_garbled) {
                board_say(CW_TZ_LINK_READY, (const uint8_t *)"another's name..", 16);
                board_send("\x90\0\0\0\3\0\0\0half of an answer", 25);
            }
            board_say(CW_TZ_LINK_READY, data, len);
        } else {
            assert_int_equal(kind, CW_TZ_LINK_CALL);
            board_call(data, len);
        }
        at += HEADER + len;
        (void)memmove(board.have, board.have + at, board.have_len - at);
        board.have_len -= at;
    }
}

static void board_alloc(uv_handle_t *handle, size_t len, uv_buf_t *ret_buffer)
{
    (void)handle;
    (void)len;
    *ret_buffer = uv_buf_init((char *)board.have + board.have_len,
            (unsigned)(sizeof board.have - board.have_len));
}

static void board_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    (void)buffer;
    (void)stream;
    if (count < 0) {
        board_hang_up();
        return;
    }
    board.have_len += (size_t)count;
    board_take();
}

static void board_accept(uv_stream_t *listener, int status)
{
    assert_int_equal(status, 0);
    assert_false(board.is_open);
    board.is_open = true;
    board.have_len = 0;
    assert_int_equal(uv_pipe_init(&seen_loop, &board.client, 0), 0);
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&board.client), 0);
    assert_int_equal(uv_read_start((uv_stream_t *)&board.client, board_alloc, board_read), 0);
}

static void board_start(void)
{
    (void)memset(&board, 0, sizeof board);
    (void)unlink(socket_path);
    board.has_listener = true;
    assert_int_equal(uv_pipe_init(&seen_loop, &board.listener, 0), 0);
    assert_int_equal(uv_pipe_bind(&board.listener, socket_path), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&board.listener, 4, board_accept), 0);
}

/* --- the node --------------------------------------------------------------------------------------------- */

static struct seen one;
static struct {
    unsigned count;
    cw_result result;
    char text[64];
} said;

static void note(char what)
{
    board.order[strlen(board.order)] = what;
}

static void on_lost(void *ctx, struct cw_node_module *module, const char *why)
{
    (void)ctx;
    assert_ptr_equal(module, one.module);
    assert_false(one.is_lost);
    one.is_lost = true;
    uv_stop(&seen_loop);
    (void)snprintf(one.why, sizeof one.why, "%s", why);
}

static void on_said(void *ctx, struct cw_node_module *module, cw_result result, const uint8_t *items,
        size_t len)
{
    (void)ctx;
    assert_ptr_equal(module, one.module);
    said.count++;
    said.result = result;
    note('s');
    (void)snprintf(said.text + strlen(said.text), sizeof said.text - strlen(said.text), "%.*s ",
            (int)len, (const char *)items);
}

static void on_called(void *ctx, cw_status status, cw_result result, const uint8_t *items, size_t len)
{
    note('e');
    seen_called(ctx, status, result, items, len);
}

static void on_called_many(void *ctx, cw_status status, uint32_t served, cw_result result,
        const uint8_t *items, size_t len)
{
    note('e');
    seen_called_many(ctx, status, served, result, items, len);
}

static void run_for(unsigned turns)
{
    for (unsigned i = 0; i < turns; i++) {
        (void)uv_run(&seen_loop, UV_RUN_NOWAIT);
        (void)usleep(1000);
    }
}

/* For half a minute at most, until this holds. */
#define RUN_UNTIL(holds) \
    for (unsigned turns_ = 0; turns_ < 30000 && !(holds); turns_++) { \
        run_for(1); \
    }

static void load_bytes(const uint8_t *image, size_t len)
{
    one = (struct seen){0};
    cw_node_trustzone.load(platform, "m", image, len, seen_loaded, &one);
    assert_false(one.answered);
    seen_until(&one.answered);
}

/* A module whose device enters it. */
static void load(void)
{
    uint8_t image[CW_TZ_IMAGE_HEADER_LEN] = {0};
    load_bytes(image, sizeof image);
    assert_int_equal(one.status, CW_OK);
    run_for(5);
    board.order[0] = '\0';
    (void)memset(board.order, 0, sizeof board.order);
    (void)memset(&said, 0, sizeof said);
}

static void begin(char command, size_t len)
{
    static uint8_t in[CW_TZ_IN_LEN + 1];
    (void)memset(in, 'i', sizeof in);
    in[4] = (uint8_t)command;
    one.answered = false;
    cw_node_trustzone.call(platform, one.module, CW_ENTRY_CALL, in, len, on_called, &one);
    assert_false(one.answered);
}

static void call(char command, size_t len)
{
    begin(command, len);
    seen_until(&one.answered);
}

static void unload(void)
{
    bool done = false;
    cw_node_trustzone.unload(platform, one.module, seen_done, &done);
    assert_false(done);
    seen_until(&done);
}

static cw_status open_platform(const char *key, const char *value, char why[static 400])
{
    const struct cw_node_option option = {key, value};
    const struct cw_node_setup setup = {.loop = &seen_loop, .state_dir = folder, .lost = on_lost,
            .said = on_said, .options = &option, .option_count = key != NULL ? 1 : 0};
    why[0] = '\0';
    return cw_node_trustzone.open(&setup, &platform, why, 400);
}

static int set_up(void **state)
{
    (void)state;
    char why[400];
    if (uv_loop_init(&seen_loop) != 0) {
        return -1;
    }
    board_start();
    return open_platform("link", socket_path, why) == CW_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    bool done = false;
    cw_node_trustzone.close(platform, seen_done, &done);
    seen_until(&done);
    board_hang_up();
    if (board.has_listener) {
        uv_close((uv_handle_t *)&board.listener, NULL);
    }
    (void)uv_run(&seen_loop, UV_RUN_DEFAULT);
    return uv_loop_close(&seen_loop);
}

/* --- cases -------------------------------------------------------------------------------------------------- */

static void image_arrives_whole_in_parts(void **state)
{
    (void)state;
    static uint8_t image[200001];
    for (size_t i = 0; i < sizeof image; i++) {
        image[i] = (uint8_t)(i * 31 >> 3);
    }
    load_bytes(image, sizeof image);
    assert_int_equal(one.status, CW_OK);
    assert_int_equal(board.chunks, 4);
    assert_int_equal(board.enters, 0);
    unload();
}

static void call_brings_what_it_was_given(void **state)
{
    (void)state;
    load();
    const size_t lens[] = {5, 16, 4096, CW_TZ_IN_LEN};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        call('e', lens[i]);
        assert_int_equal(one.status, CW_OK);
        assert_int_equal(one.result, CW_RESULT_DONE);
        assert_int_equal(one.len, lens[i]);
        assert_int_equal(one.items[lens[i] - 1], lens[i] == 5 ? 'e' : 'i');
    }
    const unsigned before = board.enters;
    call('e', CW_TZ_IN_LEN + 1);
    assert_int_equal(one.status, CW_OK);
    assert_int_equal(one.result, CW_RESULT_REFUSED);
    assert_int_equal(board.enters, before);
    call('e', 0);
    assert_int_equal(one.len, 0);
    unload();
}

static void many_inputs_go_in_one_call(void **state)
{
    (void)state;
    load();
    one.answered = false;
    cw_node_trustzone.call_many(platform, one.module, CW_ENTRY_CALL, (const uint8_t *)"12345678", 8,
            on_called_many, &one);
    seen_until(&one.answered);
    assert_int_equal(one.served, 2);
    assert_int_equal(one.len, 8);
    unload();
}

static void refused_image_leaves_no_session(void **state)
{
    (void)state;
    static const struct {
        uint32_t ret;
        cw_status status;
        const char *why;
    } rows[] = {{TEE_ERROR_ACCESS_DENIED, CW_E_DENIED, "newer version"},
            {TEE_ERROR_OUT_OF_MEMORY, CW_E_SPACE, "memory"},
            {TEE_ERROR_BUSY, CW_E_DENIED, "another module"},
            {TEE_ERROR_BAD_FORMAT, CW_E_FORM, "build it for trustzone"},
            {0xffff1234u, CW_E_SYSTEM, "0xffff1234"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        board.load_ret = rows[i].ret;
        load_bytes((const uint8_t *)"image", 5);
        assert_int_equal(one.status, rows[i].status);
        assert_null(one.module);
        assert_non_null(strstr(one.why, rows[i].why));
        RUN_UNTIL(board.open_sessions == 0)
        assert_int_equal(board.open_sessions, 0);
    }
    board.load_ret = TEE_SUCCESS;
    load();
    unload();
}

static void dead_module_is_lost_and_comes_back(void **state)
{
    (void)state;
    static const struct {
        char command;
        const char *why;
    } rows[] = {{'d', "broke a rule"}, {'g', "0xffff0000"}, {'l', "is none"}, {'r', "is none"},
            {'b', "does not come"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        load();
        call(rows[i].command, 8);
        assert_int_equal(one.status, CW_E_ABSENT);
        seen_until(&one.is_lost);
        assert_non_null(strstr(one.why, rows[i].why));
        call('e', 8);
        assert_int_equal(one.status, CW_E_ABSENT);
        unload();
        RUN_UNTIL(board.open_sessions == 0)
        assert_int_equal(board.open_sessions, 0);
    }
}

static void what_the_device_made_it_say_is_told(void **state)
{
    (void)state;
    load();
    board_wait(CW_RETURN(CW_RESULT_DONE, 0), "one");
    board_wait(CW_RETURN(CW_RESULT_AGAIN, 0), "two");
    board_say(CW_TZ_LINK_ATTENTION, NULL, 0);
    RUN_UNTIL(said.count == 2)
    assert_string_equal(said.text, "one two ");
    assert_int_equal(said.result, CW_RESULT_AGAIN);
    board_say(CW_TZ_LINK_ATTENTION, NULL, 0);
    run_for(30);
    assert_int_equal(said.count, 2); /* there was nothing */
    unload();
}

static void what_was_said_before_is_told_before(void **state)
{
    (void)state;
    load();
    board_wait(CW_RETURN(CW_RESULT_DONE, 0), "one");
    board_wait(CW_RETURN(CW_RESULT_DONE, 0), "two");
    call('e', 8);
    assert_string_equal(board.order, "sse");
    assert_int_equal(one.status, CW_OK);
    assert_int_equal(board.enters, 1);
    unload();
}

static void call_of_a_module_that_waits_is_put_off(void **state)
{
    (void)state;
    load();
    board_wait(CW_RETURN(CW_RESULT_PENDING, 0), "ask");
    call('e', 8);
    assert_int_equal(one.status, CW_OK);
    assert_int_equal(one.result, CW_RESULT_AGAIN);
    RUN_UNTIL(said.result == CW_RESULT_PENDING)
    assert_string_equal(board.order, "es");
    assert_int_equal(said.result, CW_RESULT_PENDING);
    assert_int_equal(board.enters, 0);
    call('e', 8);
    assert_int_equal(one.result, CW_RESULT_DONE);
    unload();
}

static void board_that_restarts_loses_its_modules(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        load();
        const unsigned hellos = board.hellos;
        if (i == 0) {
            board_hang_up();
        } else {
            board_say(CW_TZ_LINK_READY, NULL, 0);
        }
        seen_until(&one.is_lost);
        assert_non_null(strstr(one.why, i == 0 ? "closed" : "restarted"));
        call('e', 8);
        assert_int_equal(one.status, CW_E_ABSENT);
        unload();
        load();
        assert_true(board.hellos > hellos);
        call('e', 8);
        assert_int_equal(one.result, CW_RESULT_DONE);
        unload();
    }
}

static void answer_of_a_wrong_form_is_believed_by_nobody(void **state)
{
    (void)state;
    for (const char *way = "nfaosk2"; *way != '\0'; way++) {
        load();
        board.answers_wrongly = *way;
        begin('e', 8);
        seen_until(&one.answered);
        assert_int_equal(one.status, *way == '2' ? CW_OK : CW_E_ABSENT);
        board.answers_wrongly = 0;
        seen_until(&one.is_lost); /* the link begins anew */
        unload();
    }
    load();
    call('e', 8);
    assert_int_equal(one.result, CW_RESULT_DONE);
    unload();
}

static void words_of_another_before_ready_are_skipped(void **state)
{
    (void)state;
    board.is_garbled = true;
    load();
    call('e', 8);
    assert_int_equal(one.result, CW_RESULT_DONE);
    unload();
}

static void load_waits_for_its_board(void **state)
{
    (void)state;
    uv_close((uv_handle_t *)&board.listener, NULL);
    board.has_listener = false;
    board_hang_up();
    (void)unlink(socket_path);
    run_for(20);
    one = (struct seen){0};
    cw_node_trustzone.load(platform, "m", (const uint8_t *)"image", 5, seen_loaded, &one);
    run_for(150);
    assert_false(one.answered);
    board_start();
    seen_until(&one.answered);
    assert_int_equal(one.status, CW_OK);
    unload();
}

static void it_tells_what_it_is(void **state)
{
    (void)state;
    char text[1024];
    cw_node_trustzone.describe(platform, text, sizeof text);
    json_t *object = json_loads(text, 0, NULL);
    assert_true(json_is_true(json_object_get(object, "emulated")));
    json_decref(object);
    load();
    cw_node_trustzone.describe(platform, text, sizeof text);
    object = json_loads(text, 0, NULL);
    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "device")), "dev");
    assert_string_equal(json_string_value(json_object_get(object, "board")), "ready");
    assert_int_equal(json_integer_value(json_object_get(object, "boot")), 42);
    assert_int_equal(json_integer_value(json_object_get(object, "modules")), 1);
    assert_int_equal(json_integer_value(json_object_get(object, "memory_free")), 1000000);
    json_decref(object);
    unload();
    assert_null(cw_node_trustzone.quote);
}

static void wrong_options_are_told(void **state)
{
    (void)state;
    char why[400];
    struct cw_platform *const opened = platform;
    assert_int_equal(open_platform(NULL, NULL, why), CW_E_FORM);
    assert_non_null(strstr(why, "--platform link="));
    assert_int_equal(open_platform("uart", "x", why), CW_E_FORM);
    assert_non_null(strstr(why, "uart"));
    assert_ptr_equal(platform, opened);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(image_arrives_whole_in_parts, set_up, tear_down),
            cmocka_unit_test_setup_teardown(call_brings_what_it_was_given, set_up, tear_down),
            cmocka_unit_test_setup_teardown(many_inputs_go_in_one_call, set_up, tear_down),
            cmocka_unit_test_setup_teardown(refused_image_leaves_no_session, set_up, tear_down),
            cmocka_unit_test_setup_teardown(dead_module_is_lost_and_comes_back, set_up, tear_down),
            cmocka_unit_test_setup_teardown(what_the_device_made_it_say_is_told, set_up, tear_down),
            cmocka_unit_test_setup_teardown(what_was_said_before_is_told_before, set_up, tear_down),
            cmocka_unit_test_setup_teardown(call_of_a_module_that_waits_is_put_off, set_up,
                    tear_down),
            cmocka_unit_test_setup_teardown(board_that_restarts_loses_its_modules, set_up,
                    tear_down),
            cmocka_unit_test_setup_teardown(answer_of_a_wrong_form_is_believed_by_nobody, set_up,
                    tear_down),
            cmocka_unit_test_setup_teardown(words_of_another_before_ready_are_skipped, set_up,
                    tear_down),
            cmocka_unit_test_setup_teardown(load_waits_for_its_board, set_up, tear_down),
            cmocka_unit_test_setup_teardown(it_tells_what_it_is, set_up, tear_down),
            cmocka_unit_test_setup_teardown(wrong_options_are_told, set_up, tear_down),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    (void)snprintf(socket_path, sizeof socket_path, "%s/link", folder);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(socket_path);
    (void)rmdir(folder);
    return failed;
}
