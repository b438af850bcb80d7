/* SPDX-License-Identifier: MIT */
#include "causeway.h"

static uint16_t calls = 40; /* an initial value, so that there is one to copy */

CW_OUTPUT(said);

CW_INPUT(heard, data, len)
{
    said(data, len);
}

CW_ENTRY(echo, data, len, reply)
{
    calls++;
    (void)cw_reply_put(reply, &calls, 2);
    (void)cw_reply_put(reply, data, len);
}
