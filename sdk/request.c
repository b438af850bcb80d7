/* SPDX-License-Identifier: MIT */
#include "sdk/causeway.h"
#include "sdk/run.h"

cw_status cw_request(const struct cw_endpoint *endpoint, const void *data, size_t len,
        void *ret_reply, size_t cap, size_t *ret_len)
{
    size_t reply_len;
    uint32_t gap;
    struct cw_channel *c = cw_output_next(NULL, endpoint);
    cw_status status = c == NULL ? CW_E_ABSENT : cw_emit(endpoint, data, len);
    if (status != CW_OK) {
        return status;
    }
    /* Out with the items that are there, and in again with the next call, until the answer is. */
    for (cw_result result = CW_RESULT_PENDING; result != CW_RESULT_DONE;) {
        cw_enclave_leave(CW_RETURN(result, cw_run_items_len), &cw_run_call);
        cw_run_items_len = 0;
        if (cw_run_call.entry == CW_ENTRY_CANCEL) {
            return CW_E_STATE;
        }
        status = cw_run_call.entry == CW_ENTRY_RESPONSE ? cw_run_take(cw_memory.out, cw_memory.out_cap)
                                                        : CW_AGAIN;
        result = cw_run_result(status != CW_OK
                        ? status
                        : cw_channel_unwrap(c, cw_memory.out, cw_run_call.in_len, &reply_len, &gap));
    }
    if (reply_len > cap) {
        return CW_E_SPACE;
    }
    cw_bytes_copy(ret_reply, cw_memory.out + CW_EVENT_HEADER_LEN, reply_len);
    *ret_len = reply_len;
    return CW_OK;
}
