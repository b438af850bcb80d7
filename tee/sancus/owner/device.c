/* SPDX-License-Identifier: MIT */
#include "tee/sancus/owner/device.h"

#include <stdio.h>
#include <string.h>

#include "silicon/sancus/arch.h"
#include "tee/sancus/abi.h"

static const struct cw_sancus_device devices[] = {
        {"port1", CW_P1IN, 8, CW_IRQ_PORT1},
        {"port2", CW_P2IN, 8, CW_IRQ_PORT2},
        {"port3", CW_P3IN, 4, CW_SANCUS_NO_INTERRUPT},
        {"port4", CW_P4IN, 4, CW_SANCUS_NO_INTERRUPT},
        {"port5", CW_P5IN, 4, CW_SANCUS_NO_INTERRUPT},
        {"port6", CW_P6IN, 4, CW_SANCUS_NO_INTERRUPT},
        {"digits", CW_LED_DIGITS, 8, CW_SANCUS_NO_INTERRUPT},
        {"display", CW_DISPLAY_CTL, 2, CW_SANCUS_NO_INTERRUPT},
};

const struct cw_sancus_device *cw_sancus_device_named(const char *name, char *ret_names, size_t cap)
{
    size_t used = 0;
    ret_names[0] = 0;
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        if (strcmp(devices[i].name, name) == 0) {
            return &devices[i];
        }
        int len = snprintf(ret_names + used, cap - used, "%s%s", i == 0 ? "" : ", ",
                devices[i].name);
        used += len > 0 && (size_t)len < cap - used ? (size_t)len : 0;
    }
    return NULL;
}
