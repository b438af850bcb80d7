/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/chip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "silicon/sancus/core.h"
#include "silicon/sancus/crypto.h"
#include "silicon/sancus/debug.h"
#include "silicon/sancus/devices.h"
#include "silicon/sancus/engine.h"
#include "silicon/sancus/soc.h"
#include "silicon/sancus/unit.h"

/* Longer than any instruction; UNWRAP without data and body never ends (quirk unwrap-empty). */
#define INSTRUCTION_CYCLES_MAX (UINT64_C(1) << 24)
/* Reset is held this long after its cause. */
#define RESET_CYCLES 3u

static bool is_possible(const struct cw_chip_config *config)
{
    uint32_t ram_end = CW_RAM_BASE + config->ram_len;

    return config->rom_len % 1024 == 0 && config->rom_len >= 1024 && config->rom_len <= 0xf000 &&
            config->ram_len % 128 == 0 && config->ram_len >= 128 &&
            ram_end + config->rom_len <= 0x10000 && config->slots_count >= 1 &&
            config->slots_count <= CW_SLOTS_MAX &&
            (config->security_bits == 64 || config->security_bits == 128);
}

cw_status cw_chip_init(struct cw_chip *chip, const struct cw_chip_config *config)
{
    cw_status status;

    memset(chip, 0, sizeof *chip);
    if (!is_possible(config)) {
        return CW_E_FORM;
    }
    chip->config = *config;
    chip->rom_base = (uint16_t)(0x10000 - config->rom_len);
    chip->ram_end = CW_RAM_BASE + config->ram_len;
    chip->soc.counter.fd = -1;
    status = cw_board_open(chip);
    if (status != CW_OK) {
        return status;
    }
    status = cw_engine_open(chip);
    if (status != CW_OK) {
        cw_board_close(chip);
    }
    return status;
}

void cw_chip_close(struct cw_chip *chip)
{
    cw_engine_close(chip);
    cw_board_close(chip);
    cw_bytes_wipe(&chip->config.node_key, sizeof chip->config.node_key);
}

static void restart(struct cw_chip *chip, bool power_on)
{
    cw_core_reset(chip);
    cw_crypto_reset(chip);
    cw_unit_reset(chip);
    cw_soc_reset(chip, chip->cycle, power_on);
    if (!power_on && !cw_chip_has(chip, CW_QUIRK_RESET_REMANENCE)) {
        memset(&chip->mem[CW_RAM_BASE], 0, chip->config.ram_len);
    }
    chip->event_at = 0;
    chip->at_boundary = false;
    chip->asleep = false;
    chip->stop = CW_STOP_NONE;
    chip->slots_changed = true;
    cw_chip_touch(chip, 0, 0x10000);
}

void cw_chip_power_on(struct cw_chip *chip)
{
    chip->cycle = 0;
    chip->origin = 0;
    chip->instructions = 0;
    chip->violations_count = 0;
    chip->started = false;
    restart(chip, true);
}

void cw_chip_reset(struct cw_chip *chip, const char *why)
{
    chip->cycle += RESET_CYCLES;
    restart(chip, false);
    if (chip->events.reset != NULL) {
        chip->events.reset(chip->events.arg, why);
    }
}

uint64_t cw_chip_cycles(const struct cw_chip *chip)
{
    return chip->started ? chip->cycle - chip->origin : 0;
}

uint64_t cw_chip_stop_cycles(const struct cw_chip *chip, cw_stop stop)
{
    return stop == CW_STOP_CPUOFF ? chip->asleep_since - chip->origin : cw_chip_cycles(chip);
}

uint16_t cw_chip_pc(const struct cw_chip *chip)
{
    /* a trap in the middle of an instruction: that one */
    return chip->at_boundary || chip->stop == CW_STOP_ILLEGAL ? chip->core.inst_pc
                                                              : chip->core.r[0];
}

void cw_chip_trap(struct cw_chip *chip, const char *rule, uint16_t address)
{
    if (chip->stop == CW_STOP_NONE) {
        chip->stop = CW_STOP_ILLEGAL;
        chip->trap_rule = rule;
        chip->trap_address = address;
    }
}

uint64_t cw_chip_next_event(struct cw_chip *chip)
{
    if (chip->event_at == 0) {
        cw_soc_sync(chip, chip->cycle);
        chip->event_at = cw_soc_next_event(chip);
    }
    return chip->event_at;
}

void cw_chip_jump(struct cw_chip *chip, uint16_t pc)
{
    cw_core_enter(chip, pc, pc);
    cw_unit_refresh(chip);
    chip->event_at = 0;
}

void cw_chip_came_from(struct cw_chip *chip, uint16_t pc)
{
    chip->core.previous_pc = pc;
    cw_unit_refresh(chip);
}

void cw_chip_set_flags(struct cw_chip *chip, uint16_t sr)
{
    chip->core.r[2] = (uint16_t)((chip->core.r[2] & ~CW_SR_WRITABLE) | (sr & CW_SR_WRITABLE));
    cw_soc_clock_gates(chip, chip->cycle, (sr & CW_SR_SCG1) != 0, (sr & CW_SR_OSCOFF) != 0);
}

void cw_chip_sleep(struct cw_chip *chip, uint64_t cycles)
{
    chip->cycle += cycles;
    cw_dma_pass(&chip->soc.dma, cycles);
    cw_soc_sync(chip, chip->cycle);
    chip->event_at = 0;
}

/* Let devices catch up when they must; true: the chip was reset. */
static bool look_at_devices(struct cw_chip *chip)
{
    if (chip->cycle < chip->event_at) {
        return false;
    }
    cw_soc_sync(chip, chip->cycle);
    if (chip->cycle >= chip->soc.watchdog.reset_at) {
        bool violation = chip->core.violation_latched ||
                chip->config.on_violation == CW_VIOLATION_RESET;

        cw_chip_reset(chip, violation ? "violation" : "watchdog");
        return true;
    }
    chip->event_at = cw_soc_next_event(chip);
    return false;
}

static bool interrupts_on(const struct cw_chip *chip)
{
    return (chip->core.r[2] & CW_SR_GIE) != 0;
}

static bool jumps_to_itself(const struct cw_chip *chip)
{
    return chip->core.inst.format == CW_FORMAT_JUMP && chip->core.inst.condition == 7 &&
            chip->core.inst.constant == 0xfffe;
}

static bool is_alias(uint16_t word)
{
    if (word < 0x1000) {
        return true; /* decoded like 0x1000 to 0x1fff */
    }
    if (word >= 0x1400 && word < 0x2000) {
        return true; /* decoded like 0x1000 to 0x13ff */
    }
    if ((word & 0xff80) == 0x1380) {
        return word > CW_SANCUS_CLIX;
    }
    if ((word & 0xff80) == 0x1300) {
        return word != 0x1300;
    }
    /* no byte form of SWPB, SXT and CALL */
    return (word & 0xffc0) == 0x10c0 || (word & 0xffc0) == 0x11c0 || (word & 0xffc0) == 0x12c0;
}

static void check_traps(struct cw_chip *chip)
{
    uint16_t pc = chip->core.inst_pc;

    if (!cw_chip_has(chip, CW_QUIRK_FETCH_OUTSIDE) && !cw_chip_is_rom(chip, pc)) {
        cw_chip_trap(chip, "fetch-outside", pc);
    }
    if (!cw_chip_has(chip, CW_QUIRK_ODD_WORD) && (pc & 1) != 0) {
        cw_chip_trap(chip, "odd-word", pc);
    }
    if (!cw_chip_has(chip, CW_QUIRK_OPCODE_ALIAS) && cw_chip_is_rom(chip, pc) &&
            is_alias(cw_chip_word(chip, pc))) {
        cw_chip_trap(chip, "opcode-alias", pc);
    }
}

/* An instruction begins in this cycle, unless the run stops here. */
static cw_stop begin(struct cw_chip *chip)
{
    if (!chip->started) {
        chip->started = true;
        chip->origin = chip->cycle;
    }
    if (chip->stop != CW_STOP_NONE) {
        return chip->stop;
    }
    if (cw_chip_cycles(chip) >= chip->cycle_limit) {
        return CW_STOP_LIMIT;
    }
    if (chip->debug != NULL && cw_debug_stops(chip)) {
        return CW_STOP_DEBUG;
    }
    if (jumps_to_itself(chip)) {
        cw_soc_sync(chip, chip->cycle);
        if (!cw_soc_may_wake(chip, interrupts_on(chip))) {
            return CW_STOP_SELF_JUMP;
        }
    }
    check_traps(chip);
    if (chip->stop != CW_STOP_NONE) {
        return chip->stop;
    }
    return CW_STOP_NONE;
}

static uint64_t last_cycle(const struct cw_chip *chip)
{
    return chip->cycle_limit > UINT64_MAX - chip->origin ? UINT64_MAX
                                                         : chip->origin + chip->cycle_limit;
}

/* The core is off: go to the next event, or stop. */
static cw_stop sleep_on(struct cw_chip *chip)
{
    uint64_t limit = last_cycle(chip);
    bool uart_is_next;
    uint64_t event;

    cw_soc_sync(chip, chip->cycle);
    chip->event_at = 0;
    if (!cw_soc_may_wake(chip, interrupts_on(chip))) {
        return CW_STOP_CPUOFF;
    }
    if (interrupts_on(chip) && cw_soc_irqs(chip) != 0) {
        return CW_STOP_NONE;
    }
    event = cw_chip_next_event(chip);
    uart_is_next = event == cw_soc_uart_event(chip);
    if (event > limit) {
        event = limit;
    }
    if (event > chip->cycle + 1) {
        if (chip->real_time && !uart_is_next) {
            return CW_STOP_SLEEP;
        }
        cw_dma_pass(&chip->soc.dma, event - chip->cycle);
        chip->cycle = event;
    }
    return chip->cycle >= limit ? CW_STOP_LIMIT : CW_STOP_NONE;
}

/* To the next boundary, or to sleep. */
static cw_cycle run_instruction(struct cw_chip *chip)
{
    uint64_t hang = chip->cycle + INSTRUCTION_CYCLES_MAX;
    cw_cycle brought;

    do {
        if (look_at_devices(chip)) {
            brought = CW_CYCLE_PLAIN;
            continue;
        }
        if (chip->cycle >= hang) {
            chip->stop = CW_STOP_LIMIT;
        }
        brought = cw_core_cycle(chip);
    } while (brought == CW_CYCLE_PLAIN &&
            (chip->stop == CW_STOP_NONE || chip->stop == CW_STOP_VIOLATION));
    return brought;
}

/* True: the chip stands at the next boundary that is not plain. */
static bool run_fast(struct cw_chip *chip)
{
    uint64_t until, limit = last_cycle(chip);

    if (chip->engine_off || chip->events.instruction != NULL ||
            cw_dma_is_active(&chip->soc.dma) || (chip->debug != NULL && chip->debug->step)) {
        return false;
    }
    until = cw_chip_next_event(chip);
    if (interrupts_on(chip)) {
        cw_soc_sync(chip, chip->cycle);
        if (cw_soc_irqs(chip) != 0) {
            return false;
        }
    }
    return cw_engine_run(chip, until < limit ? until : limit);
}

cw_stop cw_chip_run(struct cw_chip *chip, uint64_t cycle_limit)
{
    chip->cycle_limit = cycle_limit;
    if (chip->stop == CW_STOP_LIMIT) {
        chip->stop = CW_STOP_NONE; /* in an instruction without end: go on with it */
    }
    for (;;) {
        cw_stop stop = CW_STOP_NONE;
        cw_cycle brought;

        if (look_at_devices(chip)) {
            continue;
        }
        if (chip->at_boundary) {
            stop = begin(chip);
            if (stop == CW_STOP_NONE && run_fast(chip)) {
                continue;
            }
            if (stop == CW_STOP_NONE) {
                if (chip->events.instruction != NULL) {
                    chip->events.instruction(chip->events.arg, chip);
                }
                chip->instructions++;
            }
        } else if (chip->asleep) {
            stop = sleep_on(chip);
        }
        if (stop != CW_STOP_NONE) {
            return stop;
        }
        brought = run_instruction(chip);
        if (brought == CW_CYCLE_SLEEP && !chip->asleep) {
            chip->asleep_since = chip->cycle;
        }
        chip->at_boundary = brought == CW_CYCLE_BEGIN;
        chip->asleep = brought == CW_CYCLE_SLEEP;
        if (chip->stop != CW_STOP_NONE) {
            return chip->stop;
        }
    }
}
