/* SPDX-License-Identifier: MIT */
#include "node/manage.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "posix/log.h"

#define HANDSHAKE_LIMIT_MS 10000u
#define REQUEST_LIMIT_MS 30000u  /* from its first byte to its last */
#define IDLE_LIMIT_MS 900000u
#define ANSWER_HEAD_LEN 16u      /* link header 8, tag 4, status 2, zero 2 */
#define PIECE_LEN 16384u

/* A session ends with its connection, but not under the hands of who uses it. */
static void hold(struct cw_session *session)
{
    session->holds++;
}

static void release(struct cw_session *session)
{
    session->holds--;
    if (session->holds > 0 || session->conn != NULL) {
        return;
    }
    cw_tls_free(session->tls);
    cw_inbox_close(&session->inbox);
    free(session->answer);
    free(session);
}

/* What TLS has for the network. */
static void drain(struct cw_session *session)
{
    for (;;) {
        uint8_t *room = session->conn != NULL ? cw_conn_room(session->conn, PIECE_LEN) : NULL;
        size_t len = 0;
        if (room == NULL) {
            return; /* closed: nobody listens */
        }
        cw_tls_pull(session->tls, room, PIECE_LEN, &len);
        session->conn->out_len += len;
        if (len == 0) {
            cw_conn_flush(session->conn);
            return;
        }
    }
}

static void close_session(struct cw_session *session)
{
    hold(session);
    cw_tls_close(session->tls);
    drain(session);
    if (session->conn != NULL) {
        cw_conn_close(session->conn);
    }
    release(session);
}

/* --- answers ------------------------------------------------------------------------------------- */

void cw_session_put(struct cw_session *session, const void *bytes, size_t len)
{
    if (len > CW_MANAGE_ITEMS_MAX - session->answer_len) {
        session->answer_is_short = true;
        return;
    }
    if (session->answer_len + len > session->answer_cap) {
        size_t cap = session->answer_cap == 0 ? 1024 : session->answer_cap;
        while (cap < session->answer_len + len) {
            cap *= 2;
        }
        uint8_t *grown = realloc(session->answer, cap);
        if (grown == NULL) {
            session->answer_is_short = true;
            return;
        }
        session->answer = grown;
        session->answer_cap = cap;
    }
    if (len > 0) {
        memcpy(session->answer + session->answer_len, bytes, len);
        session->answer_len += len;
    }
}

static void begin_answer(struct cw_session *session)
{
    const uint8_t head[ANSWER_HEAD_LEN] = {0};
    session->answer_len = 0;
    session->answer_is_short = false;
    cw_session_put(session, head, sizeof head);
}

static void feed(struct cw_session *session);

static void send_answer(struct cw_session *session, cw_status status)
{
    const struct cw_link_header header = {
            .len = (uint32_t)(session->answer_len - CW_LINK_HEADER_LEN),
            .type = (uint8_t)(session->type | CW_NODE_ANSWER),
    };
    cw_link_header_encode(&header, session->answer);
    struct cw_writer w = cw_writer_over(session->answer + CW_LINK_HEADER_LEN, 8);
    cw_writer_u32(&w, session->tag);
    cw_writer_u16(&w, (uint16_t)status);
    cw_writer_u16(&w, 0);
    if (cw_tls_write(session->tls, session->answer, session->answer_len) == CW_OK) {
        drain(session);
    } else {
        cw_conn_close(session->conn);
    }
}

void cw_session_answer(struct cw_session *session, cw_status status)
{
    hold(session);
    session->is_busy = false;
    if (session->conn != NULL && session->answer_len >= ANSWER_HEAD_LEN) {
        send_answer(session, status);
    } else {
        close_session(session); /* no memory for as much as a refusal */
    }
    if (!session->is_feeding && session->conn != NULL) {
        feed(session);
    }
    release(session);
}

void cw_session_refuse(struct cw_session *session, cw_status status, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    const int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    begin_answer(session);
    const size_t text_len = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
    cw_session_put(session, text, text_len);
    cw_session_answer(session, status);
}

/* --- requests ------------------------------------------------------------------------------------ */

static void begin_request(struct cw_session *session, const struct cw_link_header *header,
        const uint8_t *payload)
{
    struct cw_reader r = cw_reader_over(payload, header->len);
    session->type = header->type;
    session->tag = cw_reader_u32(&r);
    session->fields = cw_reader_rest(&r, &session->fields_len);
    session->is_busy = true;
    session->asked_at_ms = cw_node_now_ms(session->node);
    begin_answer(session);
    if (r.status != CW_OK) {
        session->is_busy = false;
        close_session(session);
        return;
    }
    if (!session->is_known) {
        cw_log_warn("%s is refused: its key %s is none of --owner", session->conn->address,
                session->owner);
        cw_session_refuse(session, CW_E_DENIED,
                "this node does not know you: start it with --owner %s", session->owner);
        close_session(session);
        return;
    }
    cw_request_begin(session);
}

/* An owner that does not read its answers is not asked for more; nor anybody by a node that ends. */
static bool may_begin(const struct cw_session *session)
{
    return session->conn != NULL && !session->is_busy && !session->node->is_closing &&
            cw_conn_backlog(session->conn) < CW_LINK_MAX;
}

/* An owner of another version of the protocol is told so, in a message of ours: every version has
 * the version in that place.  0: it is no such thing. */
static uint8_t other_version(const struct cw_inbox *inbox)
{
    const uint8_t *bytes = inbox->bytes + inbox->used;
    const bool is_other = inbox->len - inbox->used >= CW_LINK_HEADER_LEN && bytes[4] != CW_VERSION;
    return is_other ? bytes[4] : 0;
}

static void show_out(struct cw_session *session)
{
    const uint8_t version = other_version(&session->inbox);
    if (version == 0) {
        cw_log_warn("owner at %s is shown out: what it sent is no request of this protocol",
                session->conn->address);
    } else {
        cw_log_warn("owner at %s is shown out: it speaks version %u of the protocol, this node "
                    "version %u; update the older one",
                session->conn->address, version, CW_VERSION);
        session->type = session->inbox.bytes[session->inbox.used + 5] & 0x7fu;
        session->tag = 0;
        cw_session_refuse(session, CW_E_FORM, "this node speaks version %u of the protocol",
                CW_VERSION);
    }
    close_session(session);
}

/* Whole requests, one after the other, while none is under way. */
static void begin_all(struct cw_session *session)
{
    while (may_begin(session)) {
        struct cw_link_header header;
        const uint8_t *payload = NULL;
        const cw_status status = cw_inbox_take(&session->inbox, &header, &payload);
        if (status == CW_AGAIN) {
            return;
        }
        if (status != CW_OK) {
            show_out(session);
            return;
        }
        begin_request(session, &header, payload);
    }
}

static void feed(struct cw_session *session)
{
    uint8_t bytes[PIECE_LEN];
    hold(session);
    session->is_feeding = true;
    begin_all(session);
    while (may_begin(session)) {
        size_t len = 0;
        const cw_status status = cw_tls_read(session->tls, bytes, sizeof bytes, &len);
        if (status == CW_AGAIN) {
            break;
        }
        if (status != CW_OK || cw_inbox_put(&session->inbox, bytes, len) != CW_OK) {
            close_session(session);
            break;
        }
        begin_all(session);
    }
    session->is_feeding = false;
    if (session->conn != NULL) {
        if (session->inbox.len == session->inbox.used) {
            session->partial_at_ms = 0;
        } else if (session->partial_at_ms == 0) {
            session->partial_at_ms = cw_node_now_ms(session->node);
        }
        cw_conn_read(session->conn, may_begin(session));
    }
    release(session);
}

/* --- the connection ------------------------------------------------------------------------------ */

static void meet(struct cw_session *session)
{
    const struct cw_node_config *config = session->node->config;
    memcpy(session->owner, cw_tls_peer(session->tls), sizeof session->owner);
    for (size_t i = 0; i < config->owner_count; i++) {
        session->is_known = session->is_known || strcmp(config->owners[i], session->owner) == 0;
    }
    session->inbox.message_max = session->is_known ? CW_LINK_MAX : 512;
    session->asked_at_ms = cw_node_now_ms(session->node);
    if (session->is_known) {
        cw_journal_owner(session->node, session->owner, session->conn->address);
        cw_conn_known(session->conn);
    }
}

static void received(struct cw_conn *conn, const uint8_t *bytes, size_t len)
{
    struct cw_session *session = conn->owner;
    const bool was_ready = cw_tls_is_ready(session->tls);
    const cw_status status = cw_tls_push(session->tls, bytes, len);
    drain(session);
    if (conn->is_closing) {
        return;
    }
    if (status != CW_OK) {
        cw_log_debug("%s is shown out: TLS 1.3 failed", conn->address);
        cw_conn_close(conn);
        return;
    }
    if (!cw_tls_is_ready(session->tls)) {
        return;
    }
    if (!was_ready) {
        meet(session);
    }
    feed(session);
}

static void drained(struct cw_conn *conn)
{
    struct cw_session *session = conn->owner;
    if (cw_tls_is_ready(session->tls) && !session->is_feeding) {
        feed(session);
    }
}

static void tick(struct cw_conn *conn, uint64_t now_ms)
{
    struct cw_session *session = conn->owner;
    uint64_t since_ms = session->asked_at_ms;
    uint64_t limit_ms = session->is_known ? IDLE_LIMIT_MS : REQUEST_LIMIT_MS;
    if (!cw_tls_is_ready(session->tls)) {
        since_ms = conn->since_ms;
        limit_ms = HANDSHAKE_LIMIT_MS;
    } else if (session->partial_at_ms != 0) {
        since_ms = session->partial_at_ms;
        limit_ms = REQUEST_LIMIT_MS;
    }
    if (!session->is_busy && now_ms - since_ms > limit_ms) {
        cw_log_debug("%s is shown out: nothing whole came in %u s", conn->address,
                (unsigned)(limit_ms / 1000));
        close_session(session);
    }
}

static void ended(struct cw_conn *conn)
{
    struct cw_session *session = conn->owner;
    hold(session);
    session->conn = NULL;
    if (session->is_busy) {
        session->is_busy = false;
        cw_request_forget(session);
    }
    release(session);
}

static const struct cw_conn_kind manage_kind = {
        .received = received, .drained = drained, .tick = tick, .ended = ended};

void cw_manage_begin(struct cw_conn *conn)
{
    struct cw_session *session = calloc(1, sizeof *session);
    if (session == NULL || cw_tls_begin(conn->node->identity, true, &session->tls) != CW_OK) {
        free(session);
        cw_conn_close(conn);
        return;
    }
    session->conn = conn;
    session->node = conn->node;
    cw_inbox_open(&session->inbox, 512);
    conn->kind = &manage_kind;
    conn->owner = session;
}
