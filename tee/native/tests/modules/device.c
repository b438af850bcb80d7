/* SPDX-License-Identifier: MIT */
#include "causeway.h"
#include "sdk/device.h"

CW_ENTRY(look, data, len, reply)
{
    (void)data;
    (void)len;
    uint8_t seen = cw_device_read(CW_GPIO_IN);
    (void)cw_reply_put(reply, &seen, 1);
}
