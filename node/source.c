/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "node/link.h"
#include "node/relay.h"
#include "posix/log.h"

/* --- frames of the module ------------------------------------------------------------------------ */

static struct cw_relay *named(struct cw_guest *guest, const uint8_t *frame, size_t len,
        bool request)
{
    if (len < CW_EVENT_HEADER_LEN) {
        return NULL;
    }
    struct cw_relay *relay =
            cw_relay_find(guest->node, guest->tenancy, cw_relay_channel(frame), true);
    if (relay == NULL || relay->guest != guest || relay->store.slot_count == 0 ||
            ((relay->route.flags & CW_ROUTE_REQUEST) != 0) != request) {
        return NULL;
    }
    return relay;
}

void cw_source_event(struct cw_guest *guest, const uint8_t *frame, size_t len)
{
    struct cw_relay *relay = named(guest, frame, len, false);
    if (relay == NULL) {
        guest->astray++;
        return;
    }
    cw_status status = cw_store_push(&relay->store, CW_FRAME_EVENT, frame, len);
    if (status == CW_AGAIN && (relay->route.flags & CW_ROUTE_LATEST) != 0) {
        cw_store_pop(&relay->store);
        relay->dropped_count++;
        status = cw_store_push(&relay->store, CW_FRAME_EVENT, frame, len);
    }
    if (status != CW_OK) {
        if (relay->dropped_count == 0) {
            cw_log_warn("module %s sealed more on channel %u than its window of %u, or a longer "
                        "event than %u bytes: frames are lost, and the connection needs a cut",
                    guest->name, relay->route.channel, relay->route.window,
                    relay->route.event_max);
        }
        relay->dropped_count++;
        return;
    }
    cw_relay_mark(relay);
}

void cw_source_wait(struct cw_relay *relay)
{
    if (cw_list_is_empty(&relay->waiting) && !relay->is_orphan) {
        cw_list_append(&relay->node->waiting, &relay->waiting);
        relay->waits_since_ms = cw_node_now_ms(relay->node);
    }
}

/* --- acknowledgements ---------------------------------------------------------------------------- */

void cw_source_free(struct cw_relay *relay, uint64_t count)
{
    bool progress = false;
    while (relay->store.count > 0) {
        size_t len;
        const uint8_t *frame = cw_store_at(&relay->store, 0, &len) + CW_LINK_HEADER_LEN;
        if (cw_relay_counter(frame) >= count) {
            break;
        }
        cw_store_pop(&relay->store);
        relay->sent -= relay->sent > 0;
        progress = true;
    }
    relay->acked = count > relay->acked ? count : relay->acked;
    if (progress) {
        relay->waits_since_ms = cw_node_now_ms(relay->node);
        relay->resend_ms = CW_RELAY_RESEND_MS;
    }
    if (relay->store.count == 0) {
        cw_list_remove(&relay->waiting);
    }
}

void cw_source_ack(struct cw_relay *relay, const uint8_t *ack, size_t len)
{
    if (len != CW_ACK_LEN || (relay->route.flags & (CW_ROUTE_LATEST | CW_ROUTE_REQUEST)) != 0) {
        relay->refused_count++;
        return;
    }
    if (cw_relay_counter(ack) <= relay->acked) {
        relay->duplicate_count++;
        return;
    }
    memcpy(relay->ack_in, ack, len);
    relay->has_ack_in = true;
    cw_job_queue(&relay->ack_take);
}

static bool ack_take_begin(struct cw_job *job, struct cw_job_input *ret_input)
{
    struct cw_relay *relay = CW_LISTED(job, struct cw_relay, ack_take);
    if (!relay->has_ack_in) {
        return false;
    }
    relay->has_ack_in = false;
    *ret_input = (struct cw_job_input){
            CW_ENTRY_ACK_TAKE, relay->ack_in, sizeof relay->ack_in, false};
    return true;
}

/* The module verified: its own count is what frees frames, never the peer's word. */
static void ack_take_item(struct cw_job *job, cw_frame type, const uint8_t *bytes, size_t len)
{
    struct cw_relay *relay = CW_LISTED(job, struct cw_relay, ack_take);
    struct cw_reader r = cw_reader_over(bytes, len);
    const uint32_t channel = cw_reader_u32(&r);
    const uint64_t count = cw_reader_u64(&r);
    if (type == CW_FRAME_REPLY && cw_reader_finish(&r) == CW_OK &&
            channel == relay->route.channel) {
        cw_source_free(relay, count);
    }
}

static void ack_take_end(struct cw_job *job, cw_status status, cw_result result)
{
    struct cw_relay *relay = CW_LISTED(job, struct cw_relay, ack_take);
    if (status == CW_OK && result == CW_RESULT_DONE) {
        cw_guest_changed(relay->guest);
    } else {
        relay->refused_count++;
    }
    if (relay->has_ack_in) {
        cw_job_queue(job);
    }
}

static const struct cw_job_kind ack_take_kind = {
        .begin = ack_take_begin, .item = ack_take_item, .end = ack_take_end};

void cw_source_init(struct cw_relay *relay)
{
    cw_job_init(&relay->ack_take, &ack_take_kind, relay->guest);
}

/* --- requests ------------------------------------------------------------------------------------ */

void cw_source_request(struct cw_guest *guest, const uint8_t *frame, size_t len)
{
    struct cw_relay *relay = named(guest, frame, len, true);
    if (relay == NULL) {
        guest->astray++;
        return;
    }
    cw_store_clear(&relay->store);
    relay->sent = 0;
    relay->has_response = false;
    if (cw_store_push(&relay->store, CW_FRAME_REQUEST, frame, len) != CW_OK) {
        relay->dropped_count++;
        return;
    }
    relay->is_awaiting = true;
    relay->resend_ms = CW_RELAY_RESEND_MS;
    guest->awaiting = relay;
    cw_relay_mark(relay);
}

void cw_source_response(struct cw_relay *relay, const uint8_t *frame, size_t len)
{
    if ((relay->route.flags & CW_ROUTE_REQUEST) == 0 || len < CW_EVENT_HEADER_LEN) {
        relay->refused_count++;
        return;
    }
    if (!relay->is_awaiting || relay->has_response) {
        relay->duplicate_count++;
        return;
    }
    if (cw_relay_keep_response(relay, frame, len) != CW_OK) {
        relay->dropped_count++;
        return;
    }
    relay->has_response = true;
    relay->delivered_count++;
    if (relay->guest->awaiting == relay) {
        cw_guest_answer(relay->guest);
    }
}

bool cw_source_take_response(struct cw_relay *relay, const uint8_t **ret_frame, size_t *ret_len)
{
    if (!relay->has_response) {
        return false;
    }
    relay->has_response = false;
    *ret_frame = relay->response + CW_LINK_HEADER_LEN;
    *ret_len = relay->response_len - CW_LINK_HEADER_LEN;
    return true;
}

void cw_source_abandon(struct cw_relay *relay)
{
    relay->is_awaiting = false;
    relay->has_response = false;
    cw_store_clear(&relay->store);
    relay->sent = 0;
    cw_list_remove(&relay->waiting);
}
