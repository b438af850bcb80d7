/* SPDX-License-Identifier: MIT */
/* The sink's side of docs/protocol.md section 7, steps 1 to 7, in their order. */
#include "sdk/run.h"

uint32_t cw_run_gap;

cw_status cw_run_accept(struct cw_channel *c, size_t len, size_t answer_len,
        size_t *ret_payload_len)
{
    cw_status status = cw_channel_expects(c, cw_memory.in, len);
    if (status != CW_OK) {
        cw_channel_refuse(c, status);
        return status;
    }
    status = cw_outputs_ready != NULL ? cw_outputs_ready(answer_len)
                                      : answer_len <= cw_run_left() ? CW_OK : CW_AGAIN;
    status = status != CW_OK ? status
           : cw_channel_unwrap(c, cw_memory.in, len, ret_payload_len, &cw_run_gap);
    if (status == CW_OK) {
        cw_module_settle(&cw_run_module, c);
    }
    return status;
}
