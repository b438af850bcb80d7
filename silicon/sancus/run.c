/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "posix/log.h"
#include "silicon/sancus/loader.h"

#define SHA256_LEN 32

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
static void on_instruction(void *arg, const struct cw_chip *chip)
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
    (void)fprintf(arg, "%s%" PRIu64 "\n", line, cw_chip_cycles(chip));
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

cw_status cw_run_program(struct cw_chip *chip, const struct cw_run_options *options)
{
    uint8_t digest[SHA256_LEN];
    FILE *trace = NULL;
    cw_status status;
    cw_stop stop;

    status = cw_loader_load(chip, options->elf);
    if (status != CW_OK) {
        return status;
    }
    if (options->trace != NULL) {
        trace = fopen(options->trace, "w");
        if (trace == NULL) {
            cw_log_error("cannot write the trace %s: %s", options->trace, strerror(errno));
            return CW_E_SYSTEM;
        }
        chip->events.arg = trace;
        chip->events.instruction = on_instruction;
    }
    chip->events.violation = on_violation;
    chip->events.console = on_console;
    cw_chip_power_on(chip);
    stop = cw_chip_run(chip, options->limit);
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
    if (trace != NULL && fclose(trace) != 0) {
        cw_log_error("cannot write the trace %s: %s", options->trace, strerror(errno));
        return CW_E_SYSTEM;
    }
    return fflush(stdout) == 0 ? CW_OK : CW_E_SYSTEM;
}
