/* SPDX-License-Identifier: MIT */
#include "node/guest.h"

#include <stdlib.h>
#include <string.h>

#include "node/periodic.h"
#include "node/relay.h"
#include "node/stream.h"
#include "posix/log.h"

#define RELOAD_FIRST_MS 50u
#define RELOAD_MAX_MS 5000u
#define STABLE_MS 30000u /* a life of this length makes the next reload quick again */

static void load(struct cw_guest *guest);

static const struct cw_node_backend *backend_of(const struct cw_guest *guest)
{
    return guest->node->config->backend;
}

/* --- beginning and end --------------------------------------------------------------------------- */

struct cw_guest *cw_guest_find(struct cw_node *node, const char *owner,
        const struct cw_module_name *module)
{
    CW_LIST_EACH (place, &node->guests) {
        struct cw_guest *guest = CW_LISTED(place, struct cw_guest, place);
        if (guest->number == module->number &&
                memcmp(guest->tenancy->deployment, module->deployment, CW_DEPLOYMENT_LEN) == 0) {
            return strcmp(guest->tenancy->owner, owner) == 0 ? guest : NULL;
        }
    }
    return NULL;
}

static void tell_ready(struct cw_guest *guest, cw_status status, const char *why)
{
    const cw_guest_ready_fn ready = guest->ready;
    guest->ready = NULL;
    if (ready != NULL) {
        ready(guest->ready_ctx, status, why);
    }
}

static void free_guest(struct cw_guest *guest)
{
    cw_list_remove(&guest->place);
    cw_list_remove(&guest->ready_place);
    guest->node->guest_count--;
    guest->tenancy->guest_count--;
    guest->tenancy->empty_at_ms = cw_node_now_ms(guest->node);
    cw_tenancy_leave(guest->tenancy);
    free(guest->image);
    tell_ready(guest, guest->failure, guest->why);
    const cw_guest_gone_fn gone = guest->gone;
    void *ctx = guest->gone_ctx;
    free(guest);
    if (gone != NULL) {
        gone(ctx);
    }
}

static void timer_closed(uv_handle_t *handle)
{
    struct cw_guest *guest = handle->data;
    guest->open_handles--;
    if (guest->open_handles == 0) {
        free_guest(guest);
    }
}

static void close_timers(struct cw_guest *guest)
{
    uv_close((uv_handle_t *)&guest->retry, timer_closed);
    uv_close((uv_handle_t *)&guest->limit, timer_closed);
    uv_close((uv_handle_t *)&guest->reload, timer_closed);
}

/* Nothing that stood in the queue will enter this life of the module. */
static void end_jobs(struct cw_guest *guest)
{
    cw_guest_wake(guest);
    if (guest->current != NULL && !guest->is_entered) {
        cw_guest_end_current(guest, CW_E_ABSENT, CW_RESULT_REFUSED);
    }
    struct cw_list ended;
    cw_list_init(&ended);
    while (!cw_list_is_empty(&guest->queue)) {
        cw_list_append(&ended, guest->queue.next);
    }
    while (!cw_list_is_empty(&ended)) {
        struct cw_job *job = CW_LISTED(ended.next, struct cw_job, place);
        cw_list_remove(&job->place);
        struct cw_job_input input = {0};
        if (job->kind->begin(job, &input)) {
            job->kind->end(job, CW_E_ABSENT, CW_RESULT_REFUSED);
        }
    }
}

static void reload(uv_timer_t *timer)
{
    struct cw_guest *guest = timer->data;
    guest->state = CW_GUEST_LOADING;
    load(guest);
}

static void reload_later(struct cw_guest *guest)
{
    (void)uv_timer_start(&guest->reload, reload, guest->reload_ms, 0);
    guest->reload_ms =
            guest->reload_ms * 2 < RELOAD_MAX_MS ? guest->reload_ms * 2 : RELOAD_MAX_MS;
}

void cw_guest_hurry(struct cw_guest *guest)
{
    if (guest->state == CW_GUEST_LOST && uv_timer_get_due_in(&guest->reload) > RELOAD_FIRST_MS) {
        (void)uv_timer_start(&guest->reload, reload, RELOAD_FIRST_MS, 0);
    }
}

static void unloaded(void *ctx)
{
    struct cw_guest *guest = ctx;
    guest->handle = NULL;
    guest->is_unloading = false;
    if (guest->is_entered) { /* its call has no other end */
        guest->is_entered = false;
        cw_guest_end_current(guest, CW_E_ABSENT, CW_RESULT_REFUSED);
    }
    if (guest->state == CW_GUEST_LEAVING) {
        close_timers(guest);
    } else {
        reload_later(guest);
    }
}

static void unload(struct cw_guest *guest)
{
    if (!guest->is_unloading && guest->handle != NULL) {
        guest->is_unloading = true;
        backend_of(guest)->unload(guest->node->platform, guest->handle, unloaded, guest);
    }
}

static void loaded(void *ctx, cw_status status, struct cw_node_module *module, const char *why)
{
    struct cw_guest *guest = ctx;
    const char *reason = why != NULL ? why : "no reason given";
    guest->handle = status == CW_OK ? module : NULL;
    if (guest->state == CW_GUEST_LEAVING) {
        guest->failure = CW_E_ABSENT;
        strcpy(guest->why, "it was unloaded meanwhile");
        if (guest->handle != NULL) {
            unload(guest);
        } else {
            close_timers(guest);
        }
        return;
    }
    if (status == CW_OK) {
        guest->state = CW_GUEST_READY;
        guest->loaded_at_ms = cw_node_now_ms(guest->node);
        guest->why[0] = '\0';
        cw_journal_guest(guest, guest->restarts == 0 ? CW_NOTED_STARTED : CW_NOTED_RESTARTED, NULL);
        tell_ready(guest, CW_OK, "");
        cw_guest_kick(guest);
        return;
    }
    if (guest->restarts > 0) {
        cw_log_warn("module %s could not be loaded again: %s; the next try is in %u ms",
                guest->name, reason, guest->reload_ms);
        guest->state = CW_GUEST_LOST;
        strncpy(guest->why, reason, sizeof guest->why - 1);
        reload_later(guest);
        return;
    }
    guest->state = CW_GUEST_LEAVING;
    guest->failure = status;
    strncpy(guest->why, reason, sizeof guest->why - 1);
    end_jobs(guest);
    close_timers(guest);
}

static void load(struct cw_guest *guest)
{
    backend_of(guest)->load(guest->node->platform, guest->name, guest->image, guest->image_len,
            loaded, guest);
}

cw_status cw_guest_load(struct cw_node *node, const char *owner,
        const struct cw_module_name *module, const char *name, const uint8_t *image,
        size_t image_len, cw_guest_ready_fn ready, void *ctx)
{
    if (cw_guest_find(node, owner, module) != NULL) {
        return CW_E_STATE;
    }
    if (node->guest_count >= node->config->guest_max) {
        return CW_E_SPACE;
    }
    struct cw_tenancy *tenancy = NULL;
    const cw_status status = cw_tenancy_join(node, module->deployment, owner, &tenancy);
    if (status != CW_OK) {
        return status;
    }
    struct cw_guest *guest = calloc(1, sizeof *guest);
    uint8_t *copy = malloc(image_len > 0 ? image_len : 1);
    if (guest == NULL || copy == NULL) {
        free(guest);
        free(copy);
        cw_tenancy_leave(tenancy);
        return CW_E_SPACE;
    }
    memcpy(copy, image, image_len);
    *guest = (struct cw_guest){.node = node, .tenancy = tenancy, .number = module->number,
            .image = copy, .image_len = image_len, .retry_ms = CW_GUEST_RETRY_MS,
            .reload_ms = RELOAD_FIRST_MS, .ready = ready, .ready_ctx = ctx, .open_handles = 3};
    strncpy(guest->name, name, sizeof guest->name - 1);
    cw_list_init(&guest->place);
    cw_list_init(&guest->ready_place);
    cw_list_init(&guest->queue);
    cw_list_init(&guest->parked);
    cw_list_init(&guest->relays);
    cw_list_init(&guest->periodics);
    cw_list_init(&guest->outlets);
    cw_job_init(&guest->nobody, &cw_job_nobody, guest);
    uv_timer_t *const timers[] = {&guest->retry, &guest->limit, &guest->reload};
    for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
        (void)uv_timer_init(node->loop, timers[i]);
        timers[i]->data = guest;
    }
    cw_list_append(&node->guests, &guest->place);
    node->guest_count++;
    tenancy->guest_count++;
    load(guest);
    return CW_OK;
}

void cw_guest_unload(struct cw_guest *guest, cw_guest_gone_fn gone, void *ctx)
{
    guest->gone = gone;
    guest->gone_ctx = ctx;
    if (guest->state == CW_GUEST_LEAVING) {
        return;
    }
    const bool is_loading = guest->state == CW_GUEST_LOADING;
    guest->state = CW_GUEST_LEAVING;
    cw_journal_guest(guest, CW_NOTED_UNLOADED, NULL);
    cw_stream_stop_all(guest);
    cw_periodic_stop_all(guest);
    end_jobs(guest);
    cw_relay_remove_all(guest);
    (void)uv_timer_stop(&guest->reload);
    if (guest->handle != NULL) {
        unload(guest); /* or it is being unloaded already */
    } else if (!is_loading) {
        close_timers(guest);
    }
}

void cw_guest_forget(struct cw_node *node, const void *ctx)
{
    CW_LIST_EACH (place, &node->guests) {
        struct cw_guest *guest = CW_LISTED(place, struct cw_guest, place);
        if (guest->ready_ctx == ctx) {
            guest->ready = NULL;
        }
        if (guest->gone_ctx == ctx) {
            guest->gone = NULL;
        }
    }
}

static struct cw_guest *of_handle(struct cw_node *node, const struct cw_node_module *module)
{
    CW_LIST_EACH (place, &node->guests) {
        struct cw_guest *guest = CW_LISTED(place, struct cw_guest, place);
        if (guest->handle == module) {
            return guest;
        }
    }
    return NULL;
}

void cw_guest_lost(void *ctx, struct cw_node_module *module, const char *why)
{
    struct cw_guest *guest = of_handle(ctx, module);
    if (guest == NULL || guest->state != CW_GUEST_READY) {
        return;
    }
    guest->restarts++;
    if (cw_node_now_ms(guest->node) - guest->loaded_at_ms > STABLE_MS) {
        guest->reload_ms = RELOAD_FIRST_MS;
    }
    cw_log_warn("module %s ended: %s; it is loaded again (restart %u), and its owner must attest "
                "and connect it anew", guest->name, why != NULL ? why : "no reason given",
            guest->restarts);
    guest->state = CW_GUEST_LOST;
    cw_journal_guest(guest, CW_NOTED_LOST, why);
    cw_stream_reset_all(guest);
    end_jobs(guest);
    cw_relay_lost_all(guest);
    unload(guest);
}

void cw_guest_interrupt(void *ctx, struct cw_node_module *module, uint16_t endpoint)
{
    struct cw_guest *guest = of_handle(ctx, module);
    if (guest != NULL && guest->state == CW_GUEST_READY) {
        cw_periodic_interrupt(guest, endpoint);
    }
}

void cw_guest_said(void *ctx, struct cw_node_module *module, cw_result result, const uint8_t *items,
        size_t items_len)
{
    struct cw_guest *guest = of_handle(ctx, module);
    if (guest != NULL && guest->state == CW_GUEST_READY) {
        cw_guest_take_said(guest, result, items, items_len);
    }
}
