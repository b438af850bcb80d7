/* SPDX-License-Identifier: MIT */
#include "sdk/causeway.h"
#include "sdk/run.h"

uint32_t cw_event_gap(void)
{
    return cw_run_gap;
}
