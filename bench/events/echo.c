/* SPDX-License-Identifier: MIT */
#include "causeway.h"

CW_OUTPUT(back);

CW_INPUT(ball, data, len)
{
    (void)back(data, len);
}
