/* SPDX-License-Identifier: MIT */
/*
 * store.h - frames in order, in memory that was reserved when the connection was made.
 *
 * What     A ring of records, each a link header and a frame, ready to be written.  Room for so
 *          many of the longest is there, but short ones lie side by side and use its beginning
 *          alone, which so stays in the processor's cache.  Nothing is allocated while frames come
 *          and go.
 * Trust    UNTRUSTED.
 * Memory   Two blocks; pages that were never used cost nothing.
 */
#ifndef CW_NODE_STORE_H
#define CW_NODE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "core/base/status.h"
#include "core/wire/frame.h"

struct cw_store {
    uint8_t *bytes;
    size_t *places;      /* ring of [slot_count]: where the records begin     */
    size_t cap;          /* bytes there are                                   */
    size_t limit;        /* bytes in use so far; grows to cap                 */
    size_t record_max;
    size_t tail;         /* where the newest record ends                      */
    size_t end;          /* where the last record before the wrap ends        */
    uint32_t slot_count; /* frames that it holds at most                      */
    uint32_t head;       /* place of the oldest frame                         */
    uint32_t count;      /* frames held                                       */
};

/* What a store of so many frames of so many bytes reserves. */
uint64_t cw_store_len(uint32_t slot_count, uint32_t frame_max);

/* cw_store_open - CW_E_SPACE: no memory. */
CW_MUST_CHECK cw_status cw_store_open(struct cw_store *store, uint32_t slot_count,
        uint32_t frame_max);
void cw_store_close(struct cw_store *store);

/*
 * cw_store_push - the newest frame.
 *
 * CW_AGAIN    it holds slot_count frames
 * CW_E_SPACE  longer than frame_max
 */
CW_MUST_CHECK cw_status cw_store_push(struct cw_store *store, cw_frame type,
        const uint8_t *frame, size_t frame_len);

/*
 * cw_store_at - frame number index, the oldest being 0.
 *
 * Returns the link header's place; the frame follows it.  *ret_frame_len counts the frame alone.
 */
const uint8_t *cw_store_at(const struct cw_store *store, uint32_t index, size_t *ret_frame_len);

/* cw_store_pop - forget the oldest frame; there is one. */
void cw_store_pop(struct cw_store *store);

/* cw_store_pop_second - forget the oldest but one; there are two. */
void cw_store_pop_second(struct cw_store *store);

void cw_store_clear(struct cw_store *store);

#endif
