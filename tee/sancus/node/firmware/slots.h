/* SPDX-License-Identifier: MIT */
/*
 * slots.h - the modules on this board.
 *
 * Trust    UNTRUSTED: modules do not rely on anything here.  The checks keep an honest gateway
 *          from confusing itself.
 */
#ifndef CW_TEE_SANCUS_NODE_FIRMWARE_SLOTS_H
#define CW_TEE_SANCUS_NODE_FIRMWARE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Requests of abi.h, section 5: payload in [len], answer out, its length returned. */
size_t slots_write(const uint8_t *payload, size_t len, uint8_t *ret_answer);
size_t slots_enable(const uint8_t *payload, size_t len, uint8_t *ret_answer);
size_t slots_call(const uint8_t *payload, size_t len, uint8_t *ret_answer);
size_t slots_unload(const uint8_t *payload, size_t len, uint8_t *ret_answer);

/* slots_waiting - the slot that interrupt number is bound to, or CW_LINE_SLOTS. */
uint16_t slots_waiting(uint16_t interrupt);

uint16_t slots_used(void);

/* slots_own - does a module own the device register at this address? */
bool slots_own(uint16_t address);

#endif
