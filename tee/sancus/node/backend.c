/* SPDX-License-Identifier: MIT */
/*
 * The node's side of Sancus: one board behind a serial line, which is a Unix stream socket.
 *
 *     AWAY --connected--> GREETING --HELLO, nothing loaded--> READY --closed, silent--> AWAY
 *                            |--HELLO, something loaded: REBOOT--|
 *
 * Implementation notes.  Everything asked of a board is a struct work in one queue; the first one
 * is under way, and a work may need several requests.  A request that is not answered is repeated
 * with its number, and the board answers twice but acts once.  Every answer names the board's
 * start, so that a restart is noticed even when its greeting was lost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/wire/reader.h"
#include "core/wire/writer.h"
#include "posix/log.h"
#include "tee/node.h"
#include "tee/sancus/abi.h"
#include "tee/sancus/node/line.h"

#define REPEAT_MS 250u     /* an unanswered request is sent again      */
#define GREET_MS 30u       /* the first one: a board may be starting    */
#define SILENCE_MS 10000u  /* a board that says nothing so long is lost */
#define RETRY_MS 100u      /* between attempts to connect               */
#define PATIENCE_MS 5000u  /* how long work waits for a board           */
#define WHY_LEN 160u

typedef enum work_kind {
    WORK_LOAD,
    WORK_CALL,
    WORK_UNLOAD,
} work_kind;

struct work {
    struct work *next;
    work_kind kind;
    struct cw_node_module *module;
    uint64_t since_ms;
    uint8_t *bytes; /* image, or input */
    size_t len;
    size_t at; /* LOAD: how much of the image is on the board */
    cw_entry entry;
    union {
        cw_node_loaded_fn loaded;
        cw_node_called_fn called;
        cw_node_done_fn done;
    } end;
    void *ctx;
};

struct cw_node_module {
    struct cw_node_module *next;
    uint16_t slot; /* on the board, where is_there */
    uint16_t endpoint;
    bool has_interrupt;
    bool is_waiting; /* its interrupt was reported and not served yet */
    bool is_there;   /* takes up a slot of the board */
    bool is_lost;
    char name[64];
};

typedef enum board_state {
    BOARD_AWAY,
    BOARD_GREETING,
    BOARD_READY,
} board_state;

struct cw_platform {
    struct cw_node_setup setup;
    char *path;
    board_state state;
    uv_pipe_t *pipe; /* NULL: none */
    uv_connect_t connect;
    uv_timer_t timer;
    struct cw_sancus_line line;
    uint8_t input[4096];

    uint16_t boot, slots, in_max;
    uint16_t seq;
    bool is_working; /* the request is the first work's, not ours */
    uint8_t request[CW_SANCUS_FRAME_MAX]; /* under way, len 0: none */
    size_t request_len;
    uint64_t asked_ms, sent_ms;

    struct work *queue;
    struct cw_node_module *modules;
    unsigned open_handles;
    cw_node_done_fn closed;
    void *closed_ctx;
};

static void wake(struct cw_platform *p, uint64_t after_ms);
static void disconnect(struct cw_platform *p, const char *why);

/* --- work ------------------------------------------------------------------------------------------ */

static void add_work(struct cw_platform *p, const struct work *template, const uint8_t *bytes)
{
    struct work *work = malloc(sizeof *work);
    uint8_t *copy = template->len != 0 ? malloc(template->len) : NULL;
    if (work == NULL || (template->len != 0 && copy == NULL)) {
        cw_log_error("sancus: no memory");
        abort(); /* a node without memory cannot keep its promises: callbacks always come */
    }
    *work = *template;
    work->bytes = copy;
    work->since_ms = uv_now(p->setup.loop);
    if (copy != NULL) {
        (void)memcpy(copy, bytes, template->len);
    }
    struct work **at = &p->queue;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = work;
    wake(p, 0);
}

static void free_module(struct cw_platform *p, struct cw_node_module *module)
{
    struct cw_node_module **at = &p->modules;
    while (*at != module) {
        at = &(*at)->next;
    }
    *at = module->next;
    free(module);
}

/* The first work ended; status and the rest as its callback takes them. */
static void end_work(struct cw_platform *p, cw_status status, const char *why, cw_result result,
        const uint8_t *items, size_t items_len)
{
    struct work *work = p->queue;
    p->queue = work->next;
    if (p->is_working) {
        p->is_working = false;
        p->request_len = 0;
    }
    struct cw_node_module *module = work->module;
    switch (work->kind) {
    case WORK_LOAD:
        work->end.loaded(work->ctx, status, status == CW_OK ? module : NULL, why);
        if (status != CW_OK) {
            free_module(p, module);
        }
        break;
    case WORK_CALL:
        work->end.called(work->ctx, status, result, items, items_len);
        break;
    case WORK_UNLOAD:
        free_module(p, module);
        work->end.done(work->ctx);
        break;
    }
    free(work->bytes);
    free(work);
    wake(p, 0);
}

static void fail_work(struct cw_platform *p, cw_status status, const char *why)
{
    end_work(p, status, why, CW_RESULT_REFUSED, NULL, 0);
}

static void lose_module(struct cw_platform *p, struct cw_node_module *module, const char *why)
{
    if (!module->is_lost) {
        module->is_lost = true;
        if (p->setup.lost != NULL) {
            p->setup.lost(p->setup.ctx, module, why);
        }
    }
}

/* All that was on the board is gone, and what was under way with it. */
static void lose_all(struct cw_platform *p, const char *why)
{
    for (struct cw_node_module *m = p->modules; m != NULL; m = m->next) {
        m->is_waiting = false;
    }
    if (p->is_working) {
        p->is_working = false;
        p->request_len = 0;
        if (p->queue->kind == WORK_LOAD) {
            p->queue->at = 0; /* again, on the new board */
        } else {
            fail_work(p, CW_E_ABSENT, why);
        }
    }
    for (struct cw_node_module *m = p->modules; m != NULL;) {
        struct cw_node_module *next = m->next;
        bool was_there = m->is_there;
        m->is_there = false;
        if (was_there) {
            lose_module(p, m, why);
        }
        m = next;
    }
}

/* --- the line --------------------------------------------------------------------------------------- */

struct written {
    uv_write_t write;
    uint8_t bytes[];
};

static void write_done(uv_write_t *write, int status)
{
    (void)status; /* the reader sees the end, too */
    free(write->data);
}

static void send_bytes(struct cw_platform *p, const uint8_t *bytes, size_t len)
{
    struct written *w = p->pipe == NULL ? NULL : malloc(sizeof *w + len);
    if (w == NULL) {
        return; /* like a line that loses bytes: they are sent again */
    }
    (void)memcpy(w->bytes, bytes, len);
    w->write.data = w;
    uv_buf_t buffer = uv_buf_init((char *)w->bytes, (unsigned)len);
    if (uv_write(&w->write, (uv_stream_t *)p->pipe, &buffer, 1, write_done) != 0) {
        free(w);
    }
}

static uint64_t repeat_ms(const struct cw_platform *p)
{
    return p->is_working ? REPEAT_MS : GREET_MS;
}

static void send_request(struct cw_platform *p)
{
    p->sent_ms = uv_now(p->setup.loop);
    send_bytes(p, p->request, p->request_len);
    wake(p, repeat_ms(p));
}

/* The next request of the work under way. */
static void ask(struct cw_platform *p, uint8_t type, const uint8_t *payload, size_t len)
{
    p->seq = p->seq == UINT16_MAX ? 1 : (uint16_t)(p->seq + 1);
    p->request_len = cw_sancus_line_put(
            &(struct cw_sancus_frame){type, p->seq, payload, len}, p->request);
    p->asked_ms = uv_now(p->setup.loop);
    p->is_working = type != CW_LINE_HELLO;
    send_request(p);
}

/* A board that was in use before us starts anew: nobody here knows what is on it. */
static void greet(struct cw_platform *p)
{
    uint8_t reboot[CW_SANCUS_FRAME_MAX];
    size_t len = cw_sancus_line_put(
            &(struct cw_sancus_frame){.type = CW_LINE_REBOOT, .seq = 1}, reboot);
    send_bytes(p, reboot, len);
    ask(p, CW_LINE_HELLO, NULL, 0);
}

/* --- loading ----------------------------------------------------------------------------------------- */

struct image {
    uint16_t vendor;
    uint16_t ps, pe;               /* of the module        */
    uint16_t device_ps, device_pe; /* of its device module */
    uint16_t interrupt, endpoint;
};

static bool read_image(const uint8_t *bytes, size_t len, struct image *ret_image)
{
    struct cw_reader r = cw_reader_over(bytes, len);
    uint8_t magic[4];
    cw_reader_bytes(&r, magic, sizeof magic);
    ret_image->vendor = cw_reader_u16(&r);
    ret_image->ps = cw_reader_u16(&r);
    ret_image->pe = cw_reader_u16(&r);
    (void)cw_reader_u32(&r);
    ret_image->device_ps = cw_reader_u16(&r);
    ret_image->device_pe = cw_reader_u16(&r);
    (void)cw_reader_u32(&r);
    ret_image->interrupt = cw_reader_u16(&r);
    ret_image->endpoint = cw_reader_u16(&r);
    cw_reader_zero(&r, 2);
    size_t text_len;
    (void)cw_reader_rest(&r, &text_len);
    return cw_reader_finish(&r) == CW_OK && memcmp(magic, CW_SANCUS_IMAGE_MAGIC, 4) == 0 &&
            ret_image->ps < ret_image->pe && ret_image->device_ps <= ret_image->device_pe &&
            text_len == (size_t)(ret_image->pe - ret_image->ps) +
                            (size_t)(ret_image->device_pe - ret_image->device_ps);
}

/* A number that no module on the board has, or slots. */
static uint16_t free_slot(const struct cw_platform *p)
{
    uint32_t used = 0;
    for (const struct cw_node_module *m = p->modules; m != NULL; m = m->next) {
        used |= m->is_there ? UINT32_C(1) << m->slot : 0;
    }
    uint16_t slot = 0;
    while (slot < p->slots && (used >> slot & 1u) != 0) {
        slot++;
    }
    return slot;
}

static void ask_enable(struct cw_platform *p, struct work *work, const struct image *image)
{
    struct cw_node_module *module = work->module;
    module->slot = free_slot(p);
    if (module->slot == p->slots) {
        fail_work(p, CW_E_SPACE, "the board's firmware keeps no more modules");
        return;
    }
    uint8_t payload[22];
    struct cw_writer w = cw_writer_over(payload, sizeof payload);
    cw_writer_u16(&w, module->slot);
    cw_writer_bytes(&w, work->bytes + 4, 20);
    module->endpoint = image->endpoint;
    module->has_interrupt = image->interrupt != CW_SANCUS_NO_INTERRUPT;
    ask(p, CW_LINE_ENABLE, payload, sizeof payload);
}

static void load_step(struct cw_platform *p, struct work *work)
{
    struct image image;
    if (!read_image(work->bytes, work->len, &image)) {
        fail_work(p, CW_E_FORM, "not an image for a Sancus board");
        return;
    }
    size_t text_len = (size_t)(image.pe - image.ps);
    size_t all_len = work->len - CW_SANCUS_IMAGE_HEADER_LEN;
    if (work->at == all_len) {
        ask_enable(p, work, &image);
        return;
    }
    size_t left = (work->at < text_len ? text_len : all_len) - work->at;
    size_t len = left < p->in_max ? left : p->in_max;
    uint16_t to = (uint16_t)(work->at < text_len ? image.ps + work->at
                                                 : image.device_ps + (work->at - text_len));
    uint8_t payload[2 + CW_LINE_IN_MAX];
    struct cw_writer w = cw_writer_over(payload, sizeof payload);
    cw_writer_u16(&w, to);
    cw_writer_bytes(&w, work->bytes + CW_SANCUS_IMAGE_HEADER_LEN + work->at, len);
    work->at += len;
    ask(p, CW_LINE_WRITE, payload, w.used_len);
}

static void loaded(struct cw_platform *p, struct work *work, uint8_t type, uint16_t status)
{
    if (status == CW_LINE_OK && type == CW_LINE_WRITE) {
        load_step(p, work);
    } else if (status == CW_LINE_OK) {
        work->module->is_there = true;
        end_work(p, CW_OK, NULL, CW_RESULT_DONE, NULL, 0);
    } else if (status == CW_LINE_FULL) {
        fail_work(p, CW_E_SPACE, "the chip refused the module, or has no slot left for it");
    } else {
        fail_work(p, CW_E_DENIED, "the module's place is taken or not on this board: build all "
                                  "modules of a node together");
    }
}

/* --- calls and unloading ------------------------------------------------------------------------------ */

static void ask_call(struct cw_platform *p, struct work *work)
{
    if (!work->module->is_there || work->module->is_lost) {
        fail_work(p, CW_E_ABSENT, NULL);
        return;
    }
    if (work->len > p->in_max) { /* longer than any message that a module here takes */
        end_work(p, CW_OK, NULL, CW_RESULT_REFUSED, NULL, 0);
        return;
    }
    uint8_t payload[4 + CW_LINE_IN_MAX];
    struct cw_writer w = cw_writer_over(payload, sizeof payload);
    cw_writer_u16(&w, work->module->slot);
    cw_writer_u16(&w, (uint16_t)work->entry);
    cw_writer_bytes(&w, work->bytes, work->len);
    ask(p, CW_LINE_CALL, payload, w.used_len);
}

static void called(struct cw_platform *p, struct work *work, uint16_t status, struct cw_reader *r)
{
    struct cw_node_module *module = work->module;
    uint16_t items_len = cw_reader_u16(r);
    uint16_t high = cw_reader_u16(r);
    size_t len;
    const uint8_t *items = cw_reader_rest(r, &len);
    module->is_waiting = false;
    if (status == CW_LINE_OK && cw_reader_finish(r) == CW_OK && len == items_len &&
            high % 256 == 0 && high / 256 <= CW_RESULT_PENDING) {
        end_work(p, CW_OK, NULL, (cw_result)(high / 256), items, len);
        return;
    }
    fail_work(p, CW_E_ABSENT, NULL);
    lose_module(p, module,
            status == CW_LINE_VIOLATION
                    ? "it violated a rule of the chip, or broke off a call that did"
                    : "the board does not have it");
}

static void ask_unload(struct cw_platform *p, struct work *work)
{
    if (!work->module->is_there) {
        end_work(p, CW_OK, NULL, CW_RESULT_DONE, NULL, 0);
        return;
    }
    uint8_t payload[2] = {(uint8_t)work->module->slot, (uint8_t)(work->module->slot >> 8)};
    ask(p, CW_LINE_UNLOAD, payload, sizeof payload);
}

static void unloaded(struct cw_platform *p, uint16_t status)
{
    if (status != CW_LINE_OK) {
        cw_log_warn("sancus: %s: a module did not leave its slot (status %u)", p->path, status);
    }
    end_work(p, CW_OK, NULL, CW_RESULT_DONE, NULL, 0);
}

/* --- what the board says ------------------------------------------------------------------------------- */

static void take_hello(struct cw_platform *p, uint16_t boot, struct cw_reader *r)
{
    uint16_t slots = cw_reader_u16(r);
    uint16_t used = cw_reader_u16(r);
    uint16_t in_max = cw_reader_u16(r);
    cw_reader_expect(r, slots >= 1 && slots <= 32);
    cw_reader_expect(r, in_max >= 128 && in_max <= CW_LINE_IN_MAX && in_max % 2 == 0);
    (void)cw_reader_u16(r); /* out_max */
    (void)cw_reader_u64(r); /* memory  */
    if (cw_reader_finish(r) != CW_OK) {
        return;
    }
    if (used != 0) {
        greet(p); /* the REBOOT did not reach it */
        return;
    }
    p->request_len = 0;
    p->boot = boot;
    p->slots = slots;
    p->in_max = in_max;
    p->state = BOARD_READY;
    wake(p, 0);
}

static void take_interrupt(struct cw_platform *p, uint16_t slot)
{
    for (struct cw_node_module *m = p->modules; m != NULL; m = m->next) {
        if (m->is_there && !m->is_lost && m->slot == slot && m->has_interrupt && !m->is_waiting) {
            m->is_waiting = true;
            if (p->setup.interrupt != NULL) {
                p->setup.interrupt(p->setup.ctx, m, m->endpoint);
            }
            return;
        }
    }
}

static void take_answer(struct cw_platform *p, uint8_t type, struct cw_reader *r)
{
    struct work *work = p->queue;
    uint16_t status = cw_reader_u16(r);
    p->is_working = false;
    p->request_len = 0;
    switch (work->kind) {
    case WORK_LOAD:
        loaded(p, work, type, status);
        break;
    case WORK_CALL:
        called(p, work, status, r);
        break;
    case WORK_UNLOAD:
        unloaded(p, status);
        break;
    }
}

static void take_frame(struct cw_platform *p, const struct cw_sancus_frame *frame)
{
    struct cw_reader r = cw_reader_over(frame->payload, frame->len);
    uint16_t boot = cw_reader_u16(&r);
    uint8_t type = frame->type & (uint8_t)~CW_LINE_ANSWER;
    bool is_answer = p->request_len != 0 && frame->seq == p->seq && type == p->request[3];
    if (p->state == BOARD_GREETING) {
        if (is_answer && type == CW_LINE_HELLO) {
            take_hello(p, boot, &r);
        }
        return;
    }
    if (r.status != CW_OK || (frame->type & CW_LINE_ANSWER) == 0) {
        return;
    }
    if (boot != p->boot) { /* whatever was on it is gone */
        p->state = BOARD_GREETING;
        lose_all(p, "the board restarted");
        greet(p);
    } else if (frame->type == CW_LINE_INTERRUPT) {
        take_interrupt(p, cw_reader_u16(&r));
    } else if (is_answer && p->is_working) {
        take_answer(p, type, &r);
    }
}

static void on_alloc(uv_handle_t *handle, size_t len, uv_buf_t *ret_buffer)
{
    (void)len;
    struct cw_platform *p = handle->data;
    *ret_buffer = uv_buf_init((char *)p->input, sizeof p->input);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    (void)buffer;
    struct cw_platform *p = stream->data;
    if (count < 0) {
        disconnect(p, "the board's serial line was closed");
        return;
    }
    for (size_t at = 0; at < (size_t)count && p->pipe == (uv_pipe_t *)stream;) {
        struct cw_sancus_frame frame;
        bool is_whole;
        at += cw_sancus_line_take(&p->line, p->input + at, (size_t)count - at, &frame, &is_whole);
        if (is_whole) {
            take_frame(p, &frame);
        }
    }
}

/* --- the connection ------------------------------------------------------------------------------------- */

static void platform_freed(struct cw_platform *p)
{
    if (p->closed == NULL || p->open_handles > 0) {
        return;
    }
    cw_node_done_fn closed = p->closed;
    void *ctx = p->closed_ctx;
    while (p->modules != NULL) {
        free_module(p, p->modules);
    }
    free(p->path);
    free(p);
    closed(ctx);
}

static void pipe_closed(uv_handle_t *handle)
{
    struct cw_platform *p = handle->data;
    free(handle);
    p->open_handles--;
    platform_freed(p);
}

static void disconnect(struct cw_platform *p, const char *why)
{
    if (p->pipe != NULL) {
        uv_close((uv_handle_t *)p->pipe, pipe_closed);
        p->pipe = NULL;
    }
    p->state = BOARD_AWAY;
    p->line.have_len = 0;
    lose_all(p, why);
    p->request_len = 0;
    wake(p, RETRY_MS);
}

static void on_connect(uv_connect_t *connect, int status)
{
    struct cw_platform *p = connect->data;
    if (status == UV_ECANCELED || p->closed != NULL) {
        return;
    }
    if (status != 0 || uv_read_start((uv_stream_t *)p->pipe, on_alloc, on_read) != 0) {
        disconnect(p, "the board is not there");
        return;
    }
    p->state = BOARD_GREETING;
    greet(p);
}

static void try_connect(struct cw_platform *p)
{
    p->pipe = malloc(sizeof *p->pipe);
    if (p->pipe == NULL || uv_pipe_init(p->setup.loop, p->pipe, 0) != 0) {
        free(p->pipe);
        p->pipe = NULL;
        wake(p, RETRY_MS);
        return;
    }
    p->open_handles++;
    p->pipe->data = p;
    p->connect.data = p;
    uv_pipe_connect(&p->connect, p->pipe, p->path, on_connect);
}

/* --- turns of the loop ------------------------------------------------------------------------------------ */

static void start_work(struct cw_platform *p, struct work *work)
{
    switch (work->kind) {
    case WORK_LOAD:
        load_step(p, work);
        break;
    case WORK_CALL:
        ask_call(p, work);
        break;
    case WORK_UNLOAD:
        ask_unload(p, work);
        break;
    }
}

/* Work that waits for no board: it is not there, or what the work is about is gone. */
static void refuse_work(struct cw_platform *p, struct work *work)
{
    uint64_t waited_ms = uv_now(p->setup.loop) - work->since_ms;
    char why[WHY_LEN];
    if (work->kind != WORK_LOAD) {
        start_work(p, work); /* nothing is on a board that is away */
    } else if (waited_ms >= PATIENCE_MS) {
        (void)snprintf(why, sizeof why, "no board answers at %.100s", p->path);
        fail_work(p, CW_E_SYSTEM, why);
    }
}

static void turn(uv_timer_t *timer)
{
    struct cw_platform *p = timer->data;
    uint64_t now_ms = uv_now(p->setup.loop);
    if (p->closed != NULL) {
        return;
    }
    if (p->request_len != 0) {
        if (now_ms - p->asked_ms >= SILENCE_MS) {
            disconnect(p, "the board does not answer");
        } else if (now_ms - p->sent_ms >= repeat_ms(p)) {
            send_request(p);
        } else {
            wake(p, repeat_ms(p) - (now_ms - p->sent_ms));
        }
    } else if (p->state == BOARD_READY && p->queue != NULL) {
        start_work(p, p->queue);
    } else if (p->state == BOARD_AWAY && p->pipe == NULL) {
        try_connect(p);
    }
    if (p->state != BOARD_READY && p->queue != NULL) {
        refuse_work(p, p->queue);
    }
    if (p->state != BOARD_READY && !uv_is_active((uv_handle_t *)&p->timer)) {
        wake(p, RETRY_MS);
    }
}

static void wake(struct cw_platform *p, uint64_t after_ms)
{
    if (p->closed == NULL && (!uv_is_active((uv_handle_t *)&p->timer) ||
                                     uv_timer_get_due_in(&p->timer) > after_ms)) {
        (void)uv_timer_start(&p->timer, turn, after_ms, 0);
    }
}

/* --- the contract ------------------------------------------------------------------------------------------- */

static cw_status sancus_open(const struct cw_node_setup *setup, struct cw_platform **ret_platform,
        char *ret_why, size_t why_cap)
{
    const char *path = NULL;
    for (size_t i = 0; i < setup->option_count; i++) {
        if (strcmp(setup->options[i].key, "uart") == 0) {
            path = setup->options[i].value;
        } else if (strcmp(setup->options[i].key, "control") != 0) {
            (void)snprintf(ret_why, why_cap, "--platform %s: a Sancus board has uart=PATH only",
                    setup->options[i].key);
            return CW_E_FORM;
        }
    }
    if (path == NULL) {
        (void)snprintf(ret_why, why_cap,
                "a Sancus board is reached at a socket: --platform uart=PATH");
        return CW_E_FORM;
    }
    struct cw_platform *p = calloc(1, sizeof *p);
    char *copy = strdup(path);
    if (p == NULL || copy == NULL || uv_timer_init(setup->loop, &p->timer) != 0) {
        free(copy);
        free(p);
        (void)snprintf(ret_why, why_cap, "no memory");
        return CW_E_SYSTEM;
    }
    p->setup = *setup;
    p->setup.options = NULL;
    p->setup.option_count = 0;
    p->path = copy;
    p->timer.data = p;
    p->open_handles = 1;
    (void)uv_random(NULL, NULL, &p->seq, sizeof p->seq, 0, NULL);
    wake(p, 0);
    *ret_platform = p;
    return CW_OK;
}

static void sancus_load(struct cw_platform *p, const char *name, const uint8_t *image,
        size_t image_len, cw_node_loaded_fn done, void *ctx)
{
    struct cw_node_module *module = calloc(1, sizeof *module);
    if (module == NULL) {
        cw_log_error("sancus: no memory");
        abort();
    }
    (void)snprintf(module->name, sizeof module->name, "%s", name);
    module->next = p->modules;
    p->modules = module;
    add_work(p, &(struct work){.kind = WORK_LOAD, .module = module, .len = image_len,
                     .end.loaded = done, .ctx = ctx}, image);
}

static void sancus_call(struct cw_platform *p, struct cw_node_module *module, cw_entry entry,
        const uint8_t *in, size_t in_len, cw_node_called_fn done, void *ctx)
{
    add_work(p, &(struct work){.kind = WORK_CALL, .module = module, .len = in_len, .entry = entry,
                     .end.called = done, .ctx = ctx}, in);
}

static void sancus_unload(struct cw_platform *p, struct cw_node_module *module,
        cw_node_done_fn done, void *ctx)
{
    module->is_lost = true; /* nobody needs to hear of it any more */
    add_work(p, &(struct work){.kind = WORK_UNLOAD, .module = module, .end.done = done,
                     .ctx = ctx}, NULL);
}

static void sancus_describe(struct cw_platform *p, char *ret_json, size_t cap)
{
    static const char *const states[] = {"away", "starting", "ready"};
    unsigned loaded_count = 0;
    for (const struct cw_node_module *m = p->modules; m != NULL; m = m->next) {
        loaded_count += m->is_there ? 1 : 0;
    }
    (void)snprintf(ret_json, cap,
            "{\"chip\":\"MSP430 with Sancus\",\"emulated\":true,\"board\":\"%s\",\"slots\":%u,"
            "\"modules\":%u,\"text\":\"0x%04x-0x%04x\",\"data\":\"0x%04x-0x%04x\","
            "\"damaged\":%lu}",
            states[p->state], p->slots, loaded_count, CW_SANCUS_TEXT_BASE, CW_SANCUS_TEXT_END - 1,
            CW_SANCUS_DATA_BASE, CW_SANCUS_DATA_END - 1, (unsigned long)p->line.damaged);
}

static void timer_closed(uv_handle_t *handle)
{
    struct cw_platform *p = handle->data;
    p->open_handles--;
    platform_freed(p);
}

static void sancus_close(struct cw_platform *p, cw_node_done_fn done, void *ctx)
{
    p->setup.lost = NULL;
    p->setup.interrupt = NULL;
    while (p->queue != NULL) {
        fail_work(p, CW_E_ABSENT, "the node shuts down");
    }
    p->closed = done;
    p->closed_ctx = ctx;
    if (p->pipe != NULL) {
        uv_close((uv_handle_t *)p->pipe, pipe_closed);
        p->pipe = NULL;
    }
    uv_close((uv_handle_t *)&p->timer, timer_closed);
}

const struct cw_node_backend cw_node_sancus = {
        .name = "sancus",
        .protection = "the Sancus chip isolates modules from the board's software and each other "
                      "(an emulated chip: not from its host)",
        .open = sancus_open,
        .load = sancus_load,
        .call = sancus_call,
        .unload = sancus_unload,
        .describe = sancus_describe,
        .close = sancus_close,
};
