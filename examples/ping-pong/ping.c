/* SPDX-License-Identifier: MIT */
/* Plays with pong.c: by events that come back, and by requests that are answered. */
#include "causeway.h"

#define BALL_MAX 16

CW_OUTPUT(ping, BALL_MAX);
CW_REQUEST(question, BALL_MAX, BALL_MAX);

static uint8_t ball[BALL_MAX];
static uint8_t ball_len;
static char score = '0'; /* balls that came back as they were sent; '9' stays */

/* Throw a ball: any bytes. */
CW_ENTRY(start, data, len, reply, BALL_MAX, 2)
{
    cw_bytes_copy(ball, data, len);
    ball_len = (uint8_t)len;
    bool is_thrown = ping(data, len) == CW_OK;
    (void)cw_reply_put(reply, is_thrown ? "ok" : "no", 2);
}

CW_INPUT(pong, data, len, BALL_MAX)
{
    if (len == ball_len && cw_bytes_equal(data, ball, len) && score < '9') {
        score++;
    }
}

CW_ENTRY(get_score, data, len, reply, 2, 2)
{
    (void)data;
    (void)len;
    (void)cw_reply_put(reply, &score, 1);
}

/* Ask pong, and wait for what it says. */
CW_ENTRY(ask, data, len, reply, BALL_MAX, BALL_MAX)
{
    uint8_t said[BALL_MAX];
    size_t said_len;
    if (question(data, len, said, sizeof said, &said_len) == CW_OK) {
        (void)cw_reply_put(reply, said, said_len);
    }
}
