/* SPDX-License-Identifier: MIT */
/*
 * The DMA unit of the simulated chip.  Some cycles after it is told to, it reads one address in
 * each of 2048 cycles and notes in which of them the core was in its way: so software can see the
 * core's accesses, but no data.  It never delays the core.
 */
#include "silicon/sancus/chip.h"
#include "silicon/sancus/devices.h"

#define SAMPLES (8u * sizeof((struct cw_dma *)0)->trace)
#define IDLE 0xffffu
/* Cycles until a change of the trace, or of the offset into it, has reached the data register. */
#define SETTLE_CYCLES 3u

void cw_dma_reset(struct cw_dma *dma)
{
    dma->address = 0;
    dma->count = IDLE;
    dma->trace_offset = 0;
    dma->settle = SETTLE_CYCLES;
}

bool cw_dma_is_active(const struct cw_dma *dma)
{
    return dma->count != IDLE || dma->settle != 0;
}

void cw_dma_write(struct cw_dma *dma, uint16_t address, uint16_t data)
{
    switch (address) {
    case CW_DMA_ADDR:
        dma->address = data;
        break;
    case CW_DMA_COUNT:
        dma->count = data;
        break;
    case CW_DMA_TRACE_OFFSET:
        dma->trace_offset = data;
        dma->settle = SETTLE_CYCLES;
        break;
    default:
        break;
    }
}

static uint16_t window(const struct cw_dma *dma)
{
    uint16_t word = 0;

    for (unsigned i = 0; i < 16; i++) {
        unsigned bit = dma->trace_offset + i;

        if (bit < SAMPLES && (dma->trace[bit / 8] >> bit % 8 & 1) != 0) {
            word |= (uint16_t)(1u << i);
        }
    }
    return word;
}

static void note(struct cw_dma *dma, bool delayed)
{
    unsigned bit = SAMPLES - 1 - dma->remaining;

    if (bit < SAMPLES) { /* else it wrapped: never armed */
        dma->trace[bit / 8] &= (uint8_t)~(1u << bit % 8);
        dma->trace[bit / 8] |= (uint8_t)((delayed ? 1u : 0) << bit % 8);
    }
}

void cw_dma_step(struct cw_dma *dma, bool delayed)
{
    dma->data = dma->trace_out;
    dma->trace_out = window(dma);
    if (dma->settle != 0) {
        dma->settle--;
    }
    switch (dma->count) {
    case IDLE:
        break;
    case 0:
        note(dma, delayed);
        dma->enable = dma->remaining != 0;
        dma->target = dma->address & 0xfffe;
        if (dma->remaining == 0) {
            dma->count = IDLE;
            dma->settle = SETTLE_CYCLES;
        }
        dma->remaining--;
        break;
    case 1:
        dma->enable = true;
        dma->target = dma->address & 0xfffe;
        dma->remaining = SAMPLES - 1;
        dma->count = 0;
        break;
    default:
        dma->count--;
        break;
    }
}

void cw_dma_pass(struct cw_dma *dma, uint64_t cycles)
{
    for (; cycles != 0 && cw_dma_is_active(dma); cycles--) {
        cw_dma_step(dma, false);
    }
}

bool cw_dma_is_refused(const struct cw_chip *chip)
{
    uint16_t target = chip->soc.dma.target;

    for (unsigned i = 0; i < chip->config.slots_count; i++) {
        const struct cw_slot *slot = &chip->unit.slot[i];

        if (slot->enabled && ((target >= slot->ps && target < slot->pe) ||
                                     (target >= slot->ss && target < slot->se))) {
            return true;
        }
    }
    return false;
}
