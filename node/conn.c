/* SPDX-License-Identifier: MIT */
#include "node/conn.h"

#include <stdlib.h>
#include <string.h>

#include "posix/log.h"

#define KEEPALIVE_S 15u
#define OUT_CAP_MIN 1024u

static void freed(uv_handle_t *handle)
{
    struct cw_conn *conn = handle->data;
    cw_list_remove(&conn->place);
    conn->node->conn_count--;
    free(conn->out);
    free(conn->writing);
    free(conn);
}

void cw_conn_known(struct cw_conn *conn)
{
    if (conn->is_stranger) {
        conn->is_stranger = false;
        conn->node->stranger_count--;
    }
}

void cw_conn_close(struct cw_conn *conn)
{
    if (conn->is_closing) {
        return;
    }
    conn->is_closing = true;
    cw_conn_known(conn);
    uv_close((uv_handle_t *)&conn->tcp, freed);
    conn->kind->ended(conn);
}

static struct cw_conn *make(struct cw_node *node, const struct cw_conn_kind *kind, void *owner)
{
    struct cw_conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL || uv_tcp_init(node->loop, &conn->tcp) != 0) {
        free(conn);
        return NULL;
    }
    conn->tcp.data = conn;
    conn->node = node;
    conn->kind = kind;
    conn->owner = owner;
    conn->since_ms = cw_node_now_ms(node);
    conn->heard_at_ms = conn->since_ms;
    conn->spoke_at_ms = conn->since_ms;
    cw_list_init(&conn->place);
    cw_list_append(&node->conns, &conn->place);
    node->conn_count++;
    return conn;
}

/* Closed before anybody knew of it. */
static void nobody_ended(struct cw_conn *conn)
{
    (void)conn;
}

static const struct cw_conn_kind nobody = {.ended = nobody_ended};

/* The list is in the order of arrival. */
static void show_out_oldest_stranger(struct cw_node *node)
{
    CW_LIST_EACH(place, &node->conns) {
        struct cw_conn *conn = CW_LISTED(place, struct cw_conn, place);
        if (conn->is_stranger) {
            cw_log_debug("connection from %s closed: it proved nothing, and others want its place",
                    conn->address);
            cw_conn_close(conn);
            return;
        }
    }
}

struct cw_conn *cw_conn_accept(struct cw_node *node, uv_stream_t *listener,
        const struct cw_conn_kind *kind, void *owner, bool stranger)
{
    struct cw_conn *conn = make(node, &nobody, NULL);
    if (conn == NULL) {
        return NULL;
    }
    if (uv_accept(listener, (uv_stream_t *)&conn->tcp) != 0) {
        cw_conn_close(conn);
        return NULL;
    }
    struct sockaddr_storage peer;
    int len = sizeof peer;
    if (uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&peer, &len) == 0) {
        cw_net_print((const struct sockaddr *)&peer, conn->address);
    }
    if (node->conn_count > CW_NODE_CONNECTION_MAX) {
        cw_log_debug("connection from %s refused: %u are open, %u of them prove nothing yet",
                conn->address, node->conn_count, node->stranger_count);
        cw_conn_close(conn);
        return NULL;
    }
    if (stranger && node->stranger_count >= CW_NODE_STRANGER_MAX) {
        show_out_oldest_stranger(node);
    }
    conn->kind = kind;
    conn->owner = owner;
    conn->is_stranger = stranger;
    node->stranger_count += stranger;
    (void)uv_tcp_nodelay(&conn->tcp, 1);
    (void)uv_tcp_keepalive(&conn->tcp, 1, KEEPALIVE_S);
    cw_conn_read(conn, true);
    return conn;
}

struct cw_conn *cw_conn_dial(struct cw_node *node, const struct cw_net_address *to,
        uv_connect_t *request, uv_connect_cb connected, const struct cw_conn_kind *kind,
        void *owner)
{
    struct cw_conn *conn = make(node, &nobody, NULL);
    if (conn == NULL) {
        return NULL;
    }
    cw_net_print((const struct sockaddr *)&to->storage, conn->address);
    if (uv_tcp_connect(request, &conn->tcp, (const struct sockaddr *)&to->storage, connected) !=
            0) {
        cw_conn_close(conn);
        return NULL;
    }
    conn->kind = kind;
    conn->owner = owner;
    (void)uv_tcp_nodelay(&conn->tcp, 1);
    (void)uv_tcp_keepalive(&conn->tcp, 1, KEEPALIVE_S);
    return conn;
}

static void lend(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
    (void)suggested;
    struct cw_conn *conn = handle->data;
    cw_node_lend(conn->node, ret_buf);
}

static void got(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct cw_conn *conn = stream->data;
    if (count == 0 || conn->is_closing) {
        return;
    }
    if (count > 0) {
        conn->heard_at_ms = cw_node_now_ms(conn->node);
        conn->kind->received(conn, (const uint8_t *)buf->base, (size_t)count);
        return;
    }
    if (count == UV_EOF && conn->kind->finished != NULL) {
        cw_conn_read(conn, false);
        conn->kind->finished(conn);
        return;
    }
    cw_conn_close(conn);
}

void cw_conn_read(struct cw_conn *conn, bool on)
{
    if (conn->is_closing || conn->is_reading == on) {
        return;
    }
    conn->is_reading = on;
    if (on) {
        (void)uv_read_start((uv_stream_t *)&conn->tcp, lend, got);
    } else {
        (void)uv_read_stop((uv_stream_t *)&conn->tcp);
    }
}

uint8_t *cw_conn_room(struct cw_conn *conn, size_t len)
{
    if (conn->is_closing) {
        return NULL;
    }
    if (conn->out_len + len > conn->out_cap) {
        size_t cap = conn->out_cap < OUT_CAP_MIN ? OUT_CAP_MIN : conn->out_cap;
        while (cap < conn->out_len + len) {
            cap *= 2;
        }
        uint8_t *grown = realloc(conn->out, cap);
        if (grown == NULL) {
            cw_conn_close(conn);
            return NULL;
        }
        conn->out = grown;
        conn->out_cap = cap;
    }
    return conn->out + conn->out_len;
}

void cw_conn_put(struct cw_conn *conn, const uint8_t *bytes, size_t len)
{
    uint8_t *room = cw_conn_room(conn, len);
    if (room != NULL) {
        memcpy(room, bytes, len);
        conn->out_len += len;
    }
}

static void written(uv_write_t *write, int status)
{
    struct cw_conn *conn = write->data;
    conn->is_writing = false;
    if (conn->is_closing) {
        return;
    }
    if (status != 0) {
        cw_conn_close(conn);
        return;
    }
    cw_conn_flush(conn);
    if (!conn->is_closing && !conn->is_writing && conn->kind->drained != NULL) {
        conn->kind->drained(conn);
    }
}

/* The kernel is full: libuv writes the rest when there is room, and tells. */
static void write_rest(struct cw_conn *conn, size_t from)
{
    uint8_t *const free_now = conn->writing;
    const size_t free_cap = conn->writing_cap;
    conn->writing = conn->out;
    conn->writing_cap = conn->out_cap;
    uv_buf_t buf = uv_buf_init((char *)conn->writing + from, (unsigned)(conn->out_len - from));
    conn->out = free_now;
    conn->out_cap = free_cap;
    conn->out_len = 0;
    conn->write.data = conn;
    conn->is_writing = true;
    if (uv_write(&conn->write, (uv_stream_t *)&conn->tcp, &buf, 1, written) != 0) {
        conn->is_writing = false;
        cw_conn_close(conn);
    }
}

void cw_conn_flush(struct cw_conn *conn)
{
    if (conn->is_closing || conn->is_writing || conn->out_len == 0) {
        return;
    }
    conn->spoke_at_ms = cw_node_now_ms(conn->node);
    const uv_buf_t buf = uv_buf_init((char *)conn->out, (unsigned)conn->out_len);
    const int count = uv_try_write((uv_stream_t *)&conn->tcp, &buf, 1);
    if (count < 0 && count != UV_EAGAIN) {
        cw_conn_close(conn);
        return;
    }
    const size_t done = count > 0 ? (size_t)count : 0;
    if (done == conn->out_len) {
        conn->out_len = 0;
        return;
    }
    write_rest(conn, done);
}

size_t cw_conn_backlog(const struct cw_conn *conn)
{
    return conn->out_len + (conn->is_writing ? conn->tcp.write_queue_size : 0);
}
