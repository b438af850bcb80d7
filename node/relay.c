/* SPDX-License-Identifier: MIT */
#include "node/relay.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/link.h"

#define RESPONSE_MAX_LEN 65536u /* no module takes longer messages */
#define RESEND_MAX_MS 16000u

static bool is_source(const struct cw_relay *relay)
{
    return (relay->route.flags & CW_ROUTE_SOURCE) != 0;
}

static bool is_request(const struct cw_relay *relay)
{
    return (relay->route.flags & CW_ROUTE_REQUEST) != 0;
}

static bool is_latest(const struct cw_relay *relay)
{
    return (relay->route.flags & CW_ROUTE_LATEST) != 0;
}

static bool is_local(const struct cw_relay *relay)
{
    return relay->route.peer == 0 && (relay->route.flags & CW_ROUTE_OWNER) == 0;
}

uint32_t cw_relay_channel(const uint8_t *frame)
{
    uint32_t channel;
    memcpy(&channel, frame, sizeof channel);
    return le32toh(channel);
}

uint64_t cw_relay_counter(const uint8_t *frame)
{
    uint64_t counter;
    memcpy(&counter, frame + 4, sizeof counter);
    return le64toh(counter);
}

/* --- the table ----------------------------------------------------------------------------------- */

static struct cw_relay **bucket(struct cw_node *node, const struct cw_tenancy *tenancy,
        uint32_t channel)
{
    uint64_t mix = (uint64_t)(uintptr_t)tenancy * 0x9e3779b97f4a7c15u + channel;
    mix = (mix ^ mix >> 29) * 0xbf58476d1ce4e5b9u;
    return &node->routes[(mix >> 40) % CW_NODE_ROUTE_BUCKETS];
}

struct cw_relay *cw_relay_find(struct cw_node *node, const struct cw_tenancy *tenancy,
        uint32_t channel, bool source)
{
    for (struct cw_relay *r = *bucket(node, tenancy, channel); r != NULL; r = r->bucket_next) {
        if (r->route.channel == channel && r->guest->tenancy == tenancy && is_source(r) == source) {
            return r;
        }
    }
    return NULL;
}

static struct cw_relay *twin_of(const struct cw_relay *relay)
{
    if (!is_local(relay)) {
        return NULL;
    }
    struct cw_relay *twin = cw_relay_find(relay->node, relay->guest->tenancy,
            relay->route.channel, !is_source(relay));
    return twin != NULL && is_local(twin) && is_request(twin) == is_request(relay) ? twin : NULL;
}

static void free_relay(struct cw_relay *relay)
{
    struct cw_node *node = relay->node;
    cw_journal_relay(relay);
    struct cw_relay **at = bucket(node, relay->guest->tenancy, relay->route.channel);
    while (*at != relay) {
        at = &(*at)->bucket_next;
    }
    *at = relay->bucket_next;
    node->route_count--;
    if (relay->guest->awaiting == relay) {
        relay->guest->awaiting = NULL;
        relay->guest->cancel_due = true;
        cw_guest_answer(relay->guest);
    }
    cw_job_stop(&relay->ack_take);
    cw_job_stop(&relay->deliver);
    cw_job_stop(&relay->ack_make);
    cw_list_remove(&relay->of_guest);
    cw_list_remove(&relay->of_link);
    cw_list_remove(&relay->dirty);
    cw_list_remove(&relay->waiting);
    cw_list_remove(&relay->ack_due);
    node->store_used_len -= relay->reserved_len;
    cw_store_close(&relay->store);
    free(relay->response);
    free(relay);
}

/* Slots that an end needs: a request is alone on its way, and an owner's end keeps nothing. */
static uint32_t slots_for(const struct cw_route *route)
{
    if ((route->flags & CW_ROUTE_OWNER) != 0) {
        return 0;
    }
    if ((route->flags & CW_ROUTE_REQUEST) != 0) {
        return 2;
    }
    return route->window < 2 ? 2 : route->window;
}

static cw_status reserve(struct cw_relay *relay, char *ret_why, size_t why_cap)
{
    struct cw_node *node = relay->node;
    const uint32_t slots = slots_for(&relay->route);
    if (slots == 0) {
        return CW_OK;
    }
    const uint32_t frame_max = CW_FRAME_LEN(relay->route.event_max);
    const uint64_t needed = cw_store_len(slots, frame_max);
    const uint64_t left = node->config->store_max_len - node->store_used_len;
    if (needed > left || cw_store_open(&relay->store, slots, frame_max) != CW_OK) {
        snprintf(ret_why, why_cap,
                "channel %" PRIu32 " needs a store of %" PRIu64 " bytes (window %u, events of %" PRIu32
                " bytes), but only %" PRIu64 " of %" PRIu64
                " are left: use a smaller window, or start the node with a larger --max-store",
                relay->route.channel, needed, relay->route.window, relay->route.event_max, left,
                node->config->store_max_len);
        return CW_E_SPACE;
    }
    relay->reserved_len = needed;
    node->store_used_len += needed;
    return CW_OK;
}

static bool same_but_first(const struct cw_relay *relay, const struct cw_route *route,
        const struct cw_guest *guest)
{
    const struct cw_route *old = &relay->route;
    return relay->guest == guest && !relay->is_orphan && old->peer == route->peer &&
            old->flags == route->flags && old->window == route->window &&
            old->event_max == route->event_max;
}

static void join_lists(struct cw_relay *relay)
{
    cw_list_init(&relay->of_guest);
    cw_list_init(&relay->of_link);
    cw_list_init(&relay->dirty);
    cw_list_init(&relay->waiting);
    cw_list_init(&relay->ack_due);
    cw_list_append(&relay->guest->relays, &relay->of_guest);
    if (relay->link != NULL) {
        cw_list_append(&relay->link->relays, &relay->of_link);
    }
    struct cw_relay **at = bucket(relay->node, relay->guest->tenancy, relay->route.channel);
    relay->bucket_next = *at;
    *at = relay;
    relay->node->route_count++;
}

static cw_status check_route(struct cw_node *node, const char *owner, const struct cw_route *route,
        struct cw_guest **ret_guest, struct cw_link_peer **ret_link, char *ret_why, size_t why_cap)
{
    struct cw_guest *guest = cw_guest_find(node, owner, &route->module);
    if (guest == NULL || guest->state == CW_GUEST_LEAVING) {
        snprintf(ret_why, why_cap, "there is no module %" PRIu32 " of yours: load it first",
                route->module.number);
        return CW_E_ABSENT;
    }
    const uint32_t longest = CW_LINK_MAX - CW_FRAME_LEN(0);
    if (route->event_max > longest) {
        snprintf(ret_why, why_cap, "events of %" PRIu32 " bytes fit no link: at most %" PRIu32,
                route->event_max, longest);
        return CW_E_FORM;
    }
    const bool to_peer = route->peer != 0 && (route->flags & CW_ROUTE_OWNER) == 0;
    struct cw_link_peer *link = to_peer ? cw_link_find(node, guest->tenancy, route->peer) : NULL;
    if (to_peer && link == NULL) {
        snprintf(ret_why, why_cap, "there is no peer %" PRIu32 ": name it with PEER first",
                route->peer);
        return CW_E_ABSENT;
    }
    *ret_guest = guest;
    *ret_link = link;
    return CW_OK;
}

cw_status cw_relay_add(struct cw_node *node, const char *owner, const struct cw_route *route,
        char *ret_why, size_t why_cap)
{
    struct cw_guest *guest = NULL;
    struct cw_link_peer *link = NULL;
    cw_status status = check_route(node, owner, route, &guest, &link, ret_why, why_cap);
    if (status != CW_OK) {
        return status;
    }
    const bool source = (route->flags & CW_ROUTE_SOURCE) != 0;
    struct cw_relay *old = cw_relay_find(node, guest->tenancy, route->channel, source);
    if (old != NULL && same_but_first(old, route, guest)) {
        if (source) {
            cw_source_free(old, route->first);
        }
        return CW_OK;
    }
    if (old != NULL) {
        free_relay(old);
    }
    struct cw_relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL) {
        snprintf(ret_why, why_cap, "no memory");
        return CW_E_SPACE;
    }
    *relay = (struct cw_relay){.node = node, .guest = guest, .link = link, .route = *route,
            .acked = route->first, .resend_ms = CW_RELAY_RESEND_MS};
    status = reserve(relay, ret_why, why_cap);
    if (status != CW_OK) {
        free(relay);
        return status;
    }
    join_lists(relay);
    cw_source_init(relay);
    cw_sink_init(relay);
    struct cw_relay *twin = twin_of(relay);
    if (twin != NULL) {
        cw_relay_mark(is_source(twin) ? twin : relay); /* it may have waited for this end */
    }
    return CW_OK;
}

cw_status cw_relay_remove(struct cw_node *node, const char *owner,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN], uint32_t channel)
{
    const struct cw_tenancy *tenancy = cw_tenancy_find(node, deployment);
    if (tenancy == NULL || strcmp(tenancy->owner, owner) != 0) {
        return CW_E_ABSENT;
    }
    cw_status status = CW_E_ABSENT;
    for (int source = 0; source <= 1; source++) {
        struct cw_relay *relay = cw_relay_find(node, tenancy, channel, source != 0);
        if (relay != NULL) {
            free_relay(relay);
            status = CW_OK;
        }
    }
    return status;
}

void cw_relay_remove_all(struct cw_guest *guest)
{
    while (!cw_list_is_empty(&guest->relays)) {
        free_relay(CW_LISTED(guest->relays.next, struct cw_relay, of_guest));
    }
}

void cw_relay_lost_all(struct cw_guest *guest)
{
    CW_LIST_EACH (place, &guest->relays) {
        struct cw_relay *relay = CW_LISTED(place, struct cw_relay, of_guest);
        if (is_source(relay)) {
            relay->is_orphan = true;
            cw_list_remove(&relay->waiting);
        } else {
            cw_sink_lost(relay);
        }
    }
}

/* --- both directions ----------------------------------------------------------------------------- */

static void dispatch(struct cw_relay *relay, cw_frame type, const uint8_t *frame, size_t len)
{
    if (type == CW_FRAME_ACK) {
        cw_source_ack(relay, frame, len);
    } else if (type == CW_FRAME_RESPONSE) {
        cw_source_response(relay, frame, len);
    } else {
        cw_sink_frame(relay, type, frame, len);
    }
}

void cw_relay_arrived(struct cw_link_peer *link, cw_frame type, const uint8_t *frame, size_t len)
{
    const bool back = type == CW_FRAME_ACK || type == CW_FRAME_RESPONSE;
    struct cw_relay *relay = len < CW_EVENT_HEADER_LEN
            ? NULL
            : cw_relay_find(link->node, link->tenancy, cw_relay_channel(frame), back);
    /* Only the peer that the owner named for this connection has a say in it. */
    if (relay == NULL || relay->link != link) {
        link->astray++;
        return;
    }
    dispatch(relay, type, frame, len);
}

bool cw_relay_next(struct cw_relay *relay, const uint8_t **ret_bytes, size_t *ret_len)
{
    if (relay->has_ack_out) {
        *ret_bytes = relay->ack_out;
        *ret_len = sizeof relay->ack_out;
        return true;
    }
    if (!is_source(relay)) {
        *ret_bytes = relay->response;
        *ret_len = relay->response_len;
        return relay->has_response;
    }
    if (relay->sent >= relay->store.count) {
        return false;
    }
    *ret_bytes = cw_store_at(&relay->store, relay->sent, ret_len);
    *ret_len += CW_LINK_HEADER_LEN;
    return true;
}

void cw_relay_sent(struct cw_relay *relay)
{
    if (relay->has_ack_out) {
        relay->has_ack_out = false;
        return;
    }
    relay->sent_count++;
    if (!is_source(relay)) {
        relay->has_response = false;
    } else if (is_latest(relay) && !is_request(relay)) {
        cw_store_pop(&relay->store);
    } else {
        relay->sent++;
        cw_source_wait(relay);
    }
}

void cw_relay_mark(struct cw_relay *relay)
{
    if (!cw_list_is_empty(&relay->dirty)) {
        return;
    }
    if (relay->link != NULL) {
        cw_list_append(&relay->link->dirty, &relay->dirty);
        cw_link_mark(relay->link);
    } else if (is_local(relay)) {
        cw_list_append(&relay->node->dirty_relays, &relay->dirty);
    }
}

static void flush_local(struct cw_relay *relay)
{
    const uint8_t *bytes;
    size_t len;
    while (cw_relay_next(relay, &bytes, &len)) {
        struct cw_relay *twin = twin_of(relay);
        struct cw_link_header header;
        if (twin == NULL || cw_link_header_decode(bytes, &header) != CW_OK) {
            return; /* made later, it asks for what it missed */
        }
        if (is_source(relay) && !cw_sink_has_room(twin)) {
            return; /* the sink marks this end when it has room again */
        }
        dispatch(twin, (cw_frame)header.type, bytes + CW_LINK_HEADER_LEN, header.len);
        cw_relay_sent(relay);
    }
}

void cw_relay_flush_local(struct cw_node *node)
{
    while (!cw_list_is_empty(&node->dirty_relays)) {
        struct cw_relay *relay = CW_LISTED(node->dirty_relays.next, struct cw_relay, dirty);
        cw_list_remove(&relay->dirty);
        flush_local(relay);
    }
}

void cw_relay_link_up(struct cw_link_peer *link)
{
    CW_LIST_EACH (place, &link->relays) {
        struct cw_relay *relay = CW_LISTED(place, struct cw_relay, of_link);
        relay->resent_count += relay->sent;
        relay->sent = 0;
        relay->resend_ms = CW_RELAY_RESEND_MS;
        cw_relay_mark(relay);
    }
}

void cw_relay_tick(struct cw_node *node)
{
    const uint64_t now_ms = cw_node_now_ms(node);
    CW_LIST_EACH (place, &node->waiting) {
        struct cw_relay *relay = CW_LISTED(place, struct cw_relay, waiting);
        if (now_ms - relay->waits_since_ms < relay->resend_ms ||
                (relay->link != NULL && !cw_link_is_up(relay->link))) {
            continue;
        }
        relay->waits_since_ms = now_ms;
        relay->resend_ms =
                relay->resend_ms * 2 < RESEND_MAX_MS ? relay->resend_ms * 2 : RESEND_MAX_MS;
        relay->resent_count += relay->sent;
        relay->sent = 0;
        cw_relay_mark(relay);
    }
}

cw_status cw_relay_keep_response(struct cw_relay *relay, const uint8_t *frame, size_t len)
{
    const size_t needed = CW_LINK_HEADER_LEN + len;
    if (len > RESPONSE_MAX_LEN) {
        return CW_E_SPACE;
    }
    if (needed > relay->response_cap) {
        struct cw_node *node = relay->node;
        const size_t more = needed - relay->response_cap;
        uint8_t *grown = more <= node->config->store_max_len - node->store_used_len
                ? realloc(relay->response, needed)
                : NULL;
        if (grown == NULL) {
            return CW_E_SPACE;
        }
        relay->response = grown;
        relay->response_cap = needed;
        relay->reserved_len += more;
        node->store_used_len += more;
    }
    const struct cw_link_header header = {.len = (uint32_t)len, .type = CW_FRAME_RESPONSE};
    cw_link_header_encode(&header, relay->response);
    memcpy(relay->response + CW_LINK_HEADER_LEN, frame, len);
    relay->response_len = needed;
    return CW_OK;
}
