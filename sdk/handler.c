/* SPDX-License-Identifier: MIT */
#include "sdk/causeway.h"
#include "sdk/run.h"

cw_status cw_serve_handler(uint8_t entry, const struct cw_endpoint *endpoint,
        struct cw_channel *c, size_t len)
{
    size_t payload_len;
    size_t frame_len = CW_LINK_HEADER_LEN + (size_t)CW_FRAME_LEN(endpoint->reply_max);
    cw_status status = entry == CW_ENTRY_REQUEST ? cw_run_accept(c, len, frame_len, &payload_len)
                                                 : CW_E_STATE;
    if (status != CW_OK) {
        return status;
    }
    struct cw_reply reply = cw_run_reply(endpoint);
    endpoint->call.answer(cw_memory.in + CW_EVENT_HEADER_LEN, payload_len, &reply);
    status = cw_channel_wrap_response(c, reply.bytes, reply.len, cw_memory.out, cw_memory.out_cap,
            &frame_len);
    return status == CW_OK ? cw_run_put(CW_FRAME_RESPONSE, cw_memory.out, frame_len) : status;
}
