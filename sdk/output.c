/* SPDX-License-Identifier: MIT */
#include "sdk/causeway.h"
#include "sdk/run.h"

struct cw_channel *cw_output_next(struct cw_channel *c, const struct cw_endpoint *endpoint)
{
    for (c = c == NULL ? cw_run_module.channels : c + 1; cw_module_has(&cw_run_module, c); c++) {
        if (c->state == CW_CHANNEL_OPEN && c->source != 0 &&
                (endpoint == NULL || endpoint == c->endpoint)) {
            return c;
        }
    }
    return NULL;
}

cw_status cw_outputs_ready(const struct cw_endpoint *endpoint, size_t len, size_t needed)
{
    cw_status status = CW_OK;
    for (struct cw_channel *c = NULL; (c = cw_output_next(c, endpoint)) != NULL;) {
        uint32_t max = c->event_max < c->endpoint->max ? c->event_max : c->endpoint->max;
        needed += CW_ITEM_LEN(endpoint != NULL ? (uint32_t)len : max);
        cw_status one = endpoint != NULL && len > max ? CW_E_SPACE : cw_channel_ready(c);
        one = one == CW_OK && needed > cw_run_call.out_cap ? CW_AGAIN : one;
        if (one != CW_OK && endpoint != NULL) {
            cw_channel_refuse(c, CW_AGAIN);
        }
        status = one != CW_OK ? one : status;
    }
    return status;
}

/* All connections or none. */
cw_status cw_emit(const struct cw_endpoint *endpoint, const void *data, size_t len)
{
    cw_frame type = endpoint->kind == CW_KIND_REQUEST ? CW_FRAME_REQUEST : CW_FRAME_EVENT;
    cw_status status = len > endpoint->max ? CW_E_SPACE : cw_outputs_ready(endpoint, len, 0);
    for (struct cw_channel *c = NULL;
            status == CW_OK && (c = cw_output_next(c, endpoint)) != NULL;) {
        status = cw_run_send(c, type, data, len);
    }
    return status;
}

cw_status cw_serve_output(uint16_t entry, const struct cw_endpoint *endpoint, struct cw_channel *c,
        size_t len)
{
    (void)endpoint;
    size_t payload_len;
    uint32_t gap;
    cw_status status = entry == CW_ENTRY_ACK_TAKE
            ? cw_channel_unwrap(c, cw_memory.in, len, &payload_len, &gap)
            : CW_E_STATE;
    if (status == CW_OK) { /* channel 4 as it came, acked 8 */
        cw_bytes_copy(cw_memory.in + 4, &c->acked, sizeof c->acked);
        status = cw_run_put(CW_FRAME_REPLY, cw_memory.in, 4 + sizeof c->acked);
    }
    return status;
}
