/* SPDX-License-Identifier: MIT */
#include "sdk/run.h"

#include "core/base/bytes.h"

struct cw_call cw_run_call;
size_t cw_run_items_len;

cw_status cw_run_put(cw_frame type, const uint8_t *bytes, size_t len)
{
    const struct cw_item_header header = {(uint32_t)len, CW_VERSION, (uint8_t)type, 0};
    cw_far far = cw_run_call.out_far;
    if (cw_run_call.out_cap < sizeof header || cw_run_call.out_cap - sizeof header < len) {
        return CW_AGAIN;
    }
    if (cw_enclave_copy_out(far, &header, sizeof header) != CW_OK ||
            cw_enclave_copy_out(far + sizeof header, bytes, len) != CW_OK) {
        return CW_E_DENIED;
    }
    cw_run_call.out_far += sizeof header + len;
    cw_run_call.out_cap -= sizeof header + len;
    cw_run_items_len += sizeof header + len;
    return CW_OK;
}

cw_status cw_run_take(uint8_t *ret_bytes, size_t cap)
{
    return cw_run_call.in_len > cap
            ? CW_E_SPACE
            : cw_enclave_copy_in(ret_bytes, cw_run_call.in_far, cw_run_call.in_len);
}

cw_result cw_run_result(cw_status status)
{
    return status == CW_OK    ? CW_RESULT_DONE
         : status == CW_AGAIN ? CW_RESULT_AGAIN
                              : CW_RESULT_REFUSED;
}

static cw_status manage(size_t len)
{
    bool is_open = len > 1 && cw_memory.in[1] == CW_MANAGE_OPEN;
    if (cw_run_call.out_cap < CW_LINK_HEADER_LEN + CW_ANSWERED_LEN) {
        return CW_AGAIN;
    }
    cw_status status = is_open
            ? cw_session_open(cw_memory.in, len, cw_memory.out)
            : cw_module_command(&cw_run_module, cw_memory.in, len, cw_memory.out);
    size_t answer_len = is_open ? CW_OPENED_LEN : CW_ANSWERED_LEN;
    return status == CW_OK ? cw_run_put(CW_FRAME_REPLY, cw_memory.out, answer_len) : status;
}

static cw_status serve(uint16_t entry, size_t len)
{
    static const uint8_t attest[] = {CW_VERSION, CW_MANAGE_ATTEST, 0, 0}; /* then the nonce */
    struct cw_channel *c = NULL;
    const struct cw_endpoint *endpoint = NULL;
    uint32_t number = UINT32_MAX; /* of who is meant: a channel, or (CALL) an endpoint */
    if (entry >= CW_ENTRY_STREAM_OPEN) {
        return cw_serve_stream == NULL ? CW_E_ABSENT : cw_serve_stream(entry, len);
    }
    if (entry == CW_ENTRY_MANAGE) {
        return manage(len);
    }
    if (entry == CW_ENTRY_ATTEST) {
        bool well = len == CW_ATTEST_LEN && cw_bytes_equal(cw_memory.in, attest, sizeof attest);
        return well ? cw_session_attest(cw_memory.in + sizeof attest) : CW_E_FORM;
    }
    cw_bytes_copy(&number, cw_memory.in, len < sizeof number ? 0 : sizeof number);
    if (entry == CW_ENTRY_CALL) {
        endpoint = cw_module_endpoint(&cw_run_module, number);
    } else if ((c = cw_module_channel(&cw_run_module, number)) != NULL) {
        endpoint = c->endpoint;
    }
    return endpoint == NULL || endpoint->serve == NULL
            ? CW_E_ABSENT
            : endpoint->serve(entry, endpoint, c, len);
}

static void start(void)
{
    struct cw_module *m = &cw_run_module;
    m->cipher = cw_session_cipher;
    m->life.kind = cw_enclave_start(m->life.start);
    if (cw_session_start != NULL) {
        cw_session_start();
    }
    if (cw_init_hook != NULL) {
        cw_init_hook();
    }
}

cw_return cw_run(const struct cw_call *call)
{
    cw_bytes_copy(&cw_run_call, call, sizeof cw_run_call);
    cw_run_items_len = 0;
    if (cw_run_module.cipher == 0) {
        start();
    }
    cw_status status = cw_run_take(cw_memory.in, cw_memory.in_cap);
    status = status == CW_OK ? serve(cw_run_call.entry, cw_run_call.in_len) : status;
    return CW_RETURN(cw_run_result(status), cw_run_items_len);
}
