/* SPDX-License-Identifier: MIT */
#include "node/guest.h"

#include <stdlib.h>
#include <string.h>

#include "node/periodic.h"
#include "node/relay.h"
#include "node/stream.h"
#include "posix/log.h"

#define RETRY_FIRST_MS 5u
#define RETRY_MAX_MS 250u
#define RELOAD_FIRST_MS 50u
#define RELOAD_MAX_MS 5000u
#define STABLE_MS 30000u /* a life of this length makes the next reload quick again */

static void load(struct cw_guest *guest);
static void kick(struct cw_guest *guest);

static const struct cw_node_backend *backend_of(const struct cw_guest *guest)
{
    return guest->node->config->backend;
}

/* --- jobs ---------------------------------------------------------------------------------------- */

static bool nobody_begin(struct cw_job *job, struct cw_job_input *ret_input)
{
    (void)job;
    (void)ret_input;
    return false;
}

static void nobody_end(struct cw_job *job, cw_status status, cw_result result)
{
    (void)job;
    (void)status;
    (void)result;
}

static const struct cw_job_kind nobody_kind = {.begin = nobody_begin, .end = nobody_end};

void cw_job_init(struct cw_job *job, const struct cw_job_kind *kind, struct cw_guest *guest)
{
    *job = (struct cw_job){.kind = kind, .guest = guest};
    cw_list_init(&job->place);
}

bool cw_job_is_idle(const struct cw_job *job)
{
    return cw_list_is_empty(&job->place) && job->guest->current != job;
}

void cw_job_queue(struct cw_job *job)
{
    struct cw_guest *guest = job->guest;
    if (!cw_job_is_idle(job)) {
        return; /* a parked one waits for its time */
    }
    cw_list_append(&guest->queue, &job->place);
    kick(guest);
}

static void retry(uv_timer_t *timer);

void cw_job_park(struct cw_job *job)
{
    struct cw_guest *guest = job->guest;
    cw_list_append(&guest->parked, &job->place);
    if (!uv_is_active((uv_handle_t *)&guest->retry)) {
        (void)uv_timer_start(&guest->retry, retry, guest->retry_ms, 0);
        guest->retry_ms = guest->retry_ms * 2 < RETRY_MAX_MS ? guest->retry_ms * 2 : RETRY_MAX_MS;
    }
}

void cw_job_stop(struct cw_job *job)
{
    cw_list_remove(&job->place);
    if (job->guest->current == job) {
        job->guest->current = &job->guest->nobody;
    }
}

/* Whoever was told AGAIN may have luck now. */
static void wake(struct cw_guest *guest)
{
    while (!cw_list_is_empty(&guest->parked)) {
        cw_list_append(&guest->queue, guest->parked.next);
    }
    (void)uv_timer_stop(&guest->retry);
}

static void retry(uv_timer_t *timer)
{
    struct cw_guest *guest = timer->data;
    wake(guest);
    kick(guest);
}

/* --- entering ------------------------------------------------------------------------------------ */

static void take_item(struct cw_guest *guest, uint8_t type, const uint8_t *bytes, size_t len)
{
    struct cw_job *job = guest->current;
    switch (type) {
    case CW_FRAME_EVENT:
        cw_source_event(guest, bytes, len);
        return;
    case CW_FRAME_REQUEST:
        cw_source_request(guest, bytes, len);
        return;
    case CW_FRAME_RESPONSE:
    case CW_FRAME_ACK:
    case CW_FRAME_REPLY:
        if (job->kind->item != NULL) {
            job->kind->item(job, (cw_frame)type, bytes, len);
        }
        return;
    case CW_FRAME_STREAM_DATA:
    case CW_FRAME_STREAM_CLOSE:
    case CW_FRAME_STREAM_TAKEN:
    case CW_FRAME_STREAM_MORE:
        cw_stream_item(guest, (cw_frame)type, bytes, len);
        return;
    default:
        guest->astray++;
        return;
    }
}

static void take_items(struct cw_guest *guest, const uint8_t *items, size_t len)
{
    while (len >= CW_LINK_HEADER_LEN) {
        struct cw_link_header header;
        if (cw_link_header_decode(items, &header) != CW_OK ||
                header.len > len - CW_LINK_HEADER_LEN) {
            break;
        }
        take_item(guest, header.type, items + CW_LINK_HEADER_LEN, header.len);
        items += CW_LINK_HEADER_LEN + header.len;
        len -= CW_LINK_HEADER_LEN + header.len;
    }
    if (len > 0) {
        guest->astray++;
    }
}

static void end_current(struct cw_guest *guest, cw_status status, cw_result result)
{
    struct cw_job *job = guest->current;
    guest->current = NULL;
    guest->is_pending = false;
    guest->cancel_due = false;
    if (guest->awaiting != NULL) {
        cw_source_abandon(guest->awaiting);
        guest->awaiting = NULL;
    }
    (void)uv_timer_stop(&guest->limit);
    if (job != NULL) {
        job->kind->end(job, status, result);
    }
}

static void called(void *ctx, cw_status status, cw_result result, const uint8_t *items,
        size_t items_len);

static void called_many(void *ctx, cw_status status, uint32_t served, cw_result result,
        const uint8_t *items, size_t items_len)
{
    struct cw_guest *guest = ctx;
    guest->entries += served;
    if (guest->current != NULL) {
        guest->current->served = served;
    }
    called(ctx, status, result, items, items_len);
}

static void enter_many(struct cw_guest *guest, const struct cw_job_input *input)
{
    guest->is_entered = true;
    guest->entries++;
    backend_of(guest)->call_many(guest->node->platform, guest->handle, input->entry, input->bytes,
            input->len, called_many, guest);
}

static void enter(struct cw_guest *guest, cw_entry entry, const uint8_t *bytes, size_t len)
{
    guest->is_entered = true;
    guest->entries++;
    backend_of(guest)->call(guest->node->platform, guest->handle, entry, bytes, len, called,
            guest);
}

static void request_limit(uv_timer_t *timer)
{
    struct cw_guest *guest = timer->data;
    cw_log_warn("module %s waited %u ms for the answer to a request: it is cancelled; is the "
                "handler's node connected?", guest->name,
            guest->node->config->request_timeout_ms);
    guest->cancel_due = true;
    cw_guest_answer(guest);
}

void cw_guest_answer(struct cw_guest *guest)
{
    if (!guest->is_pending || guest->is_entered || guest->state != CW_GUEST_READY) {
        return;
    }
    const uint8_t *frame = NULL;
    size_t len = 0;
    if (guest->awaiting != NULL && cw_source_take_response(guest->awaiting, &frame, &len)) {
        enter(guest, CW_ENTRY_RESPONSE, frame, len);
    } else if (guest->cancel_due) {
        enter(guest, CW_ENTRY_CANCEL, NULL, 0);
    }
}

/* The module waits, outside: for the answer to the request that it left. */
static void pend(struct cw_guest *guest, bool is_new)
{
    if (!guest->is_pending || is_new) {
        guest->is_pending = true;
        guest->cancel_due = guest->awaiting == NULL; /* no way to a handler */
        (void)uv_timer_start(&guest->limit, request_limit,
                guest->node->config->request_timeout_ms, 0);
    }
    cw_guest_answer(guest);
}

static void called(void *ctx, cw_status status, cw_result result, const uint8_t *items,
        size_t items_len)
{
    struct cw_guest *guest = ctx;
    guest->is_entered = false;
    if (guest->current == NULL) {
        guest->current = &guest->nobody;
    }
    if (status != CW_OK || guest->state != CW_GUEST_READY) {
        end_current(guest, CW_E_ABSENT, CW_RESULT_REFUSED);
        return;
    }
    if (guest->is_pending && result != CW_RESULT_DONE && result != CW_RESULT_PENDING &&
            !guest->cancel_due && items_len == 0) {
        guest->refused++; /* the answer was not the awaited one: go on waiting */
        cw_guest_answer(guest);
        return;
    }
    struct cw_relay *before = guest->awaiting;
    guest->awaiting = NULL; /* a REQUEST item sets it */
    take_items(guest, items, items_len);
    if (before != NULL && before != guest->awaiting) {
        cw_source_abandon(before);
    }
    if (result == CW_RESULT_PENDING) {
        pend(guest, true);
        return;
    }
    const bool was_pending = guest->is_pending;
    end_current(guest, CW_OK, result);
    guest->refused += result == CW_RESULT_REFUSED;
    guest->again += result == CW_RESULT_AGAIN;
    if (was_pending) {
        wake(guest);
    }
    kick(guest);
}

static void kick(struct cw_guest *guest)
{
    while (guest->state == CW_GUEST_READY && !guest->is_entered && guest->current == NULL &&
            !cw_list_is_empty(&guest->queue)) {
        struct cw_job *job = CW_LISTED(guest->queue.next, struct cw_job, place);
        cw_list_remove(&job->place);
        struct cw_job_input input = {0};
        if (job->kind->begin(job, &input)) {
            guest->current = job;
            job->served = 0;
            if (input.is_many) {
                enter_many(guest, &input);
            } else {
                enter(guest, input.entry, input.bytes, input.len);
            }
        }
    }
}

void cw_guest_changed(struct cw_guest *guest)
{
    guest->retry_ms = RETRY_FIRST_MS;
    wake(guest);
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
    wake(guest);
    if (guest->current != NULL && !guest->is_entered) {
        end_current(guest, CW_E_ABSENT, CW_RESULT_REFUSED);
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

static void unloaded(void *ctx)
{
    struct cw_guest *guest = ctx;
    guest->handle = NULL;
    guest->is_unloading = false;
    if (guest->is_entered) { /* its call has no other end */
        guest->is_entered = false;
        end_current(guest, CW_E_ABSENT, CW_RESULT_REFUSED);
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
        tell_ready(guest, CW_OK, "");
        kick(guest);
        return;
    }
    if (guest->restarts > 0) {
        cw_log_warn("module %s could not be loaded again: %s; the next try is in %u ms",
                guest->name, reason, guest->reload_ms);
        guest->state = CW_GUEST_LOST;
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
            .image = copy, .image_len = image_len, .retry_ms = RETRY_FIRST_MS,
            .reload_ms = RELOAD_FIRST_MS, .ready = ready, .ready_ctx = ctx, .open_handles = 3};
    strncpy(guest->name, name, sizeof guest->name - 1);
    cw_list_init(&guest->place);
    cw_list_init(&guest->queue);
    cw_list_init(&guest->parked);
    cw_list_init(&guest->relays);
    cw_list_init(&guest->periodics);
    cw_list_init(&guest->outlets);
    cw_job_init(&guest->nobody, &nobody_kind, guest);
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
