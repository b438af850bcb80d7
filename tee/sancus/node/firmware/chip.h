/* SPDX-License-Identifier: MIT */
/*
 * chip.h - what C cannot say: instructions of the Sancus unit, and branches into modules.
 *
 * Trust    UNTRUSTED.
 */
#ifndef CW_TEE_SANCUS_NODE_FIRMWARE_CHIP_H
#define CW_TEE_SANCUS_NODE_FIRMWARE_CHIP_H

#include <stdint.h>

/* Bit n: interrupt n woke the board and its device still waits. */
extern volatile uint16_t chip_interrupts;

struct chip_sections {
    uint16_t vendor, ps, pe, ss, se;
};

/* chip_enable - ENABLE; the id, or 0. */
uint16_t chip_enable(const struct chip_sections *sections);

/* chip_id_at - GET_ID. */
uint16_t chip_id_at(uint16_t address);

struct chip_call {
    uint16_t ps, entry, in, in_len, out, out_cap; /* abi.h, section 2 */
    uint16_t low, high;                           /* what came back   */
};

/* chip_call - enter a module: CW_LINE_OK, or CW_LINE_VIOLATION when it broke off. */
uint16_t chip_call(struct chip_call *call);

/* chip_sleep - until an interrupt; interrupts are off before and after. */
void chip_sleep(void);

_Noreturn void chip_reboot(void);

#endif
