/* SPDX-License-Identifier: MIT */
/*
 * The link of a board to its host: a Unix stream socket, at the other end of which is the shim.
 *
 *     AWAY --connected--> GREETING --READY with our name--> UP --closed, silent, broken--> AWAY
 *                                                           UP --READY--> GREETING
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "posix/log.h"
#include "tee/trustzone/node/frames.h"

#define RETRY_MS 100u      /* between attempts to connect           */
#define SILENCE_MS 20000u  /* an answer that does not come so long  */
#define WHY_LEN 128u

typedef enum link_state {
    LINK_AWAY,
    LINK_GREETING,
    LINK_UP,
} link_state;

struct cw_tz_link {
    uv_loop_t *loop;
    struct cw_tz_link_owner owner;
    char *path;
    link_state state;
    uv_pipe_t *pipe; /* NULL: none */
    uv_connect_t connect;
    uv_timer_t timer; /* to connect again, or for an answer that does not come */
    uint8_t name[CW_TZ_LINK_NAME_LEN];

    struct cw_tz_ask asked; /* without its bytes */
    cw_tz_answered_fn answered; /* NULL: nothing is under way */

    unsigned open_handles;
    cw_tz_closed_fn closed;
    size_t have_len;
    uint8_t have[CW_TZ_FRAME_MAX];
};

static void disconnect(struct cw_tz_link *link, const char *why);
static void turn(uv_timer_t *timer);

/* --- out --------------------------------------------------------------------------------------------- */

struct written {
    uv_write_t write;
    uint8_t *bytes;
};

static void write_done(uv_write_t *write, int status)
{
    struct written *w = write->data;
    (void)status; /* the reader sees the end, too */
    free(w->bytes);
    free(w);
}

/* Takes the bytes over. */
static void send_bytes(struct cw_tz_link *link, uint8_t *bytes, size_t len)
{
    uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)len);
    int sent = bytes != NULL ? uv_try_write((uv_stream_t *)link->pipe, &buffer, 1) : UV_ENOMEM;
    if (sent == (int)len) {
        free(bytes);
        return;
    }
    struct written *w = sent >= 0 || sent == UV_EAGAIN ? malloc(sizeof *w) : NULL;
    if (w == NULL) {
        free(bytes);
        return; /* the answer does not come */
    }
    const size_t done = sent > 0 ? (size_t)sent : 0;
    w->bytes = bytes;
    w->write.data = w;
    buffer = uv_buf_init((char *)bytes + done, (unsigned)(len - done));
    if (uv_write(&w->write, (uv_stream_t *)link->pipe, &buffer, 1, write_done) != 0) {
        free(bytes);
        free(w);
    }
}

static void await(struct cw_tz_link *link, uint64_t ms)
{
    (void)uv_timer_start(&link->timer, turn, ms, 0);
}

/* A board that was in use before us has sessions that nobody here knows: the shim closes them. */
static void greet(struct cw_tz_link *link)
{
    size_t len = 0;
    link->state = LINK_GREETING;
    (void)uv_random(NULL, NULL, link->name, sizeof link->name, 0, NULL);
    uint8_t *bytes = cw_tz_frames_hello(link->name, &len);
    send_bytes(link, bytes, len);
    await(link, SILENCE_MS);
}

static void shim_ask(struct cw_tz_link *link, const struct cw_tz_ask *ask,
        cw_tz_answered_fn answered)
{
    size_t len = 0;
    uint8_t *bytes = cw_tz_frames_ask(ask, &len);
    link->asked = *ask;
    link->asked.in = NULL;
    link->answered = answered;
    send_bytes(link, bytes, len);
    await(link, SILENCE_MS);
}

/* --- in ---------------------------------------------------------------------------------------------- */

static void lose(struct cw_tz_link *link, const char *why)
{
    const bool was_up = link->state == LINK_UP;
    link->answered = NULL;
    link->state = LINK_AWAY;
    if (was_up && link->closed == NULL) {
        link->owner.down(link->owner.ctx, why);
    }
}

static void take_answer(struct cw_tz_link *link, const uint8_t *data, size_t len)
{
    struct cw_tz_answer answer;
    cw_tz_answered_fn answered = link->answered;
    if (answered == NULL || cw_tz_frames_answer(&link->asked, data, len, &answer) != CW_OK) {
        disconnect(link, "the shim's answer is not one to what was asked");
        return;
    }
    link->answered = NULL;
    (void)uv_timer_stop(&link->timer);
    answered(link->owner.ctx, &answer);
}

static void take_frame(struct cw_tz_link *link, uint8_t kind, const uint8_t *data, size_t len)
{
    switch (kind) {
    case CW_TZ_LINK_ANSWER:
        take_answer(link, data, len);
        break;
    case CW_TZ_LINK_ATTENTION:
        link->owner.attention(link->owner.ctx);
        break;
    default: /* READY */
        lose(link, "the board restarted");
        greet(link);
        break;
    }
}

/* Until READY nothing is for us.  True: it came. */
static bool is_greeted(struct cw_tz_link *link, size_t *ret_at)
{
    size_t keep = 0;
    *ret_at = cw_tz_frames_ready(link->have, link->have_len, link->name, &keep);
    if (*ret_at == 0) {
        *ret_at = link->have_len - keep;
        return false;
    }
    link->state = LINK_UP;
    (void)uv_timer_stop(&link->timer);
    link->owner.up(link->owner.ctx);
    return true;
}

static void take_all(struct cw_tz_link *link, const uv_pipe_t *pipe)
{
    size_t at = 0;
    while (link->pipe == pipe && link->closed == NULL) {
        uint8_t kind;
        const uint8_t *data;
        size_t len;
        if (link->state == LINK_GREETING) {
            (void)memmove(link->have, link->have + at, link->have_len - at);
            link->have_len -= at;
            if (!is_greeted(link, &at)) {
                break;
            }
            continue;
        }
        const cw_status status =
                cw_tz_frames_take(link->have + at, link->have_len - at, &kind, &data, &len);
        if (status == CW_E_SHORT) {
            break;
        }
        if (status != CW_OK) {
            disconnect(link, "the shim does not keep to the link's form");
            return;
        }
        at = (size_t)(data - link->have) + len;
        take_frame(link, kind, data, len);
    }
    if (link->pipe == pipe && at > 0) {
        (void)memmove(link->have, link->have + at, link->have_len - at);
        link->have_len -= at;
    }
}

static void on_alloc(uv_handle_t *handle, size_t len, uv_buf_t *ret_buffer)
{
    struct cw_tz_link *link = handle->data;
    (void)len;
    *ret_buffer = uv_buf_init((char *)link->have + link->have_len,
            (unsigned)(sizeof link->have - link->have_len));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct cw_tz_link *link = stream->data;
    (void)buffer;
    if (count < 0) {
        disconnect(link, "the board's link was closed");
    } else if (count > 0) {
        link->have_len += (size_t)count;
        take_all(link, (uv_pipe_t *)stream);
    }
}

/* --- the connection ------------------------------------------------------------------------------------- */

static void freed(struct cw_tz_link *link)
{
    if (link->closed == NULL || link->open_handles > 0) {
        return;
    }
    cw_tz_closed_fn closed = link->closed;
    void *ctx = link->owner.ctx;
    free(link->path);
    free(link);
    closed(ctx);
}

static void pipe_closed(uv_handle_t *handle)
{
    struct cw_tz_link *link = handle->data;
    free(handle);
    link->open_handles--;
    freed(link);
}

static void disconnect(struct cw_tz_link *link, const char *why)
{
    if (link->pipe != NULL) {
        uv_close((uv_handle_t *)link->pipe, pipe_closed);
        link->pipe = NULL;
    }
    link->have_len = 0;
    if (link->closed == NULL) {
        await(link, RETRY_MS);
    }
    lose(link, why);
}

static void on_connect(uv_connect_t *connect, int status)
{
    struct cw_tz_link *link = connect->data;
    if (status == UV_ECANCELED || link->closed != NULL) {
        return;
    }
    if (status != 0 || uv_read_start((uv_stream_t *)link->pipe, on_alloc, on_read) != 0) {
        disconnect(link, "the board is not there");
        return;
    }
    greet(link);
}

static void try_connect(struct cw_tz_link *link)
{
    link->pipe = malloc(sizeof *link->pipe);
    if (link->pipe == NULL || uv_pipe_init(link->loop, link->pipe, 0) != 0) {
        free(link->pipe);
        link->pipe = NULL;
        await(link, RETRY_MS);
        return;
    }
    link->open_handles++;
    link->pipe->data = link;
    link->connect.data = link;
    uv_pipe_connect(&link->connect, link->pipe, link->path, on_connect);
}

static void turn(uv_timer_t *timer)
{
    struct cw_tz_link *link = timer->data;
    if (link->pipe == NULL) {
        try_connect(link);
    } else {
        disconnect(link, "the board does not answer");
    }
}

/* --- the contract ------------------------------------------------------------------------------------------ */

static cw_status shim_open(uv_loop_t *loop, const char *value, const struct cw_tz_link_owner *owner,
        struct cw_tz_link **ret_link, char *ret_why, size_t why_cap)
{
    struct cw_tz_link *link = calloc(1, sizeof *link);
    char *path = strdup(value);
    if (link == NULL || path == NULL || uv_timer_init(loop, &link->timer) != 0) {
        free(link);
        free(path);
        (void)snprintf(ret_why, why_cap, "no memory");
        return CW_E_SYSTEM;
    }
    link->loop = loop;
    link->owner = *owner;
    link->path = path;
    link->timer.data = link;
    link->open_handles = 1;
    await(link, 0);
    *ret_link = link;
    return CW_OK;
}

static void timer_closed(uv_handle_t *handle)
{
    struct cw_tz_link *link = handle->data;
    link->open_handles--;
    freed(link);
}

static void shim_close(struct cw_tz_link *link, cw_tz_closed_fn closed)
{
    link->closed = closed;
    disconnect(link, "");
    uv_close((uv_handle_t *)&link->timer, timer_closed);
}

const struct cw_tz_transport cw_tz_link_shim = {
        .option = "link",
        .is_emulated = true,
        .open = shim_open,
        .ask = shim_ask,
        .close = shim_close,
};
