/* SPDX-License-Identifier: MIT */
/*
 * The node's side of native: each module is a jailed process behind two pipes and shared memory.
 *
 *     STARTING --exec--> READY --call--> CALLED --answer--> READY
 *        |                 |-----------------|--died---> LOST --unload--> (freed)
 *        |--failed--> (freed)                |--unload-> LEAVING --died--> (freed)
 *
 * Implementation notes.  A call is one write of a header and, when the answer is there, one read;
 * what the module shares with us is copied before it is looked at.  What the process left in its
 * pipe before it died is still taken.  A module's handles are closed together; the last of them
 * to close frees it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/wire/reader.h"
#include "tee/native/abi.h"
#include "tee/native/node/image.h"
#include "tee/native/node/jail.h"
#include "tee/node.h"

#define MEMORY_MIB_DEFAULT 64u
#define WHY_LEN 160u

typedef enum module_state {
    STATE_STARTING,
    STATE_READY,
    STATE_CALLED,
    STATE_LOST,
    STATE_LEAVING,
} module_state;

struct cw_node_module {
    struct cw_platform *platform;
    struct cw_node_module *next;
    struct cw_jailed jailed;
    uv_poll_t progress;
    uv_poll_t process;
    uv_poll_t from;
    uv_timer_t later; /* for what must not happen before a function returned */
    unsigned open_handles;
    module_state state;

    uint8_t head[CW_LINK_HEADER_LEN + 1]; /* of an answer; one more would be none */
    size_t head_len;
    uint8_t *answer; /* [CW_NATIVE_OUT_MAX] */

    cw_node_loaded_fn loaded;
    void *loaded_ctx;
    cw_node_called_fn called;
    cw_node_called_many_fn called_many; /* one of the two, while a call is under way */
    void *called_ctx;
    cw_node_done_fn unloaded;
    void *unloaded_ctx;
    cw_status later_status;
    bool is_broken;    /* why it ends stands in why; else its process tells */
    char why[WHY_LEN];
};

struct cw_platform {
    struct cw_node_setup setup;
    struct cw_jail jail;
    struct cw_node_module *modules;
    uv_timer_t later;
    cw_node_done_fn closed;
    void *closed_ctx;
};

/* --- the end of a module -------------------------------------------------------------------------- */

static void platform_freed(uv_handle_t *handle)
{
    struct cw_platform *p = handle->data;
    cw_jail_close(&p->jail);
    if (p->closed != NULL) {
        p->closed(p->closed_ctx);
    }
    free(p);
}

static void platform_ends(struct cw_platform *p)
{
    if (p->closed != NULL && p->modules == NULL && !uv_is_closing((uv_handle_t *)&p->later)) {
        uv_close((uv_handle_t *)&p->later, platform_freed);
    }
}

static void close_file(int *file)
{
    if (*file >= 0) {
        (void)close(*file);
        *file = -1;
    }
}

static void handle_closed(uv_handle_t *handle)
{
    struct cw_node_module *m = handle->data;
    m->open_handles--;
    if (m->open_handles > 0) {
        return;
    }
    struct cw_platform *p = m->platform;
    struct cw_node_module **at = &p->modules;
    while (*at != m) {
        at = &(*at)->next;
    }
    *at = m->next;
    close_file(&m->jailed.process);
    close_file(&m->jailed.progress);
    close_file(&m->jailed.from);
    close_file(&m->jailed.to);
    if (m->jailed.shared != NULL) {
        (void)munmap(m->jailed.shared, CW_NATIVE_SHARED_LEN);
    }
    cw_node_done_fn unloaded = m->unloaded;
    void *ctx = m->unloaded_ctx;
    free(m->answer);
    free(m);
    if (unloaded != NULL) {
        unloaded(ctx);
    }
    platform_ends(p);
}

static void close_handles(struct cw_node_module *m)
{
    uv_handle_t *const handles[] = {(uv_handle_t *)&m->progress, (uv_handle_t *)&m->process,
            (uv_handle_t *)&m->from, (uv_handle_t *)&m->later};
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++) {
        if (handles[i]->data != NULL) { /* else it was never begun */
            uv_close(handles[i], handle_closed);
        }
    }
}

static void stop_pipes(struct cw_node_module *m)
{
    (void)uv_poll_stop(&m->progress);
    (void)uv_poll_stop(&m->from);
}

/* The process is ours until we waited for it, so that its number is nobody else's. */
static void kill_process(struct cw_node_module *m)
{
    if (m->jailed.pid > 0) {
        (void)kill(m->jailed.pid, SIGKILL);
    }
}

/* The module does not keep to abi.h: its process ends, and the rest follows from that. */
static void break_off(struct cw_node_module *m, const char *why)
{
    m->is_broken = true;
    (void)snprintf(m->why, sizeof m->why, "%s", why);
    stop_pipes(m);
    kill_process(m);
}

/* A call that is under way gets its answer, and none is awaited after that. */
static void end_call(struct cw_node_module *m, cw_status status, cw_result result,
        const uint8_t *items, size_t items_len)
{
    cw_node_called_fn called = m->called;
    cw_node_called_many_fn called_many = m->called_many;
    m->called = NULL;
    m->called_many = NULL;
    if (called != NULL) {
        called(m->called_ctx, status, result, items, items_len);
    } else if (called_many != NULL) {
        called_many(m->called_ctx, status, 0, result, items, items_len);
    }
}

/* The answer to many inputs: served 4, items. */
static void end_call_many(struct cw_node_module *m, cw_result result, const uint8_t *bytes,
        size_t len)
{
    cw_node_called_many_fn called_many = m->called_many;
    struct cw_reader r = cw_reader_over(bytes, len);
    uint32_t served = cw_reader_u32(&r);
    size_t items_len;
    const uint8_t *items = cw_reader_rest(&r, &items_len);
    m->called_many = NULL;
    called_many(m->called_ctx, CW_OK, served, result, items, items_len);
}

/* What the module answered, whole. */
static void take(struct cw_node_module *m, const struct cw_link_header *header)
{
    const uint8_t *bytes = m->answer;
    cw_result result = (cw_result)(header->type & ~CW_NATIVE_MANY);
    if (m->called_many != NULL) {
        end_call_many(m, result, bytes, header->len);
    } else {
        end_call(m, CW_OK, result, bytes, header->len);
    }
}

/* --- answers ---------------------------------------------------------------------------------------- */

/* What a read brought: nothing yet, an answer, or a breach of abi.h. */
typedef enum taken {
    TAKEN_PART,
    TAKEN_ANSWER,
    TAKEN_END,
    TAKEN_GARBAGE,
} taken;

static taken take_answer(struct cw_node_module *m, struct cw_link_header *ret_header)
{
    ssize_t count = read(m->jailed.from, m->head + m->head_len, sizeof m->head - m->head_len);
    if (count < 0) {
        return errno == EAGAIN || errno == EINTR ? TAKEN_PART : TAKEN_END;
    }
    if (count == 0) {
        return TAKEN_END;
    }
    m->head_len += (size_t)count;
    if (m->state != STATE_CALLED || m->head_len > CW_LINK_HEADER_LEN) {
        return TAKEN_GARBAGE;
    }
    if (m->head_len < CW_LINK_HEADER_LEN) {
        return TAKEN_PART;
    }
    if (cw_link_header_decode(m->head, ret_header) != CW_OK ||
            ret_header->len > CW_NATIVE_OUT_MAX ||
            (ret_header->type & ~CW_NATIVE_MANY) > CW_RESULT_PENDING ||
            ((ret_header->type & CW_NATIVE_MANY) != 0) != (m->called_many != NULL) ||
            (m->called_many != NULL && ret_header->len < 4)) {
        return TAKEN_GARBAGE;
    }
    (void)memcpy(m->answer, m->jailed.shared + CW_NATIVE_OUT, ret_header->len);
    return TAKEN_ANSWER;
}

/* False: nothing more comes from this pipe. */
static bool read_answer(struct cw_node_module *m)
{
    struct cw_link_header header;
    switch (take_answer(m, &header)) {
    case TAKEN_PART:
        return true;
    case TAKEN_ANSWER:
        m->state = STATE_READY;
        m->head_len = 0;
        take(m, &header);
        return true;
    case TAKEN_END:
        return false;
    case TAKEN_GARBAGE:
        break_off(m, "it sent what is no answer, and was killed");
        return false;
    }
    return false;
}

static void from_ready(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    struct cw_node_module *m = handle->data;
    if (!read_answer(m)) {
        (void)uv_poll_stop(&m->from); /* why it is so, the process tells */
    }
}

/* --- calls ------------------------------------------------------------------------------------------- */

static void answer_later(uv_timer_t *timer)
{
    struct cw_node_module *m = timer->data;
    end_call(m, m->later_status, CW_RESULT_REFUSED, NULL, 0);
}

/* type: an entry, or many of it. */
static void begin_call(struct cw_node_module *m, unsigned type, const uint8_t *in, size_t in_len)
{
    const bool is_entry = m->called_many != NULL || type < CW_NATIVE_MANY;
    if (m->state != STATE_READY || in_len > CW_NATIVE_IN_MAX || !is_entry) {
        /* Longer than any message of a link, or no entry: no module takes it. */
        m->later_status = m->state == STATE_READY ? CW_OK : CW_E_ABSENT;
        (void)uv_timer_start(&m->later, answer_later, 0, 0);
        return;
    }
    uint8_t header[CW_LINK_HEADER_LEN];
    cw_link_header_encode(
            &(struct cw_link_header){.len = (uint32_t)in_len, .type = (uint8_t)type}, header);
    if (in_len > 0) {
        (void)memcpy(m->jailed.shared, in, in_len);
    }
    m->state = STATE_CALLED;
    /* It has read all headers before this one.  If it died, the process handle will say so, and
     * end the call. */
    if (write(m->jailed.to, header, sizeof header) < 0 && errno == EAGAIN) {
        break_off(m, "it answers without reading, and was killed");
    }
}

static void native_call(struct cw_platform *p, struct cw_node_module *m, cw_entry entry,
        const uint8_t *in, size_t in_len, cw_node_called_fn done, void *ctx)
{
    (void)p;
    m->called = done;
    m->called_ctx = ctx;
    begin_call(m, entry, in, in_len);
}

static void native_call_many(struct cw_platform *p, struct cw_node_module *m, cw_entry entry,
        const uint8_t *in, size_t in_len, cw_node_called_many_fn done, void *ctx)
{
    (void)p;
    m->called_many = done;
    m->called_ctx = ctx;
    begin_call(m, CW_NATIVE_MANY | entry, in, in_len);
}

/* --- beginning and end of the process ---------------------------------------------------------------- */

static void describe_end(struct cw_node_module *m, const siginfo_t *end)
{
    if (m->is_broken) {
        return;
    }
    const char *name = end->si_code == CLD_EXITED ? NULL : sigabbrev_np(end->si_status);
    if (end->si_code != CLD_EXITED && end->si_status == SIGSYS) {
        (void)snprintf(m->why, sizeof m->why,
                "SIGSYS: it made a system call that its jail forbids");
    } else if (end->si_code != CLD_EXITED) {
        (void)snprintf(m->why, sizeof m->why, "SIG%s: %s", name != NULL ? name : "?",
                strsignal(end->si_status));
    } else if (end->si_status == CW_NATIVE_EXIT_ABORT) {
        (void)snprintf(m->why, sizeof m->why,
                "it aborted: an invariant of its runtime was broken");
    } else if (end->si_status == CW_NATIVE_EXIT_FORM) {
        (void)snprintf(m->why, sizeof m->why,
                "it did not understand this node: is it of another version?");
    } else {
        (void)snprintf(m->why, sizeof m->why, "it exited with status %d", end->si_status);
    }
}

/* What it answered before it died counts. */
static void take_last_words(struct cw_node_module *m)
{
    struct cw_link_header header;
    if (m->state != STATE_CALLED || m->is_broken) {
        return;
    }
    taken what;
    size_t before;
    do {
        before = m->head_len;
        what = take_answer(m, &header);
    } while (what == TAKEN_PART && m->head_len > before);
    if (what == TAKEN_ANSWER) {
        m->state = STATE_LOST;
        take(m, &header);
    }
}

/* The text is valid until the handles are closed, later than the callback returns. */
static void load_failed(struct cw_node_module *m)
{
    cw_node_loaded_fn loaded = m->loaded;
    m->loaded = NULL;
    m->state = STATE_LEAVING;
    close_handles(m);
    loaded(m->loaded_ctx, CW_E_SYSTEM, NULL, m->why);
}

static void process_ended(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    struct cw_node_module *m = handle->data;
    siginfo_t end = {0};
    if (waitid(P_PID, (id_t)m->jailed.pid, &end, WEXITED | WNOHANG) != 0 || end.si_pid == 0) {
        return;
    }
    m->jailed.pid = -1;
    (void)uv_poll_stop(&m->process);
    stop_pipes(m);
    describe_end(m, &end);
    if (m->loaded != NULL) {
        load_failed(m);
        return;
    }
    take_last_words(m);
    if (m->state != STATE_LEAVING) {
        m->state = STATE_LOST;
    }
    end_call(m, CW_E_ABSENT, CW_RESULT_REFUSED, NULL, 0);
    if (m->state == STATE_LEAVING) {
        close_handles(m);
    } else if (m->platform->setup.lost != NULL) {
        m->platform->setup.lost(m->platform->setup.ctx, m, m->why);
    }
}

/* The pipe closes with exec; or it brings the reason why there was none. */
static void progress_ready(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    struct cw_node_module *m = handle->data;
    struct cw_jail_failure failure;
    ssize_t count = read(m->jailed.progress, &failure, sizeof failure);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    (void)uv_poll_stop(&m->progress);
    if (m->state != STATE_STARTING) {
        return;
    }
    if (count == (ssize_t)sizeof failure) {
        (void)snprintf(m->why, sizeof m->why, "cannot start it: %s: %s",
                cw_jail_step_name(failure.step), strerror(failure.error));
        m->is_broken = true;
        return; /* process_ended reports */
    }
    m->state = STATE_READY;
    cw_node_loaded_fn loaded = m->loaded;
    m->loaded = NULL;
    loaded(m->loaded_ctx, CW_OK, m, NULL);
}

/* --- load and unload ---------------------------------------------------------------------------------- */

static void load_failed_later(uv_timer_t *timer)
{
    load_failed(timer->data);
}

static void watch(struct cw_node_module *m, uv_poll_t *handle, int file)
{
    if (uv_poll_init(m->platform->setup.loop, handle, file) != 0) {
        abort(); /* a pipe or pidfd of ours: the loop itself is broken */
    }
    handle->data = m;
    m->open_handles++;
}

static void native_load(struct cw_platform *p, const char *name, const uint8_t *image,
        size_t image_len, cw_node_loaded_fn done, void *ctx)
{
    struct cw_node_module *m = calloc(1, sizeof *m);
    uint8_t *answer = malloc(CW_NATIVE_OUT_MAX);
    if (m == NULL || answer == NULL) {
        abort(); /* some kilobytes */
    }
    *m = (struct cw_node_module){.platform = p, .next = p->modules, .answer = answer,
            .loaded = done, .loaded_ctx = ctx,
            .jailed = {.pid = -1, .process = -1, .to = -1, .from = -1, .progress = -1}};
    p->modules = m;
    (void)uv_timer_init(p->setup.loop, &m->later);
    m->later.data = m;
    m->open_handles = 1;
    if (!cw_image_is_static(image, image_len)) {
        (void)snprintf(m->why, sizeof m->why, "the image is no static executable for x86-64");
        (void)uv_timer_start(&m->later, load_failed_later, 0, 0);
        return;
    }
    if (cw_jail_start(&p->jail, name, image, image_len, &m->jailed, m->why, sizeof m->why) !=
            CW_OK) {
        (void)uv_timer_start(&m->later, load_failed_later, 0, 0);
        return;
    }
    watch(m, &m->progress, m->jailed.progress);
    watch(m, &m->process, m->jailed.process);
    watch(m, &m->from, m->jailed.from);
    (void)uv_poll_start(&m->progress, UV_READABLE, progress_ready);
    (void)uv_poll_start(&m->process, UV_READABLE, process_ended);
    (void)uv_poll_start(&m->from, UV_READABLE, from_ready);
}

/* There is no process any more, or there never was. */
static void leave_later(uv_timer_t *timer)
{
    struct cw_node_module *m = timer->data;
    if (m->loaded != NULL) {
        load_failed(m);
        return;
    }
    end_call(m, CW_E_ABSENT, CW_RESULT_REFUSED, NULL, 0);
    close_handles(m);
}

static void leave(struct cw_node_module *m)
{
    m->state = STATE_LEAVING;
    stop_pipes(m);
    if (m->jailed.pid > 0) {
        kill_process(m); /* process_ended goes on */
        return;
    }
    (void)uv_timer_start(&m->later, leave_later, 0, 0);
}

static void native_unload(struct cw_platform *p, struct cw_node_module *m, cw_node_done_fn done,
        void *ctx)
{
    (void)p;
    m->unloaded = done;
    m->unloaded_ctx = ctx;
    leave(m);
}

/* --- the platform ---------------------------------------------------------------------------------------- */

/* --platform memory=MIB: how much each module may map. */
static cw_status memory_option(const struct cw_node_setup *setup, uint64_t *ret_memory_len,
        char *ret_why, size_t why_cap)
{
    unsigned long mib = MEMORY_MIB_DEFAULT;
    for (size_t i = 0; i < setup->option_count; i++) {
        if (strcmp(setup->options[i].key, "memory") != 0) {
            continue;
        }
        char *end;
        mib = strtoul(setup->options[i].value, &end, 10);
        if (*end != 0 || mib < 4 || mib > 65536) {
            (void)snprintf(ret_why, why_cap, "--platform memory=%s: expected MiB, 4 to 65536",
                    setup->options[i].value);
            return CW_E_FORM;
        }
    }
    *ret_memory_len = (uint64_t)mib << 20;
    return CW_OK;
}

static cw_status native_open(const struct cw_node_setup *setup, struct cw_platform **ret_platform,
        char *ret_why, size_t why_cap)
{
    uint64_t memory_len;
    cw_status status = memory_option(setup, &memory_len, ret_why, why_cap);
    if (status != CW_OK) {
        return status;
    }
    struct cw_platform *p = calloc(1, sizeof *p);
    if (p == NULL) {
        (void)snprintf(ret_why, why_cap, "no memory");
        return CW_E_SYSTEM;
    }
    status = cw_jail_open(&p->jail, memory_len, ret_why, why_cap);
    if (status != CW_OK) {
        free(p);
        return status;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* a pipe to a module that has just died */
    p->setup = *setup;
    p->setup.options = NULL;
    p->setup.option_count = 0;
    (void)uv_timer_init(setup->loop, &p->later);
    p->later.data = p;
    *ret_platform = p;
    return CW_OK;
}

static void native_close(struct cw_platform *p, cw_node_done_fn done, void *ctx)
{
    p->closed = done;
    p->closed_ctx = ctx;
    for (struct cw_node_module *m = p->modules; m != NULL; m = m->next) {
        if (m->state != STATE_LEAVING) {
            leave(m);
        }
    }
    platform_ends(p);
}

static void native_describe(struct cw_platform *p, char *ret_json, size_t cap)
{
    unsigned long long mib = (unsigned long long)(p->jail.memory_len >> 20);
    (void)snprintf(ret_json, cap,
            "{\"chip\": \"none\", \"protection\": \"none\", \"emulated\": false, "
            "\"memory_mib\": %llu, \"jail\": {\"seccomp\": true, \"no_new_privs\": true, "
            "\"namespaces\": %s}}",
            mib, p->jail.namespaces != 0 ? "true" : "false");
}

const struct cw_node_backend cw_node_native = {
        .name = "native",
        .protection = "none: a jailed process, open to whoever is root on its machine",
        .open = native_open,
        .load = native_load,
        .call = native_call,
        .call_many = native_call_many,
        .unload = native_unload,
        .describe = native_describe,
        .close = native_close,
};
