/* SPDX-License-Identifier: MIT */
/*
 * supervisor.c - requests of one host, EREPORT and EGETKEY of its enclave.
 */
#include "silicon/sgx/supervisor.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "silicon/sgx/cell.h"
#include "silicon/sgx/traced_serve.h"

#define DESCRIPTORS_MAX 4
#define DESCRIPTORS_USED 2 /* image, doorbell */

struct supervisor {
    const struct cw_platform *platform;
    int host;
    unsigned slot;
    bool loaded;
    bool running;
    struct cw_cell cell;
    struct cw_traced_serve *traced;
    uint64_t buffer[CW_SGX_PACKET_MAX / 8]; /* one packet, either way */
};

/* What came with a packet. */
struct packet {
    size_t len;
    int descriptors[DESCRIPTORS_MAX];
    unsigned descriptor_count;
};

/* --- EPC ------------------------------------------------------------------------------------------ */

bool cw_epc_take(struct cw_epc *epc, unsigned slot, uint64_t len)
{
    uint64_t used = atomic_load(&epc->used);

    do {
        if (len > epc->total || used > epc->total - len) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(&epc->used, &used, used + len));
    atomic_fetch_add(&epc->by_slot[slot], len);
    return true;
}

void cw_epc_set(struct cw_epc *epc, unsigned slot, uint64_t len)
{
    uint64_t before = atomic_exchange(&epc->by_slot[slot], len);

    atomic_fetch_add(&epc->used, len - before);
}

/* --- packets -------------------------------------------------------------------------------------- */

static void close_descriptors(struct packet *packet)
{
    for (unsigned i = 0; i < packet->descriptor_count; i++) {
        if (packet->descriptors[i] >= 0) {
            (void)close(packet->descriptors[i]);
        }
    }
    packet->descriptor_count = 0;
}

/* False: the connection is over. */
static bool receive(struct supervisor *s, struct packet *ret_packet)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * DESCRIPTORS_MAX)];
        struct cmsghdr aligned;
    } control;
    struct iovec part = {.iov_base = s->buffer, .iov_len = sizeof s->buffer};
    struct msghdr message = {.msg_iov = &part,
            .msg_iovlen = 1,
            .msg_control = control.bytes,
            .msg_controllen = sizeof control.bytes};
    ssize_t n = recvmsg(s->host, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    ret_packet->descriptor_count = 0;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        ret_packet->len = 0;
        return true;
    }
    if (n <= 0) {
        return false;
    }
    ret_packet->len = (size_t)n;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
            unsigned count = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));

            for (unsigned i = 0; i < count && ret_packet->descriptor_count < DESCRIPTORS_MAX; i++) {
                memcpy(&ret_packet->descriptors[ret_packet->descriptor_count++],
                        CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            }
        }
    }
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
            ret_packet->descriptor_count > DESCRIPTORS_USED) {
        close_descriptors(ret_packet);
        return false; /* no honest host sends so much */
    }
    return true;
}

/* False: it does not take it.  An honest host has room: it waits for each answer. */
static bool send_packet(struct supervisor *s, const void *bytes, size_t len, int descriptor)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control;
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (descriptor >= 0) {
        struct cmsghdr *c = &control.aligned;

        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &descriptor, sizeof descriptor);
    }
    return sendmsg(s->host, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

static bool answer(struct supervisor *s, uint32_t type, uint32_t code, const char *text,
        const void *bytes, size_t len)
{
    struct cw_sgx_answer *head = (struct cw_sgx_answer *)(void *)s->buffer;

    if (len > sizeof s->buffer - sizeof *head) {
        code = CW_SGX_E_SYSTEM;
        text = "the answer is too long for a packet";
        len = 0;
    }
    memset(head, 0, sizeof *head);
    head->header.version = CW_SGX_PORT_VERSION;
    head->header.type = type;
    head->code = code;
    head->len = (uint32_t)len;
    (void)snprintf(head->text, sizeof head->text, "%s", text);
    if (len != 0) {
        memcpy(head + 1, bytes, len);
    }
    return send_packet(s, head, sizeof *head + len, -1);
}

static bool refuse(struct supervisor *s, const char *text)
{
    return answer(s, CW_SGX_ANSWER, CW_SGX_E_REQUEST, text, NULL, 0);
}

/* --- LOAD ----------------------------------------------------------------------------------------- */

static bool is_eventfd(int fd)
{
    char path[64], target[64];
    ssize_t n;

    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    n = readlink(path, target, sizeof target - 1);
    if (n < 0) {
        return false;
    }
    target[n] = 0;
    return strcmp(target, "anon_inode:[eventfd]") == 0;
}

/* The whole descriptor, once: what the host changes afterwards is its own matter. */
static uint8_t *read_all(int fd, size_t len)
{
    uint8_t *bytes = malloc(len);
    size_t got = 0;

    while (bytes != NULL && got < len) {
        ssize_t n = pread(fd, bytes + got, len - got, (off_t)got);

        if (n <= 0 && !(n < 0 && errno == EINTR)) {
            free(bytes);
            return NULL;
        }
        got += n > 0 ? (size_t)n : 0;
    }
    return bytes;
}

/* What it takes of the EPC: its pages and a SECS.  A page may have no chunk in the stream. */
static size_t pages_len(const struct cw_sgx_image *image)
{
    return (image->page_count + 1) * SGX_PAGE_LEN;
}

static uint32_t refuse_epc(const struct cw_epc *epc, size_t len, char *ret_why)
{
    (void)snprintf(ret_why, CW_SGX_TEXT_LEN,
            "%zu bytes do not fit: %" PRIu64 " of %" PRIu64 " bytes of EPC are used", len,
            (uint64_t)atomic_load(&epc->used), epc->total);
    return CW_SGX_E_EPC;
}

/* The stream's len bytes are taken of the EPC already. */
static uint32_t load_bytes(struct supervisor *s, const struct cw_sgx_load *request,
        const uint8_t *bytes, size_t len, int bell, struct cw_sgx_image *image, char *ret_why)
{
    const struct cw_platform *p = s->platform;
    struct cw_cell_options options = {.jail = p->jail,
            .traced = p->traced,
            .allow_mixed = p->allow_mixed,
            .bases_by_call = p->bases_by_call,
            .user = p->first_user == 0 ? 0 : p->first_user + s->slot,
            .bell = bell,
            .base = request->base,
            .arena_len = request->arena_len};
    cw_status status =
            cw_sgx_image_read(bytes + SGX_SIGSTRUCT_LEN, len - SGX_SIGSTRUCT_LEN, image, ret_why);
    uint32_t code;

    if (status != CW_OK) {
        return status == CW_E_SPACE ? CW_SGX_E_EPC : CW_SGX_E_IMAGE;
    }
    if (pages_len(image) > len && !cw_epc_take(p->epc, s->slot, pages_len(image) - len)) {
        return refuse_epc(p->epc, pages_len(image), ret_why);
    }
    cw_epc_set(p->epc, s->slot, pages_len(image));
    code = cw_cell_open(&s->cell, image, bytes, &options, ret_why);
    if (code == SGX_OK && p->traced) {
        code = cw_traced_serve_open(&s->cell, p->fuses, bell, &s->traced, ret_why);
    }
    return code;
}

static uint32_t load(struct supervisor *s, const struct cw_sgx_load *request, int file, int bell,
        struct cw_sgx_image *image, char *ret_why)
{
    struct stat st;
    uint8_t *bytes;
    uint32_t code;
    size_t len;

    if (fstat(file, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < SGX_SIGSTRUCT_LEN ||
            (uint64_t)st.st_size > CW_SGX_IMAGE_MAX) {
        (void)snprintf(ret_why, CW_SGX_TEXT_LEN,
                "the image is no file of %u to %lu bytes: SIGSTRUCT and SGXS", SGX_SIGSTRUCT_LEN,
                CW_SGX_IMAGE_MAX);
        return CW_SGX_E_IMAGE;
    }
    len = (size_t)st.st_size;
    if (!cw_epc_take(s->platform->epc, s->slot, len)) {
        return refuse_epc(s->platform->epc, len, ret_why);
    }
    bytes = read_all(file, len);
    if (bytes == NULL) {
        (void)snprintf(ret_why, CW_SGX_TEXT_LEN, "the image cannot be read");
        code = CW_SGX_E_IMAGE;
    } else {
        code = load_bytes(s, request, bytes, len, bell, image, ret_why);
    }
    free(bytes);
    if (code != SGX_OK) {
        cw_epc_set(s->platform->epc, s->slot, 0);
    }
    return code;
}

static bool do_load(struct supervisor *s, const struct packet *packet)
{
    struct cw_sgx_load request;
    struct cw_sgx_image image = {0};
    struct cw_sgx_loaded loaded = {
            .header = {.version = CW_SGX_PORT_VERSION, .type = CW_SGX_LOADED}};
    int bell = packet->descriptor_count > 1 ? packet->descriptors[1] : -1;

    memcpy(&request, s->buffer, sizeof request < packet->len ? sizeof request : packet->len);
    if (s->loaded || packet->len != sizeof request || packet->descriptor_count == 0 ||
            request.arena_len > CW_SGX_ARENA_MAX || request.arena_len % SGX_PAGE_LEN != 0 ||
            (bell >= 0 && !is_eventfd(bell))) {
        loaded.code = CW_SGX_E_REQUEST;
        (void)snprintf(loaded.text, sizeof loaded.text, "%s",
                s->loaded ? "this connection had its enclave"
                          : "LOAD: a file, perhaps an eventfd, an arena of whole pages");
        return send_packet(s, &loaded, sizeof loaded, -1);
    }
    s->loaded = true;
    loaded.code = load(s, &request, packet->descriptors[0], bell, &image, loaded.text);
    s->running = loaded.code == SGX_OK;
    if (s->cell.plan != NULL) {
        const struct cw_jail_plan *plan = s->cell.plan;

        loaded.base = plan->base;
        loaded.len = plan->len;
        loaded.arena = plan->arena;
        loaded.arena_len = plan->arena_len;
        loaded.tcs_count = plan->tcs_count;
        for (uint32_t i = 0; i < plan->tcs_count; i++) {
            loaded.tcs[i] = plan->tcs[i].address - plan->base;
        }
        memcpy(loaded.mrsigner, s->cell.secs + SGX_SECS_MRSIGNER, SGX_HASH_LEN);
        memcpy(loaded.attributes, s->cell.secs + SGX_SECS_ATTRIBUTES, SGX_ATTRIBUTES_LEN);
    }
    memcpy(loaded.mrenclave, image.mrenclave, SGX_HASH_LEN);
    if (s->running) {
        (void)snprintf(loaded.text, sizeof loaded.text, "%s", s->cell.weaker);
    }
    cw_sgx_image_free(&image);
    return send_packet(s, &loaded, sizeof loaded, s->running ? s->cell.outside.descriptor : -1);
}

/* --- the platform --------------------------------------------------------------------------------- */

static bool do_target(struct supervisor *s)
{
    uint8_t target[SGX_TARGETINFO_LEN];

    if (s->platform->qe == NULL) {
        return refuse(s, "no quotes: this CPU runs without --state");
    }
    cw_qe_target(s->platform->qe, target);
    return answer(s, CW_SGX_ANSWER, SGX_OK, "", target, sizeof target);
}

static bool do_quote(struct supervisor *s, const struct packet *packet)
{
    uint8_t report[SGX_REPORT_LEN], quote[CW_QE_QUOTE_MAX];
    size_t len = 0;
    cw_status status;

    if (packet->len != sizeof(struct cw_sgx_header) + sizeof report) {
        return refuse(s, "QUOTE: one REPORT of 432 bytes");
    }
    if (s->platform->qe == NULL) {
        return refuse(s, "no quotes: this CPU runs without --state");
    }
    memcpy(report, (const uint8_t *)s->buffer + sizeof(struct cw_sgx_header), sizeof report);
    status = cw_qe_quote(s->platform->qe, report, quote, &len);
    if (status == CW_E_AUTH) {
        return refuse(s, "no report of this CPU for its quoting enclave (see TARGET)");
    }
    if (status != CW_OK) {
        return answer(s, CW_SGX_ANSWER, CW_SGX_E_SYSTEM, "no signature: out of memory", NULL, 0);
    }
    return answer(s, CW_SGX_ANSWER, SGX_OK, "", quote, len);
}

static bool do_collateral(struct supervisor *s)
{
    char *json = NULL;
    bool good;

    if (s->platform->qe == NULL) {
        return refuse(s, "no collateral: this CPU runs without --state");
    }
    if (cw_qe_collateral(s->platform->qe, (int64_t)time(NULL), &json) != CW_OK) {
        return answer(s, CW_SGX_ANSWER, CW_SGX_E_SYSTEM, "no signature: out of memory", NULL, 0);
    }
    good = answer(s, CW_SGX_ANSWER, SGX_OK, "", json, strlen(json));
    free(json);
    return good;
}

/* Our own words only: none needs an escape. */
static bool do_info(struct supervisor *s)
{
    const struct cw_platform *p = s->platform;
    char json[1024], platform[2 * CW_QE_PLATFORM_LEN + 1] = "";
    int len;

    for (size_t i = 0; p->qe != NULL && i < CW_QE_PLATFORM_LEN; i++) {
        (void)snprintf(platform + 2 * i, 3, "%02x", cw_qe_platform(p->qe)[i]);
    }
    len = snprintf(json, sizeof json,
            "{\"emulated\": true, \"mode\": \"%s\", \"isolation\": \"%s\", \"own_users\": %s, "
            "\"weaker\": \"%s\", \"epc_bytes\": %" PRIu64 ", \"epc_used\": %" PRIu64
            ", \"platform\": \"%s\"}",
            p->traced ? "traced" : "proc",
            p->first_user != 0 ? "a process and a user per enclave"
                               : "a process per enclave, all of one user",
            p->first_user != 0 ? "true" : "false", s->running ? s->cell.weaker : "",
            p->epc->total, (uint64_t)atomic_load(&p->epc->used), platform);
    return answer(s, CW_SGX_ANSWER, SGX_OK, "", json, (size_t)len);
}

static bool do_request(struct supervisor *s)
{
    struct cw_sgx_header header = {0, 0};
    struct packet packet;
    bool good;

    if (!receive(s, &packet)) {
        return false;
    }
    if (packet.len == 0) {
        return true;
    }
    memcpy(&header, s->buffer, sizeof header < packet.len ? sizeof header : packet.len);
    if (packet.len < sizeof header || header.version != CW_SGX_PORT_VERSION) {
        good = refuse(s, "no packet of this interface's version");
    } else if (header.type == CW_SGX_LOAD) {
        good = do_load(s, &packet);
    } else if (header.type == CW_SGX_QUOTE) {
        good = do_quote(s, &packet);
    } else if (packet.len != sizeof header) {
        good = refuse(s, "bytes behind a request that has none");
    } else if (header.type == CW_SGX_TARGET) {
        good = do_target(s);
    } else if (header.type == CW_SGX_COLLATERAL) {
        good = do_collateral(s);
    } else if (header.type == CW_SGX_INFO) {
        good = do_info(s);
    } else {
        good = refuse(s, "no such request");
    }
    close_descriptors(&packet);
    return good;
}

/* --- the enclave ---------------------------------------------------------------------------------- */

/* False: its process is gone, or sent what no shim sends: *ret_misbehaved. */
static bool do_call(struct supervisor *s, bool *ret_misbehaved)
{
    struct cw_jail_call call;
    struct cw_jail_answer reply;
    ssize_t n = recv(s->cell.socket, &call, sizeof call, MSG_DONTWAIT | MSG_TRUNC);
    bool good;

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    *ret_misbehaved = n > 0;
    if (n != (ssize_t)sizeof call) {
        return false;
    }
    cw_cell_answer(&s->cell, s->platform->fuses, &call, &reply);
    good = send(s->cell.socket, &reply, sizeof reply, MSG_DONTWAIT | MSG_NOSIGNAL) ==
           (ssize_t)sizeof reply;
    cw_bytes_wipe(&reply, sizeof reply);
    return good;
}

static void tell_end(struct supervisor *s, bool misbehaved)
{
    char why[CW_SGX_TEXT_LEN] = "the enclave's process sent what no enclave sends";
    siginfo_t info = {.si_pid = 0};
    int status = 0;

    if (!misbehaved && s->traced != NULL) {
        (void)snprintf(why, sizeof why, "%s", cw_traced_serve_why(s->traced));
    } else if (!misbehaved && waitid(P_PID, (id_t)s->cell.pid, &info, WEXITED | WNOWAIT) == 0) {
        status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
        cw_cell_why(status, why);
    }
    (void)answer(s, CW_SGX_ENDED, CW_SGX_E_SYSTEM, why, NULL, 0);
}

static void serve(struct supervisor *s)
{
    for (;;) {
        struct pollfd waits[3] = {{.fd = s->host, .events = POLLIN}, {.fd = -1}, {.fd = -1}};
        bool proc = s->running && s->traced == NULL, misbehaved = false;

        if (s->running) {
            waits[1] = (struct pollfd){.fd = proc ? s->cell.socket : -1, .events = POLLIN};
            waits[2] = (struct pollfd){
                    .fd = proc ? s->cell.pid_descriptor : cw_traced_serve_descriptor(s->traced),
                    .events = POLLIN};
        }
        if (poll(waits, 3, -1) < 0 && errno != EINTR) {
            return;
        }
        if (waits[2].revents != 0 && (proc || !cw_traced_serve_work(s->traced))) {
            tell_end(s, false);
            return;
        }
        if ((waits[1].revents & POLLIN) != 0 && !do_call(s, &misbehaved)) {
            tell_end(s, misbehaved);
            return;
        }
        if (waits[0].revents != 0 && !do_request(s)) {
            return;
        }
    }
}

void cw_supervisor_serve(const struct cw_platform *platform, int host, unsigned slot)
{
    static struct supervisor supervisor;
    struct supervisor *s = &supervisor;

    memset(s, 0, sizeof *s);
    s->platform = platform;
    s->host = host;
    s->slot = slot;
    serve(s);
    cw_traced_serve_close(s->traced);
    if (s->cell.plan != NULL) {
        cw_cell_close(&s->cell);
    }
    cw_epc_set(platform->epc, slot, 0);
}
