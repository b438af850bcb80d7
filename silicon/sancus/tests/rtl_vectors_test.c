/* SPDX-License-Identifier: MIT */
/*
 * rtl_vectors_test.c - the exact chip does what was measured on the published hardware.
 *
 * tests/vectors/msp430-rtl.txt has single instructions, sancus-rtl.txt whole programs; their first
 * lines describe the format.  Everything runs twice: as a user runs it, and in the single-cycle
 * model alone.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include "silicon/sancus/chip.h"
#include "silicon/sancus/run.h"

#define LINE_MAX_LEN 8192u
#define CODE 0x6000u
#define START 0x5c00u
#define DIGEST_HEX_LEN 16u
#define PC 0u
#define CG 3u

static struct cw_chip chip;
static char line[LINE_MAX_LEN];

static void open_chip(unsigned bits, bool cycle_model)
{
    static const uint8_t key64[8] = {0xde, 0xad, 0xbe, 0xef, 0xca, 0xfe, 0xba, 0xbe};
    static const uint8_t key128[16] = {0xde, 0xad, 0xbe, 0xef, 0xca, 0xfe, 0xba, 0xbe, 0xc0, 0xde,
            0xfe, 0xed, 0xde, 0xfe, 0xc8, 0xed};
    struct cw_chip_config config = {
            .rom_len = 41984,
            .ram_len = 16384,
            .slots_count = 4,
            .security_bits = bits,
            .quirks = CW_QUIRKS_ALL,
            .clock_hz = 20000000,
    };

    memcpy(config.node_key, bits == 64 ? key64 : key128, bits / 8);
    assert_int_equal(cw_chip_init(&chip, &config), CW_OK);
    chip.engine_off = cycle_model;
}

/* Cut the next field off [*at]; fields are separated by " ; ", or by "; " where one is empty. */
static char *field(char **at)
{
    char *begin = *at;
    char *end = strchr(begin, ';');

    if (end == NULL) {
        *at = begin + strlen(begin);
        return begin;
    }
    *end = 0;
    *at = end[1] == ' ' ? end + 2 : end + 1;
    return begin;
}

static FILE *open_vectors(const char *path)
{
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        fail_msg("%s cannot be read", path);
    }
    return file;
}

static bool next_case(FILE *file)
{
    while (fgets(line, sizeof line, file) != NULL) {
        size_t len = strlen(line);

        assert_true(len != 0 && line[len - 1] == '\n'); /* else LINE_MAX_LEN is too small */
        line[len - 1] = 0;
        if (line[0] != '#' && line[0] != 0) {
            return true;
        }
    }
    return false;
}

/* ---- single instructions ---------------------------------------------------------------- */

struct state {
    uint16_t r[16];
    uint8_t mem[0x10000];
};

static unsigned register_number(const char *name)
{
    static const char *const special[] = {"pc", "sp", "sr", "cg"};

    for (unsigned i = 0; i < 4; i++) {
        if (strcmp(name, special[i]) == 0) {
            return i;
        }
    }
    return name[0] == 'r' ? (unsigned)strtoul(name + 1, NULL, 10) : 16;
}

static void put_word(uint8_t *mem, uint16_t address, uint16_t value)
{
    mem[address] = (uint8_t)value;
    mem[address + 1u] = (uint8_t)(value >> 8);
}

/* NAME=VALUE ... into [state]. */
static void apply(char *settings, struct state *state)
{
    for (char *word = strtok(settings, " "); word != NULL; word = strtok(NULL, " ")) {
        char *value = strchr(word, '=');
        unsigned number;

        assert_non_null(value);
        *value++ = 0;
        number = register_number(word);
        if (number < 16) {
            state->r[number] = (uint16_t)strtoul(value, NULL, 16);
        } else {
            put_word(state->mem, (uint16_t)strtoul(word, NULL, 16),
                    (uint16_t)strtoul(value, NULL, 16));
        }
    }
}

static uint16_t emit(uint8_t *mem, uint16_t at, uint16_t opcode, uint16_t extension)
{
    put_word(mem, at, opcode);
    put_word(mem, (uint16_t)(at + 2), extension);
    return (uint16_t)(at + 4);
}

/* Code that brings the registers of [state] about and ends at CODE; returns its cycles. */
static uint64_t prepare(struct state *state)
{
    static const unsigned order[] = {1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 2};
    uint64_t cycles = 0;
    uint16_t at = START;

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (state->r[order[i]] != 0) { /* mov #value, rN */
            at = emit(state->mem, at, (uint16_t)(0x4030 | order[i]), state->r[order[i]]);
            cycles += 2;
        }
    }
    (void)emit(state->mem, at, 0x4030, CODE);
    put_word(state->mem, 0xfffe, START);
    return cycles + 3;
}

static void expect_state(const struct state *want, const char *text)
{
    for (unsigned i = 0; i < 16; i++) {
        uint16_t got = i == PC ? cw_chip_pc(&chip) : chip.core.r[i];

        if (i != CG && got != want->r[i]) {
            fail_msg("%s: r%u is %04x, not %04x", text, i, got, want->r[i]);
        }
    }
    for (unsigned i = CW_RAM_BASE; i < 0x10000; i++) {
        if (chip.mem[i] != want->mem[i]) {
            fail_msg("%s: byte %04x is %02x, not %02x", text, i, chip.mem[i], want->mem[i]);
        }
    }
}

static void run_instruction(char *at)
{
    static struct state state;
    const char *text = field(&at);
    char *code = field(&at);
    char *before = field(&at);
    char *after = field(&at);
    uint64_t cycles = strtoull(field(&at), NULL, 10);
    uint64_t begin;
    uint16_t address = CODE;

    memset(&state, 0, sizeof state);
    apply(before, &state);
    for (char *word = strtok(code, " "); word != NULL; word = strtok(NULL, " ")) {
        put_word(state.mem, address, (uint16_t)strtoul(word, NULL, 16));
        address = (uint16_t)(address + 2);
    }
    begin = prepare(&state);
    memcpy(chip.mem, state.mem, sizeof chip.mem);
    cw_chip_power_on(&chip);

    state.r[PC] = CODE;
    assert_int_equal(cw_chip_run(&chip, begin), CW_STOP_LIMIT);
    assert_int_equal(cw_chip_cycles(&chip), begin);
    expect_state(&state, text);

    apply(after, &state);
    assert_int_equal(cw_chip_run(&chip, begin + 1), CW_STOP_LIMIT);
    expect_state(&state, text);
    if (cw_chip_cycles(&chip) - begin != cycles) {
        fail_msg("%s: %" PRIu64 " cycles, not %" PRIu64, text, cw_chip_cycles(&chip) - begin,
                cycles);
    }
}

static void run_instructions(bool cycle_model)
{
    FILE *file = open_vectors("tests/vectors/msp430-rtl.txt");
    unsigned count = 0;

    open_chip(128, cycle_model);
    for (; next_case(file); count++) {
        run_instruction(line);
    }
    assert_true(count > 4000);
    cw_chip_close(&chip);
    (void)fclose(file);
}

static void every_instruction_is_as_measured(void **unused)
{
    (void)unused;
    run_instructions(false);
}

static void every_instruction_is_as_measured_in_the_cycle_model(void **unused)
{
    (void)unused;
    run_instructions(true);
}

/* ---- programs --------------------------------------------------------------------------- */

static void digest_hex(const uint8_t *digest, char *ret_text)
{
    for (unsigned i = 0; i < DIGEST_HEX_LEN / 2; i++) {
        (void)snprintf(ret_text + 2 * i, 3, "%02x", digest[i]);
    }
}

/* A line as --trace writes it. */
static void note_instruction(void *arg, const struct cw_chip *running)
{
    (void)fprintf(arg, "%04x", cw_chip_pc(running));
    for (unsigned i = 1; i < 16; i++) {
        if (i != CG) {
            (void)fprintf(arg, " %04x", running->core.r[i]);
        }
    }
    (void)fprintf(arg, " %" PRIu64 "\n", cw_chip_cycles(running));
}

static void load(char *memory)
{
    for (char *part = strtok(memory, " "); part != NULL; part = strtok(NULL, " ")) {
        char *digits = strchr(part, ':');
        uint16_t address = (uint16_t)strtoul(part, NULL, 16);

        assert_non_null(digits);
        for (digits++; digits[0] != 0; digits += 4) {
            char word[5] = {digits[0], digits[1], digits[2], digits[3], 0};

            put_word(chip.mem, address, (uint16_t)strtoul(word, NULL, 16));
            address = (uint16_t)(address + 2);
        }
    }
}

static void run_program(char *at, bool traced, bool cycle_model)
{
    const char *name = field(&at);
    char *setting = field(&at);
    char *stop = field(&at);
    char *counts = field(&at);
    const char *ram = field(&at);
    const char *trace = field(&at);
    uint64_t limit, cycles, instructions;
    uint8_t digest[SHA256_DIGEST_LENGTH];
    char text[DIGEST_HEX_LEN + 1];
    cw_stop stopped;
    char *lines = NULL;
    size_t lines_len = 0;
    FILE *trace_file = NULL;

    open_chip((unsigned)strtoul(setting, &setting, 10), cycle_model);
    limit = strtoull(setting, NULL, 10);
    load(at);
    if (traced) {
        trace_file = open_memstream(&lines, &lines_len);
        assert_non_null(trace_file);
        chip.events.arg = trace_file;
        chip.events.instruction = note_instruction;
    }
    cw_chip_power_on(&chip);
    stopped = cw_chip_run(&chip, limit);

    if (strcmp(cw_run_stop_name(stopped), strtok(stop, " ")) != 0) {
        fail_msg("%s stops with %s", name, cw_run_stop_name(stopped));
    }
    for (unsigned i = 0; i < 16; i++) {
        uint16_t got = i == PC ? cw_chip_pc(&chip) : chip.core.r[i];
        uint16_t want;

        if (i == CG) {
            continue;
        }
        want = (uint16_t)strtoul(strtok(NULL, " "), NULL, 16);
        if (got != want) {
            fail_msg("%s: r%u is %04x, not %04x", name, i, got, want);
        }
    }
    cycles = strtoull(counts, &counts, 10);
    instructions = strtoull(counts, NULL, 10);
    if (cw_chip_stop_cycles(&chip, stopped) != cycles) {
        fail_msg("%s: %" PRIu64 " cycles, not %" PRIu64, name,
                cw_chip_stop_cycles(&chip, stopped), cycles);
    }
    if (chip.instructions != instructions) {
        fail_msg("%s: %" PRIu64 " instructions, not %" PRIu64, name, chip.instructions,
                instructions);
    }
    (void)SHA256(&chip.mem[CW_RAM_BASE], chip.config.ram_len, digest);
    digest_hex(digest, text);
    if (strncmp(text, ram, DIGEST_HEX_LEN) != 0) {
        fail_msg("%s: RAM differs", name);
    }
    if (traced) {
        (void)fclose(trace_file);
        (void)SHA256((const uint8_t *)lines, lines_len, digest);
        free(lines);
        digest_hex(digest, text);
        if (strncmp(text, trace, DIGEST_HEX_LEN) != 0) {
            fail_msg("%s: the trace differs", name);
        }
    }
    cw_chip_close(&chip);
}

static void run_programs(bool traced, bool cycle_model)
{
    FILE *file = open_vectors("tests/vectors/sancus-rtl.txt");
    unsigned count = 0;

    for (; next_case(file); count++) {
        run_program(line, traced, cycle_model);
    }
    assert_true(count > 500);
    (void)fclose(file);
}

static void every_program_ends_as_measured(void **unused)
{
    (void)unused;
    run_programs(false, false);
}

static void every_program_runs_step_by_step_as_measured(void **unused)
{
    (void)unused;
    run_programs(true, false);
}

static void every_program_ends_as_measured_in_the_cycle_model(void **unused)
{
    (void)unused;
    run_programs(false, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_instruction_is_as_measured),
            cmocka_unit_test(every_instruction_is_as_measured_in_the_cycle_model),
            cmocka_unit_test(every_program_ends_as_measured),
            cmocka_unit_test(every_program_runs_step_by_step_as_measured),
            cmocka_unit_test(every_program_ends_as_measured_in_the_cycle_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
