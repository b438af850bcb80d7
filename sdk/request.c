/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"
#include "sdk/causeway.h"
#include "sdk/output.h"

/* Nothing comes in for a request but its answer, and that only while cw_request waits. */
cw_status cw_serve_request(uint8_t entry, const struct cw_endpoint *endpoint,
        struct cw_channel *c, size_t len)
{
    (void)entry;
    (void)endpoint;
    (void)c;
    (void)len;
    return CW_E_STATE;
}

/* Go out with the items that are there; cw_run_call is the next call then. */
static void leave(cw_result result)
{
    cw_return value = CW_RETURN(result, cw_run_items_len);
    cw_run_items_len = 0;
    cw_enclave_leave(value, &cw_run_call);
}

/* One answer of the outside to a request that pends; CW_AGAIN: the wait goes on with ret_result. */
static cw_status answer(struct cw_channel *c, size_t *ret_len, cw_result *ret_result)
{
    const struct cw_call *call = &cw_run_call;
    if (call->entry == CW_ENTRY_CANCEL) {
        return CW_E_STATE;
    }
    *ret_result = CW_RESULT_AGAIN;
    if (call->entry == CW_ENTRY_RESPONSE) {
        *ret_result = CW_RESULT_REFUSED;
        if (call->in_len <= cw_memory.out_cap &&
                cw_enclave_copy_in(cw_memory.out, call->in_far, call->in_len) == CW_OK &&
                cw_channel_unwrap_response(c, cw_memory.out, call->in_len, ret_len) == CW_OK) {
            return CW_OK;
        }
    }
    return CW_AGAIN;
}

cw_status cw_request(const struct cw_endpoint *endpoint, const void *data, size_t len,
        void *ret_reply, size_t cap, size_t *ret_len)
{
    struct cw_channel *c = NULL;
    cw_status status = cw_output_send(endpoint, CW_FRAME_REQUEST, data, len, &c);
    if (status == CW_OK && c == NULL) {
        status = CW_E_ABSENT;
    }
    if (status != CW_OK) {
        return status;
    }
    size_t reply_len;
    cw_result result = CW_RESULT_PENDING;
    do {
        leave(result);
        status = answer(c, &reply_len, &result);
    } while (status == CW_AGAIN);
    if (status == CW_OK && reply_len > cap) {
        status = CW_E_SPACE;
    }
    if (status == CW_OK) {
        cw_bytes_copy(ret_reply, cw_memory.out + CW_EVENT_HEADER_LEN, reply_len);
        *ret_len = reply_len;
    }
    return status;
}
