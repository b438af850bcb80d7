/* SPDX-License-Identifier: MIT */
/* Between caller and echo of bench/events: what comes from one side goes to the other. */
#include "causeway.h"

CW_OUTPUT(onward);
CW_OUTPUT(homeward);

CW_INPUT(there, data, len)
{
    (void)onward(data, len);
}

CW_INPUT(here, data, len)
{
    (void)homeward(data, len);
}
