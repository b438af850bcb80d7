/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/unit.h"

#include <string.h>

static bool within(uint16_t address, uint16_t start, uint16_t end)
{
    return address >= start && address < end;
}

static bool in_text(const struct cw_slot *slot, uint16_t address)
{
    return within(address, slot->ps, slot->pe);
}

static bool overlap(uint16_t start_a, uint16_t end_a, uint16_t start_b, uint16_t end_b)
{
    return start_a < end_b && end_a > start_b;
}

void cw_unit_reset(struct cw_chip *chip)
{
    for (unsigned i = 0; i < CW_SLOTS_MAX; i++) {
        struct cw_slot *slot = &chip->unit.slot[i];

        slot->enabled = false;
        slot->id = slot->ps = slot->pe = slot->ss = slot->se = 0;
    }
    chip->unit.enabled_count = 0;
    chip->unit.next_id = 1;
    chip->unit.previous_id = 0;
    chip->unit.id_last_cycle = 0;
    chip->unit.interrupted_id = 0;
    chip->unit.new_slot = -1;
    cw_unit_refresh(chip);
}

void cw_unit_refresh(struct cw_chip *chip)
{
    struct cw_unit *unit = &chip->unit;
    uint16_t pc = chip->core.inst_pc, previous = chip->core.previous_pc;

    unit->executing = 0;
    unit->wrong_entry = false;
    if (unit->enabled_count == 0) {
        return;
    }
    for (unsigned i = 0; i < chip->config.slots_count; i++) {
        const struct cw_slot *slot = &unit->slot[i];

        if (!slot->enabled || !in_text(slot, pc)) {
            continue;
        }
        unit->executing |= 1u << i;
        unit->wrong_entry |= !in_text(slot, previous) && pc != slot->ps;
    }
}

uint16_t cw_unit_current_id(const struct cw_chip *chip)
{
    uint16_t id = CW_SANCUS_ID_NONE;

    if (chip->core.inst.one == CW_ONE_ENTRY || chip->core.in_reset_entry) {
        return CW_SANCUS_ID_IRQ + chip->core.irq_number;
    }
    for (unsigned i = 0; chip->unit.executing >> i != 0; i++) {
        if ((chip->unit.executing >> i & 1) != 0) {
            id = chip->unit.slot[i].id;
        }
    }
    return id;
}

void cw_unit_note(struct cw_chip *chip, const char *rule, uint16_t address)
{
    int owner = -1;

    if (chip->core.violation_latched) {
        return; /* the first one of an instruction counts */
    }
    for (unsigned i = 0; i < chip->config.slots_count; i++) {
        const struct cw_slot *slot = &chip->unit.slot[i];

        if (slot->enabled && (in_text(slot, address) || within(address, slot->ss, slot->se))) {
            owner = (int)i;
        }
    }
    chip->violation = (struct cw_violation){
            .rule = rule,
            .pc = chip->core.inst_pc,
            .address = address,
            .subject_id = cw_unit_current_id(chip),
            .object_id = owner < 0 ? 0 : chip->unit.slot[owner].id,
    };
    chip->violations_count++;
    if (chip->events.violation != NULL) {
        chip->events.violation(chip->events.arg, &chip->violation);
    }
}

/* ENABLE, DISABLE and VERIFY work on any module's text. */
static bool reads_any_text(const struct cw_chip *chip)
{
    uint8_t command = chip->core.inst.sancus;

    return command != 0 && command <= (CW_SANCUS_VERIFY_PREV & 15) + 1;
}

bool cw_unit_refuses(struct cw_chip *chip, const struct cw_access *access)
{
    const struct cw_unit *unit = &chip->unit;
    uint8_t forbidden = cw_chip_has(chip, CW_QUIRK_TEXT_ODD_WRITE) ? 1 : 3;
    const char *rule = NULL;

    if (unit->enabled_count == 0) {
        return false;
    }
    for (unsigned i = 0; i < chip->config.slots_count && rule == NULL; i++) {
        const struct cw_slot *slot = &unit->slot[i];
        bool own = (unit->executing >> i & 1) != 0;

        if (!slot->enabled) {
            continue;
        }
        if (in_text(slot, access->address) && !reads_any_text(chip) &&
                !(own && (access->lanes & forbidden) == 0)) {
            rule = access->lanes != 0 ? "write to a module's text" : "read of a module's text";
        }
        if (within(access->address, slot->ss, slot->se) && !own) {
            rule = access->lanes != 0 ? "write to a module's data" : "read of a module's data";
        }
    }
    if (rule != NULL) {
        cw_unit_note(chip, rule, access->address);
    }
    return rule != NULL;
}

bool cw_unit_allows(const struct cw_chip *chip, uint16_t pc, uint16_t address, unsigned len,
        bool write)
{
    for (unsigned i = 0; i < chip->config.slots_count; i++) {
        const struct cw_slot *slot = &chip->unit.slot[i];
        bool own = in_text(slot, pc);

        for (unsigned k = 0; slot->enabled && k < len; k++) {
            uint16_t at = (uint16_t)(address + k);

            if (in_text(slot, at) && (!own || write)) {
                return false;
            }
            if (within(at, slot->ss, slot->se) && !own) {
                return false;
            }
        }
    }
    return true;
}

int cw_unit_at(const struct cw_chip *chip, uint16_t address)
{
    int found = -1;

    for (unsigned i = 0; i < chip->config.slots_count; i++) {
        if (chip->unit.slot[i].enabled && in_text(&chip->unit.slot[i], address)) {
            found = (int)i;
        }
    }
    return found;
}

int cw_unit_by_id(const struct cw_chip *chip, uint16_t id)
{
    int found = -1;

    for (unsigned i = 0; i < chip->config.slots_count; i++) {
        if (chip->unit.slot[i].enabled && chip->unit.slot[i].id == id) {
            found = (int)i;
        }
    }
    return found;
}

/* ---- slots ---- */

static int free_slot(const struct cw_chip *chip)
{
    for (unsigned i = 0; i < chip->config.slots_count; i++) {
        if (!chip->unit.slot[i].enabled) {
            return (int)i;
        }
    }
    return -1;
}

static bool is_well_formed(const uint16_t r[16])
{
    return r[12] < r[13] && r[14] <= r[15];
}

bool cw_unit_overlaps(const struct cw_chip *chip)
{
    const uint16_t *r = chip->core.r;
    int slot_index = free_slot(chip);

    for (unsigned i = 0; i < chip->config.slots_count; i++) {
        const struct cw_slot *slot = &chip->unit.slot[i];

        if (slot->enabled && (int)i != slot_index &&
                overlap(r[12], r[13], slot->ps, slot->pe)) {
            return true;
        }
    }
    return false;
}

static bool data_overlaps(const struct cw_chip *chip)
{
    const uint16_t *r = chip->core.r;

    if (overlap(r[12], r[13], r[14], r[15]) || r[13] > CW_VECTORS || r[15] > CW_VECTORS) {
        return true;
    }
    for (unsigned i = 0; i < chip->config.slots_count; i++) {
        const struct cw_slot *slot = &chip->unit.slot[i];

        if (slot->enabled && (overlap(r[12], r[13], slot->ss, slot->se) ||
                                     overlap(r[14], r[15], slot->ps, slot->pe) ||
                                     overlap(r[14], r[15], slot->ss, slot->se))) {
            return true;
        }
    }
    return false;
}

bool cw_unit_enable_refused(const struct cw_chip *chip)
{
    const uint16_t *r = chip->core.r;
    unsigned tag_len = chip->config.security_bits / 8;

    if (!cw_chip_has(chip, CW_QUIRK_ENABLE_BY_ADDRESS) &&
            (!is_well_formed(r) || free_slot(chip) < 0)) {
        return true;
    }
    if (!cw_chip_has(chip, CW_QUIRK_OVERLAP_CREATED) && cw_unit_overlaps(chip)) {
        return true;
    }
    if (!cw_chip_has(chip, CW_QUIRK_SECRET_OVERLAP) && data_overlaps(chip)) {
        return true;
    }
    if (!cw_chip_has(chip, CW_QUIRK_ID_EXHAUSTION) && chip->unit.next_id >= CW_SANCUS_ID_IRQ - 1) {
        return true;
    }
    if (!cw_chip_has(chip, CW_QUIRK_CRYPTO_ROUNDING) &&
            ((r[12] | r[13] | r[14] | r[15] | (r[10] != 0 ? r[9] : 0)) & 1) != 0) {
        return true;
    }
    return !cw_chip_has(chip, CW_QUIRK_CODE_ORACLE) && r[10] != 0 &&
            !cw_unit_allows(chip, chip->core.inst_pc, r[9], tag_len, false);
}

void cw_unit_create(struct cw_chip *chip)
{
    const uint16_t *r = chip->core.r;
    int index = free_slot(chip);

    if (index >= 0 && is_well_formed(r)) {
        struct cw_slot *slot = &chip->unit.slot[index];

        slot->enabled = true;
        slot->id = chip->unit.next_id;
        slot->ps = r[12];
        slot->pe = r[13];
        slot->ss = r[14];
        slot->se = r[15];
        chip->unit.enabled_count++;
        chip->unit.new_slot = index;
        cw_chip_touch(chip, slot->ps, slot->pe);
    }
    chip->unit.next_id++;
    chip->slots_changed = true;
    cw_unit_refresh(chip);
}

static void free_one(struct cw_chip *chip, struct cw_slot *slot)
{
    if (slot->enabled) {
        chip->unit.enabled_count--;
        cw_chip_touch(chip, slot->ps, slot->pe);
    }
    if (!cw_chip_has(chip, CW_QUIRK_CALLER_STICKY)) {
        if (chip->unit.previous_id == slot->id) {
            chip->unit.previous_id = CW_SANCUS_ID_NONE;
        }
        if (chip->unit.id_last_cycle == slot->id) {
            chip->unit.id_last_cycle = CW_SANCUS_ID_NONE;
        }
    }
    slot->enabled = false;
    slot->id = slot->ps = slot->pe = slot->ss = slot->se = 0;
}

void cw_unit_cancel(struct cw_chip *chip)
{
    for (unsigned i = 0; i < chip->config.slots_count; i++) {
        struct cw_slot *slot = &chip->unit.slot[i];
        bool own = (int)i == chip->unit.new_slot;

        if (slot->enabled && in_text(slot, chip->core.r[12]) &&
                (own || cw_chip_has(chip, CW_QUIRK_OVERLAP_REKEY))) {
            free_one(chip, slot);
        }
    }
    chip->unit.next_id--;
    chip->unit.new_slot = -1;
    chip->slots_changed = true;
    cw_unit_refresh(chip);
}

void cw_unit_disable(struct cw_chip *chip)
{
    for (unsigned i = 0; i < chip->config.slots_count; i++) {
        if (in_text(&chip->unit.slot[i], chip->core.inst_pc)) {
            free_one(chip, &chip->unit.slot[i]);
        }
    }
    chip->slots_changed = true;
    cw_unit_refresh(chip);
}

void cw_unit_write_key(struct cw_chip *chip, unsigned index, uint16_t word)
{
    for (unsigned i = 0; i < chip->config.slots_count; i++) {
        struct cw_slot *slot = &chip->unit.slot[i];
        bool own = (int)i == chip->unit.new_slot;

        if (slot->enabled && in_text(slot, chip->core.r[12]) &&
                (own || cw_chip_has(chip, CW_QUIRK_OVERLAP_REKEY))) {
            slot->key[2 * index] = (uint8_t)word;
            slot->key[2 * index + 1] = (uint8_t)(word >> 8);
        }
    }
}
