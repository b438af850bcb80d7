/* SPDX-License-Identifier: MIT */
/*
 * profile.h - cycles per function, exactly.
 *
 * What     Every cycle from the first instruction to the stop belongs to one row: the function of
 *          the instruction that it was spent on.  What an interrupt's entry takes belongs to the
 *          instruction before it.  Code without symbols has one row per module and one for the
 *          rest; sleep has its own.
 * Trust    SILICON.
 * Speed    While there is a profile, every instruction goes through core.c.
 */
#ifndef CW_SILICON_SANCUS_PROFILE_H
#define CW_SILICON_SANCUS_PROFILE_H

#include "silicon/sancus/chip.h"
#include "silicon/sancus/symbols.h"

struct cw_profile_row {
    uint64_t cycles, calls;
};

struct cw_profile {
    const struct cw_symbols *symbols;
    struct cw_profile_row *row; /* symbols, modules without symbols, other code, sleep */
    size_t rows_count;
    size_t last_row;            /* of the instruction that ran last */
    uint64_t last_cycle;        /* when it began                    */
    bool running, last_calls;
};

/* cw_profile_open - CW_E_SYSTEM: out of memory (logged). */
CW_MUST_CHECK cw_status cw_profile_open(struct cw_profile *profile,
        const struct cw_symbols *symbols);
void cw_profile_close(struct cw_profile *profile);

/* cw_profile_instruction - one is about to execute (cw_chip_events). */
void cw_profile_instruction(struct cw_profile *profile, const struct cw_chip *chip);

/* cw_profile_until - account for everything up to a cycle, where the chip stands or sleeps. */
void cw_profile_until(struct cw_profile *profile, const struct cw_chip *chip, uint64_t cycle);

/*
 * cw_profile_write - the table, most cycles first, to a file; path "-": standard output.
 *
 * json     one object: cycles, functions [{function, address (-1: none), cycles, share, calls}]
 *
 * CW_E_SYSTEM  it cannot be written (logged)
 */
CW_MUST_CHECK cw_status cw_profile_write(const struct cw_profile *profile, const char *path,
        bool json);

#endif
