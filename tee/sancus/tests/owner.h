/* SPDX-License-Identifier: MIT */
/*
 * owner.h - an owner's session with one module on a machine, and the far ends of its connections.
 */
#ifndef CW_TEE_SANCUS_TESTS_OWNER_H
#define CW_TEE_SANCUS_TESTS_OWNER_H

#include "core/channel/channel.h"
#include "tee/sancus/tests/machine.h"

struct owner {
    struct cw_chip *chip;
    const struct cw_owner_built *built;
    struct bounds at;
    struct cw_evidence life;
    uint8_t key_in[CW_KEY_LEN], key_out[CW_KEY_LEN];
    uint32_t seq;
};

/* attest and OPEN; fails the test when the module does not prove itself. */
struct owner owner_open(struct cw_chip *chip, const struct cw_owner_built *built);

/* A SETCONN of endpoint [local]; its other end. */
struct cw_channel owner_connect(struct owner *o, uint16_t local, uint32_t id, uint8_t mode);

/* The first item of the last call: its type, and its bytes in the chip's memory. */
uint8_t owner_item(const struct owner *o, size_t index, const uint8_t **ret_bytes, size_t *ret_len);

#endif
