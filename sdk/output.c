/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"
#include "sdk/causeway.h"
#include "sdk/output.h"
#include "sdk/run.h"

#define ITEM_LEN(payload_len) (CW_LINK_HEADER_LEN + (size_t)CW_FRAME_LEN(payload_len))

/* The open source after c, or the first (NULL), of one endpoint or (NULL) of any. */
static struct cw_channel *next_source(struct cw_channel *c, const struct cw_endpoint *endpoint)
{
    for (c = c == NULL ? cw_run_module.channels : c + 1; c != cw_run_module.channels_end; c++) {
        if (c->state == CW_CHANNEL_OPEN && c->source != 0 &&
                (endpoint == NULL || endpoint == c->endpoint)) {
            return c;
        }
    }
    return NULL;
}

cw_status cw_outputs_ready(size_t answer_len)
{
    for (struct cw_channel *c = NULL; (c = next_source(c, NULL)) != NULL;) {
        uint32_t max = c->endpoint->max;
        answer_len += ITEM_LEN(c->event_max < max ? c->event_max : max);
        if (cw_channel_ready(c) != CW_OK) {
            return CW_AGAIN;
        }
    }
    return answer_len <= cw_run_left() ? CW_OK : CW_AGAIN;
}

cw_status cw_output_send(const struct cw_endpoint *endpoint, cw_frame type, const void *data,
        size_t len, struct cw_channel **ret_channel)
{
    cw_status status = len > endpoint->max ? CW_E_SPACE : CW_OK;
    size_t needed = 0;
    /* All connections or none: first whether every one can take it, ... */
    for (struct cw_channel *c = NULL; (c = next_source(c, endpoint)) != NULL;) {
        needed += ITEM_LEN(len);
        cw_status one = len > c->event_max ? CW_E_SPACE : cw_channel_ready(c);
        one = one == CW_OK && needed > cw_run_left() ? CW_AGAIN : one;
        if (one != CW_OK) {
            cw_channel_refuse(c, CW_AGAIN);
            status = one;
        }
    }
    /* ... then the sealing. */
    for (struct cw_channel *c = NULL; status == CW_OK && (c = next_source(c, endpoint)) != NULL;) {
        size_t frame_len;
        status = cw_channel_wrap(c, data, len, cw_memory.out, cw_memory.out_cap, &frame_len);
        if (status == CW_OK) {
            status = cw_run_put(type, cw_memory.out, frame_len);
        }
        *ret_channel = c;
    }
    return status;
}

cw_status cw_emit(const struct cw_endpoint *endpoint, const void *data, size_t len)
{
    struct cw_channel *last;
    return cw_output_send(endpoint, CW_FRAME_EVENT, data, len, &last);
}

cw_status cw_serve_output(uint8_t entry, const struct cw_endpoint *endpoint, struct cw_channel *c,
        size_t len)
{
    (void)endpoint;
    cw_status status =
            entry == CW_ENTRY_ACK_TAKE ? cw_channel_ack_take(c, cw_memory.in, len) : CW_E_STATE;
    if (status == CW_OK) { /* channel 4 as it came, acked 8 */
        cw_bytes_copy(cw_memory.in + 4, &c->acked, sizeof c->acked);
        status = cw_run_put(CW_FRAME_REPLY, cw_memory.in, 4 + sizeof c->acked);
    }
    return status;
}
