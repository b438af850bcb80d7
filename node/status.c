/* SPDX-License-Identifier: MIT */
#include "node/status.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "node/link.h"
#include "node/periodic.h"
#include "node/relay.h"
#include "node/stream.h"
#include "posix/version.h"

#define DESCRIPTION_CAP 4096u

static json_int_t number(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (json_int_t)value;
}

static json_t *platform_of(const struct cw_node *node)
{
    char text[DESCRIPTION_CAP] = "{}";
    node->config->backend->describe(node->platform, text, sizeof text);
    text[sizeof text - 1] = '\0';
    json_t *platform = json_loads(text, 0, NULL);
    return platform != NULL ? platform : json_object();
}

static json_t *hello_of(const struct cw_node *node)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:i, s:I, s:I}", "name", node->config->name, "tee",
            node->config->backend->name, "protection", node->config->backend->protection,
            "platform", platform_of(node), "version", CW_PROGRAM_VERSION, "protocol",
            (int)CW_VERSION, "owners", (json_int_t)node->config->owner_count, "time_ms",
            (json_int_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

char *cw_status_hello(const struct cw_node *node)
{
    json_t *hello = hello_of(node);
    char *text = hello != NULL ? json_dumps(hello, JSON_COMPACT) : NULL;
    json_decref(hello);
    return text;
}

static const char *state_name(cw_guest_state state)
{
    switch (state) {
    case CW_GUEST_LOADING:
        return "loading";
    case CW_GUEST_READY:
        return "loaded";
    case CW_GUEST_LOST:
        return "restarting";
    case CW_GUEST_LEAVING:
        return "unloading";
    }
    return "unknown";
}

static json_t *deployment_of(const struct cw_tenancy *tenancy)
{
    char text[2 * CW_DEPLOYMENT_LEN + 1];
    for (size_t i = 0; i < CW_DEPLOYMENT_LEN; i++) {
        snprintf(text + 2 * i, 3, "%02x", tenancy->deployment[i]);
    }
    return json_string(text);
}

static const char *role_of(const struct cw_relay *relay)
{
    return (relay->route.flags & CW_ROUTE_SOURCE) != 0 ? "source" : "sink";
}

static const char *delivery_of(const struct cw_relay *relay)
{
    return (relay->route.flags & CW_ROUTE_REQUEST) != 0 ? "request"
            : (relay->route.flags & CW_ROUTE_LATEST) != 0 ? "latest"
                                                          : "strict";
}

static json_t *relay_status(const struct cw_relay *relay)
{
    return json_pack("{s:I, s:I, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
            "channel", number(relay->route.channel), "peer", number(relay->route.peer), "role",
            role_of(relay), "delivery", delivery_of(relay), "owner",
            (relay->route.flags & CW_ROUTE_OWNER) != 0, "stored", number(relay->store.count),
            "sent", number(relay->sent_count), "resent", number(relay->resent_count), "acked",
            number(relay->acked), "delivered", number(relay->delivered_count), "refused",
            number(relay->refused_count), "dropped", number(relay->dropped_count), "duplicates",
            number(relay->duplicate_count), "reserved", number(relay->reserved_len));
}

static json_t *guest_status(const struct cw_guest *guest)
{
    json_t *routes = json_array();
    CW_LIST_EACH (place, &guest->relays) {
        json_array_append_new(routes,
                relay_status(CW_LISTED(place, struct cw_relay, of_guest)));
    }
    json_t *periodics = json_array();
    CW_LIST_EACH (place, &guest->periodics) {
        const struct cw_periodic *periodic = CW_LISTED(place, struct cw_periodic, place);
        if (periodic->every_ms > 0) {
            json_array_append_new(periodics,
                    json_pack("{s:I, s:I, s:I, s:I}", "endpoint", number(periodic->endpoint),
                            "every_ms", number(periodic->every_ms), "calls",
                            number(periodic->call_count), "skipped",
                            number(periodic->skipped_count)));
        }
    }
    json_t *outlets = json_array();
    CW_LIST_EACH (place, &guest->outlets) {
        const struct cw_outlet *outlet = CW_LISTED(place, struct cw_outlet, of_guest);
        json_array_append_new(outlets,
                json_pack("{s:s, s:I, s:I, s:I}", "address", outlet->address, "open",
                        number(outlet->open_count), "accepted", number(outlet->accepted_count),
                        "refused", number(outlet->refused_count)));
    }
    return json_pack("{s:o, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "deployment",
            deployment_of(guest->tenancy), "number", number(guest->number), "name", guest->name,
            "state", state_name(guest->state), "restarts", number(guest->restarts), "entries",
            number(guest->entries), "refused", number(guest->refused), "again",
            number(guest->again), "astray", number(guest->astray), "routes", routes, "periodic",
            periodics, "streams", outlets);
}

static json_t *link_status(const struct cw_link_peer *link)
{
    return json_pack("{s:o, s:I, s:b, s:s, s:b, s:I, s:I}", "deployment",
            deployment_of(link->tenancy), "peer", number(link->peer.peer), "dial",
            (int)link->peer.dial, "address",
            link->peer.dial != 0 ? link->peer.address : cw_link_address(link), "connected",
            (int)cw_link_is_up(link), "reconnects",
            number(link->up_count > 0 ? link->up_count - 1 : 0), "astray", number(link->astray));
}

static bool is_asked(const struct cw_tenancy *tenancy, const char *owner,
        const uint8_t *deployment)
{
    return strcmp(tenancy->owner, owner) == 0 &&
            (deployment == NULL ||
                    memcmp(deployment, tenancy->deployment, CW_DEPLOYMENT_LEN) == 0);
}

char *cw_status_of(struct cw_node *node, const char *owner, const uint8_t *deployment)
{
    json_t *modules = json_array();
    uint64_t of_all = 0;
    CW_LIST_EACH (place, &node->guests) {
        const struct cw_guest *guest = CW_LISTED(place, struct cw_guest, place);
        of_all++;
        if (is_asked(guest->tenancy, owner, deployment)) {
            json_array_append_new(modules, guest_status(guest));
        }
    }
    json_t *peers = json_array();
    CW_LIST_EACH (place, &node->links) {
        const struct cw_link_peer *link = CW_LISTED(place, struct cw_link_peer, place);
        if (is_asked(link->tenancy, owner, deployment)) {
            json_array_append_new(peers, link_status(link));
        }
    }
    json_t *status = json_pack("{s:o, s:I, s:{s:I, s:I}, s:o, s:o}", "node", hello_of(node),
            "modules_of_all", number(of_all), "store", "used",
            number(node->store_used_len), "max", number(node->config->store_max_len),
            "modules", modules, "peers", peers);
    char *text = status != NULL ? json_dumps(status, JSON_COMPACT) : NULL;
    json_decref(status);
    return text;
}
