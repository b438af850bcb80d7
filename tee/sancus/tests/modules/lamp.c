/* SPDX-License-Identifier: MIT */
/* A driver whose device says what was written to it. */
#include "causeway.h"
#include "sdk/device.h"

CW_INPUT(toggle, data, len)
{
    (void)data;
    (void)len;
    cw_device_write(CW_GPIO_DIR, 1);
    cw_device_write(CW_GPIO_OUT, cw_device_read(CW_GPIO_OUT) ^ 1);
}

CW_ENTRY(set, data, len, reply, 2, 2)
{
    if (len == 2) {
        cw_device_write(data[0], data[1]);
        uint8_t now = cw_device_read(data[0]);
        (void)cw_reply_put(reply, &now, 1);
    }
}
