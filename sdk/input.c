/* SPDX-License-Identifier: MIT */
#include "sdk/causeway.h"
#include "sdk/run.h"

cw_status cw_serve_input(uint8_t entry, const struct cw_endpoint *endpoint, struct cw_channel *c,
        size_t len)
{
    if (entry == CW_ENTRY_ACK_MAKE) {
        cw_status status = cw_channel_ack_make(c, cw_memory.out);
        return status == CW_OK ? cw_run_put(CW_FRAME_ACK, cw_memory.out, CW_ACK_LEN) : status;
    }
    size_t payload_len;
    cw_status status =
            entry == CW_ENTRY_EVENT ? cw_run_accept(c, len, 0, &payload_len) : CW_E_STATE;
    if (status == CW_OK) {
        endpoint->call.input(cw_memory.in + CW_EVENT_HEADER_LEN, payload_len);
    }
    return status;
}
