/* SPDX-License-Identifier: MIT */
#include "sdk/causeway.h"
#include "sdk/run.h"

cw_status cw_serve_entry(uint16_t entry, const struct cw_endpoint *endpoint, struct cw_channel *c,
        size_t len)
{
    (void)c;
    if (entry != CW_ENTRY_CALL || len - 4 > endpoint->max) {
        return CW_E_FORM;
    }
    struct cw_reply reply = {cw_memory.reply, endpoint->reply_max, 0};
    endpoint->call.handler(cw_memory.in + 4, len - 4, &reply);
    return cw_run_put(CW_FRAME_REPLY, reply.bytes, reply.len);
}
