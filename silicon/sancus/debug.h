/* SPDX-License-Identifier: MIT */
/*
 * debug.h - where a chip that somebody debugs stops.
 *
 * What     Breakpoints, watchpoints, single steps, violations: a chip with chip->debug set stops
 *          at the next instruction boundary with CW_STOP_DEBUG.  Points are no part of the
 *          chip: memory, cycles and measurement of the program stay as they are.
 * Trust    SILICON.
 * Memory   The caller owns struct cw_debug; the chip points to it between attach and detach.
 * Speed    Without chip->debug: one comparison per slow instruction.  With it: code with a
 *          breakpoint and accesses near a watchpoint are left to core.c, all else stays fast.
 *
 *     cw_debug_attach --> cw_debug_resume, cw_chip_run ... --> cw_debug_detach
 */
#ifndef CW_SILICON_SANCUS_DEBUG_H
#define CW_SILICON_SANCUS_DEBUG_H

#include "silicon/sancus/chip.h"

#define CW_DEBUG_POINTS_MAX 64u

/* Bits in cw_debug.at. */
#define CW_DEBUG_BREAK 1u
#define CW_DEBUG_READ 2u
#define CW_DEBUG_WRITE 4u

typedef enum cw_debug_reason {
    CW_DEBUG_NONE,
    CW_DEBUG_STEPPED,
    CW_DEBUG_BREAKPOINT,
    CW_DEBUG_WATCHPOINT,
    CW_DEBUG_VIOLATION,
} cw_debug_reason;

struct cw_debug_point {
    uint8_t kinds;           /* of the bits above; 0: the row is free */
    uint16_t address, len;   /* len >= 1, within 64 KiB               */
};

struct cw_debug {
    struct cw_debug_point point[CW_DEBUG_POINTS_MAX];
    uint8_t at[0x10000];
    bool step;
    uint64_t resumed_at;     /* instructions then: the first one is not held up          */
    uint64_t violations;     /* of the chip, that were reported                          */
    uint16_t before[16];     /* registers when the last instruction of core.c began      */
    cw_debug_reason reason;  /* of the last CW_STOP_DEBUG                                */
    bool watched;            /* an access since the last resume met a watchpoint         */
    bool watched_write;
    uint16_t watched_address;
    uint8_t watched_kinds;   /* of the point that was met: READ, WRITE or both           */
};

/* cw_debug_attach - empty; the chip stops where [debug] says from now on. */
void cw_debug_attach(struct cw_chip *chip, struct cw_debug *debug);
void cw_debug_detach(struct cw_chip *chip);

/*
 * cw_debug_insert, cw_debug_remove - a point; both may be repeated without effect.
 *
 * kinds    CW_DEBUG_BREAK, or READ and WRITE in any combination
 *
 * CW_E_FORM   an odd breakpoint, no bytes, or bytes beyond 64 KiB
 * CW_E_SPACE  the table is full
 */
CW_MUST_CHECK cw_status cw_debug_insert(struct cw_chip *chip, unsigned kinds, uint32_t address,
        uint32_t len);
CW_MUST_CHECK cw_status cw_debug_remove(struct cw_chip *chip, unsigned kinds, uint32_t address,
        uint32_t len);

/* cw_debug_resume - before cw_chip_run: go on, or to the next instruction only. */
void cw_debug_resume(struct cw_chip *chip, bool step);

/* For the chip.  An instruction is about to begin: does it stop there? */
bool cw_debug_stops(struct cw_chip *chip);
/* The core reads or writes (lanes != 0). */
void cw_debug_access(struct cw_chip *chip, uint16_t address, uint8_t lanes, bool word);

#endif
