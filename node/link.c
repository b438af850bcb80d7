/* SPDX-License-Identifier: MIT */
#include "node/link.h"

#include <stdlib.h>
#include <string.h>

#include "node/relay.h"
#include "node/wire.h"
#include "posix/log.h"

#define LINK_MAX_COUNT 4096u
#define REDIAL_FIRST_MS 50u
#define REDIAL_MAX_MS 2000u
#define STABLE_MS 1000u
#define TURN_MAX 32u /* messages of one relay before the next one's turn */

bool cw_link_is_up(const struct cw_link_peer *link)
{
    return link->wire != NULL && link->wire->state == CW_WIRE_UP;
}

const char *cw_link_address(const struct cw_link_peer *link)
{
    return cw_link_is_up(link) ? link->wire->conn->address : "";
}

struct cw_link_peer *cw_link_find(struct cw_node *node, const struct cw_tenancy *tenancy,
        uint32_t peer)
{
    CW_LIST_EACH (place, &node->links) {
        struct cw_link_peer *link = CW_LISTED(place, struct cw_link_peer, place);
        if (link->peer.peer == peer && link->tenancy == tenancy && !link->is_leaving) {
            return link;
        }
    }
    return NULL;
}

/* --- writing ------------------------------------------------------------------------------------- */

void cw_link_mark(struct cw_link_peer *link)
{
    if (cw_link_is_up(link) && cw_list_is_empty(&link->marked)) {
        cw_list_append(&link->node->dirty_links, &link->marked);
    }
}

/* Messages of one relay into the connection's buffer.  False: no more room. */
static bool fill_from(struct cw_conn *conn, struct cw_relay *relay, bool *ret_more)
{
    const uint8_t *bytes;
    size_t len;
    for (unsigned turn = 0; turn < TURN_MAX; turn++) {
        if (!cw_relay_next(relay, &bytes, &len)) {
            *ret_more = false;
            return true;
        }
        if (conn->out_len > 0 && conn->out_len + len > CW_CONN_OUT_SOFT) {
            *ret_more = true;
            return false;
        }
        cw_conn_put(conn, bytes, len);
        if (conn->is_closing) {
            *ret_more = true;
            return false;
        }
        cw_relay_sent(relay);
    }
    *ret_more = true;
    return true;
}

static void flush(struct cw_link_peer *link)
{
    while (cw_link_is_up(link) && !link->wire->conn->is_writing &&
            (!cw_list_is_empty(&link->dirty) || link->wire->conn->out_len > 0)) {
        struct cw_conn *conn = link->wire->conn;
        bool has_room = true;
        while (has_room && !cw_list_is_empty(&link->dirty)) {
            struct cw_relay *relay = CW_LISTED(link->dirty.next, struct cw_relay, dirty);
            bool more;
            has_room = fill_from(conn, relay, &more);
            if (conn->is_closing) {
                return;
            }
            if (more) {
                cw_list_append(&link->dirty, &relay->dirty);
            } else {
                cw_list_remove(&relay->dirty);
            }
        }
        cw_conn_flush(conn);
    }
}

void cw_link_flush(struct cw_node *node)
{
    while (!cw_list_is_empty(&node->dirty_links)) {
        struct cw_link_peer *link = CW_LISTED(node->dirty_links.next, struct cw_link_peer, marked);
        cw_list_remove(&link->marked);
        flush(link);
    }
}

/* --- up and down --------------------------------------------------------------------------------- */

static void free_if_closed(struct cw_link_peer *link)
{
    if (link->is_leaving && link->is_timer_closed && !link->is_resolving) {
        free(link);
    }
}

static void timer_closed(uv_handle_t *handle)
{
    struct cw_link_peer *link = handle->data;
    link->is_timer_closed = true;
    free_if_closed(link);
}

static void dial(struct cw_link_peer *link);

static void redial(uv_timer_t *timer)
{
    dial(timer->data);
}

static void dial_later(struct cw_link_peer *link)
{
    if (link->is_leaving || link->peer.dial == 0) {
        return;
    }
    link->redial_ms = link->redial_ms > REDIAL_FIRST_MS ? link->redial_ms : REDIAL_FIRST_MS;
    uint16_t jitter = 0;
    uint8_t random[CW_LINK_NONCE_LEN];
    if (cw_hello_nonce(random) == CW_OK) {
        memcpy(&jitter, random, sizeof jitter);
    }
    const uint32_t wait_ms = link->redial_ms / 2 + jitter % (link->redial_ms / 2 + 1);
    (void)uv_timer_start(&link->redial, redial, wait_ms, 0);
    link->redial_ms = link->redial_ms * 2 < REDIAL_MAX_MS ? link->redial_ms * 2 : REDIAL_MAX_MS;
}

void cw_link_went_up(struct cw_link_peer *link, struct cw_wire *wire)
{
    struct cw_wire *before = link->wire;
    link->wire = wire;
    if (before != NULL && before != wire) {
        before->link = NULL; /* it no longer speaks for this peer */
        cw_conn_close(before->conn);
    }
    link->up_count++;
    cw_log_info("link %u is up with %s", link->peer.peer, wire->conn->address);
    cw_journal_link(link, CW_NOTED_LINK_UP);
    cw_relay_link_up(link);
    cw_link_mark(link);
}

void cw_link_went_down(struct cw_link_peer *link, struct cw_wire *wire)
{
    if (link->wire != wire) {
        return;
    }
    link->wire = NULL;
    cw_list_remove(&link->marked);
    if (wire->state == CW_WIRE_UP) {
        cw_log_info("link %u is down", link->peer.peer);
        cw_journal_link(link, CW_NOTED_LINK_DOWN);
        if (cw_node_now_ms(link->node) - wire->up_at_ms > STABLE_MS) {
            link->redial_ms = REDIAL_FIRST_MS;
        }
    }
    if (!link->node->is_closing) {
        dial_later(link);
    }
}

/* --- dialing ------------------------------------------------------------------------------------- */

static void dial_to(struct cw_link_peer *link, const struct cw_net_address *to)
{
    link->wire = cw_wire_dial(link, to);
    if (link->wire == NULL) {
        dial_later(link);
    }
}

static void resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct cw_link_peer *link = request->data;
    link->is_resolving = false;
    if (link->is_leaving) {
        uv_freeaddrinfo(list);
        free_if_closed(link);
        return;
    }
    if (status != 0 || list == NULL) {
        cw_log_warn("peer %u: no address for %s: %s", link->peer.peer, link->peer.address,
                status != 0 ? uv_strerror(status) : "none");
        dial_later(link);
    } else {
        struct cw_net_address to = {.len = list->ai_addrlen};
        memcpy(&to.storage, list->ai_addr, list->ai_addrlen);
        dial_to(link, &to);
    }
    uv_freeaddrinfo(list);
}

static void dial(struct cw_link_peer *link)
{
    if (link->wire != NULL || link->is_resolving || link->is_leaving) {
        return;
    }
    struct cw_net_address to;
    if (cw_net_parse(link->peer.address, &to) == CW_OK) {
        dial_to(link, &to);
        return;
    }
    char host[CW_NET_HOST_CAP];
    char service[8];
    uint16_t port;
    if (cw_net_split(link->peer.address, host, &port) != CW_OK) {
        return; /* cw_link_add refused such */
    }
    snprintf(service, sizeof service, "%u", (unsigned)port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    link->resolve.data = link;
    link->is_resolving = uv_getaddrinfo(link->node->loop, &link->resolve, resolved, host, service,
                                 &hints) == 0;
    if (!link->is_resolving) {
        dial_later(link);
    }
}

/* --- records ------------------------------------------------------------------------------------- */

static void update(struct cw_link_peer *link, const struct cw_peer *peer)
{
    if (memcmp(link->peer.key, peer->key, sizeof peer->key) == 0 &&
            link->peer.dial == peer->dial && strcmp(link->peer.address, peer->address) == 0) {
        return;
    }
    link->peer = *peer;
    link->redial_ms = REDIAL_FIRST_MS;
    if (link->wire != NULL) {
        struct cw_wire *wire = link->wire;
        link->wire = NULL;
        wire->link = NULL;
        cw_list_remove(&link->marked);
        cw_conn_close(wire->conn);
    }
    (void)uv_timer_stop(&link->redial);
    if (peer->dial != 0) {
        dial(link);
    }
}

cw_status cw_link_add(struct cw_node *node, const char *owner, const struct cw_peer *peer)
{
    char host[CW_NET_HOST_CAP];
    uint16_t port;
    if (peer->dial != 0 && cw_net_split(peer->address, host, &port) != CW_OK) {
        return CW_E_FORM;
    }
    struct cw_tenancy *tenancy = NULL;
    const cw_status status = cw_tenancy_join(node, peer->deployment, owner, &tenancy);
    if (status != CW_OK) {
        return status;
    }
    struct cw_link_peer *link = cw_link_find(node, tenancy, peer->peer);
    if (link != NULL) {
        cw_tenancy_leave(tenancy);
        update(link, peer);
        return CW_OK;
    }
    size_t count = 0;
    CW_LIST_EACH (place, &node->links) {
        count++;
    }
    link = count < LINK_MAX_COUNT ? calloc(1, sizeof *link) : NULL;
    if (link == NULL) {
        cw_tenancy_leave(tenancy);
        return CW_E_SPACE;
    }
    *link = (struct cw_link_peer){.node = node, .tenancy = tenancy, .peer = *peer,
            .redial_ms = REDIAL_FIRST_MS};
    cw_list_init(&link->place);
    cw_list_init(&link->marked);
    cw_list_init(&link->relays);
    cw_list_init(&link->dirty);
    (void)uv_timer_init(node->loop, &link->redial);
    link->redial.data = link;
    cw_list_append(&node->links, &link->place);
    if (peer->dial != 0) {
        dial(link);
    }
    return CW_OK;
}

static void leave(struct cw_link_peer *link)
{
    link->is_leaving = true;
    cw_list_remove(&link->place);
    cw_list_remove(&link->marked);
    if (link->wire != NULL) {
        struct cw_wire *wire = link->wire;
        link->wire = NULL;
        wire->link = NULL;
        cw_conn_close(wire->conn);
    }
    if (link->is_resolving) {
        (void)uv_cancel((uv_req_t *)&link->resolve);
    }
    cw_tenancy_leave(link->tenancy);
    uv_close((uv_handle_t *)&link->redial, timer_closed);
}

void cw_link_remove_all(struct cw_node *node, const struct cw_tenancy *tenancy)
{
    CW_LIST_EACH (place, &node->links) {
        struct cw_link_peer *link = CW_LISTED(place, struct cw_link_peer, place);
        if ((tenancy == NULL || link->tenancy == tenancy) && cw_list_is_empty(&link->relays)) {
            leave(link);
        }
    }
}
