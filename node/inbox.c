/* SPDX-License-Identifier: MIT */
#include "node/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/limits.h"

#define CAP_MIN 256u

void cw_inbox_open(struct cw_inbox *inbox, size_t message_max)
{
    *inbox = (struct cw_inbox){.message_max = message_max};
}

void cw_inbox_close(struct cw_inbox *inbox)
{
    free(inbox->bytes);
    *inbox = (struct cw_inbox){0};
}

cw_status cw_inbox_put(struct cw_inbox *inbox, const uint8_t *bytes, size_t len)
{
    if (len == 0) {
        return CW_OK;
    }
    const size_t left = inbox->len - inbox->used;
    if (inbox->used > 0) {
        memmove(inbox->bytes, inbox->bytes + inbox->used, left);
        inbox->used = 0;
        inbox->len = left;
    }
    if (left + len > inbox->cap) {
        size_t cap = inbox->cap < CAP_MIN ? CAP_MIN : inbox->cap;
        while (cap < left + len) {
            cap *= 2;
        }
        uint8_t *grown = realloc(inbox->bytes, cap);
        if (grown == NULL) {
            return CW_E_SPACE;
        }
        inbox->bytes = grown;
        inbox->cap = cap;
    }
    memcpy(inbox->bytes + left, bytes, len);
    inbox->len = left + len;
    return CW_OK;
}

cw_status cw_inbox_peel(const struct cw_inbox *inbox, const uint8_t **bytes, size_t *len,
        struct cw_link_header *ret_header, const uint8_t **ret_payload)
{
    if (*len < CW_LINK_HEADER_LEN) {
        return CW_AGAIN;
    }
    struct cw_link_header header;
    const cw_status status = cw_link_header_decode(*bytes, &header);
    if (status != CW_OK || header.len > inbox->message_max) {
        return CW_E_FORM;
    }
    if (*len - CW_LINK_HEADER_LEN < header.len) {
        return CW_AGAIN;
    }
    *ret_header = header;
    *ret_payload = *bytes + CW_LINK_HEADER_LEN;
    *bytes += CW_LINK_HEADER_LEN + header.len;
    *len -= CW_LINK_HEADER_LEN + header.len;
    return CW_OK;
}

cw_status cw_inbox_take(struct cw_inbox *inbox, struct cw_link_header *ret_header,
        const uint8_t **ret_payload)
{
    if (inbox->len == inbox->used) {
        return CW_AGAIN;
    }
    const uint8_t *bytes = inbox->bytes + inbox->used;
    size_t len = inbox->len - inbox->used;
    const cw_status status = cw_inbox_peel(inbox, &bytes, &len, ret_header, ret_payload);
    if (status == CW_OK) {
        inbox->used = inbox->len - len;
    }
    return status;
}
