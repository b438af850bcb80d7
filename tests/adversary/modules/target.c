/* SPDX-License-Identifier: MIT */
/* What is attacked: tells everything that ever reached one of its handlers. */
#include "causeway.h"

#define SMALL 16

static struct {
    uint16_t count[4]; /* by input, then the handler */
    uint16_t asked;    /* answers that came          */
    uint16_t hash_low;
    uint16_t hash_high;
} seen = {.hash_low = 1};

CW_OUTPUT(out_0, SMALL);
CW_OUTPUT(out_1, SMALL);
CW_OUTPUT(out_2, SMALL);
CW_REQUEST(ask, SMALL, SMALL);

/* Order and bytes of all that came, in the manner of Fletcher. */
static void note(unsigned which, const uint8_t *data, size_t len)
{
    if (which < 4) {
        seen.count[which]++;
    }
    seen.hash_low = (uint16_t)(seen.hash_low + which + 1);
    for (size_t i = 0; i < len; i++) {
        seen.hash_low = (uint16_t)(seen.hash_low + data[i]);
        seen.hash_high = (uint16_t)(seen.hash_high + seen.hash_low);
    }
    seen.hash_high = (uint16_t)(seen.hash_high + seen.hash_low);
}

CW_INPUT(in_0, data, len, SMALL)
{
    note(0, data, len);
}

CW_INPUT(in_1, data, len, SMALL)
{
    note(1, data, len);
}

CW_INPUT(in_2, data, len, SMALL)
{
    note(2, data, len);
}

CW_HANDLER(answer, data, len, reply, SMALL, SMALL)
{
    note(3, data, len);
    (void)cw_reply_put(reply, data, len);
}

/* Which output, payload. */
CW_ENTRY(emit, data, len, reply)
{
    (void)reply;
    if (len < 1) {
        return;
    }
    if (data[0] == 0) {
        out_0(data + 1, len - 1);
    } else if (data[0] == 1) {
        out_1(data + 1, len - 1);
    } else {
        out_2(data + 1, len - 1);
    }
}

CW_ENTRY(ask_it, data, len, reply)
{
    uint8_t said[SMALL];
    size_t said_len = 0;
    if (ask(data, len, said, sizeof said, &said_len) == CW_OK) {
        seen.asked++;
        note(4, said, said_len);
        (void)cw_reply_put(reply, said, said_len);
    }
}

CW_ENTRY(look, data, len, reply)
{
    (void)data;
    (void)len;
    (void)cw_reply_put(reply, &seen, sizeof seen);
}
