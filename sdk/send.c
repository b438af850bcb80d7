/* SPDX-License-Identifier: MIT */
#include "sdk/run.h"

cw_status cw_run_send(struct cw_channel *c, cw_frame type, const void *data, size_t len)
{
    cw_status status = cw_channel_wrap(c, data, len, cw_memory.out, cw_memory.out_cap);
    return status == CW_OK ? cw_run_put(type, cw_memory.out, CW_FRAME_LEN(len)) : status;
}
