/* SPDX-License-Identifier: MIT */
/* Keeps a number of events going round between two modules, and counts the returns. */
#include "causeway.h"

CW_OUTPUT(ball);

static uint32_t left_count;
static uint32_t returned_count;

static const uint8_t payload[16] = "sixteen bytes...";

CW_INPUT(back, data, len)
{
    (void)data;
    (void)len;
    returned_count++;
    if (left_count > 0) {
        left_count--;
        (void)ball(payload, sizeof payload);
    }
}

/* argument: events 4, in flight 4 */
CW_ENTRY(start, data, len, reply)
{
    uint32_t argument[2];
    (void)reply;
    if (len != sizeof argument) {
        return;
    }
    cw_bytes_copy(argument, data, sizeof argument);
    returned_count = 0;
    left_count = argument[0];
    for (uint32_t i = 0; i < argument[1] && left_count > 0; i++) {
        left_count--;
        (void)ball(payload, sizeof payload);
    }
}

CW_ENTRY(returned, data, len, reply)
{
    (void)data;
    (void)len;
    (void)cw_reply_put(reply, &returned_count, sizeof returned_count);
}
