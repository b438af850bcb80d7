/* SPDX-License-Identifier: MIT */
/*
 * script.c - a board without a person: commands from a file, in simulated time.
 *
 * A line is a command of port.h, or one of
 *
 *     wait MS                   let so much simulated time pass
 *     expect led 0|1 MS         the LED must be at that level within so much time
 *     expect display TEXT MS    the display must begin with TEXT (no blanks)
 *     expect uart HEX MS        the UART must send these bytes next
 *     send HEX                  bytes to the UART
 *     # a remark
 */
#include "silicon/sancus/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "posix/file.h"
#include "posix/log.h"
#include "silicon/sancus/soc.h"

#define SCRIPT_MAX (1u << 20)
#define STEP_CYCLES 1000u
#define BYTES_MAX 1024u

static uint64_t cycles_of(const struct cw_board *board, uint64_t ms)
{
    return (uint64_t)board->chip->config.clock_hz / 1000 * ms;
}

static void collect_uart(struct cw_board *board)
{
    board->uart_log_len += cw_soc_uart_take(board->chip, board->uart_log + board->uart_log_len,
            (unsigned)sizeof board->uart_log - board->uart_log_len);
}

/* Simulated time goes on also when the core sleeps with nothing to wake it. */
static void advance(struct cw_board *board, uint64_t cycles)
{
    struct cw_chip *chip = board->chip;
    uint64_t until = cw_chip_cycles(chip) + cycles;

    if (!board->powered || board->halted) {
        return;
    }
    cw_board_run(board, until);
    while (!board->halted && cw_chip_cycles(chip) < until &&
            (board->stop == CW_STOP_CPUOFF || board->stop == CW_STOP_SELF_JUMP)) {
        uint64_t target = board->release_at < until ? board->release_at : until;

        if (board->stop == CW_STOP_CPUOFF) {
            cw_chip_sleep(chip, target - cw_chip_cycles(chip));
        } else {
            chip->cycle += target - cw_chip_cycles(chip);
            chip->event_at = 0;
        }
        cw_board_run(board, cw_chip_cycles(chip) < until ? until : until + 1);
    }
    collect_uart(board);
}

static bool hex_bytes(const char *text, uint8_t *ret_bytes, unsigned *ret_len)
{
    unsigned len = 0;

    for (; text[0] != 0 && text[1] != 0 && len < BYTES_MAX; text += 2) {
        char digits[3] = {text[0], text[1], 0};
        char *end = NULL;

        ret_bytes[len++] = (uint8_t)strtoul(digits, &end, 16);
        if (end != digits + 2) {
            return false;
        }
    }
    *ret_len = len;
    return text[0] == 0 && len != 0;
}

struct expectation {
    char what[16];
    char value[2 * BYTES_MAX + 1];
    uint8_t bytes[BYTES_MAX];
    unsigned len;
};

static bool holds(struct cw_board *board, const struct expectation *e)
{
    const struct cw_soc *soc = &board->chip->soc;

    if (strcmp(e->what, "led") == 0) {
        return soc->led == (e->value[0] == '1');
    }
    if (strcmp(e->what, "display") == 0) {
        return memcmp(soc->display.cell, e->value, strlen(e->value)) == 0;
    }
    if (board->uart_log_len < e->len || memcmp(board->uart_log, e->bytes, e->len) != 0) {
        return false;
    }
    board->uart_log_len -= e->len;
    memmove(board->uart_log, board->uart_log + e->len, board->uart_log_len);
    return true;
}

static cw_status expect(struct cw_board *board, const char *line)
{
    static struct expectation e;
    unsigned long ms = 0;
    uint64_t end;

    if (sscanf(line, "expect %15s %2048s %lu", e.what, e.value, &ms) != 3) {
        return CW_E_FORM;
    }
    if (strcmp(e.what, "led") != 0 &&
            (strcmp(e.what, "display") != 0 || strlen(e.value) > CW_DISPLAY_LEN) &&
            (strcmp(e.what, "uart") != 0 || !hex_bytes(e.value, e.bytes, &e.len))) {
        return CW_E_FORM;
    }
    end = cw_chip_cycles(board->chip) + cycles_of(board, ms);
    while (!holds(board, &e)) {
        if (board->halted || !board->powered || cw_chip_cycles(board->chip) >= end) {
            return CW_E_STATE;
        }
        advance(board, STEP_CYCLES);
    }
    return CW_OK;
}

static cw_status send_bytes(struct cw_board *board, const char *line)
{
    uint8_t bytes[BYTES_MAX];
    unsigned len = 0, done = 0;

    if (!hex_bytes(line + strlen("send "), bytes, &len)) {
        return CW_E_FORM;
    }
    done = cw_soc_uart_put(board->chip, bytes, len);
    return done == len ? CW_OK : CW_E_STATE;
}

static cw_status play_line(struct cw_board *board, const char *line)
{
    char reply[CW_BOARD_REPLY_MAX];
    unsigned long ms = 0;

    if (line[0] == 0 || line[0] == '#') {
        return CW_OK;
    }
    if (sscanf(line, "wait %lu", &ms) == 1) {
        advance(board, cycles_of(board, ms));
        return CW_OK;
    }
    if (strncmp(line, "expect ", 7) == 0) {
        return expect(board, line);
    }
    if (strncmp(line, "send ", 5) == 0) {
        return send_bytes(board, line);
    }
    cw_board_command(board, line, reply);
    cw_log_info("%s: %s", line, reply);
    return strncmp(reply, CW_BOARD_ERROR, strlen(CW_BOARD_ERROR)) == 0 ? CW_E_FORM : CW_OK;
}

cw_status cw_script_play(struct cw_board *board)
{
    const char *path = board->options->script;
    uint8_t *text = NULL;
    size_t len = 0;
    unsigned number = 0;
    cw_status status = cw_file_read(path, SCRIPT_MAX, &text, &len);
    char *line, *rest = NULL;

    if (status != CW_OK) {
        cw_log_error("cannot read the script %s", path);
        return CW_E_FORM;
    }
    for (char *at = (char *)text; status == CW_OK && !board->quit; at = rest) {
        line = at;
        rest = strchr(line, '\n');
        if (rest == NULL && *line == 0) {
            break;
        }
        if (rest != NULL) {
            *rest++ = 0;
        } else {
            rest = line + strlen(line);
        }
        number++;
        status = play_line(board, line);
        if (status == CW_E_FORM) {
            cw_log_error("%s:%u: `%s` is no command: see silicon/sancus/port.h", path, number,
                    line);
        } else if (status == CW_E_STATE) {
            cw_log_error("%s:%u: `%s` did not hold", path, number, line);
        }
    }
    free(text);
    return status;
}
