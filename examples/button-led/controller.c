/* SPDX-License-Identifier: MIT */
/* A press of the button toggles the light and is counted. */
#include "causeway.h"

CW_OUTPUT(toggle_led);
CW_OUTPUT(increment_presses);

CW_INPUT(button_pressed, data, len)
{
    (void)data;
    (void)len;
    toggle_led(NULL, 0);
    increment_presses(NULL, 0);
}
