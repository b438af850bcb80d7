/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"
#include "sdk/causeway.h"
#include "sdk/run.h"

/* Room stays for the small items that a stream may still need: taken, more, close. */
#define RESERVE (4 * (CW_LINK_HEADER_LEN + 8))

static size_t taken_len;

/* An item that names a stream and carries one number at most. */
static cw_status put(cw_frame type, uint32_t stream, size_t value, size_t len)
{
    uint32_t item[2] = {stream, (uint32_t)value};
    return cw_run_put(type, (const uint8_t *)item, len);
}

size_t cw_stream_send(uint32_t stream, const void *bytes, size_t len)
{
    const size_t overhead = RESERVE + CW_LINK_HEADER_LEN + sizeof stream;
    const size_t chunk_cap = cw_memory.out_cap - sizeof stream;
    size_t sent = 0;
    while (sent < len && cw_run_call.out_cap > overhead) {
        size_t chunk = len - sent;
        chunk = chunk < cw_run_call.out_cap - overhead ? chunk : cw_run_call.out_cap - overhead;
        chunk = chunk < chunk_cap ? chunk : chunk_cap;
        cw_bytes_copy(cw_memory.out, &stream, sizeof stream);
        cw_bytes_copy(cw_memory.out + sizeof stream, (const uint8_t *)bytes + sent, chunk);
        if (cw_run_put(CW_FRAME_STREAM_DATA, cw_memory.out, sizeof stream + chunk) != CW_OK) {
            break;
        }
        sent += chunk;
    }
    return sent;
}

void cw_stream_taken(uint32_t stream, size_t len)
{
    (void)stream;
    taken_len = len;
}

void cw_stream_more(uint32_t stream)
{
    (void)put(CW_FRAME_STREAM_MORE, stream, 0, 4);
}

void cw_stream_end(uint32_t stream)
{
    (void)put(CW_FRAME_STREAM_CLOSE, stream, 0, 4);
}

cw_status cw_serve_stream(uint16_t entry, size_t len)
{
    uint32_t stream;
    if (len < sizeof stream) {
        return CW_E_SHORT;
    }
    cw_bytes_copy(&stream, cw_memory.in, sizeof stream);
    if (entry == CW_ENTRY_STREAM_OPEN) {
        return cw_stream_open(stream);
    }
    if (entry == CW_ENTRY_STREAM_CLOSE) {
        cw_stream_close(stream);
        return CW_OK;
    }
    if (entry != CW_ENTRY_STREAM_DATA) {
        return CW_E_STATE;
    }
    taken_len = len - sizeof stream;
    cw_status status = cw_stream_data(stream, cw_memory.in + sizeof stream, taken_len);
    return status == CW_OK ? put(CW_FRAME_STREAM_TAKEN, stream, taken_len, 8) : status;
}
