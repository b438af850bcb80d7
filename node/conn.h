/* SPDX-License-Identifier: MIT */
/*
 * conn.h - one TCP connection, whatever it carries.
 *
 * What     Reads into the loop's one buffer, gathers what is to be written and writes it at once
 *          when the kernel takes it.  What the bytes mean is its kind's business: a stranger that
 *          has not said a byte, a link, a session of an owner, a stream.
 * Trust    UNTRUSTED.
 * Memory   The connection belongs to the loop: after cw_conn_close and its callback `ended` nobody
 *          may use it, and it is freed later.
 */
#ifndef CW_NODE_CONN_H
#define CW_NODE_CONN_H

#include "node/node.h"
#include "posix/net.h"

#define CW_CONN_OUT_SOFT 65536u /* bytes after which nobody should put more */

struct cw_conn;

struct cw_conn_kind {
    /* bytes are valid until it returns. */
    void (*received)(struct cw_conn *conn, const uint8_t *bytes, size_t len);

    /* The peer will send no more.  NULL: close. */
    void (*finished)(struct cw_conn *conn);

    /* Everything was written that the kernel did not take at once.  May be NULL. */
    void (*drained)(struct cw_conn *conn);

    /* Twice a second.  May be NULL. */
    void (*tick)(struct cw_conn *conn, uint64_t now_ms);

    /* Once, from cw_conn_close: let go of it. */
    void (*ended)(struct cw_conn *conn);
};

struct cw_conn {
    uv_tcp_t tcp;
    struct cw_list place; /* in node->conns */
    struct cw_node *node;
    const struct cw_conn_kind *kind;
    void *owner; /* of its kind */
    uint64_t since_ms;
    uint64_t heard_at_ms;
    uint64_t spoke_at_ms;
    uint8_t *out; /* to be written */
    size_t out_len;
    size_t out_cap;
    uint8_t *writing; /* the kernel did not take it yet */
    size_t writing_cap;
    uv_write_t write;
    uv_shutdown_t shutdown;
    bool is_writing;
    bool is_closing;
    bool is_reading;
    bool is_stranger; /* counted as one */
    char address[CW_NET_TEXT_CAP];
};

/*
 * cw_conn_accept - NULL: no room or no connection; said in the log.
 *
 * stranger  it has proved nothing yet; of too many the oldest is closed: who is honest does not
 *           stay a stranger for long
 */
struct cw_conn *cw_conn_accept(struct cw_node *node, uv_stream_t *listener,
        const struct cw_conn_kind *kind, void *owner, bool stranger);

/* cw_conn_dial - NULL: no memory.  connected is called once unless it is closed before. */
struct cw_conn *cw_conn_dial(struct cw_node *node, const struct cw_net_address *to,
        uv_connect_t *request, uv_connect_cb connected, const struct cw_conn_kind *kind,
        void *owner);

/* cw_conn_known - it has proved who it is. */
void cw_conn_known(struct cw_conn *conn);

void cw_conn_read(struct cw_conn *conn, bool on);

/* cw_conn_put - append to what is to be written; closes the connection when memory is short. */
void cw_conn_put(struct cw_conn *conn, const uint8_t *bytes, size_t len);

/* cw_conn_room - [len] bytes to be filled by the caller, who adds to out_len; NULL: closed. */
uint8_t *cw_conn_room(struct cw_conn *conn, size_t len);

/* cw_conn_flush - write now. */
void cw_conn_flush(struct cw_conn *conn);

/* Bytes that are not written yet. */
size_t cw_conn_backlog(const struct cw_conn *conn);

void cw_conn_close(struct cw_conn *conn);

#endif
