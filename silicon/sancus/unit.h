/* SPDX-License-Identifier: MIT */
/*
 * unit.h - protected modules: their slots, who may touch what, who runs.
 *
 * Trust    SILICON.
 */
#ifndef CW_SILICON_SANCUS_UNIT_H
#define CW_SILICON_SANCUS_UNIT_H

#include "silicon/sancus/chip.h"

/* An access of the execution unit or of the crypto engine. */
struct cw_access {
    uint16_t address;
    uint8_t lanes;      /* written: bit 0 low byte, bit 1 high byte; 0: a read */
};

/* cw_unit_reset - no modules. */
void cw_unit_reset(struct cw_chip *chip);

/* cw_unit_refresh - recompute who runs; the current instruction or a slot has changed. */
void cw_unit_refresh(struct cw_chip *chip);

/* cw_unit_current_id - the id in this cycle. */
uint16_t cw_unit_current_id(const struct cw_chip *chip);

/*
 * cw_unit_refuses - whether the running instruction must not do [access].
 *
 * Violations are noted in chip->violation.
 */
bool cw_unit_refuses(struct cw_chip *chip, const struct cw_access *access);

/* cw_unit_note - note a violation by another rule. */
void cw_unit_note(struct cw_chip *chip, const char *rule, uint16_t address);

/* cw_unit_at, cw_unit_by_id - the slot whose text holds an address, or with an id; -1: none. */
int cw_unit_at(const struct cw_chip *chip, uint16_t address);
int cw_unit_by_id(const struct cw_chip *chip, uint16_t id);

/* cw_unit_overlaps - the ENABLE in the registers overlaps the text of another module. */
bool cw_unit_overlaps(const struct cw_chip *chip);

/* cw_unit_enable_refused - a closed quirk refuses the ENABLE in the registers. */
bool cw_unit_enable_refused(const struct cw_chip *chip);

/* cw_unit_create, cw_unit_cancel, cw_unit_disable - what the unit's instructions do to slots. */
void cw_unit_create(struct cw_chip *chip);
void cw_unit_cancel(struct cw_chip *chip);
void cw_unit_disable(struct cw_chip *chip);

/* cw_unit_write_key - one key word of the ENABLE in the registers. */
void cw_unit_write_key(struct cw_chip *chip, unsigned index, uint16_t word);

/* cw_unit_allows - whether unguarded code at [pc] may access [len] bytes. */
bool cw_unit_allows(const struct cw_chip *chip, uint16_t pc, uint16_t address, unsigned len,
        bool write);

#endif
