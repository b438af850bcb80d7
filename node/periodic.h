/* SPDX-License-Identifier: MIT */
/*
 * periodic.h - entry points that are called by the clock, or by a device.
 *
 * What     A call that would begin while the one before still waits is skipped and counted.
 *          Nothing about such a call is authentic: a module believes its own clock only.
 */
#ifndef CW_NODE_PERIODIC_H
#define CW_NODE_PERIODIC_H

#include "node/guest.h"

#define CW_PERIODIC_MAX 64u /* endpoints of one module */

struct cw_periodic {
    struct cw_list place; /* in guest->periodics */
    struct cw_job job;
    uv_timer_t timer;
    uint16_t endpoint;
    uint8_t input[4];
    uint32_t every_ms; /* 0: by a device only        */
    uint32_t due;      /* calls asked for by a device */
    uint64_t call_count;
    uint64_t skipped_count;
};

/* cw_periodic_set - every_ms 0 stops it.  CW_E_SPACE: too many, or no memory. */
CW_MUST_CHECK cw_status cw_periodic_set(struct cw_guest *guest, uint16_t endpoint,
        uint32_t every_ms);

/* cw_periodic_interrupt - a device wants this entry to be called. */
void cw_periodic_interrupt(struct cw_guest *guest, uint16_t endpoint);

void cw_periodic_stop_all(struct cw_guest *guest);

#endif
