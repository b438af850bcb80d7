/* SPDX-License-Identifier: MIT */
#include "sdk/run.h"

#include "core/base/bytes.h"

struct cw_module cw_run_module;
struct cw_call cw_run_call;

size_t cw_run_items_len;

size_t cw_run_left(void)
{
    return cw_run_call.out_cap - cw_run_items_len;
}

cw_status cw_run_put(cw_frame type, const uint8_t *bytes, size_t len)
{
    const uint8_t header[] = {
            (uint8_t)len, (uint8_t)(len >> 8), 0, 0, CW_VERSION, (uint8_t)type, 0, 0};
    cw_far to_far = cw_run_call.out_far + cw_run_items_len;
    if (len > UINT16_MAX || cw_run_left() < sizeof header || cw_run_left() - sizeof header < len) {
        return CW_AGAIN;
    }
    cw_status status = cw_enclave_copy_out(to_far, header, sizeof header);
    status = status == CW_OK ? cw_enclave_copy_out(to_far + sizeof header, bytes, len) : status;
    cw_run_items_len += status == CW_OK ? sizeof header + len : 0;
    return status;
}

static cw_status attest(size_t len)
{
    static const uint8_t form[] = {CW_VERSION, CW_MANAGE_ATTEST, 0, 0};
    if (len != CW_ATTEST_LEN || !cw_bytes_equal(cw_memory.in, form, sizeof form)) {
        return CW_E_FORM;
    }
    size_t proof_len;
    uint8_t *life = cw_memory.out;
    cw_bytes_copy(life, &cw_run_module.life, CW_EVIDENCE_LEN);
    cw_status status = cw_session_prove(cw_memory.in + sizeof form, life, life + CW_EVIDENCE_LEN,
            cw_memory.out_cap - CW_EVIDENCE_LEN, &proof_len);
    return status == CW_OK ? cw_run_put(CW_FRAME_REPLY, life, CW_EVIDENCE_LEN + proof_len) : status;
}

static cw_status manage(size_t len)
{
    size_t answer_len = CW_OPENED_LEN;
    if (cw_run_left() < CW_LINK_HEADER_LEN + CW_MANAGE_HEADER_LEN + CW_ANSWER_LEN + CW_TAG_LEN) {
        return CW_AGAIN;
    }
    cw_status status = len > 1 && cw_memory.in[1] == CW_MANAGE_OPEN
            ? cw_session_open(&cw_run_module, cw_memory.in, len, cw_memory.out)
            : cw_module_command(&cw_run_module, cw_memory.in, len, cw_memory.out,
                      cw_memory.out_cap, &answer_len);
    return status == CW_OK ? cw_run_put(CW_FRAME_REPLY, cw_memory.out, answer_len) : status;
}

/* Four bytes in front say who is meant: a channel, or (CALL) an endpoint. */
static cw_status to_endpoint(uint8_t entry, size_t len)
{
    uint32_t number = UINT32_MAX;
    cw_bytes_copy(&number, cw_memory.in, len < sizeof number ? 0 : sizeof number);
    struct cw_channel *c =
            entry == CW_ENTRY_CALL ? NULL : cw_module_channel(&cw_run_module, number);
    const struct cw_endpoint *endpoint = entry == CW_ENTRY_CALL
            ? cw_module_endpoint(&cw_run_module, number)
            : c == NULL ? NULL : c->endpoint;
    return endpoint == NULL ? CW_E_ABSENT : endpoint->serve(entry, endpoint, c, len);
}

static cw_status serve(uint8_t entry, size_t len)
{
    if (entry >= CW_ENTRY_STREAM_OPEN) {
        return cw_serve_stream == NULL ? CW_E_ABSENT : cw_serve_stream(entry, len);
    }
    return entry == CW_ENTRY_ATTEST ? attest(len)
         : entry == CW_ENTRY_MANAGE ? manage(len)
                                    : to_endpoint(entry, len);
}

static void start(void)
{
    struct cw_module *m = &cw_run_module;
    m->channels = cw_memory.channels;
    m->channels_end = cw_memory.channels_end;
    m->endpoints = __start_cw_endpoints;
    m->endpoints_end = __stop_cw_endpoints;
    m->cipher = cw_session_cipher;
    m->life.version = CW_VERSION;
    m->life.type = CW_MANAGE_ATTEST | CW_MANAGE_ANSWER;
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
    cw_run_call = *call;
    cw_run_items_len = 0;
    if (cw_run_module.life.version == 0) {
        start();
    }
    size_t len = cw_run_call.in_len;
    cw_status status = len > cw_memory.in_cap ? CW_E_SPACE
                     : cw_enclave_copy_in(cw_memory.in, cw_run_call.in_far, len);
    status = status == CW_OK ? serve(cw_run_call.entry, len) : status;
    cw_result refused = status == CW_AGAIN ? CW_RESULT_AGAIN : CW_RESULT_REFUSED;
    return CW_RETURN(status == CW_OK ? CW_RESULT_DONE : refused, cw_run_items_len);
}
