/* SPDX-License-Identifier: MIT */
#include "node/store.h"

#include <stdlib.h>
#include <string.h>

/* A slot: frame length 4, unused 4, link header 8, frame. */
#define SLOT_HEAD_LEN 8u

static size_t slot_len_for(uint32_t frame_max)
{
    return (SLOT_HEAD_LEN + CW_LINK_HEADER_LEN + (size_t)frame_max + 7u) & ~(size_t)7u;
}

uint64_t cw_store_len(uint32_t slot_count, uint32_t frame_max)
{
    return (uint64_t)slot_count * slot_len_for(frame_max);
}

cw_status cw_store_open(struct cw_store *store, uint32_t slot_count, uint32_t frame_max)
{
    const size_t slot_len = slot_len_for(frame_max);
    uint8_t *bytes = slot_count > 0 ? malloc(slot_count * slot_len) : NULL;
    if (bytes == NULL) {
        return CW_E_SPACE;
    }
    *store = (struct cw_store){.bytes = bytes, .slot_len = slot_len, .slot_count = slot_count};
    return CW_OK;
}

void cw_store_close(struct cw_store *store)
{
    free(store->bytes);
    *store = (struct cw_store){0};
}

static uint8_t *slot(const struct cw_store *store, uint32_t index)
{
    uint32_t place = store->head + index; /* both below slot_count: up to 2^17 */
    if (place >= store->slot_count) {
        place -= store->slot_count;
    }
    return store->bytes + place * store->slot_len;
}

cw_status cw_store_push(struct cw_store *store, cw_frame type, const uint8_t *frame,
        size_t frame_len)
{
    if (frame_len + SLOT_HEAD_LEN + CW_LINK_HEADER_LEN > store->slot_len) {
        return CW_E_SPACE;
    }
    if (store->count == store->slot_count) {
        return CW_AGAIN;
    }
    uint8_t *to = slot(store, store->count);
    const uint32_t len = (uint32_t)frame_len;
    const struct cw_link_header header = {.len = len, .type = (uint8_t)type};
    memcpy(to, &len, sizeof len);
    cw_link_header_encode(&header, to + SLOT_HEAD_LEN);
    memcpy(to + SLOT_HEAD_LEN + CW_LINK_HEADER_LEN, frame, frame_len);
    store->count++;
    return CW_OK;
}

const uint8_t *cw_store_at(const struct cw_store *store, uint32_t index, size_t *ret_frame_len)
{
    const uint8_t *from = slot(store, index);
    uint32_t len;
    memcpy(&len, from, sizeof len);
    *ret_frame_len = len;
    return from + SLOT_HEAD_LEN;
}

/* An empty store begins anew, where the memory is warm. */
void cw_store_pop(struct cw_store *store)
{
    store->count--;
    store->head = store->count == 0 || store->head + 1 == store->slot_count ? 0 : store->head + 1;
}

void cw_store_pop_second(struct cw_store *store)
{
    memcpy(slot(store, 1), slot(store, 0), store->slot_len);
    cw_store_pop(store);
}

void cw_store_clear(struct cw_store *store)
{
    store->head = 0;
    store->count = 0;
}
