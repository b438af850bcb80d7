/* SPDX-License-Identifier: MIT */
/*
 * core.h - the processor, one clock cycle at a time.
 *
 * What     Fetch, decode, execution unit, memory backbone and interrupt entry, with the timing of
 *          the published core.  This is the reference model; engine.c runs plain instructions
 *          faster with the same results.
 * Trust    SILICON.
 */
#ifndef CW_SILICON_SANCUS_CORE_H
#define CW_SILICON_SANCUS_CORE_H

#include "silicon/sancus/chip.h"

/* What a cycle brought. */
typedef enum cw_cycle {
    CW_CYCLE_PLAIN,
    CW_CYCLE_BEGIN,  /* an instruction begins in the next cycle: core.inst_pc */
    CW_CYCLE_SLEEP,  /* the core is off */
} cw_cycle;

/* cw_core_reset - registers to their reset values. */
void cw_core_reset(struct cw_chip *chip);

/* cw_core_cycle - one clock cycle; advances chip->cycle by 1, or more while crypto computes. */
cw_cycle cw_core_cycle(struct cw_chip *chip);

/*
 * cw_core_is_plain - the pipeline is as a prefix of plain instructions would leave it: its
 * state follows from the registers and memory alone.  Only asked after CW_CYCLE_BEGIN.
 */
bool cw_core_is_plain(const struct cw_chip *chip);

/*
 * cw_core_enter - put the pipeline where it is when the instruction at [pc] begins.
 *
 * previous    the instruction before it
 */
void cw_core_enter(struct cw_chip *chip, uint16_t pc, uint16_t previous);

#endif
