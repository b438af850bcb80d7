/* SPDX-License-Identifier: MIT */
/* Addresses where modules are served to the outside world. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/accept.h"
#include "node/stream.h"
#include "posix/log.h"

static void outlet_freed(uv_handle_t *handle)
{
    free(handle->data);
}

void cw_outlet_close_all(struct cw_guest *guest)
{
    cw_stream_orphan_all(guest);
    while (!cw_list_is_empty(&guest->outlets)) {
        struct cw_outlet *outlet = CW_LISTED(guest->outlets.next, struct cw_outlet, of_guest);
        cw_list_remove(&outlet->of_guest);
        uv_close((uv_handle_t *)&outlet->tcp, outlet_freed);
    }
}

static bool is_allowed(const struct cw_node_config *config, const struct cw_net_address *address)
{
    if (cw_net_is_loopback((const struct sockaddr *)&address->storage)) {
        return true;
    }
    char asked[CW_NET_TEXT_CAP];
    char any_port[CW_NET_TEXT_CAP];
    cw_net_print((const struct sockaddr *)&address->storage, asked);
    snprintf(any_port, sizeof any_port, "%s", asked);
    strcpy(strrchr(any_port, ':'), ":0");
    for (size_t i = 0; i < config->allowed_count; i++) {
        char allowed[CW_NET_TEXT_CAP];
        cw_net_print((const struct sockaddr *)&config->allowed[i].storage, allowed);
        if (strcmp(allowed, asked) == 0 || strcmp(allowed, any_port) == 0) {
            return true;
        }
    }
    return false;
}

static cw_status check_outlet(struct cw_guest *guest, const char *text,
        struct cw_net_address *ret_address, char *ret_why, size_t why_cap)
{
    if (cw_net_parse(text, ret_address) != CW_OK) {
        snprintf(ret_why, why_cap, "'%.100s' is no numeric HOST:PORT or [IPV6]:PORT", text);
        return CW_E_FORM;
    }
    if (!is_allowed(guest->node->config, ret_address)) {
        snprintf(ret_why, why_cap,
                "this node serves the outside on loopback only: start it with --allow-listen %.100s",
                text);
        return CW_E_DENIED;
    }
    size_t count = 0;
    CW_LIST_EACH (place, &guest->outlets) {
        count++;
    }
    if (count >= CW_OUTLET_MAX) {
        snprintf(ret_why, why_cap, "module %s is served at %u addresses already", guest->name,
                CW_OUTLET_MAX);
        return CW_E_SPACE;
    }
    return CW_OK;
}

cw_status cw_outlet_set(struct cw_guest *guest, const char *text, char *ret_why, size_t why_cap)
{
    if (text[0] == '\0') {
        cw_outlet_close_all(guest);
        return CW_OK;
    }
    struct cw_net_address address = {0};
    const cw_status status = check_outlet(guest, text, &address, ret_why, why_cap);
    if (status != CW_OK) {
        return status;
    }
    char asked[CW_NET_TEXT_CAP];
    cw_net_print((const struct sockaddr *)&address.storage, asked);
    CW_LIST_EACH (place, &guest->outlets) {
        if (strcmp(CW_LISTED(place, struct cw_outlet, of_guest)->asked, asked) == 0) {
            return CW_OK; /* it is served there already */
        }
    }
    struct cw_outlet *outlet = calloc(1, sizeof *outlet);
    if (outlet == NULL || uv_tcp_init(guest->node->loop, &outlet->tcp) != 0) {
        free(outlet);
        snprintf(ret_why, why_cap, "no memory");
        return CW_E_SPACE;
    }
    outlet->guest = guest;
    outlet->tcp.data = outlet;
    memcpy(outlet->asked, asked, sizeof asked);
    cw_list_init(&outlet->of_guest);
    const int error = cw_listener_bind(&outlet->tcp, &address, cw_stream_connection, outlet->address);
    if (error != 0) {
        snprintf(ret_why, why_cap, "cannot listen on %s: %s", asked, uv_strerror(error));
        uv_close((uv_handle_t *)&outlet->tcp, outlet_freed);
        return CW_E_SYSTEM;
    }
    cw_list_append(&guest->outlets, &outlet->of_guest);
    cw_log_info("module %s is served at %s", guest->name, outlet->address);
    return CW_OK;
}
