/* SPDX-License-Identifier: MIT */
#include "sdk/causeway.h"

cw_status cw_reply_put(struct cw_reply *reply, const void *bytes, size_t len)
{
    if (len > reply->cap - reply->len) {
        return CW_E_SPACE;
    }
    cw_bytes_copy(reply->bytes + reply->len, bytes, len);
    reply->len += len;
    return CW_OK;
}
