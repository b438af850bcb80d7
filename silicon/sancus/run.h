/* SPDX-License-Identifier: MIT */
/*
 * run.h - run one program to its stop and report.
 *
 * Trust    SILICON.
 */
#ifndef CW_SILICON_SANCUS_RUN_H
#define CW_SILICON_SANCUS_RUN_H

#include "silicon/sancus/chip.h"
#include "silicon/sancus/symbols.h"

struct cw_run_options {
    const char *elf;
    const char *trace;      /* file, or NULL */
    uint64_t limit;         /* cycles        */
    bool json;
    const char *gdb;        /* see cw_gdb_open, or NULL             */
    const char *profile;    /* file, "-" or NULL                    */
    struct cw_symbols *symbols; /* the program's own are added to it */
};

/*
 * cw_run_program - load, run, print the result on standard output.
 *
 * CW_E_FORM    the program cannot be loaded (logged)
 * CW_E_SYSTEM  a file cannot be read or written (logged)
 */
CW_MUST_CHECK cw_status cw_run_program(struct cw_chip *chip, const struct cw_run_options *options);

/* cw_run_stop_name - the word for a reason to stop. */
const char *cw_run_stop_name(cw_stop stop);

/* cw_run_say_violation - a violation, in words, on standard error. */
void cw_run_say_violation(const struct cw_violation *violation);

#endif
