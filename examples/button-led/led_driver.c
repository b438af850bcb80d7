/* SPDX-License-Identifier: MIT */
/* The LED on pin 0 of port 2: nobody but this module can light it. */
#include "causeway.h"
#include "sdk/device.h"

#define LED 0x01u

CW_INIT
{
    cw_device_write(CW_GPIO_SEL, 0);
    cw_device_write(CW_GPIO_OUT, 0);
    cw_device_write(CW_GPIO_DIR, LED);
}

CW_INPUT(toggle_led, data, len)
{
    (void)data;
    (void)len;
    cw_device_write(CW_GPIO_OUT, cw_device_read(CW_GPIO_OUT) ^ LED);
}
