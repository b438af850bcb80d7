/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - what C cannot say: the CPU, its interrupts, the call of the secure world.
 *
 * What     The CPU runs with its interrupts masked and looks for them when it has time: WFI wakes
 *          it in spite of the mask.
 * Trust    UNTRUSTED.
 */
#ifndef CW_TEE_TRUSTZONE_NODE_FIRMWARE_CPU_H
#define CW_TEE_TRUSTZONE_NODE_FIRMWARE_CPU_H

#include <stdbool.h>
#include <stdint.h>

static inline uint32_t cpu_get32(uint64_t address)
{
    return *(volatile uint32_t *)address;
}

static inline void cpu_put32(uint64_t address, uint32_t value)
{
    *(volatile uint32_t *)address = value;
}

static inline void cpu_barrier(void)
{
    __asm__ volatile("dmb sy" ::: "memory");
}

/* cpu_open - once, at first: what makes calls quick. */
void cpu_open(void);

/* cpu_call - the one way to the secure world.  words: x0..x3, in and out; without one: x0 -1. */
void cpu_call(uint64_t words[static 4]);

/*
 * cpu_access - read or write what may not be there.
 *
 * len  1, 2, 4 or 8; anything else does nothing
 *
 * False: the CPU aborted; ret_abort: ESR_EL1, FAR_EL1
 */
bool cpu_access(uint64_t address, uint64_t len, bool is_write, uint64_t *value,
        uint64_t ret_abort[static 2]);

/* cpu_mask - also what is not masked anyway. */
void cpu_mask(bool is_masked);

/* cpu_interrupts_open - of a device, or of the secure world: 32.. */
void cpu_interrupt_open(unsigned number);

/* cpu_sleep - until an interrupt comes, then take all that wait. */
void cpu_sleep(void);

/* main.c: an interrupt came. */
void interrupt(unsigned number);

#endif
