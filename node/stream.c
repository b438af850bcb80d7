/* SPDX-License-Identifier: MIT */
#include "node/stream.h"

#include <stdlib.h>
#include <string.h>

#include "posix/log.h"

#define NUMBER_LEN 4u
#define HELD_MAX (4u * CW_STREAM_PIECE_MAX) /* bytes from the outside that wait for the module */
#define BACKLOG_MAX (1u << 20)              /* bytes to the outside that wait for the socket   */
#define LINGER_MS 2000u

struct cw_stream {
    struct cw_conn *conn; /* NULL: the socket is gone */
    struct cw_guest *guest;
    struct cw_outlet *outlet; /* NULL: no longer served */
    struct cw_job job;
    uint32_t number;
    uint8_t *held; /* number, then bytes for the module */
    size_t held_len;
    size_t piece_len; /* brought by the entry under way */
    size_t taken_len;
    uint64_t ended_at_ms;
    cw_entry entry; /* under way */
    bool is_opened;
    bool is_finished;   /* the peer sends no more                      */
    bool is_ended;      /* the module said so: flush, then close       */
    bool wants_more;    /* call again without bytes, once it drained   */
    bool is_more_due;
};

static struct cw_stream **slot_of(struct cw_node *node, uint32_t number)
{
    return &node->streams[number % CW_NODE_STREAM_MAX];
}

static void free_stream(struct cw_stream *stream)
{
    struct cw_node *node = stream->guest->node;
    cw_job_stop(&stream->job);
    *slot_of(node, stream->number) = NULL;
    node->stream_count--;
    if (stream->outlet != NULL) {
        stream->outlet->open_count--;
    }
    if (stream->conn != NULL) {
        struct cw_conn *conn = stream->conn;
        conn->owner = NULL;
        stream->conn = NULL;
        cw_conn_close(conn);
    }
    free(stream->held);
    free(stream);
}

/* --- entries ------------------------------------------------------------------------------------- */

static bool has_work(const struct cw_stream *stream)
{
    if (!stream->is_opened) {
        return stream->conn != NULL;
    }
    return stream->conn == NULL || stream->is_more_due || stream->held_len > 0 ||
            (stream->is_finished && !stream->wants_more);
}

static bool begin(struct cw_job *job, struct cw_job_input *ret_input)
{
    struct cw_stream *stream = CW_LISTED(job, struct cw_stream, job);
    if (stream->is_ended || !has_work(stream)) {
        return false;
    }
    stream->piece_len = 0;
    stream->taken_len = 0;
    if (!stream->is_opened) {
        stream->entry = CW_ENTRY_STREAM_OPEN;
    } else if (stream->conn == NULL ||
            (stream->is_finished && stream->held_len == 0 && !stream->is_more_due)) {
        stream->entry = CW_ENTRY_STREAM_CLOSE;
    } else {
        stream->entry = CW_ENTRY_STREAM_DATA;
        stream->is_more_due = false;
        stream->piece_len = stream->held_len < CW_STREAM_PIECE_MAX ? stream->held_len
                                                                   : CW_STREAM_PIECE_MAX;
    }
    *ret_input = (struct cw_job_input){
            stream->entry, stream->held, NUMBER_LEN + stream->piece_len, false};
    return true;
}

static void forget_taken(struct cw_stream *stream)
{
    const size_t taken =
            stream->taken_len < stream->piece_len ? stream->taken_len : stream->piece_len;
    stream->held_len -= taken;
    uint8_t *bytes = stream->held + NUMBER_LEN;
    memmove(bytes, bytes + taken, stream->held_len);
    stream->taken_len = taken;
    if (stream->conn != NULL && !stream->is_finished && stream->held_len < HELD_MAX / 2) {
        cw_conn_read(stream->conn, true);
    }
}

static void end(struct cw_job *job, cw_status status, cw_result result)
{
    struct cw_stream *stream = CW_LISTED(job, struct cw_stream, job);
    if (status != CW_OK || result == CW_RESULT_REFUSED ||
            (stream->entry == CW_ENTRY_STREAM_CLOSE && result == CW_RESULT_DONE)) {
        free_stream(stream);
        return;
    }
    if (result == CW_RESULT_AGAIN) {
        stream->is_more_due = stream->is_more_due || stream->piece_len == 0;
        cw_job_park(job);
        return;
    }
    stream->is_opened = true;
    forget_taken(stream);
    if (stream->is_ended) {
        if (stream->conn == NULL) {
            free_stream(stream);
        }
        return; /* the socket's end is awaited */
    }
    if (!has_work(stream)) {
        return;
    }
    if (stream->piece_len > 0 && stream->taken_len == 0 && stream->conn != NULL &&
            !stream->is_more_due) {
        if (!stream->wants_more) {
            cw_job_park(job); /* it takes nothing now */
        }
        return;
    }
    cw_job_queue(job);
}

static const struct cw_job_kind stream_kind = {.begin = begin, .end = end};

/* --- items --------------------------------------------------------------------------------------- */

/* The module ended the stream: half-close, so that the peer gets everything, then let go. */
static void finish(struct cw_stream *stream)
{
    struct cw_conn *conn = stream->conn;
    stream->ended_at_ms = cw_node_now_ms(conn->node);
    if (stream->is_finished ||
            uv_shutdown(&conn->shutdown, (uv_stream_t *)&conn->tcp, NULL) != 0) {
        cw_conn_close(conn);
        return;
    }
    cw_conn_read(conn, true);
}

static void drained(struct cw_conn *conn)
{
    struct cw_stream *stream = conn->owner;
    if (stream == NULL || cw_conn_backlog(conn) > 0) {
        return;
    }
    if (stream->is_ended) {
        if (stream->ended_at_ms == 0) {
            finish(stream);
        }
        return;
    }
    if (stream->wants_more) {
        stream->wants_more = false;
        stream->is_more_due = true;
        cw_job_queue(&stream->job);
    }
}

static void send_out(struct cw_stream *stream, const uint8_t *bytes, size_t len)
{
    struct cw_conn *conn = stream->conn;
    if (cw_conn_backlog(conn) + len > BACKLOG_MAX) {
        cw_log_warn("module %s sends faster than %s reads: its stream is cut",
                stream->guest->name, conn->address);
        cw_conn_close(conn);
        return;
    }
    cw_conn_put(conn, bytes, len);
    cw_conn_flush(conn);
}

void cw_stream_item(struct cw_guest *guest, cw_frame type, const uint8_t *bytes, size_t len)
{
    struct cw_reader r = cw_reader_over(bytes, len);
    const uint32_t number = cw_reader_u32(&r);
    struct cw_stream *stream = *slot_of(guest->node, number);
    if (r.status != CW_OK || stream == NULL || stream->number != number ||
            stream->guest != guest) {
        guest->astray++;
        return;
    }
    if (type == CW_FRAME_STREAM_TAKEN) {
        stream->taken_len = cw_reader_u32(&r);
        return;
    }
    if (stream->conn == NULL || stream->is_ended) {
        return;
    }
    if (type == CW_FRAME_STREAM_DATA) {
        send_out(stream, bytes + NUMBER_LEN, len - NUMBER_LEN);
    } else if (type == CW_FRAME_STREAM_MORE) {
        stream->wants_more = true;
        drained(stream->conn);
    } else if (type == CW_FRAME_STREAM_CLOSE) {
        stream->is_ended = true;
        drained(stream->conn);
    }
}

/* --- the socket ---------------------------------------------------------------------------------- */

static void received(struct cw_conn *conn, const uint8_t *bytes, size_t len)
{
    struct cw_stream *stream = conn->owner;
    if (stream->is_ended) {
        return; /* nobody wants it any more */
    }
    uint8_t *grown = realloc(stream->held, NUMBER_LEN + stream->held_len + len);
    if (grown == NULL) {
        cw_conn_close(conn);
        return;
    }
    stream->held = grown;
    memcpy(grown + NUMBER_LEN + stream->held_len, bytes, len);
    stream->held_len += len;
    if (stream->held_len >= HELD_MAX) {
        cw_conn_read(conn, false);
    }
    if (stream->is_opened) {
        cw_job_queue(&stream->job);
    }
}

static void finished(struct cw_conn *conn)
{
    struct cw_stream *stream = conn->owner;
    stream->is_finished = true;
    if (stream->is_ended) {
        if (stream->ended_at_ms != 0) {
            cw_conn_close(conn);
        }
        return;
    }
    cw_job_queue(&stream->job);
}

static void tick(struct cw_conn *conn, uint64_t now_ms)
{
    const struct cw_stream *stream = conn->owner;
    const uint64_t last_ms =
            conn->heard_at_ms > conn->spoke_at_ms ? conn->heard_at_ms : conn->spoke_at_ms;
    if ((stream->ended_at_ms != 0 && now_ms - stream->ended_at_ms > LINGER_MS) ||
            now_ms - last_ms > conn->node->config->stream_idle_ms) {
        cw_conn_close(conn);
    }
}

static void ended(struct cw_conn *conn)
{
    struct cw_stream *stream = conn->owner;
    if (stream == NULL) {
        return;
    }
    conn->owner = NULL;
    stream->conn = NULL;
    stream->is_finished = true;
    stream->wants_more = false;
    if (stream->guest->current == &stream->job) {
        return; /* its end sees that the socket is gone */
    }
    if (!stream->is_opened || stream->is_ended) {
        free_stream(stream);
    } else {
        cw_job_queue(&stream->job); /* the module learns that it closed */
    }
}

static const struct cw_conn_kind conn_kind = {.received = received,
        .finished = finished, .drained = drained, .tick = tick, .ended = ended};

/* --- connections ------------------------------------------------------------------------------------- */

/* A free number: the slot is free, and the number was not used for a long while. */
static uint32_t next_number(struct cw_node *node)
{
    do {
        node->stream_turn++;
    } while (node->stream_turn == 0 || *slot_of(node, node->stream_turn) != NULL);
    return node->stream_turn;
}

static uint32_t open_streams(const struct cw_guest *guest)
{
    uint32_t count = 0;
    CW_LIST_EACH (place, &guest->outlets) {
        count += CW_LISTED(place, struct cw_outlet, of_guest)->open_count;
    }
    return count;
}

void cw_stream_connection(uv_stream_t *tcp, int status)
{
    struct cw_outlet *outlet = tcp->data;
    struct cw_guest *guest = outlet->guest;
    struct cw_node *node = guest->node;
    if (status != 0) {
        return;
    }
    struct cw_stream *stream = calloc(1, sizeof *stream);
    uint8_t *held = malloc(NUMBER_LEN + CW_STREAM_PIECE_MAX);
    struct cw_conn *conn = stream != NULL && held != NULL
            ? cw_conn_accept(node, tcp, &conn_kind, stream, false)
            : NULL;
    if (conn == NULL) {
        free(held);
        free(stream);
        return;
    }
    if (guest->state != CW_GUEST_READY || node->stream_count >= CW_NODE_STREAM_MAX - 1 ||
            open_streams(guest) >= CW_STREAM_PER_GUEST_MAX) {
        outlet->refused_count++;
        conn->owner = NULL;
        free(held);
        free(stream);
        cw_conn_close(conn);
        return;
    }
    *stream = (struct cw_stream){.conn = conn, .guest = guest, .outlet = outlet,
            .number = next_number(node), .held = held};
    struct cw_writer w = cw_writer_over(held, NUMBER_LEN);
    cw_writer_u32(&w, stream->number);
    *slot_of(node, stream->number) = stream;
    node->stream_count++;
    outlet->open_count++;
    outlet->accepted_count++;
    cw_job_init(&stream->job, &stream_kind, guest);
    cw_job_queue(&stream->job);
}

void cw_stream_orphan_all(struct cw_guest *guest)
{
    struct cw_node *node = guest->node;
    for (size_t i = 0; i < CW_NODE_STREAM_MAX; i++) {
        if (node->streams[i] != NULL && node->streams[i]->guest == guest) {
            node->streams[i]->outlet = NULL;
        }
    }
}

void cw_stream_reset_all(struct cw_guest *guest)
{
    for (size_t i = 0; i < CW_NODE_STREAM_MAX; i++) {
        struct cw_stream *stream = guest->node->streams[i];
        if (stream != NULL && stream->guest == guest) {
            free_stream(stream);
        }
    }
}

void cw_stream_stop_all(struct cw_guest *guest)
{
    cw_outlet_close_all(guest);
    cw_stream_reset_all(guest);
}
