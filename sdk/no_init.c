/* SPDX-License-Identifier: MIT */
/* For modules without CW_INIT: the linker takes this file only where it is needed. */
#include "sdk/run.h"

void cw_init_hook(void)
{
}
