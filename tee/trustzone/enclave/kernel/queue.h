/* SPDX-License-Identifier: MIT */
/*
 * queue.h - what a module said when its device entered it, until the node fetches it.
 *
 * What     The kernel enters a module only while there is room for the most that it can say, so
 *          that nothing is ever lost; until then its device stays masked.
 * Trust    TRUSTED.
 * Memory   The caller's, CW_TZ_QUEUE_LEN bytes, scrubbed by whoever gave it.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_QUEUE_H
#define CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_QUEUE_H

#include <stdbool.h>

#include "tee/trustzone/enclave/kernel/module.h"

#define CW_TZ_QUEUE_LEN (2 * CW_TZ_OUT_LEN)

struct cw_tz_queue {
    uint8_t *at;
    size_t first;
    size_t end;
    uint32_t count;
};

/* cw_tz_queue_has_room - for CW_TZ_OUT_LEN bytes of items. */
bool cw_tz_queue_has_room(const struct cw_tz_queue *q);

/* cw_tz_queue_put - only where there is room; items may not lie in the queue. */
void cw_tz_queue_put(struct cw_tz_queue *q, uint32_t value, const uint8_t *items, size_t len);

/* cw_tz_queue_first - the oldest, count being how many are behind it; all zeros: there is none. */
void cw_tz_queue_first(const struct cw_tz_queue *q, struct cw_tz_said *ret_said);
void cw_tz_queue_drop(struct cw_tz_queue *q);

#endif
