/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/enclave/kernel/queue.h"

#include "sdk/rt.h"

struct head {
    uint32_t value;
    uint32_t len;
};

#define MOST (sizeof(struct head) + CW_TZ_OUT_LEN)

bool cw_tz_queue_has_room(const struct cw_tz_queue *q)
{
    return CW_TZ_QUEUE_LEN - (q->end - q->first) >= MOST;
}

void cw_tz_queue_put(struct cw_tz_queue *q, uint32_t value, const uint8_t *items, size_t len)
{
    const struct head head = {value, (uint32_t)len};
    if (CW_TZ_QUEUE_LEN - q->end < sizeof head + len) {
        memmove(q->at, q->at + q->first, q->end - q->first);
        q->end -= q->first;
        q->first = 0;
    }
    memcpy(q->at + q->end, &head, sizeof head);
    memcpy(q->at + q->end + sizeof head, items, len);
    q->end += sizeof head + len;
    q->count++;
}

void cw_tz_queue_first(const struct cw_tz_queue *q, struct cw_tz_said *ret_said)
{
    *ret_said = (struct cw_tz_said){0};
    if (q->count > 0) {
        struct head head;
        memcpy(&head, q->at + q->first, sizeof head);
        *ret_said = (struct cw_tz_said){
                .value = head.value,
                .count = q->count - 1,
                .items = q->at + q->first + sizeof head,
                .len = head.len,
        };
    }
}

void cw_tz_queue_drop(struct cw_tz_queue *q)
{
    struct cw_tz_said said;
    cw_tz_queue_first(q, &said);
    if (q->count > 0) {
        q->first += sizeof(struct head) + said.len;
        q->count--;
    }
    if (q->count == 0) {
        q->first = 0;
        q->end = 0;
    }
}
