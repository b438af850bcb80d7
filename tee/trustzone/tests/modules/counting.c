/* SPDX-License-Identifier: MIT */
/* Advances its persistent counter as often as it is told, and says where it stands. */
#include "causeway.h"

CW_ENTRY(advance, times, len, reply)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t count = 0;
    cw_status status = cw_counter(false, &count);
    for (unsigned i = 0; len > 0 && i < times[0] && status == CW_OK; i++) {
        status = cw_counter(true, &count);
    }
    if (status != CW_OK) {
        (void)cw_reply_put(reply, "failed", 6);
        return;
    }
    do {
        digits[--at] = (char)('0' + count % 10);
        count /= 10;
    } while (count > 0);
    (void)cw_reply_put(reply, digits + at, sizeof digits - at);
}
