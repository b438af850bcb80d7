/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/profile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "posix/log.h"
#include "silicon/sancus/unit.h"

/* Rows behind those of the symbols. */
#define ROW_MODULE(profile, slot) ((profile)->symbols->count + (slot))
#define ROW_OTHER(profile) ((profile)->symbols->count + CW_SLOTS_MAX)
#define ROW_ASLEEP(profile) ((profile)->symbols->count + CW_SLOTS_MAX + 1)

cw_status cw_profile_open(struct cw_profile *profile, const struct cw_symbols *symbols)
{
    *profile = (struct cw_profile){
            .symbols = symbols, .rows_count = symbols->count + CW_SLOTS_MAX + 2};
    profile->row = calloc(profile->rows_count, sizeof profile->row[0]);
    if (profile->row == NULL) {
        cw_log_error("out of memory");
        return CW_E_SYSTEM;
    }
    return CW_OK;
}

void cw_profile_close(struct cw_profile *profile)
{
    free(profile->row);
    profile->row = NULL;
}

static size_t row_at(const struct cw_profile *profile, const struct cw_chip *chip, uint16_t pc)
{
    int slot;

    if (profile->symbols->at[pc] != CW_SYMBOLS_NONE) {
        return profile->symbols->at[pc];
    }
    slot = cw_unit_at(chip, pc);
    return slot >= 0 ? ROW_MODULE(profile, (size_t)slot) : ROW_OTHER(profile);
}

void cw_profile_until(struct cw_profile *profile, const struct cw_chip *chip, uint64_t cycle)
{
    uint64_t busy_end = cycle;

    if (!profile->running || cycle < profile->last_cycle) { /* the power was off */
        return;
    }
    if (chip->asleep_since > chip->origin + profile->last_cycle &&
            chip->asleep_since - chip->origin < cycle) {
        busy_end = chip->asleep_since - chip->origin;
    }
    profile->row[profile->last_row].cycles += busy_end - profile->last_cycle;
    profile->row[ROW_ASLEEP(profile)].cycles += cycle - busy_end;
    profile->last_cycle = cycle;
}

void cw_profile_instruction(struct cw_profile *profile, const struct cw_chip *chip)
{
    uint16_t pc = chip->core.inst_pc;
    const struct cw_symbol *symbol = cw_symbols_find(profile->symbols, pc);
    size_t row = row_at(profile, chip, pc);
    bool moved = !profile->running || row != profile->last_row;

    cw_profile_until(profile, chip, cw_chip_cycles(chip));
    if (symbol != NULL ? symbol->address == pc && (moved || profile->last_calls) : moved) {
        profile->row[row].calls++;
    }
    profile->running = true;
    profile->last_row = row;
    profile->last_cycle = cw_chip_cycles(chip);
    profile->last_calls = chip->core.inst.one == CW_ONE_CALL;
}

/* ---- the table ---- */

struct line {
    size_t row;
    uint64_t cycles;
};

static int by_cycles(const void *a, const void *b)
{
    const struct line *x = a, *y = b;

    if (x->cycles != y->cycles) {
        return x->cycles < y->cycles ? 1 : -1;
    }
    return (x->row > y->row) - (x->row < y->row);
}

static void name_of(const struct cw_profile *profile, size_t row, char *ret_name, size_t cap)
{
    if (row < profile->symbols->count) {
        (void)snprintf(ret_name, cap, "%s", profile->symbols->symbol[row].name);
    } else if (row == ROW_OTHER(profile)) {
        (void)snprintf(ret_name, cap, "[no symbol]");
    } else if (row == ROW_ASLEEP(profile)) {
        (void)snprintf(ret_name, cap, "[asleep]");
    } else {
        (void)snprintf(ret_name, cap, "[module in slot %zu]", row - profile->symbols->count);
    }
    for (char *c = ret_name; *c != 0; c++) { /* names come from files */
        if (*c < ' ' || *c >= 0x7f || *c == '"' || *c == '\\') {
            *c = '?';
        }
    }
}

static void print_line(FILE *to, const struct cw_profile *profile, const struct line *line,
        uint64_t total, bool json)
{
    double share = total == 0 ? 0 : 100.0 * (double)line->cycles / (double)total;
    uint64_t calls = profile->row[line->row].calls;
    bool symbol = line->row < profile->symbols->count;
    char name[256];

    name_of(profile, line->row, name, sizeof name);
    if (json) {
        (void)fprintf(to,
                "{\"function\": \"%s\", \"address\": %d, \"cycles\": %" PRIu64
                ", \"share\": %.4f, \"calls\": %" PRIu64 "}",
                name, symbol ? profile->symbols->symbol[line->row].address : -1, line->cycles,
                share / 100, calls);
        return;
    }
    (void)fprintf(to, "%14" PRIu64 " %6.2f%% %10" PRIu64 "  ", line->cycles, share, calls);
    if (symbol) {
        (void)fprintf(to, "%04x  %s\n", profile->symbols->symbol[line->row].address, name);
    } else {
        (void)fprintf(to, "      %s\n", name);
    }
}

static void print(FILE *to, const struct cw_profile *profile, struct line *lines, bool json)
{
    uint64_t total = 0;
    size_t count = 0;

    for (size_t i = 0; i < profile->rows_count; i++) {
        if (profile->row[i].cycles != 0 || profile->row[i].calls != 0) {
            lines[count++] = (struct line){i, profile->row[i].cycles};
            total += profile->row[i].cycles;
        }
    }
    qsort(lines, count, sizeof lines[0], by_cycles);
    if (json) {
        (void)fprintf(to, "{\"cycles\": %" PRIu64 ", \"functions\": [", total);
    } else {
        (void)fprintf(to, "%14s %7s %10s  %-4s  %s\n", "cycles", "share", "calls", "at",
                "function");
    }
    for (size_t i = 0; i < count; i++) {
        (void)fputs(json && i != 0 ? ",\n" : "", to);
        print_line(to, profile, &lines[i], total, json);
    }
    if (json) {
        (void)fprintf(to, "]}\n");
    } else {
        (void)fprintf(to, "%14" PRIu64 " 100.00%%\n", total);
    }
}

cw_status cw_profile_write(const struct cw_profile *profile, const char *path, bool json)
{
    bool standard = strcmp(path, "-") == 0;
    struct line *lines = calloc(profile->rows_count, sizeof lines[0]);
    FILE *to = standard ? stdout : fopen(path, "w");
    bool good = false;

    if (lines != NULL && to != NULL) {
        print(to, profile, lines, json);
        good = fflush(to) == 0 && ferror(to) == 0;
    }
    if (to != NULL && !standard) {
        good = fclose(to) == 0 && good;
    }
    if (!good) {
        cw_log_error("cannot write the profile %s: %s", path, strerror(errno));
    }
    free(lines);
    return good ? CW_OK : CW_E_SYSTEM;
}
