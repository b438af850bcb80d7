/* SPDX-License-Identifier: MIT */
/* For modules without streams: the linker takes this file only where it is needed. */
#include "sdk/run.h"

cw_status cw_stream_open(uint32_t stream)
{
    (void)stream;
    return CW_E_ABSENT;
}

cw_status cw_stream_data(uint32_t stream, const uint8_t *bytes, size_t len)
{
    (void)stream;
    (void)bytes;
    (void)len;
    return CW_E_ABSENT;
}

void cw_stream_close(uint32_t stream)
{
    (void)stream;
}
