/* SPDX-License-Identifier: MIT */
/* The queue of a module: who enters next, and what becomes of the items that it leaves. */
#include "node/guest.h"

#include "node/relay.h"
#include "node/stream.h"
#include "posix/log.h"

#define RETRY_MAX_MS 250u
#define LOG_LINE_MAX 120u /* bytes of a module's line that are shown */

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

const struct cw_job_kind cw_job_nobody = {.begin = nobody_begin, .end = nobody_end};

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
    cw_guest_kick(guest);
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
void cw_guest_wake(struct cw_guest *guest)
{
    while (!cw_list_is_empty(&guest->parked)) {
        cw_list_append(&guest->queue, guest->parked.next);
    }
    (void)uv_timer_stop(&guest->retry);
}

static void retry(uv_timer_t *timer)
{
    struct cw_guest *guest = timer->data;
    cw_guest_wake(guest);
    cw_guest_kick(guest);
}

/* --- entering ------------------------------------------------------------------------------------ */

/* What a debug image says: no proof of anything, and no way to a terminal. */
static void log_line(const struct cw_guest *guest, const uint8_t *bytes, size_t len)
{
    char text[LOG_LINE_MAX + 1];
    size_t end = 0;
    for (; end < len && end < LOG_LINE_MAX; end++) {
        text[end] = bytes[end] >= 0x20 && bytes[end] < 0x7f ? (char)bytes[end] : '?';
    }
    text[end] = '\0';
    cw_log_info("module %s says: %s", guest->name, text);
}

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
    case CW_FRAME_LOG:
        log_line(guest, bytes, len);
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

void cw_guest_end_current(struct cw_guest *guest, cw_status status, cw_result result)
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
        cw_guest_end_current(guest, CW_E_ABSENT, CW_RESULT_REFUSED);
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
    cw_guest_end_current(guest, CW_OK, result);
    guest->refused += result == CW_RESULT_REFUSED;
    guest->again += result == CW_RESULT_AGAIN;
    if (was_pending) {
        cw_guest_wake(guest);
    }
    cw_guest_kick(guest);
}

/* Nobody here asked for it: what it is to answer a call with does not belong there. */
void cw_guest_take_said(struct cw_guest *guest, cw_result result, const uint8_t *items,
        size_t items_len)
{
    struct cw_job *const current = guest->current;
    guest->entries++;
    if (!guest->is_entered && current == NULL) {
        called(guest, CW_OK, result, items, items_len);
        return;
    }
    struct cw_relay *const awaiting = guest->awaiting;
    guest->current = &guest->nobody;
    guest->awaiting = NULL;
    take_items(guest, items, items_len);
    if (guest->awaiting != NULL) {
        cw_source_abandon(guest->awaiting); /* see PENDING below */
    }
    guest->awaiting = awaiting;
    guest->current = current;
    guest->refused += result == CW_RESULT_REFUSED;
    guest->again += result == CW_RESULT_AGAIN;
    guest->astray += result == CW_RESULT_PENDING; /* it waits for a call already */
}

void cw_guest_kick(struct cw_guest *guest)
{
    cw_list_append(&guest->node->ready_guests, &guest->ready_place);
}

static void let_in(struct cw_guest *guest)
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

void cw_guest_enter_all(struct cw_node *node)
{
    while (!cw_list_is_empty(&node->ready_guests)) {
        struct cw_guest *guest =
                CW_LISTED(node->ready_guests.next, struct cw_guest, ready_place);
        cw_list_remove(&guest->ready_place);
        let_in(guest);
    }
}

void cw_guest_changed(struct cw_guest *guest)
{
    guest->retry_ms = CW_GUEST_RETRY_MS;
    cw_guest_wake(guest);
}
