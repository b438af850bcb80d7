/* SPDX-License-Identifier: MIT */
/*
 * main.c - causeway-sancus: the command line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "posix/args.h"
#include "posix/file.h"
#include "posix/log.h"
#include "silicon/sancus/board.h"
#include "silicon/sancus/port.h"
#include "silicon/sancus/run.h"

enum { EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USE };

enum option {
    OPT_RUN,
    OPT_FIRMWARE,
    OPT_CHIP,
    OPT_QUIRK,
    OPT_LIST_QUIRKS,
    OPT_JSON,
    OPT_TRACE,
    OPT_LIMIT,
    OPT_ON_VIOLATION,
    OPT_ROM,
    OPT_RAM,
    OPT_SLOTS,
    OPT_SECURITY,
    OPT_NODE_KEY_FILE,
    OPT_DEVICES,
    OPT_COUNTER,
    OPT_CLOCK,
    OPT_CRYSTAL,
    OPT_UART,
    OPT_CONTROL,
    OPT_HEADLESS,
    OPT_ENGINE,
    OPT_GDB,
    OPT_PROFILE,
    OPT_SYMBOLS,
};

static const struct cw_args_option options[] = {
    [OPT_RUN] = {"run", "FILE.elf", "run a program from its reset vector to its stop"},
    [OPT_FIRMWARE] = {"firmware", "FILE.elf", "run a board until SIGTERM"},
    [OPT_CHIP] = {"chip", "hardened|exact", "hardened (default), or the published hardware"},
    [OPT_QUIRK] = {"quirk", "NAME=on|off...", "switch one behaviour"},
    [OPT_LIST_QUIRKS] = {"list-quirks", NULL, "print all names, and what on and off mean"},
    [OPT_JSON] = {"json", NULL, "results of --run and --profile as JSON objects"},
    [OPT_TRACE] = {"trace", "FILE", "a line per instruction: pc r1 r2 r4 .. r15 cycle"},
    [OPT_LIMIT] = {"limit", "CYCLES", "stop --run there"},
    [OPT_ON_VIOLATION] = {"on-violation", "irq|reset|stop", "what a violation leads to (irq)"},
    [OPT_ROM] = {"rom", "BYTES", "program memory, up to 0xffff (default 41984: from 0x5c00)"},
    [OPT_RAM] = {"ram", "BYTES", "RAM from 0x0200 (default 16384)"},
    [OPT_SLOTS] = {"slots", "COUNT", "modules at a time (exact: 4, hardened board: 8)"},
    [OPT_SECURITY] = {"security", "128|64", "bits of keys and tags (128)"},
    [OPT_NODE_KEY_FILE] = {"node-key-file", "FILE", "the node key in hex (default: the test key)"},
    [OPT_DEVICES] = {"devices", "on|off", "random source, counter and display of the board"},
    [OPT_COUNTER] = {"counter-file", "FILE", "where the non-volatile counter is kept"},
    [OPT_CLOCK] = {"clock", "HZ", "for real time and the button (default 20000000)"},
    [OPT_CRYSTAL] = {"crystal", "on|off", "the low frequency clock ACLK (default off)"},
    [OPT_UART] = {"uart", "PATH", "Unix socket of UART 1"},
    [OPT_CONTROL] = {"control", "PATH", "Unix socket for commands (see silicon/sancus/port.h)"},
    [OPT_HEADLESS] = {"headless", "SCRIPT", "commands from a file, then end"},
    [OPT_ENGINE] = {"engine", "fast|cycle", "cycle: every cycle in the reference model"},
    [OPT_GDB] = {"gdb", "PORT|PATH", "gdb remote protocol on 127.0.0.1 or a Unix socket"},
    [OPT_PROFILE] = {"profile", "FILE", "cycles per function, most first (-: standard output)"},
    [OPT_SYMBOLS] = {"symbols", "FILE[@ADDRESS]", "a module's ELF file; may be repeated"},
    {"help", NULL, "print this"},
    {"version", NULL, "print the version"},
    {NULL, NULL, NULL},
};

struct command {
    struct cw_chip_config config;
    struct cw_run_options run;
    struct cw_board_options board;
    bool exact, list_quirks, cycle_engine;
    bool slots_given, devices_given;
    cw_quirks changed, values; /* --quirk, applied after --chip */
    const char *key_path;
    struct cw_symbols symbols;
};

/* Of a choice: args.h saw to it that it is one of its words. */
static bool is(const char *value, const char *word)
{
    return strcmp(value, word) == 0;
}

static bool take_quirk(struct command *command, const char *value)
{
    cw_quirks on = 0, off = CW_QUIRKS_ALL;

    if (!cw_quirks_parse(value, &on) || !cw_quirks_parse(value, &off)) {
        cw_log_error("--quirk %s: give NAME=on or NAME=off with a name from --list-quirks", value);
        return false;
    }
    command->changed |= on | (CW_QUIRKS_ALL & ~off);
    command->values = (command->values | on) & off;
    return true;
}

static bool take_number(const char *name, const char *value, uint64_t low, uint64_t high,
        uint32_t *ret_number)
{
    uint64_t number = 0;

    if (!cw_args_number(name, value, low, high, &number)) {
        return false;
    }
    *ret_number = (uint32_t)number;
    return true;
}

static bool take(void *ctx, size_t option, const char *value)
{
    struct command *command = ctx;
    struct cw_chip_config *config = &command->config;

    switch ((enum option)option) {
    case OPT_RUN:
        command->run.elf = value;
        return true;
    case OPT_FIRMWARE:
        command->board.firmware = value;
        return true;
    case OPT_CHIP:
        command->exact = is(value, "exact");
        return true;
    case OPT_QUIRK:
        return take_quirk(command, value);
    case OPT_LIST_QUIRKS:
        command->list_quirks = true;
        return true;
    case OPT_JSON:
        command->run.json = command->board.json = true;
        return true;
    case OPT_TRACE:
        command->run.trace = value;
        return true;
    case OPT_LIMIT:
        return cw_args_number("limit", value, 0, UINT64_MAX, &command->run.limit);
    case OPT_ROM:
        return take_number("rom", value, 0, 0xf000, &config->rom_len);
    case OPT_RAM:
        return take_number("ram", value, 0, 0xf000, &config->ram_len);
    case OPT_SLOTS:
        command->slots_given = true;
        return take_number("slots", value, 1, CW_SLOTS_MAX, &config->slots_count);
    case OPT_SECURITY:
        config->security_bits = is(value, "64") ? 64 : 128;
        return true;
    case OPT_CLOCK:
        return take_number("clock", value, 1, UINT32_MAX, &config->clock_hz);
    case OPT_ON_VIOLATION:
        config->on_violation = is(value, "reset") ? CW_VIOLATION_RESET
                : is(value, "stop")               ? CW_VIOLATION_STOP
                                                  : CW_VIOLATION_IRQ;
        return true;
    case OPT_NODE_KEY_FILE:
        command->key_path = value;
        return true;
    case OPT_DEVICES:
        command->devices_given = true;
        config->board_devices = is(value, "on");
        return true;
    case OPT_COUNTER:
        config->counter_path = value;
        return true;
    case OPT_CRYSTAL:
        config->lfxt = is(value, "on");
        return true;
    case OPT_UART:
        command->board.uart_path = value;
        return true;
    case OPT_CONTROL:
        command->board.control_path = value;
        return true;
    case OPT_HEADLESS:
        command->board.script = value;
        return true;
    case OPT_ENGINE:
        command->cycle_engine = is(value, "cycle");
        return true;
    case OPT_GDB:
        command->run.gdb = command->board.gdb = value;
        return true;
    case OPT_PROFILE:
        command->run.profile = command->board.profile = value;
        return true;
    case OPT_SYMBOLS:
        return cw_symbols_add(&command->symbols, value) == CW_OK;
    }
    return false;
}

static const struct cw_args_program program = {
    .name = "causeway-sancus",
    .usage = "usage: causeway-sancus [OPTION]... --run FILE.elf\n"
             "       causeway-sancus [OPTION]... --firmware FILE.elf\n"
             "An MSP430 with the Sancus unit, emulated cycle by cycle.\n",
    .exits = "Exit status: 0 done, 1 failed, 2 wrong use or unusable file.",
    .operand = "what to run is given with --run or --firmware",
    .options = options,
    .take = take,
};

static void default_key(struct cw_chip_config *config)
{
    static const uint8_t key64[8] = {0xde, 0xad, 0xbe, 0xef, 0xca, 0xfe, 0xba, 0xbe};
    static const uint8_t key128[16] = {0xde, 0xad, 0xbe, 0xef, 0xca, 0xfe, 0xba, 0xbe, 0xc0, 0xde,
            0xfe, 0xed, 0xde, 0xfe, 0xc8, 0xed};

    if (config->security_bits == 64) {
        memcpy(config->node_key, key64, sizeof key64);
    } else {
        memcpy(config->node_key, key128, sizeof key128);
    }
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_key(struct cw_chip_config *config, const char *path)
{
    size_t want = config->security_bits / 8, len = 0, digits = 0;
    uint8_t *text = NULL;
    bool good = true;

    if (cw_file_read(path, 4096, &text, &len) != CW_OK) {
        cw_log_error("cannot read the node key %s: give a file with %zu hex digits", path,
                2 * want);
        return false;
    }
    while (len != 0 && (text[len - 1] == '\n' || text[len - 1] == '\r' || text[len - 1] == ' ')) {
        len--;
    }
    for (; digits < len && digits < 2 * want; digits++) {
        int digit = hex_digit(text[digits]);

        if (digit < 0) {
            break;
        }
        config->node_key[digits / 2] =
                (uint8_t)(config->node_key[digits / 2] << 4 | digit);
    }
    if (digits != 2 * want || len != digits) {
        cw_log_error("%s is no node key: give a file with %zu hex digits", path, 2 * want);
        good = false;
    }
    cw_bytes_wipe(text, len);
    free(text);
    return good;
}

static bool settle(struct command *command)
{
    struct cw_chip_config *config = &command->config;
    bool board = command->board.firmware != NULL;

    if ((command->run.elf != NULL) == board) {
        cw_log_error("give one of --run FILE.elf and --firmware FILE.elf (see --help)");
        return false;
    }
    if (command->board.gdb != NULL && command->board.script != NULL) {
        cw_log_error("--gdb and --headless exclude each other: one of them leads");
        return false;
    }
    config->quirks = command->exact ? CW_QUIRKS_ALL : CW_QUIRKS_NONE;
    config->quirks = (config->quirks & ~command->changed) | (command->values & command->changed);
    if (!command->slots_given) {
        config->slots_count = command->exact || !board ? 4 : 8;
    }
    if (!command->devices_given) {
        config->board_devices = !command->exact && board;
    }
    config->uart = board;
    command->board.chip_name = command->exact ? "exact" : "hardened";
    if (command->key_path != NULL) {
        return read_key(config, command->key_path);
    }
    default_key(config);
    return true;
}

static void print_quirks(void)
{
    for (unsigned i = 0; i < CW_QUIRK_COUNT; i++) {
        const struct cw_quirk_info *info = cw_quirks_info((cw_quirk)i);

        (void)printf("%s\n    on:  %s\n    off: %s\n", info->name, info->exact, info->hardened);
    }
}

static int work(struct command *command)
{
    struct cw_chip *chip = calloc(1, sizeof *chip);
    cw_status status;

    if (chip == NULL) {
        cw_log_error("out of memory");
        return EXIT_FAILED;
    }
    status = cw_chip_init(chip, &command->config);
    if (status == CW_E_FORM) {
        cw_log_error("no such chip: ROM is whole KiB up to 60, RAM whole 128 bytes, both fit "
                     "into 64 KiB, 1 to %u slots",
                CW_SLOTS_MAX);
    } else if (status == CW_OK) {
        chip->engine_off = command->cycle_engine;
        status = command->run.elf != NULL ? cw_run_program(chip, &command->run)
                                          : cw_board_serve(chip, &command->board);
        cw_chip_close(chip);
    }
    free(chip);
    return status == CW_OK ? EXIT_DONE : status == CW_E_FORM ? EXIT_WRONG_USE : EXIT_FAILED;
}

static int act(struct command *command, int argc, char **argv)
{
    const cw_args_verdict verdict = cw_args_read(&program, argc, argv, command);

    if (verdict != CW_ARGS_GO) {
        return verdict == CW_ARGS_ANSWERED ? EXIT_DONE : EXIT_WRONG_USE;
    }
    if (command->list_quirks) {
        print_quirks();
        return EXIT_DONE;
    }
    return settle(command) ? work(command) : EXIT_WRONG_USE;
}

int main(int argc, char **argv)
{
    static struct command command = {
            .config = {.rom_len = CW_ROM_LEN_DEFAULT,
                    .ram_len = CW_RAM_LEN_DEFAULT,
                    .security_bits = 128,
                    .clock_hz = CW_BOARD_CLOCK_HZ},
            .run = {.limit = UINT64_MAX},
    };
    int status;

    cw_log_setup("causeway-sancus", CW_LOG_INFO, false);
    cw_symbols_open(&command.symbols);
    command.run.symbols = command.board.symbols = &command.symbols;
    status = act(&command, argc, argv);
    cw_symbols_close(&command.symbols);
    cw_bytes_wipe(&command.config.node_key, sizeof command.config.node_key);
    return status;
}
