/* SPDX-License-Identifier: MIT */
/*
 * crypto.h - the engine that executes Sancus instructions, cycle by cycle.
 *
 * What     Two sequencers, of the instruction and of the duplex, drive the sponge and the memory
 *          bus.  What odd arguments do follows from their steps.
 * Trust    SILICON.
 */
#ifndef CW_SILICON_SANCUS_CRYPTO_H
#define CW_SILICON_SANCUS_CRYPTO_H

#include "silicon/sancus/chip.h"

/* What the engine does in one cycle. */
struct cw_crypto_drive {
    bool busy;
    bool bus;               /* it uses the memory bus */
    uint8_t lanes;          /* written, 0: a read     */
    uint16_t address, data;
    bool clear_z;
    bool cancel;            /* the ENABLE is undone   */
};

/* cw_crypto_reset - idle. */
void cw_crypto_reset(struct cw_chip *chip);

/* cw_crypto_is_idle - nothing runs, and no result is on its way to a register. */
bool cw_crypto_is_idle(const struct cw_chip *chip);

/*
 * cw_crypto_screen - an instruction of the engine begins: what closed quirks say about it.
 * Must come before the first cw_crypto_cycle of that instruction.
 */
void cw_crypto_screen(struct cw_chip *chip);

/*
 * cw_crypto_cycle - one cycle.  Registers of the engine are committed; the bus is the caller's.
 *
 * start      an instruction begins in this cycle
 * mem_in     the word on the memory bus
 */
struct cw_crypto_drive cw_crypto_cycle(struct cw_chip *chip, bool start, uint16_t mem_in);

/*
 * cw_crypto_idle_cycles - how many of the coming cycles will be exactly as the last one was.
 * cw_crypto_skip        - let them pass.
 */
unsigned cw_crypto_idle_cycles(const struct cw_chip *chip);
void cw_crypto_skip(struct cw_chip *chip, unsigned cycles);

#endif
