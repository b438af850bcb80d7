/* SPDX-License-Identifier: MIT */
/*
 * serve.c - the board's loop.
 *
 * While the core is busy it runs as fast as the host allows, in slices, and the sockets are
 * looked at in between.  While it sleeps, the loop waits in ppoll for the sockets or for the
 * real-time equivalent of the next event of a timer.
 */
#include "silicon/sancus/board.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "posix/log.h"
#include "silicon/sancus/soc.h"

#define SLICE_CYCLES 400000u
#define NS_PER_S UINT64_C(1000000000)

static volatile sig_atomic_t stop_asked;

static void on_signal(int number)
{
    (void)number;
    stop_asked = 1;
}

void cw_board_say(struct cw_board *board, const char *line)
{
    char text[CW_BOARD_REPLY_MAX + 1];
    size_t len = strnlen(line, CW_BOARD_REPLY_MAX);

    memcpy(text, line, len);
    text[len] = '\n';
    /* a client that does not read loses lines, as a terminal would */
    (void)cw_socket_write(&board->control, (const uint8_t *)text, len + 1);
    if (board->options->script != NULL) {
        cw_log_info("%s", line);
    }
}

static uint64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void take_line(void *ctx, const char *line)
{
    struct cw_board *board = ctx;
    char reply[CW_BOARD_REPLY_MAX];

    if (line == NULL) {
        cw_board_say(board, "error line too long");
    } else {
        cw_board_command(board, line, reply);
        cw_board_say(board, reply);
    }
}

static void take_control(struct cw_board *board, struct cw_socket_lines *lines)
{
    uint8_t bytes[CW_BOARD_LINE_MAX];
    size_t len;

    while ((len = cw_socket_read(&board->control, bytes, sizeof bytes)) != 0) {
        cw_socket_lines_put(lines, bytes, len, take_line, board);
    }
}

/* Bytes between the UART and its socket, both ways, as far as there is room. */
static void move_uart(struct cw_board *board)
{
    struct cw_chip *chip = board->chip;
    struct cw_uart *uart = &chip->soc.uart;
    uint8_t bytes[CW_UART_QUEUE];
    size_t room = CW_UART_QUEUE - uart->in_count, len;

    if (board->powered && room != 0) {
        len = cw_socket_read(&board->uart, bytes, room);
        if (len != 0) {
            (void)cw_soc_uart_put(chip, bytes, (unsigned)len);
        }
    }
    if (uart->out_count != 0) {
        size_t sent = cw_socket_write(&board->uart, uart->out, uart->out_count);

        (void)cw_soc_uart_take(chip, bytes, (unsigned)sent);
    }
}

struct waiting {
    bool forever;
    uint64_t ns;
};

/* A debugger makes time stand still. */
static bool is_held(const struct cw_board *board)
{
    return board->gdb != NULL && cw_gdb_holds(board->gdb);
}

static struct waiting how_long(const struct cw_board *board)
{
    struct cw_chip *chip = board->chip;
    uint64_t cycles = CW_CYCLE_NEVER, event;

    if (!board->powered || board->halted || is_held(board)) {
        return (struct waiting){.forever = true};
    }
    if (board->stop == CW_STOP_LIMIT || board->stop == CW_STOP_NONE) {
        return (struct waiting){.ns = 0};
    }
    event = cw_chip_next_event(chip); /* bytes may have arrived since it fell asleep */
    if (event == cw_soc_uart_event(chip) && event != CW_CYCLE_NEVER) {
        return (struct waiting){.ns = 0}; /* the line is as fast as the host */
    }
    if (board->stop == CW_STOP_SLEEP && event != CW_CYCLE_NEVER) {
        cycles = event > chip->cycle ? event - chip->cycle : 0;
    }
    if (board->release_at != CW_CYCLE_NEVER &&
            board->release_at - cw_chip_cycles(chip) < cycles) {
        cycles = board->release_at - cw_chip_cycles(chip);
    }
    if (cycles == CW_CYCLE_NEVER) {
        return (struct waiting){.forever = true};
    }
    return (struct waiting){.ns = cycles / chip->config.clock_hz * NS_PER_S +
                    cycles % chip->config.clock_hz * NS_PER_S / chip->config.clock_hz};
}

/* Real time has passed while the core slept: so it has for the chip, up to its next event. */
static void pass_time(struct cw_board *board, uint64_t ns, const struct waiting *waiting)
{
    struct cw_chip *chip = board->chip;
    uint64_t cycles, most = UINT64_MAX;

    if (!board->powered || board->halted || !chip->asleep || is_held(board)) {
        return;
    }
    if (!waiting->forever && ns > waiting->ns) {
        ns = waiting->ns;
    }
    cycles = ns / NS_PER_S * chip->config.clock_hz +
            ns % NS_PER_S * chip->config.clock_hz / NS_PER_S;
    if (!waiting->forever && ns == waiting->ns) {
        cycles++; /* the division above has dropped a part */
    }
    if (cw_chip_next_event(chip) != CW_CYCLE_NEVER) {
        most = chip->event_at > chip->cycle ? chip->event_at - chip->cycle : 0;
    }
    cw_chip_sleep(chip, cycles < most ? cycles : most);
}

/* The signals that are blocked but in ppoll. */
static void look_for_signals(void)
{
    sigset_t pending;

    if (sigpending(&pending) == 0 &&
            (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1)) {
        stop_asked = 1;
    }
}

static void wait_for_something(struct cw_board *board, const sigset_t *signals)
{
    struct cw_uart *uart = &board->chip->soc.uart;
    struct waiting waiting = how_long(board);
    struct timespec timeout = {.tv_sec = (time_t)(waiting.ns / NS_PER_S),
            .tv_nsec = (long)(waiting.ns % NS_PER_S)};
    bool uart_has_room = board->powered && uart->in_count < CW_UART_QUEUE;
    struct pollfd fds[4 + CW_GDB_FDS] = {
            {.fd = board->uart.listener, .events = POLLIN},
            {.fd = board->uart.client,
                    .events = (short)((uart_has_room ? POLLIN : 0) |
                            (uart->out_count != 0 ? POLLOUT : 0))},
            {.fd = board->control.listener, .events = POLLIN},
            {.fd = board->control.client, .events = POLLIN},
    };
    uint64_t start = now_ns();

    if (!board->powered || fds[1].events == 0) {
        fds[1].fd = -1; /* nothing to do on the wire: do not spin on an end that hung up */
    }
    if (board->gdb != NULL) {
        cw_gdb_poll(board->gdb, fds + 4);
    }
    (void)ppoll(fds, board->gdb != NULL ? 4 + CW_GDB_FDS : 4, waiting.forever ? NULL : &timeout,
            signals);
    look_for_signals(); /* ppoll that need not wait does not take them */
    if (waiting.forever || waiting.ns != 0) {
        pass_time(board, now_ns() - start, &waiting);
    }
}

static void serve(struct cw_board *board, const sigset_t *signals)
{
    struct cw_socket_lines lines = {.len = 0};

    while (!board->quit && !stop_asked) {
        if (board->powered && !board->halted && !is_held(board)) {
            cw_board_run(board, cw_chip_cycles(board->chip) + SLICE_CYCLES);
        }
        if (board->gdb != NULL) {
            cw_gdb_ran(board->gdb, board->stop, NULL);
        }
        move_uart(board);
        if (board->quit || stop_asked) {
            break;
        }
        wait_for_something(board, signals);
        if (cw_socket_accept(&board->control)) {
            lines = (struct cw_socket_lines){.len = 0};
        }
        (void)cw_socket_accept(&board->uart);
        if (board->gdb != NULL) {
            cw_gdb_serve(board->gdb);
        }
        take_control(board, &lines);
        move_uart(board);
    }
}

/* SIGTERM and SIGINT are blocked but in ppoll; [ret_signals] is the mask for there. */
static void catch_signals(sigset_t *ret_signals)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t blocked;

    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGTERM);
    (void)sigaddset(&blocked, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &blocked, ret_signals);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigdelset(ret_signals, SIGTERM);
    (void)sigdelset(ret_signals, SIGINT);
}

static void on_debugger_reset(void *arg)
{
    char reply[CW_BOARD_REPLY_MAX];

    cw_board_command(arg, CW_BOARD_RESET, reply);
}

static cw_status open_sockets(struct cw_board *board)
{
    static struct cw_gdb gdb;
    const struct cw_board_options *options = board->options;
    /* a board cannot be killed: it starts anew */
    struct cw_gdb_hooks hooks = {board, on_debugger_reset, on_debugger_reset};
    cw_status status = cw_socket_open(&board->uart, options->uart_path);

    if (status == CW_OK) {
        status = cw_socket_open(&board->control, options->control_path);
    }
    if (status == CW_OK && options->gdb != NULL) {
        status = cw_gdb_open(&gdb, board->chip, options->gdb, &hooks, false);
        gdb.symbols = options->symbols;
        board->gdb = status == CW_OK ? &gdb : NULL;
    }
    return status;
}

static cw_status open_profile(struct cw_board *board, struct cw_profile *profile)
{
    cw_status status;

    if (board->options->profile == NULL) {
        return CW_OK;
    }
    status = cw_symbols_add(board->options->symbols, board->options->firmware);
    if (status == CW_OK) {
        status = cw_profile_open(profile, board->options->symbols);
        board->profile = status == CW_OK ? profile : NULL;
    }
    return status;
}

cw_status cw_board_serve(struct cw_chip *chip, const struct cw_board_options *options)
{
    static struct cw_board board;
    struct cw_profile profile = {.row = NULL};
    sigset_t signals;
    cw_status status;

    board = (struct cw_board){.chip = chip,
            .options = options,
            .uart = {.listener = -1, .client = -1},
            .control = {.listener = -1, .client = -1}};
    catch_signals(&signals);
    status = open_profile(&board, &profile);
    if (status == CW_OK) {
        status = cw_board_start(&board);
    }
    if (status == CW_OK) {
        status = open_sockets(&board);
    }
    if (status != CW_OK) {
        goto close_all;
    }
    if (chip->config.board_devices && chip->config.counter_path == NULL) {
        cw_log_warn("the non-volatile counter is not kept: give --counter-file FILE");
    }
    if (options->script != NULL) {
        status = cw_script_play(&board);
    } else {
        chip->real_time = true;
        serve(&board, &signals);
    }
    if (cw_board_write_profile(&board) != CW_OK && status == CW_OK) {
        status = CW_E_SYSTEM;
    }

close_all:
    if (board.gdb != NULL) {
        cw_gdb_close(board.gdb);
    }
    cw_socket_close(&board.control);
    cw_socket_close(&board.uart);
    cw_profile_close(&profile);
    return status;
}
