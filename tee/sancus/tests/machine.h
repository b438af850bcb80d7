/* SPDX-License-Identifier: MIT */
/*
 * machine.h - a chip in this process, hostile software on it, and modules built by the owner.
 */
#ifndef CW_TEE_SANCUS_TESTS_MACHINE_H
#define CW_TEE_SANCUS_TESTS_MACHINE_H

#include "silicon/sancus/chip.h"
#include "tee/owner.h"
#include "tee/sancus/owner/measure.h"

#define MACHINE_VENDOR 0x1234u
#define MACHINE_IN 0x0400u  /* areas in RAM for a call's input and items */
#define MACHINE_OUT 0x0800u
#define MACHINE_OUT_CAP 0x0800u

typedef enum ended {
    ENDED_NOT, /* it still runs */
    ENDED_BACK,
    ENDED_VIOLATION,
    ENDED_INTERRUPT,
} ended;

/* Bounds that an image carries. */
struct bounds {
    uint16_t ps, pe, ss, se;
};

struct image {
    struct bounds module, device;
    const uint8_t *module_text, *device_text;
};

/* The chip is running probe.S; hardened or as published. */
void machine_start(struct cw_chip *chip, bool exact);

/* build modules/NAME.c ... of one node; fails the test when that fails. */
void machine_build(const struct cw_owner_module *modules, size_t count, const char *chip,
        struct cw_owner_built *ret_built);

struct image machine_image(const struct cw_owner_built *built);

/* Place the text and ENABLE it; the id. */
uint16_t machine_enable(struct cw_chip *chip, const struct bounds *b, const uint8_t *text);
uint16_t machine_enable_with_device(struct cw_chip *chip, const struct image *image);

/* r[0] target, r[2] SR; what was in the registers afterwards goes to ret. */
ended machine_enter(struct cw_chip *chip, const uint16_t r[static 16], uint16_t ret[static 16]);

/* An ordinary call: the cw_return, or all ones where it did not come back. */
uint32_t machine_call(struct cw_chip *chip, const struct bounds *b, uint8_t entry,
        const uint8_t *in, size_t in_len);

uint16_t machine_id_at(struct cw_chip *chip, uint16_t address);

/* Unprotected software stores a byte. */
ended machine_store(struct cw_chip *chip, uint16_t address, uint8_t value);

/* Where probe.S goes on. */
extern uint16_t machine_back;

#endif
