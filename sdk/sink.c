/* SPDX-License-Identifier: MIT */
/* The sink's side of docs/protocol.md section 7, its steps in their order: inputs and handlers. */
#include "sdk/causeway.h"
#include "sdk/run.h"

uint32_t cw_run_gap;

cw_status cw_serve_sink(uint16_t entry, const struct cw_endpoint *endpoint, struct cw_channel *c,
        size_t len)
{
    bool is_handler = endpoint->kind == CW_KIND_HANDLER;
    size_t answer_len = is_handler ? CW_ITEM_LEN(endpoint->reply_max) : 0;
    size_t payload_len;
    if (entry == CW_ENTRY_ACK_MAKE && !is_handler) {
        return cw_run_send(c, CW_FRAME_ACK, NULL, 0);
    }
    if (entry != (is_handler ? CW_ENTRY_REQUEST : CW_ENTRY_EVENT)) {
        return CW_E_STATE;
    }
    bool has_room = answer_len <= cw_run_call.out_cap &&
            (cw_outputs_ready == NULL || cw_outputs_ready(NULL, 0, answer_len) == CW_OK);
    if (!has_room && cw_channel_expects(c, cw_memory.in, len) == CW_OK) {
        return CW_AGAIN;
    }
    cw_status status = cw_channel_unwrap(c, cw_memory.in, len, &payload_len, &cw_run_gap);
    if (status != CW_OK) {
        return status;
    }
    cw_module_settle(&cw_run_module, c);
    const uint8_t *payload = cw_memory.in + CW_EVENT_HEADER_LEN;
    struct cw_reply reply = {cw_memory.reply, endpoint->reply_max, 0};
    endpoint->call.handler(payload, payload_len, &reply);
    return is_handler ? cw_run_send(c, CW_FRAME_RESPONSE, reply.bytes, reply.len) : CW_OK;
}
