/* SPDX-License-Identifier: MIT */
/*
 * The button on pin 0 of port 1.  Anybody may call `pressed`, and a press is sent only when the
 * port itself remembers one; and nobody but this module can touch the port.
 */
#include "causeway.h"
#include "sdk/device.h"

#define BUTTON 0x01u

CW_OUTPUT(button_pressed);

CW_INIT
{
    cw_device_write(CW_GPIO_SEL, 0);
    cw_device_write(CW_GPIO_DIR, 0);
    cw_device_write(CW_GPIO_IES, 0); /* 0 to 1: the button goes down */
    cw_device_write(CW_GPIO_IFG, 0);
    cw_device_write(CW_GPIO_IE, BUTTON);
}

CW_ENTRY(pressed, data, len, reply, 2, 2)
{
    (void)data;
    (void)len;
    (void)reply;
    if ((cw_device_read(CW_GPIO_IFG) & BUTTON) != 0) {
        cw_device_write(CW_GPIO_IFG, 0);
        button_pressed(NULL, 0);
    }
}
