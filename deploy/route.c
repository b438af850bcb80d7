/* SPDX-License-Identifier: MIT */
/* What nodes are told of a connection: the link that it takes, and who its ends are. */
#include <stdio.h>
#include <string.h>

#include "core/base/bytes.h"
#include "deploy/app.h"
#include "posix/log.h"

/* Ask, and have a refusal explained; absent: what to make of CW_E_ABSENT. */
static cw_status tell(struct cw_nodeclient *client, cw_node_request type, const uint8_t *fields,
        size_t len, const char *what, cw_status absent)
{
    struct cw_node_answer answer;
    cw_nodeclient_hold(client);
    cw_status status = cw_nodeclient_ask(client, type, fields, len, &answer);
    if (status == CW_OK && answer.status == CW_E_ABSENT && absent == CW_OK) {
        status = CW_OK;
    } else if (status == CW_OK && answer.status != CW_OK) {
        char text[1024];
        cw_nodeclient_text(&answer, text, sizeof text);
        cw_log_error("node %s" CW_AT ": %s: %s", cw_nodeclient_name(client), what, text);
        status = CW_E_SYSTEM;
    }
    cw_nodeclient_release(client);
    return status;
}

static cw_status peer_at(struct cw_nodeclient *client, const struct cw_peer *peer)
{
    uint8_t fields[512];
    struct cw_writer w = cw_writer_over(fields, sizeof fields);
    cw_peer_put(&w, peer);
    cw_status status = tell(client, CW_NODE_PEER, fields, w.used_len, "cannot make the link",
            CW_E_ABSENT);
    cw_bytes_wipe(fields, sizeof fields);
    return status;
}

/*
 * Does the descriptor's first connection between the two nodes lead from `to` to `from`?  Its source
 * dials, so that the direction does not hang on which connection is made first.
 */
static bool is_against(const struct cw_app *app, const struct cw_remote *from,
        const struct cw_remote *to)
{
    for (size_t i = 0; i < app->d.connection_count; i++) {
        const struct cw_descriptor_connection *c = &app->d.connections[i];
        if (c->from != NULL && c->from->node == from->node && c->to->node == to->node) {
            return false;
        }
        if (c->from != NULL && c->from->node == to->node && c->to->node == from->node) {
            return true;
        }
    }
    return false;
}

cw_status cw_app_link(struct cw_app *app, const struct cw_remote *src, const struct cw_remote *dst,
        uint32_t *ret_peer)
{
    *ret_peer = 0;
    if (src == NULL || src->node == dst->node) {
        return CW_OK;
    }
    if (is_against(app, src, dst)) {
        const struct cw_remote *swap = src;
        src = dst;
        dst = swap;
    }
    struct cw_peer peer = {0};
    bool is_turned;
    cw_status status = cw_state_link(app->state, src->node->name.value, dst->node->name.value,
            &peer.peer, peer.key, &is_turned);
    if (status != CW_OK) {
        return status;
    }
    const struct cw_remote *from = is_turned ? dst : src;
    const struct cw_remote *to = is_turned ? src : dst;
    memcpy(peer.deployment, app->deployment, sizeof peer.deployment);
    status = peer_at(to->client, &peer);
    if (status == CW_OK) {
        peer.dial = 1;
        status = cw_app_address(app, to->node, peer.address, sizeof peer.address);
    }
    if (status == CW_OK) {
        status = peer_at(from->client, &peer);
    }
    *ret_peer = peer.peer;
    cw_bytes_wipe(&peer, sizeof peer);
    return status;
}

cw_status cw_app_route(struct cw_app *app, const struct cw_state_connection *row,
        const struct cw_remote *r, uint32_t peer, bool source)
{
    struct cw_route route = {
            .module.number = r->row.number,
            .channel = row->channel,
            .peer = peer,
            .window = row->window,
            .event_max = row->event_max,
            .first = row->first,
    };
    memcpy(route.module.deployment, app->deployment, sizeof route.module.deployment);
    route.flags = (uint16_t)((source ? CW_ROUTE_SOURCE : 0) |
            (row->mode == CW_MODE_LATEST ? CW_ROUTE_LATEST : 0) |
            (row->mode == CW_MODE_REQUEST ? CW_ROUTE_REQUEST : 0) |
            (row->src_module == 0 ? CW_ROUTE_OWNER : 0));
    uint8_t fields[CW_ROUTE_LEN];
    struct cw_writer w = cw_writer_over(fields, sizeof fields);
    cw_route_put(&w, &route);
    return tell(r->client, CW_NODE_ROUTE, fields, w.used_len, "cannot route a connection",
            CW_E_ABSENT);
}

cw_status cw_app_unroute(struct cw_app *app, struct cw_nodeclient *client, uint32_t channel)
{
    uint8_t fields[CW_DEPLOYMENT_LEN + 4];
    struct cw_writer w = cw_writer_over(fields, sizeof fields);
    cw_writer_bytes(&w, app->deployment, CW_DEPLOYMENT_LEN);
    cw_writer_u32(&w, channel);
    return tell(client, CW_NODE_UNROUTE, fields, w.used_len, "cannot end a route", CW_OK);
}
