/* SPDX-License-Identifier: MIT */
/* A module that does what tests of the OP-TEE port ask, and what no module should. */
#include "causeway.h"

CW_OUTPUT(shout);
CW_REQUEST(question);

CW_INPUT(hear, data, len)
{
    shout(data, len);
}

CW_ENTRY(echo, data, len, reply, 256, 256)
{
    (void)cw_reply_put(reply, data, len);
}

CW_ENTRY(ask, data, len, reply)
{
    uint8_t said[64];
    size_t said_len = 0;
    const uint8_t status = (uint8_t)question(data, len, said, sizeof said, &said_len);
    (void)cw_reply_put(reply, &status, 1);
    (void)cw_reply_put(reply, said, said_len < 63 ? said_len : 63);
}

/* First byte: the cw_sealing. */
CW_ENTRY(keep, data, len, reply, 65, 192)
{
    uint8_t sealed[CW_SEALED_LEN(64)];
    size_t sealed_len = 0;
    if (len > 0 && cw_seal((cw_sealing)data[0], data + 1, len - 1, sealed, sizeof sealed, &sealed_len) == CW_OK) {
        (void)cw_reply_put(reply, sealed, sealed_len);
    }
}

CW_ENTRY(give, data, len, reply, 192, 65)
{
    uint8_t bytes[64];
    size_t bytes_len = 0;
    const uint8_t status = (uint8_t)(len < 2 ? CW_E_FORM
            : cw_unseal((cw_sealing)data[1], data, len, bytes, sizeof bytes, &bytes_len));
    (void)cw_reply_put(reply, &status, 1);
    (void)cw_reply_put(reply, bytes, bytes_len);
}

static unsigned fall(unsigned depth)
{
    volatile uint8_t room[1024];
    room[depth % sizeof room] = (uint8_t)depth;
    return depth == 0 ? 0 : fall(depth - 1) + room[depth % sizeof room];
}

/* More stack than there is, 32 KiB, by less than the page behind it. */
CW_ENTRY(overflow, data, len, reply, 64, 64)
{
    (void)data;
    const uint8_t sum = (uint8_t)fall(31u + (unsigned)len);
    (void)cw_reply_put(reply, &sum, 1);
}
