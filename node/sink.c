/* SPDX-License-Identifier: MIT */
#include <endian.h>
#include <string.h>

#include "node/relay.h"

#define IDLE_MS 5u /* a sink that rests so long owes an acknowledgement */

static bool is_strict(const struct cw_relay *relay)
{
    return (relay->route.flags & (CW_ROUTE_LATEST | CW_ROUTE_REQUEST | CW_ROUTE_OWNER)) == 0;
}

static bool is_request(const struct cw_relay *relay)
{
    return (relay->route.flags & CW_ROUTE_REQUEST) != 0;
}

bool cw_sink_has_room(const struct cw_relay *relay)
{
    return relay->store.count < relay->store.slot_count ||
            (relay->route.flags & CW_ROUTE_LATEST) != 0;
}

/* --- acknowledgements ---------------------------------------------------------------------------- */

static void owe_ack(struct cw_relay *relay)
{
    struct cw_node *node = relay->node;
    if (!is_strict(relay)) {
        return;
    }
    if (relay->unacked >= (relay->route.window + 1u) / 2u) {
        cw_list_remove(&relay->ack_due);
        cw_job_queue(&relay->ack_make);
        return;
    }
    if (cw_list_is_empty(&relay->ack_due)) {
        cw_list_append(&node->ack_due, &relay->ack_due);
    }
    cw_node_time_acks(node, IDLE_MS);
}

void cw_relay_ack_due(struct cw_node *node)
{
    const uint64_t now_ms = cw_node_now_ms(node);
    CW_LIST_EACH (place, &node->ack_due) {
        struct cw_relay *relay = CW_LISTED(place, struct cw_relay, ack_due);
        if (relay->store.count == 0 && now_ms - relay->delivered_at_ms >= IDLE_MS) {
            cw_list_remove(&relay->ack_due);
            cw_job_queue(&relay->ack_make);
        } else if (now_ms - relay->delivered_at_ms >= 20 * IDLE_MS) {
            /* What waits in the queue may wait for this very acknowledgement. */
            relay->delivered_at_ms = now_ms;
            cw_job_queue(&relay->ack_make);
        }
    }
    if (!cw_list_is_empty(&node->ack_due)) {
        cw_node_time_acks(node, IDLE_MS);
    }
}

static bool ack_make_begin(struct cw_job *job, struct cw_job_input *ret_input)
{
    struct cw_relay *relay = CW_LISTED(job, struct cw_relay, ack_make);
    relay->unacked = 0;
    *ret_input = (struct cw_job_input){
            CW_ENTRY_ACK_MAKE, relay->ack_channel, sizeof relay->ack_channel, false};
    return true;
}

static void ack_make_item(struct cw_job *job, cw_frame type, const uint8_t *bytes, size_t len)
{
    struct cw_relay *relay = CW_LISTED(job, struct cw_relay, ack_make);
    if (type != CW_FRAME_ACK || len != CW_ACK_LEN) {
        return;
    }
    const struct cw_link_header header = {.len = CW_ACK_LEN, .type = CW_FRAME_ACK};
    cw_link_header_encode(&header, relay->ack_out);
    memcpy(relay->ack_out + CW_LINK_HEADER_LEN, bytes, len);
    relay->has_ack_out = true;
    cw_relay_mark(relay);
}

static void ack_make_end(struct cw_job *job, cw_status status, cw_result result)
{
    if (status == CW_OK && result == CW_RESULT_AGAIN) {
        cw_job_park(job);
    }
}

static const struct cw_job_kind ack_make_kind = {
        .begin = ack_make_begin, .item = ack_make_item, .end = ack_make_end};

/* --- frames for the module ----------------------------------------------------------------------- */

/* A twin that waited for room may go on. */
static void made_room(struct cw_relay *relay)
{
    if (relay->link != NULL) {
        return;
    }
    struct cw_relay *twin =
            cw_relay_find(relay->node, relay->guest->tenancy, relay->route.channel, true);
    if (twin != NULL && twin->sent < twin->store.count) {
        cw_relay_mark(twin);
    }
}

/* The frames of the store as inputs of one entry.  False: only one fits. */
static bool gather(struct cw_relay *relay, struct cw_job_input *ret_input)
{
    struct cw_node *node = relay->node;
    uint32_t count = 0;
    size_t used = 0;
    for (; count < relay->store.count; count++) {
        size_t len;
        const uint8_t *frame = cw_store_at(&relay->store, count, &len) + CW_LINK_HEADER_LEN;
        if (sizeof node->many_bytes - used < 4 + len) {
            break;
        }
        const uint32_t length = htole32((uint32_t)len);
        memcpy(node->many_bytes + used, &length, sizeof length);
        memcpy(node->many_bytes + used + sizeof length, frame, len);
        used += sizeof length + len;
    }
    *ret_input = (struct cw_job_input){CW_ENTRY_EVENT, node->many_bytes, used, true};
    return count > 1;
}

static bool deliver_begin(struct cw_job *job, struct cw_job_input *ret_input)
{
    struct cw_relay *relay = CW_LISTED(job, struct cw_relay, deliver);
    if (relay->store.count == 0) {
        return false;
    }
    if (relay->store.count > 1 && relay->node->config->backend->call_many != NULL &&
            is_strict(relay) && gather(relay, ret_input)) {
        return true;
    }
    size_t len;
    const uint8_t *bytes = cw_store_at(&relay->store, 0, &len);
    *ret_input = (struct cw_job_input){
            is_request(relay) ? CW_ENTRY_REQUEST : CW_ENTRY_EVENT, bytes + CW_LINK_HEADER_LEN, len,
            false};
    return true;
}

static void deliver_item(struct cw_job *job, cw_frame type, const uint8_t *bytes, size_t len)
{
    struct cw_relay *relay = CW_LISTED(job, struct cw_relay, deliver);
    if (type != CW_FRAME_RESPONSE || !is_request(relay) || len < CW_EVENT_HEADER_LEN) {
        return;
    }
    if (cw_relay_keep_response(relay, bytes, len) != CW_OK) {
        relay->response_len = 0;
        relay->dropped_count++;
        return;
    }
    relay->has_response = true;
    cw_relay_mark(relay);
}

/* The module took so many. */
static void took(struct cw_relay *relay, uint32_t count)
{
    for (uint32_t i = 0; i < count && relay->store.count > 0; i++) {
        cw_store_pop(&relay->store);
    }
    relay->delivered_count += count;
    relay->unacked += count;
    relay->delivered_at_ms = cw_node_now_ms(relay->node);
    relay->guest->retry_ms = CW_GUEST_RETRY_MS;
    owe_ack(relay);
}

static void deliver_end(struct cw_job *job, cw_status status, cw_result result)
{
    struct cw_relay *relay = CW_LISTED(job, struct cw_relay, deliver);
    if (status != CW_OK) {
        cw_sink_lost(relay);
        return;
    }
    const uint32_t done = job->served + (result == CW_RESULT_DONE);
    if (done > 0) {
        took(relay, done);
    }
    if (result == CW_RESULT_REFUSED && relay->store.count > 0) {
        cw_store_pop(&relay->store);
        relay->refused_count++;
        relay->is_next_known = false; /* the module knows better which one is next */
    }
    made_room(relay);
    if (result == CW_RESULT_AGAIN) {
        cw_job_park(job);
    } else if (relay->store.count > 0) {
        cw_job_queue(job);
    }
}

static const struct cw_job_kind deliver_kind = {
        .begin = deliver_begin, .item = deliver_item, .end = deliver_end};

void cw_sink_init(struct cw_relay *relay)
{
    cw_job_init(&relay->deliver, &deliver_kind, relay->guest);
    cw_job_init(&relay->ack_make, &ack_make_kind, relay->guest);
    struct cw_writer w = cw_writer_over(relay->ack_channel, sizeof relay->ack_channel);
    cw_writer_u32(&w, relay->route.channel);
}

/* Seen before?  Spares the module the work; when in doubt the module is asked. */
static bool is_duplicate(struct cw_relay *relay, uint64_t counter)
{
    if ((relay->route.flags & CW_ROUTE_LATEST) != 0 || !relay->is_next_known ||
            counter >= relay->next) {
        return false;
    }
    relay->duplicate_count++;
    if (is_strict(relay)) {
        owe_ack(relay); /* the last one may be lost */
    } else if (relay->response_len > 0 &&
            cw_relay_counter(relay->response + CW_LINK_HEADER_LEN) == counter) {
        relay->has_response = true;
        cw_relay_mark(relay);
    }
    return true;
}

void cw_sink_frame(struct cw_relay *relay, cw_frame type, const uint8_t *frame, size_t len)
{
    if (len < CW_EVENT_HEADER_LEN || relay->store.slot_count == 0 ||
            (type == CW_FRAME_REQUEST) != is_request(relay)) {
        relay->refused_count++;
        return;
    }
    const uint64_t counter = cw_relay_counter(frame);
    if (is_duplicate(relay, counter)) {
        return;
    }
    cw_status status = cw_store_push(&relay->store, type, frame, len);
    if (status == CW_AGAIN && (relay->route.flags & CW_ROUTE_LATEST) != 0) {
        cw_store_pop_second(&relay->store); /* the first may be under way */
        relay->dropped_count++;
        status = cw_store_push(&relay->store, type, frame, len);
    }
    if (status != CW_OK) {
        relay->dropped_count++; /* its source sends it again */
        return;
    }
    relay->is_next_known = true;
    relay->next = counter + 1;
    cw_job_queue(&relay->deliver);
}

void cw_sink_lost(struct cw_relay *relay)
{
    relay->dropped_count += relay->store.count;
    cw_store_clear(&relay->store);
    cw_list_remove(&relay->ack_due);
    relay->is_next_known = false;
    relay->unacked = 0;
    relay->has_ack_out = false;
    relay->has_response = false;
    relay->response_len = 0;
}
