/* SPDX-License-Identifier: MIT */
/*
 * main.c - causeway-sancus: the command line.
 */
#include <errno.h>
#include <inttypes.h>
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

#ifndef CW_VERSION
#define CW_VERSION "0.1.0"
#endif

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
    OPT_HELP,
    OPT_VERSION,
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
    [OPT_HELP] = {"help", NULL, "print this"},
    [OPT_VERSION] = {"version", NULL, "print the version"},
    {NULL, NULL, NULL},
};

struct command {
    struct cw_chip_config config;
    struct cw_run_options run;
    struct cw_board_options board;
    bool exact, list_quirks, help, version, cycle_engine;
    bool slots_given, devices_given;
    cw_quirks changed, values; /* --quirk, applied after --chip */
    const char *key_path;
    struct cw_symbols symbols;
};

static bool number(const char *name, const char *text, uint64_t max, uint64_t *ret_value)
{
    char *end = NULL;

    errno = 0;
    *ret_value = strtoull(text, &end, 0);
    if (errno != 0 || end == text || *end != 0 || text[0] == '-' || *ret_value > max) {
        cw_log_error("--%s %s: give a number up to %" PRIu64, name, text, max);
        return false;
    }
    return true;
}

static bool choice(const char *name, const char *text, const char *first, const char *second,
        bool *ret_first)
{
    *ret_first = strcmp(text, first) == 0;
    if (!*ret_first && strcmp(text, second) != 0) {
        cw_log_error("--%s %s: give %s or %s", name, text, first, second);
        return false;
    }
    return true;
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

static bool take_on_violation(struct command *command, const char *value)
{
    static const char *const names[] = {"irq", "reset", "stop"};

    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(value, names[i]) == 0) {
            command->config.on_violation = (cw_on_violation)i;
            return true;
        }
    }
    cw_log_error("--on-violation %s: give irq, reset or stop", value);
    return false;
}

static bool take_size(struct command *command, unsigned option, const char *value)
{
    uint64_t got = 0;

    switch (option) {
    case OPT_ROM:
        if (!number("rom", value, 0xf000, &got)) {
            return false;
        }
        command->config.rom_len = (uint32_t)got;
        return true;
    case OPT_RAM:
        if (!number("ram", value, 0xf000, &got)) {
            return false;
        }
        command->config.ram_len = (uint32_t)got;
        return true;
    case OPT_SLOTS:
        command->slots_given = true;
        if (!number("slots", value, CW_SLOTS_MAX, &got)) {
            return false;
        }
        command->config.slots_count = (unsigned)got;
        return true;
    case OPT_SECURITY:
        if (!number("security", value, 128, &got)) {
            return false;
        }
        command->config.security_bits = (unsigned)got;
        return true;
    case OPT_CLOCK:
        if (!number("clock", value, UINT32_MAX, &got)) {
            return false;
        }
        command->config.clock_hz = (uint32_t)got;
        return true;
    default:
        return number("limit", value, UINT64_MAX, &command->run.limit);
    }
}

static bool take(struct command *command, enum option option, const char *value)
{
    bool first = false;

    switch (option) {
    case OPT_RUN:
        command->run.elf = value;
        return true;
    case OPT_FIRMWARE:
        command->board.firmware = value;
        return true;
    case OPT_CHIP:
        return choice("chip", value, "exact", "hardened", &command->exact);
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
    case OPT_ROM:
    case OPT_RAM:
    case OPT_SLOTS:
    case OPT_SECURITY:
    case OPT_CLOCK:
        return take_size(command, option, value);
    case OPT_ON_VIOLATION:
        return take_on_violation(command, value);
    case OPT_NODE_KEY_FILE:
        command->key_path = value;
        return true;
    case OPT_DEVICES:
        command->devices_given = true;
        return choice("devices", value, "on", "off", &command->config.board_devices);
    case OPT_COUNTER:
        command->config.counter_path = value;
        return true;
    case OPT_CRYSTAL:
        return choice("crystal", value, "on", "off", &command->config.lfxt);
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
        if (!choice("engine", value, "cycle", "fast", &first)) {
            return false;
        }
        command->cycle_engine = first;
        return true;
    case OPT_GDB:
        command->run.gdb = command->board.gdb = value;
        return true;
    case OPT_PROFILE:
        command->run.profile = command->board.profile = value;
        return true;
    case OPT_SYMBOLS:
        return cw_symbols_add(&command->symbols, value) == CW_OK;
    case OPT_HELP:
        command->help = true;
        return true;
    case OPT_VERSION:
        command->version = true;
        return true;
    }
    return false;
}

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

static bool parse(int argc, char **argv, struct command *command)
{
    struct cw_args args = cw_args_over(argc, argv);
    const char *value = NULL;
    size_t index = 0;

    for (;;) {
        switch (cw_args_next(&args, options, &index, &value)) {
        case CW_ARGS_END:
            return true;
        case CW_ARGS_OPTION:
            if (!take(command, (enum option)index, value)) {
                return false;
            }
            break;
        case CW_ARGS_OPERAND:
            cw_log_error("%s: what to run is given with --run or --firmware", value);
            return false;
        case CW_ARGS_WRONG:
            return false;
        }
    }
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
    if (config->security_bits != 64 && config->security_bits != 128) {
        cw_log_error("--security %u: give 64 or 128", config->security_bits);
        return false;
    }
    if (config->clock_hz == 0) {
        cw_log_error("--clock 0: give a frequency in hertz");
        return false;
    }
    if (command->key_path != NULL) {
        return read_key(config, command->key_path);
    }
    default_key(config);
    return true;
}

static void print_help(void)
{
    (void)printf("usage: causeway-sancus [OPTION]... --run FILE.elf\n"
                 "       causeway-sancus [OPTION]... --firmware FILE.elf\n"
                 "An MSP430 with the Sancus unit, emulated cycle by cycle.\n\n");
    cw_args_print(options);
    (void)printf("\nExit status: 0 done, 1 failed, 2 wrong use or unusable file.\n");
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
    if (!parse(argc, argv, command)) {
        return EXIT_WRONG_USE;
    }
    if (command->help) {
        print_help();
        return EXIT_DONE;
    }
    if (command->version) {
        (void)printf("causeway-sancus %s\n", CW_VERSION);
        return EXIT_DONE;
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
