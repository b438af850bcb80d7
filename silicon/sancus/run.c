/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/run.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "posix/log.h"
#include "silicon/sancus/gdb.h"
#include "silicon/sancus/loader.h"
#include "silicon/sancus/profile.h"

#define SHA256_LEN 32
#define SLICE_CYCLES 400000u

/* What looks at each instruction of a run. */
struct watchers {
    FILE *trace;
    struct cw_profile *profile;
};

const char *cw_run_stop_name(cw_stop stop)
{
    static const char *const names[] = {
            [CW_STOP_NONE] = "none",
            [CW_STOP_LIMIT] = "limit",
            [CW_STOP_CPUOFF] = "cpuoff",
            [CW_STOP_SELF_JUMP] = "self-jump",
            [CW_STOP_VIOLATION] = "violation",
            [CW_STOP_ILLEGAL] = "illegal",
            [CW_STOP_SLEEP] = "sleep",
            [CW_STOP_DEBUG] = "debugger",
    };

    return names[stop];
}

void cw_run_say_violation(const struct cw_violation *v)
{
    cw_log_warn("violation: %s at 0x%04x, by the instruction at 0x%04x (module %u), module %u",
            v->rule, v->address, v->pc, v->subject_id, v->object_id);
}

static void on_violation(void *arg, const struct cw_violation *violation)
{
    (void)arg;
    cw_run_say_violation(violation);
}

static void on_console(void *arg, uint8_t byte)
{
    (void)arg;
    (void)fputc(byte, stderr);
}

static void put_hex(char *to, uint16_t value)
{
    static const char digits[] = "0123456789abcdef";

    to[0] = digits[value >> 12];
    to[1] = digits[value >> 8 & 15];
    to[2] = digits[value >> 4 & 15];
    to[3] = digits[value & 15];
    to[4] = ' ';
}

/* pc r1 r2 r4 .. r15 cycle */
static void write_trace(FILE *trace, const struct cw_chip *chip)
{
    char line[5 * 15 + 1];
    char *at = line;

    put_hex(at, cw_chip_pc(chip));
    for (unsigned i = 1; i < 16; i++) {
        if (i != 3) {
            at += 5;
            put_hex(at, chip->core.r[i]);
        }
    }
    at[5] = 0;
    (void)fprintf(trace, "%s%" PRIu64 "\n", line, cw_chip_cycles(chip));
}

static void on_instruction(void *arg, const struct cw_chip *chip)
{
    const struct watchers *watchers = arg;

    if (watchers->trace != NULL) {
        write_trace(watchers->trace, chip);
    }
    if (watchers->profile != NULL) {
        cw_profile_instruction(watchers->profile, chip);
    }
}

static void print_json(const struct cw_chip *chip, cw_stop stop, const uint8_t *digest)
{
    (void)printf("{\"reason\": \"%s\", \"pc\": %u, \"regs\": [%u", cw_run_stop_name(stop),
            cw_chip_pc(chip), cw_chip_pc(chip));
    for (unsigned i = 1; i < 16; i++) {
        (void)printf(", %u", chip->core.r[i]);
    }
    (void)printf("], \"cycles\": %" PRIu64 ", \"instructions\": %" PRIu64 ", \"ram_sha256\": \"",
            cw_chip_stop_cycles(chip, stop), chip->instructions);
    for (unsigned i = 0; i < SHA256_LEN; i++) {
        (void)printf("%02x", digest[i]);
    }
    (void)printf("\"}\n");
}

static void print_text(const struct cw_chip *chip, cw_stop stop, const uint8_t *digest)
{
    (void)printf("stopped: %s at pc %04x after %" PRIu64 " instructions, %" PRIu64 " cycles\n",
            cw_run_stop_name(stop), cw_chip_pc(chip), chip->instructions,
            cw_chip_stop_cycles(chip, stop));
    for (unsigned i = 0; i < 16; i++) {
        (void)printf("r%-2u %04x%s", i, i == 0 ? cw_chip_pc(chip) : chip->core.r[i],
                i % 8 == 7 ? "\n" : "  ");
    }
    (void)printf("ram ");
    for (unsigned i = 0; i < SHA256_LEN; i++) {
        (void)printf("%02x", digest[i]);
    }
    (void)printf("\n");
}

/* ---- with a debugger ---- */

struct debugged {
    struct cw_chip *chip;
    bool killed;
};

static void on_debugger_reset(void *arg)
{
    struct debugged *debugged = arg;

    cw_chip_reset(debugged->chip, "debugger");
}

static void on_debugger_kill(void *arg)
{
    struct debugged *debugged = arg;

    debugged->killed = true;
}

/* In slices, so that the client is heard.  *ret_stop: NONE, killed. */
static cw_status run_debugged(struct cw_chip *chip, const struct cw_run_options *options,
        cw_stop *ret_stop)
{
    static struct cw_gdb gdb;
    struct debugged debugged = {.chip = chip};
    struct cw_gdb_hooks hooks = {&debugged, on_debugger_reset, on_debugger_kill};
    struct pollfd fds[CW_GDB_FDS];
    cw_status status = cw_gdb_open(&gdb, chip, options->gdb, &hooks, true);
    cw_stop stop = CW_STOP_NONE;

    if (status != CW_OK) {
        return status;
    }
    gdb.symbols = options->symbols;
    while (!debugged.killed) {
        if (!cw_gdb_holds(&gdb)) {
            uint64_t now = cw_chip_cycles(chip), left = options->limit - now;

            left = options->limit < now ? 0 : left;
            stop = cw_chip_run(chip, now + (left < SLICE_CYCLES ? left : SLICE_CYCLES));
            if (stop == CW_STOP_LIMIT && left > SLICE_CYCLES) {
                stop = CW_STOP_NONE;
            }
            cw_gdb_ran(&gdb, stop, stop == CW_STOP_NONE ? NULL : cw_run_stop_name(stop));
            if (!gdb.attached && stop != CW_STOP_NONE) {
                break;
            }
        }
        cw_gdb_poll(&gdb, fds);
        (void)poll(fds, CW_GDB_FDS, cw_gdb_holds(&gdb) ? -1 : 0);
        cw_gdb_serve(&gdb);
    }
    cw_gdb_close(&gdb);
    *ret_stop = debugged.killed ? CW_STOP_NONE : stop;
    return CW_OK;
}

/* ---- all of it ---- */

static void report(const struct cw_chip *chip, const struct cw_run_options *options, cw_stop stop)
{
    uint8_t digest[SHA256_LEN];

    if (stop == CW_STOP_ILLEGAL) {
        cw_log_warn("illegal: %s at 0x%04x, by the instruction at 0x%04x (module %u)",
                chip->trap_rule, chip->trap_address, chip->core.inst_pc,
                chip->unit.id_last_cycle);
    }
    (void)SHA256(&chip->mem[CW_RAM_BASE], chip->config.ram_len, digest);
    if (options->json) {
        print_json(chip, stop, digest);
    } else {
        print_text(chip, stop, digest);
    }
}

static cw_status open_trace(const char *path, FILE **ret_trace)
{
    *ret_trace = path == NULL ? NULL : fopen(path, "w");
    if (path != NULL && *ret_trace == NULL) {
        cw_log_error("cannot write the trace %s: %s", path, strerror(errno));
        return CW_E_SYSTEM;
    }
    return CW_OK;
}

static cw_status run(struct cw_chip *chip, const struct cw_run_options *options,
        struct watchers *watchers)
{
    cw_stop stop = CW_STOP_NONE;
    cw_status status = CW_OK;

    chip->events.arg = watchers;
    if (watchers->trace != NULL || watchers->profile != NULL) {
        chip->events.instruction = on_instruction;
    }
    chip->events.violation = on_violation;
    chip->events.console = on_console;
    cw_chip_power_on(chip);
    if (options->gdb == NULL) {
        stop = cw_chip_run(chip, options->limit);
    } else {
        status = run_debugged(chip, options, &stop);
    }
    if (status != CW_OK || stop == CW_STOP_NONE) {
        return status;
    }
    report(chip, options, stop);
    if (watchers->profile != NULL) {
        cw_profile_until(watchers->profile, chip, cw_chip_stop_cycles(chip, stop));
        status = cw_profile_write(watchers->profile, options->profile, options->json);
    }
    return status;
}

cw_status cw_run_program(struct cw_chip *chip, const struct cw_run_options *options)
{
    struct cw_profile profile = {.row = NULL};
    struct watchers watchers = {.trace = NULL};
    cw_status status = cw_loader_load(chip, options->elf);

    if (status == CW_OK && options->profile != NULL) {
        status = cw_symbols_add(options->symbols, options->elf);
        if (status == CW_OK) {
            status = cw_profile_open(&profile, options->symbols);
            watchers.profile = &profile;
        }
    }
    if (status == CW_OK) {
        status = open_trace(options->trace, &watchers.trace);
    }
    if (status == CW_OK) {
        status = run(chip, options, &watchers);
    }
    if (watchers.trace != NULL && fclose(watchers.trace) != 0 && status == CW_OK) {
        cw_log_error("cannot write the trace %s: %s", options->trace, strerror(errno));
        status = CW_E_SYSTEM;
    }
    cw_profile_close(&profile);
    return status == CW_OK && fflush(stdout) != 0 ? CW_E_SYSTEM : status;
}
