/* SPDX-License-Identifier: MIT */
/* Returns every ball, and answers a question with its own words backwards. */
#include "causeway.h"

#define BALL_MAX 16

CW_OUTPUT(pong, BALL_MAX);

CW_INPUT(ping, data, len, BALL_MAX)
{
    (void)pong(data, len);
}

CW_HANDLER(answer, data, len, reply, BALL_MAX, BALL_MAX)
{
    while (len > 0) {
        len--;
        (void)cw_reply_put(reply, data + len, 1);
    }
}
