/* SPDX-License-Identifier: MIT */
#include "node/periodic.h"

#include <stdlib.h>

#define DUE_MAX 64u /* interrupts that wait for a slow module */

static bool begin(struct cw_job *job, struct cw_job_input *ret_input)
{
    struct cw_periodic *periodic = CW_LISTED(job, struct cw_periodic, job);
    periodic->due -= periodic->due > 0;
    periodic->call_count++;
    *ret_input =
            (struct cw_job_input){CW_ENTRY_CALL, periodic->input, sizeof periodic->input, false};
    return true;
}

static void end(struct cw_job *job, cw_status status, cw_result result)
{
    struct cw_periodic *periodic = CW_LISTED(job, struct cw_periodic, job);
    (void)result; /* the next call is the repetition */
    if (status != CW_OK) {
        periodic->due = 0;
    }
    if (periodic->due > 0) {
        cw_job_queue(job);
    }
}

static const struct cw_job_kind periodic_kind = {.begin = begin, .end = end};

static void fired(uv_timer_t *timer)
{
    struct cw_periodic *periodic = timer->data;
    if (periodic->job.guest->state != CW_GUEST_READY || !cw_job_is_idle(&periodic->job)) {
        periodic->skipped_count++;
        return;
    }
    cw_job_queue(&periodic->job);
}

static struct cw_periodic *find(struct cw_guest *guest, uint16_t endpoint, size_t *ret_count)
{
    *ret_count = 0;
    CW_LIST_EACH (place, &guest->periodics) {
        struct cw_periodic *periodic = CW_LISTED(place, struct cw_periodic, place);
        if (periodic->endpoint == endpoint) {
            return periodic;
        }
        (*ret_count)++;
    }
    return NULL;
}

static struct cw_periodic *find_or_make(struct cw_guest *guest, uint16_t endpoint)
{
    size_t count;
    struct cw_periodic *periodic = find(guest, endpoint, &count);
    if (periodic != NULL || count >= CW_PERIODIC_MAX) {
        return periodic;
    }
    periodic = calloc(1, sizeof *periodic);
    if (periodic == NULL) {
        return NULL;
    }
    periodic->endpoint = endpoint;
    struct cw_writer w = cw_writer_over(periodic->input, sizeof periodic->input);
    cw_writer_u16(&w, endpoint);
    cw_writer_u16(&w, 0);
    cw_job_init(&periodic->job, &periodic_kind, guest);
    (void)uv_timer_init(guest->node->loop, &periodic->timer);
    periodic->timer.data = periodic;
    cw_list_init(&periodic->place);
    cw_list_append(&guest->periodics, &periodic->place);
    return periodic;
}

static void freed(uv_handle_t *handle)
{
    free(handle->data);
}

static void stop(struct cw_periodic *periodic)
{
    cw_job_stop(&periodic->job);
    cw_list_remove(&periodic->place);
    uv_close((uv_handle_t *)&periodic->timer, freed);
}

cw_status cw_periodic_set(struct cw_guest *guest, uint16_t endpoint, uint32_t every_ms)
{
    size_t count;
    if (every_ms == 0) {
        struct cw_periodic *old = find(guest, endpoint, &count);
        if (old != NULL) {
            stop(old);
        }
        return CW_OK;
    }
    struct cw_periodic *periodic = find_or_make(guest, endpoint);
    if (periodic == NULL) {
        return CW_E_SPACE;
    }
    if (periodic->every_ms != every_ms) {
        periodic->every_ms = every_ms;
        (void)uv_timer_start(&periodic->timer, fired, every_ms, every_ms);
    }
    return CW_OK;
}

void cw_periodic_interrupt(struct cw_guest *guest, uint16_t endpoint)
{
    struct cw_periodic *periodic = find_or_make(guest, endpoint);
    if (periodic == NULL) {
        return;
    }
    if (periodic->due >= DUE_MAX) {
        periodic->skipped_count++;
        return;
    }
    periodic->due++;
    cw_job_queue(&periodic->job);
}

void cw_periodic_stop_all(struct cw_guest *guest)
{
    while (!cw_list_is_empty(&guest->periodics)) {
        stop(CW_LISTED(guest->periodics.next, struct cw_periodic, place));
    }
}
