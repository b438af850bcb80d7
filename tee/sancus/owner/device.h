/* SPDX-License-Identifier: MIT */
/*
 * device.h - the devices of a board that a module can own.
 *
 * Trust    OWNER.
 */
#ifndef CW_TEE_SANCUS_OWNER_DEVICE_H
#define CW_TEE_SANCUS_OWNER_DEVICE_H

#include <stddef.h>
#include <stdint.h>

struct cw_sancus_device {
    const char *name;
    uint16_t start; /* address of its first register */
    uint16_t len;
    uint16_t interrupt; /* CW_SANCUS_NO_INTERRUPT: it has none */
};

/* cw_sancus_device_named - NULL: no such device, and [cap] bytes of names there are. */
const struct cw_sancus_device *cw_sancus_device_named(const char *name, char *ret_names, size_t cap);

#endif
