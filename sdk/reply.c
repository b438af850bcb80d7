/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"
#include "sdk/causeway.h"
#include "sdk/run.h"

struct cw_reply cw_run_reply(const struct cw_endpoint *endpoint)
{
    if (endpoint->reply_max > cw_memory.reply_cap) {
        cw_enclave_abort(); /* the image was built with too little memory */
    }
    return (struct cw_reply){.bytes = cw_memory.reply, .cap = endpoint->reply_max};
}

cw_status cw_reply_put(struct cw_reply *reply, const void *bytes, size_t len)
{
    if (len > reply->cap - reply->len) {
        return CW_E_SPACE;
    }
    cw_bytes_copy(reply->bytes + reply->len, bytes, len);
    reply->len += len;
    return CW_OK;
}
