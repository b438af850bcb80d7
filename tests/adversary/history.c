/* SPDX-License-Identifier: MIT */
#include "tests/adversary/history.h"

#include <stdlib.h>
#include <string.h>

#include "core/wire/frame.h"
#include "core/wire/node.h"
#include "core/wire/reader.h"

static const struct {
    uint8_t type;
    const char *name;
} type_names[] = {
        {CW_FRAME_EVENT, "event"},
        {CW_FRAME_REQUEST, "request"},
        {CW_FRAME_RESPONSE, "response"},
        {CW_FRAME_ACK, "ack"},
        {CW_LINK_HELLO, "hello"},
        {CW_LINK_CHALLENGE, "challenge"},
        {CW_LINK_PROOF, "proof"},
};

const char *cw_message_type_name(uint8_t type)
{
    for (size_t i = 0; i < sizeof type_names / sizeof type_names[0]; i++) {
        if (type_names[i].type == type) {
            return type_names[i].name;
        }
    }
    return "other";
}

int cw_message_type(const char *name)
{
    for (size_t i = 0; i < sizeof type_names / sizeof type_names[0]; i++) {
        if (strcmp(type_names[i].name, name) == 0) {
            return type_names[i].type;
        }
    }
    return -1;
}

void cw_history_open(struct cw_history *h)
{
    memset(h, 0, sizeof *h);
    h->first_id = 1;
    h->next_id = 1;
}

static void forget_oldest(struct cw_history *h)
{
    struct cw_message **place = &h->ring[h->first_id % CW_HISTORY_COUNT_MAX];
    h->used_len -= (*place)->len;
    free((*place)->bytes);
    free(*place);
    *place = NULL;
    h->first_id++;
}

void cw_history_close(struct cw_history *h)
{
    while (h->first_id < h->next_id) {
        forget_oldest(h);
    }
}

void cw_message_read(uint8_t *bytes, size_t len, struct cw_message *ret_message)
{
    ret_message->bytes = bytes;
    ret_message->len = len;
    ret_message->type = len > 5 ? bytes[5] : 0;
    struct cw_reader r = cw_reader_over(bytes, len);
    (void)cw_reader_u32(&r);
    (void)cw_reader_u32(&r);
    ret_message->channel = cw_reader_u32(&r);
    ret_message->counter = cw_reader_u64(&r);
    ret_message->has_channel = ret_message->type >= CW_FRAME_EVENT
            && ret_message->type <= CW_FRAME_ACK
            && len >= CW_LINK_HEADER_LEN + CW_EVENT_HEADER_LEN;
    if (!ret_message->has_channel) {
        ret_message->channel = 0;
        ret_message->counter = 0;
    }
}

struct cw_message *cw_history_add(struct cw_history *h, const struct cw_message *message,
        const char *fate)
{
    if (h->is_off || message->len > CW_HISTORY_LEN_MAX) {
        return NULL;
    }
    struct cw_message *copy = malloc(sizeof *copy);
    uint8_t *bytes = malloc(message->len);
    if (copy == NULL || bytes == NULL) {
        free(copy);
        free(bytes);
        return NULL;
    }
    while (h->first_id < h->next_id
            && (h->next_id - h->first_id >= CW_HISTORY_COUNT_MAX
                    || h->used_len + message->len > CW_HISTORY_LEN_MAX)) {
        forget_oldest(h);
    }
    *copy = *message;
    memcpy(bytes, message->bytes, message->len);
    copy->bytes = bytes;
    copy->id = h->next_id;
    copy->fate = fate;
    h->ring[h->next_id % CW_HISTORY_COUNT_MAX] = copy;
    h->next_id++;
    h->used_len += copy->len;
    return copy;
}

const struct cw_message *cw_history_find(const struct cw_history *h, uint64_t id)
{
    const bool is_there = id >= h->first_id && id < h->next_id;
    return is_there ? h->ring[id % CW_HISTORY_COUNT_MAX] : NULL;
}
