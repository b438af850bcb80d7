/* SPDX-License-Identifier: MIT */
/*
 * The emulated CPU as a loader: packets to `causeway-sgx --listen`.
 *
 * Implementation notes.  One connection per enclave, and one per quote: nothing is shared between
 * them, and a CPU that was started anew is found by whoever connects next.  On an enclave's
 * connection LOAD and TARGET go out together; LOADED and ANSWER come back, and later ENDED.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/wire/node.h"
#include "silicon/sgx/cpu.h"
#include "tee/sgx/abi.h"
#include "tee/sgx/node/loader.h"

#define PATIENCE_MS 30000u /* of who waits for a CPU that does not answer */
#define WHY_LEN CW_SGX_LOADER_WHY_LEN

struct cw_sgx_cpu {
    uv_loop_t *loop;
    struct sockaddr_un address;
    char *info; /* JSON, as the CPU told at the start */
    struct quoting *quotings;
    uv_idle_t closing;
    cw_node_done_fn closed;
    void *closed_ctx;
    union { /* each packet, one after the other */
        struct cw_sgx_header header;
        struct cw_sgx_loaded loaded;
        struct cw_sgx_answer answer;
        uint8_t bytes[CW_SGX_PACKET_MAX];
    } packet;
};

/* --- packets ----------------------------------------------------------------------------------------- */

static int connect_to(const struct cw_sgx_cpu *cpu, int flags)
{
    const int file = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
    if (file < 0) {
        return -1;
    }
    if (connect(file, (const struct sockaddr *)&cpu->address, sizeof cpu->address) != 0) {
        const int error = errno;
        (void)close(file);
        errno = error;
        return -1;
    }
    return file;
}

static void describe_silence(const struct cw_sgx_cpu *cpu, char *ret_why, size_t cap)
{
    (void)snprintf(ret_why, cap,
            "no emulated CPU answers at %s (%s): is `causeway-sgx --listen %s` running, and may "
            "this user open it?",
            cpu->address.sun_path, strerror(errno), cpu->address.sun_path);
}

static bool send_packet(int file, const void *bytes, size_t len, const int files[2])
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct iovec part = {(void *)(uintptr_t)bytes, len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (files != NULL) {
        (void)memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(2 * sizeof(int));
        (void)memcpy(CMSG_DATA(header), files, 2 * sizeof(int));
    }
    return sendmsg(file, &message, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool send_plain(int file, cw_sgx_packet type)
{
    const struct cw_sgx_header header = {CW_SGX_PORT_VERSION, type};
    return send_packet(file, &header, sizeof header, NULL);
}

/* Length of the packet that stands in cpu->packet now; 0: the connection ended; -1: none yet.
 * ret_file  a descriptor that came with it, or -1; more than one are closed */
static ssize_t take_packet(struct cw_sgx_cpu *cpu, int file, int *ret_file)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct iovec part = {cpu->packet.bytes, sizeof cpu->packet.bytes};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
            .msg_controllen = sizeof control};
    *ret_file = -1;
    const ssize_t len = recvmsg(file, &message, MSG_CMSG_CLOEXEC);
    if (len < 0) {
        return errno == EAGAIN || errno == EINTR ? -1 : 0;
    }
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h != NULL; h = CMSG_NXTHDR(&message, h)) {
        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        for (size_t at = 0; at + CMSG_LEN(sizeof(int)) <= h->cmsg_len; at += sizeof(int)) {
            int got;
            (void)memcpy(&got, CMSG_DATA(h) + at, sizeof got);
            if (*ret_file < 0) {
                *ret_file = got;
            } else {
                (void)close(got);
            }
        }
    }
    return len;
}

static void close_file(int *file)
{
    if (*file >= 0) {
        (void)close(*file);
        *file = -1;
    }
}

/* A text of the CPU's, for people. */
static void copy_text(char *ret_text, size_t cap, const char text[static CW_SGX_TEXT_LEN])
{
    size_t len = 0;
    for (; len + 1 < cap && len < CW_SGX_TEXT_LEN && text[len] != '\0'; len++) {
        ret_text[len] = text[len] >= 0x20 && text[len] < 0x7f ? text[len] : '?';
    }
    ret_text[len] = '\0';
}

/* Is it an answer, whole? */
static bool is_answer(const struct cw_sgx_cpu *cpu, ssize_t len)
{
    const struct cw_sgx_answer *answer = &cpu->packet.answer;
    return len >= (ssize_t)sizeof *answer && answer->header.version == CW_SGX_PORT_VERSION &&
            answer->header.type == CW_SGX_ANSWER &&
            answer->len == (size_t)len - sizeof *answer;
}

static const uint8_t *answer_bytes(const struct cw_sgx_cpu *cpu)
{
    return cpu->packet.bytes + sizeof cpu->packet.answer;
}

/* --- enclaves ---------------------------------------------------------------------------------------- */

struct enclave {
    struct cw_sgx_enclave seen; /* first */
    struct cw_sgx_cpu *cpu;
    struct cw_sgx_loading loading;
    uv_poll_t poll;
    uv_timer_t timer; /* for what must not happen before load returned; then the CPU's time */
    int file;
    uint8_t *memory; /* mailboxes and arena */
    size_t memory_len;
    bool is_loaded; /* loaded was called */
    unsigned open_handles;
    cw_node_done_fn done;
    void *done_ctx;
    char why[WHY_LEN];
};

static void tell(struct enclave *e, cw_status status)
{
    (void)uv_timer_stop(&e->timer);
    const bool was_loaded = e->is_loaded;
    e->is_loaded = true;
    if (status != CW_OK) {
        if (e->poll.data != NULL) {
            (void)uv_poll_stop(&e->poll);
        }
    }
    if (!was_loaded) {
        e->loading.loaded(e->loading.ctx, status, e->why);
    } else {
        e->loading.ended(e->loading.ctx, e->why);
    }
}

static void fail(struct enclave *e, const char *why)
{
    (void)snprintf(e->why, sizeof e->why, "%s", why);
    tell(e, CW_E_SYSTEM);
}

/* Mailboxes and arena, as the CPU says; nobody makes them shorter while we read there. */
static bool map(struct enclave *e, const struct cw_sgx_loaded *loaded, int file)
{
    struct stat status;
    if (loaded->tcs_count == 0 || loaded->tcs_count > CW_SGX_TCS_MAX ||
            loaded->arena_len != CW_SGX_ARENA_LEN || file < 0 || fstat(file, &status) != 0) {
        return false;
    }
    const size_t boxes_len = (size_t)loaded->tcs_count * SGX_PAGE_LEN;
    const int seals = fcntl(file, F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 ||
            status.st_size < (off_t)(boxes_len + CW_SGX_ARENA_LEN)) {
        return false;
    }
    e->memory_len = boxes_len + CW_SGX_ARENA_LEN;
    void *memory = mmap(NULL, e->memory_len, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    e->memory = memory;
    e->seen.mailbox = memory;
    e->seen.arena = e->memory + boxes_len;
    e->seen.arena_inside = loaded->arena;
    return true;
}

static void take_loaded(struct enclave *e, ssize_t len, int file)
{
    const struct cw_sgx_loaded *loaded = &e->cpu->packet.loaded;
    if (len != (ssize_t)sizeof *loaded || e->memory != NULL) {
        fail(e, "the emulated CPU does not keep to its interface: is it of another version?");
    } else if (loaded->code != SGX_OK) {
        char text[CW_SGX_TEXT_LEN];
        copy_text(text, sizeof text, loaded->text);
        if (loaded->code < CW_SGX_E_IMAGE) { /* the manual's */
            (void)snprintf(e->why, sizeof e->why, "%s: %s", cw_sgx_code_name(loaded->code), text);
        } else {
            (void)snprintf(e->why, sizeof e->why, "%s", text);
        }
        tell(e, CW_E_DENIED);
    } else if (!map(e, loaded, file)) {
        fail(e, "the memory that the emulated CPU gave is not as it should be");
    }
}

static void take_target(struct enclave *e, ssize_t len)
{
    if (!is_answer(e->cpu, len) || e->memory == NULL || e->is_loaded) {
        fail(e, "the emulated CPU does not keep to its interface: is it of another version?");
        return;
    }
    const struct cw_sgx_answer *answer = &e->cpu->packet.answer;
    if (answer->code != SGX_OK || answer->len != SGX_TARGETINFO_LEN) {
        copy_text(e->why, sizeof e->why, answer->text);
        tell(e, CW_E_SYSTEM);
        return;
    }
    (void)memcpy(e->seen.arena + CW_SGX_TARGET_AT, answer_bytes(e->cpu), SGX_TARGETINFO_LEN);
    tell(e, CW_OK);
}

static void packet_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct enclave *e = poll->data;
    struct cw_sgx_cpu *cpu = e->cpu;
    int file;
    const ssize_t len = take_packet(cpu, e->file, &file);
    if (len < 0) {
        return;
    }
    const bool is_packet = len >= (ssize_t)sizeof cpu->packet.header &&
            cpu->packet.header.version == CW_SGX_PORT_VERSION;
    if (len == 0) {
        fail(e, "the emulated CPU ended, or cut it off");
    } else if (is_packet && cpu->packet.header.type == CW_SGX_LOADED) {
        take_loaded(e, len, file);
    } else if (is_packet && cpu->packet.header.type == CW_SGX_ENDED &&
            len >= (ssize_t)sizeof cpu->packet.answer) {
        copy_text(e->why, sizeof e->why, cpu->packet.answer.text);
        tell(e, CW_E_SYSTEM);
    } else {
        take_target(e, len);
    }
    close_file(&file);
}

static void too_late(uv_timer_t *timer)
{
    fail(timer->data, "the emulated CPU does not answer");
}

static void failed_later(uv_timer_t *timer)
{
    tell(timer->data, CW_E_SYSTEM);
}

/* The image as a file that nobody changes any more. */
static int image_file(const uint8_t *image, size_t len)
{
    const int file = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    for (size_t at = 0; file >= 0 && at < len;) {
        const ssize_t count = write(file, image + at, len - at);
        if (count <= 0) {
            (void)close(file);
            return -1;
        }
        at += (size_t)count;
    }
    if (file >= 0) {
        (void)fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    }
    return file;
}

static bool begin_load(struct enclave *e)
{
    e->file = connect_to(e->cpu, SOCK_NONBLOCK);
    if (e->file < 0) {
        describe_silence(e->cpu, e->why, sizeof e->why);
        return false;
    }
    int image = image_file(e->loading.image, e->loading.image_len);
    const struct cw_sgx_load load = {
            .header = {CW_SGX_PORT_VERSION, CW_SGX_LOAD}, .arena_len = CW_SGX_ARENA_LEN};
    const bool is_sent = image >= 0 &&
            send_packet(e->file, &load, sizeof load, (const int[]){image, e->loading.doorbell}) &&
            send_plain(e->file, CW_SGX_TARGET);
    if (!is_sent) {
        (void)snprintf(e->why, sizeof e->why, "cannot give the image to the emulated CPU: %s",
                strerror(errno));
    }
    close_file(&image);
    return is_sent;
}

static struct cw_sgx_enclave *emulated_load(struct cw_sgx_cpu *cpu,
        const struct cw_sgx_loading *loading)
{
    struct enclave *e = calloc(1, sizeof *e);
    if (e == NULL) {
        abort(); /* a kilobyte */
    }
    e->cpu = cpu;
    e->loading = *loading;
    (void)uv_timer_init(cpu->loop, &e->timer);
    e->timer.data = e;
    e->open_handles = 1;
    const bool is_begun = begin_load(e);
    e->loading.image = NULL;
    if (!is_begun) {
        (void)uv_timer_start(&e->timer, failed_later, 0, 0);
        return &e->seen;
    }
    if (uv_poll_init(cpu->loop, &e->poll, e->file) != 0) {
        abort(); /* a socket of ours: the loop itself is broken */
    }
    e->poll.data = e;
    e->open_handles = 2;
    (void)uv_poll_start(&e->poll, UV_READABLE, packet_ready);
    (void)uv_timer_start(&e->timer, too_late, PATIENCE_MS, 0);
    return &e->seen;
}

static void enclave_closed(uv_handle_t *handle)
{
    struct enclave *e = handle->data;
    e->open_handles--;
    if (e->open_handles > 0) {
        return;
    }
    close_file(&e->file); /* and the CPU ends the enclave */
    if (e->memory != NULL) {
        (void)munmap(e->memory, e->memory_len);
    }
    e->done(e->done_ctx);
    free(e);
}

static void emulated_unload(struct cw_sgx_enclave *enclave, cw_node_done_fn done, void *ctx)
{
    struct enclave *e = (struct enclave *)(void *)enclave;
    e->done = done;
    e->done_ctx = ctx;
    if (e->poll.data != NULL) {
        uv_close((uv_handle_t *)&e->poll, enclave_closed);
    }
    uv_close((uv_handle_t *)&e->timer, enclave_closed);
}

/* --- quotes ------------------------------------------------------------------------------------------ */

struct quoting {
    struct cw_sgx_cpu *cpu;
    struct quoting *next;
    uv_poll_t poll;
    uv_timer_t timer;
    int file;
    unsigned open_handles;
    cw_node_called_fn done;
    void *ctx;
    uint8_t *quote;
    uint32_t quote_len;
    cw_status status;
    cw_result result;
    uint8_t *items; /* struct cw_quote, or a text */
    size_t items_len;
};

static void cpu_ends(struct cw_sgx_cpu *cpu);

static void quoting_closed(uv_handle_t *handle)
{
    struct quoting *q = handle->data;
    struct cw_sgx_cpu *cpu = q->cpu;
    q->open_handles--;
    if (q->open_handles > 0) {
        return;
    }
    struct quoting **at = &cpu->quotings;
    while (*at != q) {
        at = &(*at)->next;
    }
    *at = q->next;
    close_file(&q->file);
    q->done(q->ctx, q->status, q->result, q->items, q->items_len);
    free(q->quote);
    free(q->items);
    free(q);
    cpu_ends(cpu);
}

static void end_quoting(struct quoting *q)
{
    if (uv_is_closing((uv_handle_t *)&q->timer)) {
        return;
    }
    if (q->poll.data != NULL) {
        uv_close((uv_handle_t *)&q->poll, quoting_closed);
    }
    uv_close((uv_handle_t *)&q->timer, quoting_closed);
}

static void fail_quoting(struct quoting *q, const char *why)
{
    q->result = CW_RESULT_REFUSED;
    q->items = (uint8_t *)strdup(why);
    q->items_len = q->items != NULL ? strlen(why) : 0;
    end_quoting(q);
}

static uint8_t *copy_of(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len + 1);
    if (copy == NULL) {
        abort(); /* some kilobytes */
    }
    (void)memcpy(copy, bytes, len);
    return copy;
}

/* First the quote, then the collateral. */
static void answer_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct quoting *q = poll->data;
    struct cw_sgx_cpu *cpu = q->cpu;
    const struct cw_sgx_answer *answer = &cpu->packet.answer;
    int file;
    const ssize_t len = take_packet(cpu, q->file, &file);
    close_file(&file);
    if (len < 0) {
        return;
    }
    if (!is_answer(cpu, len)) {
        fail_quoting(q, "the emulated CPU ended, or does not keep to its interface");
    } else if (answer->code != SGX_OK) {
        char why[WHY_LEN];
        copy_text(why, sizeof why, answer->text);
        fail_quoting(q, why);
    } else if (q->quote == NULL) {
        q->quote = copy_of(answer_bytes(cpu), answer->len);
        q->quote_len = answer->len;
    } else {
        const struct cw_quote quote = {q->quote, q->quote_len, answer_bytes(cpu), answer->len};
        q->items_len = 8 + (size_t)q->quote_len + answer->len;
        q->items = malloc(q->items_len);
        if (q->items == NULL) {
            abort();
        }
        struct cw_writer w = cw_writer_over(q->items, q->items_len);
        cw_quote_put(&w, &quote);
        q->result = CW_RESULT_DONE;
        end_quoting(q);
    }
}

static void quote_failed_later(uv_timer_t *timer)
{
    end_quoting(timer->data);
}

static void quote_too_late(uv_timer_t *timer)
{
    fail_quoting(timer->data, "the emulated CPU does not answer");
}

static void emulated_quote(struct cw_sgx_cpu *cpu, const uint8_t report[static SGX_REPORT_LEN],
        cw_node_called_fn done, void *ctx)
{
    struct quoting *q = calloc(1, sizeof *q);
    if (q == NULL) {
        abort(); /* some hundred bytes */
    }
    q->cpu = cpu;
    q->done = done;
    q->ctx = ctx;
    q->next = cpu->quotings;
    cpu->quotings = q;
    q->open_handles = 1;
    (void)uv_timer_init(cpu->loop, &q->timer);
    q->timer.data = q;
    struct {
        struct cw_sgx_header header;
        uint8_t report[SGX_REPORT_LEN];
    } request = {.header = {CW_SGX_PORT_VERSION, CW_SGX_QUOTE}};
    (void)memcpy(request.report, report, sizeof request.report);
    q->file = connect_to(cpu, SOCK_NONBLOCK);
    if (q->file < 0 || !send_packet(q->file, &request, sizeof request, NULL) ||
            !send_plain(q->file, CW_SGX_COLLATERAL)) {
        char why[WHY_LEN];
        describe_silence(cpu, why, sizeof why);
        q->result = CW_RESULT_REFUSED;
        q->items = copy_of((const uint8_t *)why, strlen(why));
        q->items_len = strlen(why);
        (void)uv_timer_start(&q->timer, quote_failed_later, 0, 0);
        return;
    }
    if (uv_poll_init(cpu->loop, &q->poll, q->file) != 0) {
        abort(); /* a socket of ours: the loop itself is broken */
    }
    q->poll.data = q;
    q->open_handles = 2;
    (void)uv_poll_start(&q->poll, UV_READABLE, answer_ready);
    (void)uv_timer_start(&q->timer, quote_too_late, PATIENCE_MS, 0);
}

/* --- the CPU ----------------------------------------------------------------------------------------- */

/* What it says of itself, once, at the start: the only place that waits. */
static cw_status ask_info(struct cw_sgx_cpu *cpu, char *ret_why, size_t why_cap)
{
    const struct timeval patience = {.tv_sec = 5};
    int file = connect_to(cpu, 0);
    if (file < 0) {
        describe_silence(cpu, ret_why, why_cap);
        return CW_E_ABSENT;
    }
    (void)setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    int none;
    ssize_t len = 0;
    if (send_plain(file, CW_SGX_INFO)) {
        len = take_packet(cpu, file, &none);
        close_file(&none);
    }
    close_file(&file);
    json_t *info = NULL;
    if (len > 0 && is_answer(cpu, len) && cpu->packet.answer.code == SGX_OK) {
        info = json_loadb((const char *)answer_bytes(cpu), cpu->packet.answer.len, 0, NULL);
    }
    if (!json_is_object(info)) {
        json_decref(info);
        (void)snprintf(ret_why, why_cap,
                "what answers at %s is no emulated CPU of this version: is it `causeway-sgx "
                "--listen`?", cpu->address.sun_path);
        return CW_E_FORM;
    }
    (void)json_object_set_new(info, "chip", json_string("SGX"));
    (void)json_object_set_new(info, "emulated", json_true());
    (void)json_object_set_new(info, "cpu", json_string(cpu->address.sun_path));
    cpu->info = json_dumps(info, JSON_COMPACT);
    json_decref(info);
    return cpu->info != NULL ? CW_OK : CW_E_SYSTEM;
}

static cw_status emulated_open(uv_loop_t *loop, const char *where, struct cw_sgx_cpu **ret_cpu,
        char *ret_why, size_t why_cap)
{
    struct cw_sgx_cpu *cpu = calloc(1, sizeof *cpu);
    if (cpu == NULL) {
        (void)snprintf(ret_why, why_cap, "no memory");
        return CW_E_SYSTEM;
    }
    if (strlen(where) >= sizeof cpu->address.sun_path || where[0] == '\0') {
        (void)snprintf(ret_why, why_cap,
                "--platform cpu=%s: expected the path of a socket, up to %zu bytes", where,
                sizeof cpu->address.sun_path - 1);
        free(cpu);
        return CW_E_FORM;
    }
    cpu->loop = loop;
    cpu->address.sun_family = AF_UNIX;
    (void)strcpy(cpu->address.sun_path, where);
    const cw_status status = ask_info(cpu, ret_why, why_cap);
    if (status != CW_OK) {
        free(cpu);
        return status;
    }
    (void)uv_idle_init(loop, &cpu->closing);
    cpu->closing.data = cpu;
    *ret_cpu = cpu;
    return CW_OK;
}

static void emulated_describe(struct cw_sgx_cpu *cpu, char *ret_json, size_t cap)
{
    (void)snprintf(ret_json, cap, "%s", strlen(cpu->info) < cap ? cpu->info : "{}");
}

static void cpu_closed(uv_handle_t *handle)
{
    struct cw_sgx_cpu *cpu = handle->data;
    cw_node_done_fn closed = cpu->closed;
    void *ctx = cpu->closed_ctx;
    free(cpu->info);
    free(cpu);
    closed(ctx);
}

static void cpu_ends(struct cw_sgx_cpu *cpu)
{
    if (cpu->closed != NULL && cpu->quotings == NULL) {
        uv_close((uv_handle_t *)&cpu->closing, cpu_closed);
    }
}

static void emulated_close(struct cw_sgx_cpu *cpu, cw_node_done_fn done, void *ctx)
{
    cpu->closed = done;
    cpu->closed_ctx = ctx;
    for (struct quoting *q = cpu->quotings; q != NULL; q = q->next) {
        q->status = CW_E_ABSENT;
        end_quoting(q);
    }
    cpu_ends(cpu);
}

const struct cw_sgx_loader cw_sgx_emulated = {
        .open = emulated_open,
        .load = emulated_load,
        .unload = emulated_unload,
        .quote = emulated_quote,
        .describe = emulated_describe,
        .close = emulated_close,
};
