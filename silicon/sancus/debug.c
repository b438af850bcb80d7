/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/debug.h"

#include <string.h>

#define NOWHERE UINT64_MAX

/* The engine looks at the map when it decodes, and when it builds its map of rights. */
static void rebuild(struct cw_chip *chip)
{
    struct cw_debug *debug = chip->debug;

    memset(debug->at, 0, sizeof debug->at);
    for (unsigned i = 0; i < CW_DEBUG_POINTS_MAX; i++) {
        const struct cw_debug_point *point = &debug->point[i];

        for (uint32_t k = 0; point->kinds != 0 && k < point->len; k++) {
            debug->at[point->address + k] |= point->kinds;
        }
    }
    chip->slots_changed = true;
}

void cw_debug_attach(struct cw_chip *chip, struct cw_debug *debug)
{
    memset(debug, 0, sizeof *debug);
    chip->debug = debug;
    debug->violations = chip->violations_count;
    debug->resumed_at = chip->instructions;
    rebuild(chip);
}

void cw_debug_detach(struct cw_chip *chip)
{
    if (chip->debug != NULL) {
        chip->debug = NULL;
        chip->slots_changed = true;
        cw_chip_touch(chip, 0, 0x10000);
    }
}

static struct cw_debug_point *find(struct cw_debug *debug, unsigned kinds, uint32_t address,
        uint32_t len)
{
    for (unsigned i = 0; i < CW_DEBUG_POINTS_MAX; i++) {
        struct cw_debug_point *point = &debug->point[i];

        if (point->kinds == kinds && (kinds == 0 || (point->address == address &&
                                                            point->len == len))) {
            return point;
        }
    }
    return NULL;
}

static bool is_point(unsigned kinds, uint32_t address, uint32_t len)
{
    if (kinds == CW_DEBUG_BREAK && ((address & 1) != 0 || len != 1)) {
        return false;
    }
    return address <= 0xffff && len >= 1 && len <= 0x10000 - address && len <= 0xffff;
}

cw_status cw_debug_insert(struct cw_chip *chip, unsigned kinds, uint32_t address, uint32_t len)
{
    struct cw_debug_point *point;

    if (!is_point(kinds, address, len)) {
        return CW_E_FORM;
    }
    if (find(chip->debug, kinds, address, len) != NULL) {
        return CW_OK;
    }
    point = find(chip->debug, 0, 0, 0);
    if (point == NULL) {
        return CW_E_SPACE;
    }
    *point = (struct cw_debug_point){(uint8_t)kinds, (uint16_t)address, (uint16_t)len};
    rebuild(chip);
    cw_chip_touch(chip, address, address + len);
    return CW_OK;
}

cw_status cw_debug_remove(struct cw_chip *chip, unsigned kinds, uint32_t address, uint32_t len)
{
    struct cw_debug_point *point;

    if (!is_point(kinds, address, len)) {
        return CW_E_FORM;
    }
    point = find(chip->debug, kinds, address, len);
    if (point != NULL) {
        *point = (struct cw_debug_point){0};
        rebuild(chip);
        cw_chip_touch(chip, address, address + len);
    }
    return CW_OK;
}

void cw_debug_resume(struct cw_chip *chip, bool step)
{
    struct cw_debug *debug = chip->debug;

    debug->step = step;
    debug->reason = CW_DEBUG_NONE;
    /* asleep, or in reset: the next one to begin is not where it stands */
    debug->resumed_at = chip->at_boundary ? chip->instructions : NOWHERE;
    debug->violations = chip->violations_count;
    debug->watched = false;
}

bool cw_debug_stops(struct cw_chip *chip)
{
    struct cw_debug *debug = chip->debug;
    uint16_t pc = chip->core.inst_pc;

    if (debug->violations > chip->violations_count) {
        debug->violations = chip->violations_count; /* the power was off */
    }
    if (debug->violations != chip->violations_count) {
        debug->reason = CW_DEBUG_VIOLATION;
        return true;
    }
    if (chip->instructions != debug->resumed_at) {
        debug->reason = debug->watched                          ? CW_DEBUG_WATCHPOINT
                        : (debug->at[pc] & CW_DEBUG_BREAK) != 0 ? CW_DEBUG_BREAKPOINT
                        : debug->step                           ? CW_DEBUG_STEPPED
                                                                : CW_DEBUG_NONE;
    }
    if (debug->reason != CW_DEBUG_NONE) {
        return true;
    }
    memcpy(debug->before, chip->core.r, sizeof debug->before);
    debug->before[0] = pc;
    return false;
}

void cw_debug_access(struct cw_chip *chip, uint16_t address, uint8_t lanes, bool word)
{
    struct cw_debug *debug = chip->debug;
    unsigned wanted = lanes != 0 ? CW_DEBUG_WRITE : CW_DEBUG_READ;
    uint16_t first = address & 0xfffe;
    unsigned bytes = lanes != 0 ? lanes : word ? 3u : 1u << (address & 1);

    for (unsigned i = 0; i < 2 && !debug->watched; i++) {
        if ((bytes >> i & 1) != 0 && (debug->at[first + i] & wanted) != 0) {
            debug->watched = true;
            debug->watched_write = lanes != 0;
            debug->watched_address = (uint16_t)(first + i);
            debug->watched_kinds = debug->at[first + i] & (CW_DEBUG_READ | CW_DEBUG_WRITE);
        }
    }
}
