/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/board.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "posix/log.h"
#include "silicon/sancus/loader.h"
#include "silicon/sancus/run.h"
#include "silicon/sancus/soc.h"

__attribute__((format(printf, 2, 3))) static void event(struct cw_board *board,
        const char *format, ...)
{
    char line[CW_BOARD_REPLY_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    cw_board_say(board, line);
}

static void on_violation(void *arg, const struct cw_violation *v)
{
    struct cw_board *board = arg;

    /* firmware under attack may cause very many: people see the first ones */
    if (board->chip->violations_count <= 16) {
        cw_run_say_violation(v);
    }
    event(board,
            "event violation {\"rule\": \"%s\", \"address\": %u, \"pc\": %u, \"module\": %u, "
            "\"object\": %u}",
            v->rule, v->address, v->pc, v->subject_id, v->object_id);
}

static void on_instruction(void *arg, const struct cw_chip *chip)
{
    struct cw_board *board = arg;

    cw_profile_instruction(board->profile, chip);
}

cw_status cw_board_write_profile(struct cw_board *board)
{
    if (board->profile == NULL) {
        return CW_OK;
    }
    cw_profile_until(board->profile, board->chip, cw_chip_cycles(board->chip));
    return cw_profile_write(board->profile, board->options->profile, board->options->json);
}

static void on_reset(void *arg, const char *why)
{
    event(arg, "event reset %s", why);
}

static void display_text(const struct cw_board *board, char ret_text[CW_DISPLAY_LEN + 1])
{
    for (unsigned i = 0; i < CW_DISPLAY_LEN; i++) {
        uint8_t c = board->chip->soc.display.cell[i];

        ret_text[i] = c >= ' ' && c < 0x7f && c != '"' && c != '\\' ? (char)c : '?';
    }
    ret_text[CW_DISPLAY_LEN] = 0;
}

static void report_changes(struct cw_board *board)
{
    struct cw_soc *soc = &board->chip->soc;

    if (soc->led_changed) {
        soc->led_changed = false;
        event(board, "event led %u", soc->led);
    }
    if (soc->display.changed) {
        char text[CW_DISPLAY_LEN + 1];

        soc->display.changed = false;
        display_text(board, text);
        event(board, "event display \"%s\"", text);
    }
}

static void button(struct cw_board *board, bool down)
{
    uint8_t pins = board->chip->soc.port[0].pins;

    pins = (uint8_t)(down ? pins | CW_BUTTON_BIT : pins & ~CW_BUTTON_BIT);
    cw_soc_pins(board->chip, 0, pins);
}

cw_status cw_board_start(struct cw_board *board)
{
    struct cw_chip *chip = board->chip;
    cw_status status;

    memset(chip->mem, 0, sizeof chip->mem);
    status = cw_loader_load(chip, board->options->firmware);
    if (status != CW_OK) {
        return status;
    }
    chip->events = (struct cw_chip_events){
            .arg = board, .violation = on_violation, .reset = on_reset};
    if (board->profile != NULL) {
        chip->events.instruction = on_instruction;
    }
    chip->soc.port[0].pins = 0;
    cw_chip_power_on(chip);
    chip->soc.display.changed = false;
    board->powered = true;
    board->halted = false;
    board->release_at = CW_CYCLE_NEVER;
    return CW_OK;
}

static void halt(struct cw_board *board, cw_stop stop)
{
    const struct cw_chip *chip = board->chip;

    board->halted = true;
    board->halt_reason = stop == CW_STOP_ILLEGAL ? chip->trap_rule : cw_run_stop_name(stop);
    if (stop == CW_STOP_ILLEGAL) {
        cw_log_warn("halted: %s at 0x%04x, by the instruction at 0x%04x", chip->trap_rule,
                chip->trap_address, chip->core.inst_pc);
    }
    event(board, "event halted %s", board->halt_reason);
}

void cw_board_run(struct cw_board *board, uint64_t until)
{
    struct cw_chip *chip = board->chip;

    board->stop = CW_STOP_NONE;
    while (board->powered && !board->halted && cw_chip_cycles(chip) < until) {
        uint64_t target = board->release_at < until ? board->release_at : until;

        board->stop = cw_chip_run(chip, target);
        report_changes(board);
        if (cw_chip_cycles(chip) >= board->release_at) {
            board->release_at = CW_CYCLE_NEVER;
            button(board, false);
            if (board->stop == CW_STOP_CPUOFF || board->stop == CW_STOP_SLEEP) {
                continue; /* the port sees it before time passes, or the next press is no edge */
            }
        }
        if (board->stop == CW_STOP_ILLEGAL || board->stop == CW_STOP_VIOLATION) {
            halt(board, board->stop);
        }
        if (board->stop != CW_STOP_LIMIT) {
            return;
        }
    }
}

/* ---- commands ---- */

static const char *state_name(const struct cw_board *board)
{
    if (!board->powered) {
        return "off";
    }
    if (board->halted) {
        return "halted";
    }
    if (board->gdb != NULL && cw_gdb_holds(board->gdb)) {
        return "debugged";
    }
    return board->stop == CW_STOP_SLEEP || board->stop == CW_STOP_CPUOFF ||
                    board->stop == CW_STOP_SELF_JUMP
            ? "asleep"
            : "running";
}

static void status_reply(struct cw_board *board, char *reply)
{
    const struct cw_chip *chip = board->chip;
    size_t at;
    bool first = true;

    at = (size_t)snprintf(reply, CW_BOARD_REPLY_MAX,
            "ok {\"power\": \"%s\", \"state\": \"%s\", \"reason\": \"%s\", \"pc\": %u, "
            "\"cycles\": %" PRIu64 ", \"instructions\": %" PRIu64 ", \"violations\": %" PRIu64
            ", \"led\": %u, \"chip\": \"%s\", \"emulated\": true, \"modules\": [",
            board->powered ? "on" : "off", state_name(board),
            board->halted ? board->halt_reason : "", cw_chip_pc(chip), cw_chip_cycles(chip),
            chip->instructions, chip->violations_count, chip->soc.led,
            board->options->chip_name);
    for (unsigned i = 0; i < chip->config.slots_count && at < CW_BOARD_REPLY_MAX - 128; i++) {
        const struct cw_slot *slot = &chip->unit.slot[i];

        if (slot->enabled && board->powered) {
            at += (size_t)snprintf(reply + at, CW_BOARD_REPLY_MAX - at,
                    "%s{\"id\": %u, \"text\": [%u, %u], \"data\": [%u, %u]}", first ? "" : ", ",
                    slot->id, slot->ps, slot->pe, slot->ss, slot->se);
            first = false;
        }
    }
    (void)snprintf(reply + at, CW_BOARD_REPLY_MAX - at, "]}");
}

static bool power(struct cw_board *board, bool on)
{
    if (board->powered && !on) {
        board->powered = false;
        board->chip->soc.led = false;
        event(board, "event power off");
        return true;
    }
    if (!board->powered && on) {
        if (cw_board_start(board) != CW_OK) {
            return false;
        }
        event(board, "event power on");
    }
    return true;
}

static void reset(struct cw_board *board)
{
    board->halted = false;
    cw_chip_reset(board->chip, "control");
}

static bool device_command(struct cw_board *board, const char *line)
{
    if (strcmp(line, CW_BOARD_PRESS) == 0) {
        button(board, true);
        board->release_at = cw_chip_cycles(board->chip) +
                (uint64_t)board->chip->config.clock_hz * CW_BOARD_PRESS_MS / 1000;
    } else if (strcmp(line, CW_BOARD_RELEASE) == 0 || strcmp(line, "button 0") == 0) {
        board->release_at = CW_CYCLE_NEVER;
        button(board, false);
    } else if (strcmp(line, "button 1") == 0) {
        board->release_at = CW_CYCLE_NEVER;
        button(board, true);
    } else if (strcmp(line, CW_BOARD_RESET) == 0) {
        reset(board);
    } else {
        return false;
    }
    return true;
}

static bool power_command(struct cw_board *board, const char *line, bool *ret_good)
{
    if (strcmp(line, CW_BOARD_POWER_ON) == 0) {
        *ret_good = power(board, true);
    } else if (strcmp(line, CW_BOARD_POWER_OFF) == 0) {
        *ret_good = power(board, false);
    } else if (strcmp(line, CW_BOARD_POWER_CYCLE) == 0) {
        *ret_good = power(board, false) && power(board, true);
    } else {
        return false;
    }
    return true;
}

void cw_board_command(struct cw_board *board, const char *line, char *ret_reply)
{
    bool good = true;

    (void)snprintf(ret_reply, CW_BOARD_REPLY_MAX, "ok");
    if (strcmp(line, CW_BOARD_STATUS) == 0) {
        status_reply(board, ret_reply);
    } else if (strcmp(line, CW_BOARD_LED) == 0) {
        (void)snprintf(ret_reply, CW_BOARD_REPLY_MAX, "ok %u",
                board->powered && board->chip->soc.led);
    } else if (strcmp(line, CW_BOARD_DISPLAY) == 0) {
        char text[CW_DISPLAY_LEN + 1];

        display_text(board, text);
        (void)snprintf(ret_reply, CW_BOARD_REPLY_MAX, "ok \"%s\"", text);
    } else if (strcmp(line, CW_BOARD_QUIT) == 0) {
        board->quit = true;
    } else if (strcmp(line, CW_BOARD_PROFILE) == 0) {
        if (board->profile == NULL || cw_board_write_profile(board) != CW_OK) {
            (void)snprintf(ret_reply, CW_BOARD_REPLY_MAX, "error no profile: start with --profile "
                                                          "FILE, in a folder that can be written");
        }
    } else if (power_command(board, line, &good)) {
        if (!good) {
            (void)snprintf(ret_reply, CW_BOARD_REPLY_MAX, "error the firmware cannot be loaded");
        }
    } else if (!board->powered) {
        (void)snprintf(ret_reply, CW_BOARD_REPLY_MAX, "error the power is off: send `power on`");
    } else if (!device_command(board, line)) {
        (void)snprintf(ret_reply, CW_BOARD_REPLY_MAX,
                "error unknown command: press, release, button 0|1, led?, display?, reset, "
                "power on|off|cycle, status, profile, quit");
    }
}
