/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  The records lie in order between the oldest's place and `tail`, or, once
 * wrapped (tail <= the oldest's place), from there to `end` and from 0 to `tail`.  With slot_count
 * - 1 of the longest held, less than one's length lost at `end`, and one lost by pop_second, another
 * one always finds room in (slot_count + 2) times that length.
 */
#include "node/store.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A record: frame length 4, link header 8, frame; whole words. */
#define LENGTH_LEN 4u
#define HEAD_LEN (LENGTH_LEN + CW_LINK_HEADER_LEN)
#define LIMIT_MIN 4096u

static size_t record_len(size_t frame_len)
{
    return (HEAD_LEN + frame_len + 3u) & ~(size_t)3u;
}

static size_t cap_for(uint32_t slot_count, uint32_t frame_max)
{
    return ((size_t)slot_count + 2) * record_len(frame_max);
}

uint64_t cw_store_len(uint32_t slot_count, uint32_t frame_max)
{
    return cap_for(slot_count, frame_max) + (uint64_t)slot_count * sizeof(size_t);
}

cw_status cw_store_open(struct cw_store *store, uint32_t slot_count, uint32_t frame_max)
{
    const size_t cap = cap_for(slot_count, frame_max);
    uint8_t *bytes = slot_count > 0 ? malloc(cap) : NULL;
    size_t *places = malloc(slot_count * sizeof *places);
    if (bytes == NULL || places == NULL) {
        free(bytes);
        free(places);
        return CW_E_SPACE;
    }
    *store = (struct cw_store){.bytes = bytes, .places = places, .cap = cap,
            .limit = cap < LIMIT_MIN ? cap : LIMIT_MIN, .record_max = record_len(frame_max),
            .slot_count = slot_count};
    return CW_OK;
}

void cw_store_close(struct cw_store *store)
{
    free(store->bytes);
    free(store->places);
    *store = (struct cw_store){0};
}

static size_t *place(const struct cw_store *store, uint32_t index)
{
    uint32_t at = store->head + index; /* both below slot_count: up to 2^17 */
    if (at >= store->slot_count) {
        at -= store->slot_count;
    }
    return &store->places[at];
}

/* Of the record at a place, with its head. */
static size_t len_at(const struct cw_store *store, size_t at)
{
    uint32_t frame_len;
    memcpy(&frame_len, store->bytes + at, sizeof frame_len);
    return record_len(frame_len);
}

static bool is_wrapped(const struct cw_store *store)
{
    return store->count > 0 && store->tail <= *place(store, 0);
}

/* A higher limit; what lies before the wrap goes up to it. */
static void grow(struct cw_store *store)
{
    const size_t limit = store->limit > store->cap / 2 ? store->cap : 2 * store->limit;
    if (is_wrapped(store)) {
        const size_t from = *place(store, 0);
        const size_t up = limit - store->end;
        memmove(store->bytes + from + up, store->bytes + from, store->end - from);
        for (uint32_t i = 0; i < store->count && *place(store, i) >= from; i++) {
            *place(store, i) += up;
        }
        store->end = limit;
    }
    store->limit = limit;
}

/* Room for a record of so many bytes behind the newest; false: there is none. */
static bool make_room(struct cw_store *store, size_t len)
{
    for (;;) {
        const size_t oldest = store->count == 0 ? store->limit : *place(store, 0);
        if (is_wrapped(store)) {
            if (oldest - store->tail >= len) {
                return true;
            }
        } else if (store->limit - store->tail >= len) {
            return true;
        } else if (oldest >= len) {
            store->end = store->tail;
            store->tail = 0;
            return true;
        }
        if (store->limit == store->cap) {
            return false;
        }
        grow(store);
    }
}

cw_status cw_store_push(struct cw_store *store, cw_frame type, const uint8_t *frame,
        size_t frame_len)
{
    const size_t len = record_len(frame_len);
    if (frame_len > store->record_max || len > store->record_max) {
        return CW_E_SPACE;
    }
    if (store->count == store->slot_count || !make_room(store, len)) {
        return CW_AGAIN;
    }
    uint8_t *to = store->bytes + store->tail;
    const uint32_t length = (uint32_t)frame_len;
    const struct cw_link_header header = {.len = length, .type = (uint8_t)type};
    memcpy(to, &length, sizeof length);
    cw_link_header_encode(&header, to + LENGTH_LEN);
    memcpy(to + HEAD_LEN, frame, frame_len);
    *place(store, store->count) = store->tail;
    store->tail += len;
    store->count++;
    return CW_OK;
}

const uint8_t *cw_store_at(const struct cw_store *store, uint32_t index, size_t *ret_frame_len)
{
    const uint8_t *from = store->bytes + *place(store, index);
    uint32_t length;
    memcpy(&length, from, sizeof length);
    *ret_frame_len = length;
    return from + LENGTH_LEN;
}

/* An empty store begins anew, where the memory is warm. */
void cw_store_pop(struct cw_store *store)
{
    store->count--;
    store->head = store->head + 1 == store->slot_count ? 0 : store->head + 1;
    if (store->count == 0) {
        cw_store_clear(store);
    }
}

/* The oldest moves over the end of the second, unless that is too short for it. */
void cw_store_pop_second(struct cw_store *store)
{
    const size_t first = *place(store, 0);
    const size_t second = *place(store, 1);
    const size_t len = len_at(store, first);
    const size_t second_end = second + len_at(store, second);
    const bool fits = second_end >= len;
    const size_t to = fits ? second_end - len : first;
    memmove(store->bytes + to, store->bytes + first, len);
    *place(store, 1) = to;
    if (store->count == 2) {
        store->tail = to + len;
    }
    cw_store_pop(store);
}

void cw_store_clear(struct cw_store *store)
{
    store->head = 0;
    store->count = 0;
    store->tail = 0;
}
