/* SPDX-License-Identifier: MIT */
/*
 * soc.h - the devices around the core, and their time.
 *
 * What     Address decoding of the first 512 bytes, clock enables, and the state of every
 *          device at any cycle.  Devices are brought up to date only when somebody looks: at a
 *          register access, at an instruction boundary, or at the next event that matters.
 * Trust    SILICON.
 */
#ifndef CW_SILICON_SANCUS_SOC_H
#define CW_SILICON_SANCUS_SOC_H

#include "silicon/sancus/chip.h"

/* What happens on the bus and at the interrupt controller in one cycle. */
struct cw_soc_input {
    bool read, write;
    uint16_t address;   /* even; of read or write      */
    uint16_t data;      /* to write                    */
    uint8_t lanes;      /* bit 0: low byte, 1: high    */
    uint8_t accepted;   /* interrupt number + 1, or 0  */
};

/* cw_soc_reset - all devices to their reset values, in cycle [now]. */
void cw_soc_reset(struct cw_chip *chip, uint64_t now, bool power_on);

/* cw_soc_sync - bring all devices to their state at the start of [cycle]. */
void cw_soc_sync(struct cw_chip *chip, uint64_t cycle);

/*
 * cw_soc_access - one cycle with something going on; chip->cycle is that cycle.
 *
 * Returns the word read, else 0.
 */
uint16_t cw_soc_access(struct cw_chip *chip, const struct cw_soc_input *input);

/* cw_soc_peek - the word at an even address, as it is; what a read would change does not. */
uint16_t cw_soc_peek(struct cw_chip *chip, uint16_t address);

/* cw_soc_irqs - bit n: interrupt n is requested in this cycle (after cw_soc_sync). */
uint16_t cw_soc_irqs(const struct cw_chip *chip);

/*
 * cw_soc_next_event - the first cycle at which an interrupt line could rise, or the chip be
 * reset, if nobody touches a register until then.  Never too late; may be too early.
 */
uint64_t cw_soc_next_event(struct cw_chip *chip);

/*
 * cw_soc_may_wake - whether any device can ever request an interrupt (or reset the chip) with
 * nobody touching a register.
 */
bool cw_soc_may_wake(struct cw_chip *chip, bool interrupts_enabled);

/* cw_soc_uart_event - when the UART's next byte is through, either way. */
uint64_t cw_soc_uart_event(const struct cw_chip *chip);

/* cw_soc_uart_put - bytes for the board's receiver; how many there was room for. */
unsigned cw_soc_uart_put(struct cw_chip *chip, const uint8_t *bytes, unsigned len);

/* cw_soc_uart_take - bytes that the board has sent; how many. */
unsigned cw_soc_uart_take(struct cw_chip *chip, uint8_t *ret_bytes, unsigned cap);

/* cw_soc_pins - the level at the pins of a port, from outside. */
void cw_soc_pins(struct cw_chip *chip, unsigned port, uint8_t level);

/* cw_soc_clock_gates - SCG1 and OSCOFF of the core have changed, from [cycle] on. */
void cw_soc_clock_gates(struct cw_chip *chip, uint64_t cycle, bool scg1, bool oscoff);

#endif
