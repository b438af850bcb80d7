/* SPDX-License-Identifier: MIT */
#include "causeway.h"

CW_ENTRY(count, data, len, reply)
{
    uint64_t value;
    (void)data;
    (void)len;
    if (cw_counter(true, &value) == CW_OK) {
        (void)cw_reply_put(reply, &value, sizeof value);
    }
}
