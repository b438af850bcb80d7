/* SPDX-License-Identifier: MIT */
#include "node/accept.h"

#include <stdlib.h>

#include "node/link.h"
#include "node/manage.h"
#include "posix/log.h"

#define FIRST_BYTE_LIMIT_MS 5000u
#define BACKLOG 128
#define TLS_HANDSHAKE 0x16u

static void received(struct cw_conn *conn, const uint8_t *bytes, size_t len)
{
    if (bytes[0] == TLS_HANDSHAKE) {
        cw_manage_begin(conn);
    } else {
        cw_link_greet(conn);
    }
    if (!conn->is_closing) {
        conn->kind->received(conn, bytes, len);
    }
}

static void tick(struct cw_conn *conn, uint64_t now_ms)
{
    if (now_ms - conn->since_ms > FIRST_BYTE_LIMIT_MS) {
        cw_conn_close(conn);
    }
}

static void ended(struct cw_conn *conn)
{
    (void)conn;
}

static const struct cw_conn_kind stranger = {.received = received, .tick = tick, .ended = ended};

static void connection(uv_stream_t *stream, int status)
{
    struct cw_listener *listener = stream->data;
    if (status == 0) {
        (void)cw_conn_accept(listener->node, stream, &stranger, NULL, true);
    }
}

int cw_listener_bind(uv_tcp_t *tcp, const struct cw_net_address *address,
        uv_connection_cb accepted, char *ret_text)
{
    /* One address family each: `[::]` and `0.0.0.0` of one port are two addresses. */
    const unsigned only = address->storage.ss_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0;
    int error = uv_tcp_bind(tcp, (const struct sockaddr *)&address->storage, only);
    if (error == 0) {
        error = uv_listen((uv_stream_t *)tcp, BACKLOG, accepted);
    }
    struct sockaddr_storage bound;
    int len = sizeof bound;
    if (error == 0) {
        error = uv_tcp_getsockname(tcp, (struct sockaddr *)&bound, &len);
    }
    if (error == 0) {
        cw_net_print((const struct sockaddr *)&bound, ret_text);
    }
    return error;
}

static void freed(uv_handle_t *handle)
{
    free(handle->data);
}

void cw_listener_close(struct cw_listener *listener)
{
    cw_list_remove(&listener->place);
    uv_close((uv_handle_t *)&listener->tcp, freed);
}

cw_status cw_listener_open(struct cw_node *node, const char *text)
{
    struct cw_net_address address;
    const cw_status status = cw_net_resolve(text, &address);
    if (status != CW_OK) {
        cw_log_error("cannot listen on %s: %s", text,
                status == CW_E_FORM ? "an address is HOST:PORT or [IPV6]:PORT" : "no such host");
        return status;
    }
    struct cw_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL || uv_tcp_init(node->loop, &listener->tcp) != 0) {
        free(listener);
        return CW_E_SPACE;
    }
    listener->node = node;
    listener->tcp.data = listener;
    cw_list_init(&listener->place);
    cw_list_append(&node->listeners, &listener->place);
    const int error = cw_listener_bind(&listener->tcp, &address, connection, listener->address);
    if (error != 0) {
        cw_log_error("cannot listen on %s: %s", text, uv_strerror(error));
        cw_listener_close(listener);
        return CW_E_SYSTEM;
    }
    return CW_OK;
}
