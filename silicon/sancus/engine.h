/* SPDX-License-Identifier: MIT */
/*
 * engine.h - runs plain instructions fast.
 *
 * What     A dispatch table with one entry per word of program memory, filled on first use and
 *          emptied where memory is written; and for everyone who can run (unprotected code, each
 *          module) a map of what that one may do at every address.  Whatever is not plain (a
 *          device, an interrupt, another module, SR, a write to program memory) is left to
 *          core.c, from the instruction's beginning.
 * Trust    SILICON.
 */
#ifndef CW_SILICON_SANCUS_ENGINE_H
#define CW_SILICON_SANCUS_ENGINE_H

#include "silicon/sancus/chip.h"

/* cw_engine_open - CW_E_SYSTEM: out of memory (logged). */
CW_MUST_CHECK cw_status cw_engine_open(struct cw_chip *chip);
void cw_engine_close(struct cw_chip *chip);

/*
 * cw_engine_run - from an instruction boundary, run as many plain instructions as there are
 * before the cycle [until].
 *
 * True: at least one; the chip stands at another boundary.  False: nothing changed.
 */
bool cw_engine_run(struct cw_chip *chip, uint64_t until);

#endif
