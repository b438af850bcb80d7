/* SPDX-License-Identifier: MIT */
#include "tests/adversary/proxy.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/wire/frame.h"
#include "posix/log.h"

#define READ_LEN 65536u
#define TLS_FIRST_BYTE 0x16u

static cw_side other(cw_side side)
{
    return side == CW_SIDE_DIALER ? CW_SIDE_LISTENER : CW_SIDE_DIALER;
}

static uint64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t cw_proxy_now_ms(const struct cw_proxy *p)
{
    return clock_ms() - p->begun_ms;
}

/* --- buffers ------------------------------------------------------------------------------------ */

static bool buffer_add(struct cw_buffer *b, const uint8_t *bytes, size_t len)
{
    if (len == 0) {
        return true;
    }
    if (b->len + len > CW_PROXY_OUT_MAX) {
        return false;
    }
    if (b->len + len > b->cap) {
        size_t cap = b->cap == 0 ? 4096 : b->cap;
        while (cap < b->len + len) {
            cap *= 2;
        }
        uint8_t *grown = realloc(b->bytes, cap);
        if (grown == NULL) {
            return false;
        }
        b->bytes = grown;
        b->cap = cap;
    }
    memcpy(b->bytes + b->len, bytes, len);
    b->len += len;
    return true;
}

static void buffer_take(struct cw_buffer *b, size_t len)
{
    memmove(b->bytes, b->bytes + len, b->len - len);
    b->len -= len;
}

static void buffer_free(struct cw_buffer *b)
{
    free(b->bytes);
    *b = (struct cw_buffer){0};
}

/* --- wires -------------------------------------------------------------------------------------- */

static void free_message(struct cw_message *m)
{
    if (m != NULL) {
        free(m->bytes);
        free(m);
    }
}

void cw_proxy_cut(struct cw_proxy *p, struct cw_wire *wire)
{
    (void)p;
    for (unsigned side = 0; side < 2; side++) {
        if (wire->ends[side].fd >= 0) {
            close(wire->ends[side].fd);
        }
        buffer_free(&wire->ends[side].in);
        buffer_free(&wire->ends[side].out);
        free_message(wire->swapped[side]);
    }
    memset(wire, 0, sizeof *wire);
}

struct cw_wire *cw_proxy_wire(struct cw_proxy *p, unsigned link)
{
    for (size_t i = 0; link != 0 && i < CW_PROXY_LINK_MAX; i++) {
        if (p->wires[i].id == link) {
            return &p->wires[i];
        }
    }
    return NULL;
}

struct cw_wire *cw_proxy_wire_like(struct cw_proxy *p, unsigned pair)
{
    struct cw_wire *newest = NULL;
    for (size_t i = 0; i < CW_PROXY_LINK_MAX; i++) {
        struct cw_wire *wire = &p->wires[i];
        if (wire->id != 0 && wire->kind == CW_STREAM_LINK && wire->pair == pair
                && (newest == NULL || wire->id > newest->id)) {
            newest = wire;
        }
    }
    return newest;
}

static void accept_one(struct cw_proxy *p, unsigned pair)
{
    const int client = accept4(p->pairs[pair].listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) {
        return;
    }
    struct cw_wire *wire = NULL;
    for (size_t i = 0; wire == NULL && i < CW_PROXY_LINK_MAX; i++) {
        wire = p->wires[i].id == 0 ? &p->wires[i] : NULL;
    }
    const struct cw_net_address *to = &p->pairs[pair].forward;
    const int server = wire == NULL ? -1
                                    : socket(to->storage.ss_family,
                                            SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server < 0) {
        close(client);
        return;
    }
    const int one = 1;
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const int failed = connect(server, (const struct sockaddr *)&to->storage, to->len);
    if (failed != 0 && errno != EINPROGRESS) {
        close(client);
        close(server);
        return;
    }
    *wire = (struct cw_wire){.id = p->next_link++, .pair = pair};
    wire->ends[CW_SIDE_DIALER].fd = client;
    wire->ends[CW_SIDE_LISTENER].fd = server;
    wire->ends[CW_SIDE_LISTENER].is_connecting = failed != 0;
}

/* --- messages ----------------------------------------------------------------------------------- */

static bool send_on(struct cw_wire *wire, cw_side from, const uint8_t *bytes, size_t len)
{
    return buffer_add(&wire->ends[other(from)].out, bytes, len);
}

static void hold(struct cw_proxy *p, const struct cw_message *m, uint32_t delay_ms)
{
    for (size_t i = 0; i < CW_PROXY_HELD_MAX; i++) {
        struct cw_held *held = &p->held[i];
        if (held->link == 0) {
            uint8_t *bytes = malloc(m->len);
            if (bytes == NULL) {
                return;
            }
            memcpy(bytes, m->bytes, m->len);
            *held = (struct cw_held){cw_proxy_now_ms(p) + delay_ms, m->link, m->from, bytes,
                    m->len};
            return;
        }
    }
}

static void keep_swapped(struct cw_wire *wire, const struct cw_message *m)
{
    struct cw_message *copy = malloc(sizeof *copy);
    uint8_t *bytes = malloc(m->len);
    if (copy == NULL || bytes == NULL || wire->swapped[m->from] != NULL) {
        free(copy);
        free(bytes);
        (void)send_on(wire, m->from, m->bytes, m->len);
        return;
    }
    memcpy(bytes, m->bytes, m->len);
    *copy = *m;
    copy->bytes = bytes;
    wire->swapped[m->from] = copy;
}

static void send_bent(struct cw_wire *wire, const struct cw_message *m, const struct cw_rule *rule)
{
    size_t len = m->len;
    const size_t room = rule->act == CW_ACT_EXTEND ? rule->amount : 0;
    uint8_t *bytes = malloc(len + room);
    if (bytes == NULL) {
        return;
    }
    memcpy(bytes, m->bytes, len);
    if (cw_rules_bend(rule->act, rule->amount, bytes, &len)) {
        (void)send_on(wire, m->from, bytes, len);
    }
    free(bytes);
}

static void treat(struct cw_proxy *p, struct cw_wire *wire, const struct cw_message *m,
        const struct cw_rule *rule)
{
    switch (rule->act) {
    case CW_ACT_DROP:
        break;
    case CW_ACT_SWAP:
        keep_swapped(wire, m);
        break;
    case CW_ACT_DUPLICATE:
        (void)send_on(wire, m->from, m->bytes, m->len);
        (void)send_on(wire, m->from, m->bytes, m->len);
        break;
    case CW_ACT_FLIP:
    case CW_ACT_TRUNCATE:
    case CW_ACT_EXTEND:
        send_bent(wire, m, rule);
        break;
    case CW_ACT_DELAY:
        hold(p, m, rule->amount);
        break;
    }
}

static void pass_message(struct cw_proxy *p, struct cw_wire *wire, cw_side from, uint8_t *bytes,
        size_t len)
{
    struct cw_message m = {.at_ms = cw_proxy_now_ms(p), .pair = wire->pair, .link = wire->id,
            .from = from};
    cw_message_read(bytes, len, &m);
    wire->count[from]++;
    struct cw_rule rule;
    const bool is_treated = cw_rules_take(&p->rules, &m, &rule);
    (void)cw_history_add(&p->history, &m, is_treated ? cw_act_name(rule.act) : "passed");
    struct cw_message *waiting = wire->swapped[from];
    if (is_treated) {
        treat(p, wire, &m, &rule);
    } else {
        (void)send_on(wire, from, bytes, len);
    }
    if (waiting != NULL) {
        (void)send_on(wire, from, waiting->bytes, waiting->len);
        free_message(waiting);
        wire->swapped[from] = NULL;
    }
}

const struct cw_message *cw_proxy_inject(struct cw_proxy *p, struct cw_wire *wire, cw_side from,
        uint8_t *bytes, size_t len, const char *fate)
{
    struct cw_message m = {.at_ms = cw_proxy_now_ms(p), .pair = wire->pair, .link = wire->id,
            .from = from};
    cw_message_read(bytes, len, &m);
    if (wire->kind != CW_STREAM_LINK || !send_on(wire, from, bytes, len)) {
        return NULL;
    }
    return cw_history_add(&p->history, &m, fate);
}

/* Takes what has come in from one side apart.  false: cut it, those are no link messages. */
static bool digest(struct cw_proxy *p, struct cw_wire *wire, cw_side from)
{
    struct cw_buffer *in = &wire->ends[from].in;
    if (wire->kind == CW_STREAM_UNKNOWN && in->len > 0) {
        wire->kind = in->bytes[0] == TLS_FIRST_BYTE && from == CW_SIDE_DIALER ? CW_STREAM_TLS
                                                                              : CW_STREAM_LINK;
    }
    if (wire->kind == CW_STREAM_TLS) {
        const bool taken = send_on(wire, from, in->bytes, in->len);
        in->len = taken ? 0 : in->len;
        return taken;
    }
    size_t used = 0;
    while (in->len - used >= CW_LINK_HEADER_LEN) {
        struct cw_link_header header;
        if (cw_link_header_decode(in->bytes + used, &header) != CW_OK) {
            (void)send_on(wire, from, in->bytes + used, in->len - used);
            in->len = 0; /* not ours to judge: the peer shall see it */
            return true;
        }
        const size_t whole = CW_LINK_HEADER_LEN + header.len;
        if (in->len - used < whole) {
            break;
        }
        pass_message(p, wire, from, in->bytes + used, whole);
        used += whole;
    }
    buffer_take(in, used);
    return true;
}

/* --- sockets ------------------------------------------------------------------------------------ */

/* false: the connection broke */
static bool read_some(struct cw_end *end)
{
    uint8_t bytes[READ_LEN];
    const ssize_t n = read(end->fd, bytes, sizeof bytes);
    if (n > 0) {
        return buffer_add(&end->in, bytes, (size_t)n);
    }
    if (n == 0) {
        end->is_ended = true;
        return true;
    }
    return errno == EAGAIN || errno == EINTR;
}

static bool write_some(struct cw_end *end)
{
    if (end->is_connecting) {
        int error = 0;
        socklen_t len = sizeof error;
        if (getsockopt(end->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
            return false;
        }
        end->is_connecting = false;
    }
    while (end->out.len > 0) {
        const ssize_t n = send(end->fd, end->out.bytes, end->out.len, MSG_NOSIGNAL);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        buffer_take(&end->out, (size_t)n);
    }
    return true;
}

static bool may_read(const struct cw_wire *wire, cw_side side)
{
    const struct cw_end *end = &wire->ends[side];
    return !end->is_ended && !end->is_connecting
            && wire->ends[other(side)].out.len < CW_PROXY_OUT_MAX / 4;
}

static short wanted_events(const struct cw_wire *wire, cw_side side)
{
    const struct cw_end *end = &wire->ends[side];
    const bool writing = end->is_connecting || end->out.len > 0;
    return (short)((may_read(wire, side) ? POLLIN : 0) | (writing ? POLLOUT : 0));
}

nfds_t cw_proxy_poll(const struct cw_proxy *p, struct pollfd fds[static CW_PROXY_POLL_MAX])
{
    nfds_t n = 0;
    for (unsigned i = 0; i < p->pair_count; i++) {
        fds[n++] = (struct pollfd){.fd = p->pairs[i].listener, .events = POLLIN};
    }
    for (size_t i = 0; i < CW_PROXY_LINK_MAX; i++) {
        for (unsigned side = 0; p->wires[i].id != 0 && side < 2; side++) {
            const short events = wanted_events(&p->wires[i], (cw_side)side);
            const int fd = p->wires[i].ends[side].fd;
            fds[n++] = (struct pollfd){.fd = events != 0 ? fd : -1, .events = events};
        }
    }
    return n;
}

int cw_proxy_timeout_ms(const struct cw_proxy *p)
{
    const uint64_t now_ms = cw_proxy_now_ms(p);
    int timeout_ms = -1;
    for (size_t i = 0; i < CW_PROXY_HELD_MAX; i++) {
        if (p->held[i].link != 0) {
            const int left_ms =
                    p->held[i].due_ms > now_ms ? (int)(p->held[i].due_ms - now_ms) : 0;
            timeout_ms = timeout_ms < 0 || left_ms < timeout_ms ? left_ms : timeout_ms;
        }
    }
    return timeout_ms;
}

static unsigned let_go(struct cw_proxy *p, uint64_t until_ms)
{
    unsigned count = 0;
    for (size_t i = 0; i < CW_PROXY_HELD_MAX; i++) {
        struct cw_held *held = &p->held[i];
        if (held->link == 0 || held->due_ms > until_ms) {
            continue;
        }
        struct cw_wire *wire = cw_proxy_wire(p, held->link);
        if (wire != NULL) {
            (void)send_on(wire, held->from, held->bytes, held->len);
            count++;
        }
        free(held->bytes);
        *held = (struct cw_held){0};
    }
    return count;
}

unsigned cw_proxy_release(struct cw_proxy *p)
{
    unsigned count = let_go(p, UINT64_MAX);
    for (size_t i = 0; i < CW_PROXY_LINK_MAX; i++) {
        struct cw_wire *wire = &p->wires[i];
        for (unsigned side = 0; wire->id != 0 && side < 2; side++) {
            struct cw_message *m = wire->swapped[side];
            if (m != NULL) {
                (void)send_on(wire, (cw_side)side, m->bytes, m->len);
                free_message(m);
                wire->swapped[side] = NULL;
                count++;
            }
        }
    }
    return count;
}

/* Tells an end that the other one closed, once all went out. */
static void hand_on_end(struct cw_wire *wire, cw_side ended)
{
    struct cw_end *to = &wire->ends[other(ended)];
    if (wire->ends[ended].is_ended && to->out.len == 0 && !to->is_connecting && !to->is_told) {
        (void)shutdown(to->fd, SHUT_WR);
        to->is_told = true;
    }
}

static void serve_wire(struct cw_proxy *p, struct cw_wire *wire, const short revents[static 2])
{
    bool is_alive = true;
    for (unsigned side = 0; is_alive && side < 2; side++) {
        if ((revents[side] & (POLLIN | POLLHUP)) != 0 && may_read(wire, (cw_side)side)) {
            is_alive = read_some(&wire->ends[side]) && digest(p, wire, (cw_side)side);
        }
        if ((revents[side] & (POLLERR | POLLNVAL)) != 0) {
            is_alive = false;
        }
    }
    for (unsigned side = 0; is_alive && side < 2; side++) {
        struct cw_end *end = &wire->ends[side];
        if ((revents[side] & POLLOUT) != 0 || (end->out.len > 0 && !end->is_connecting)) {
            is_alive = write_some(end);
        }
    }
    if (is_alive) {
        hand_on_end(wire, CW_SIDE_DIALER);
        hand_on_end(wire, CW_SIDE_LISTENER);
        is_alive = !wire->ends[CW_SIDE_DIALER].is_told || !wire->ends[CW_SIDE_LISTENER].is_told;
    }
    if (!is_alive) {
        cw_proxy_cut(p, wire);
    }
}

void cw_proxy_serve(struct cw_proxy *p, const struct pollfd *fds, nfds_t fd_count)
{
    (void)let_go(p, cw_proxy_now_ms(p));
    nfds_t at = p->pair_count;
    for (size_t i = 0; i < CW_PROXY_LINK_MAX && at + 1 < fd_count; i++) {
        if (p->wires[i].id != 0) {
            const short revents[2] = {fds[at].revents, fds[at + 1].revents};
            at += 2;
            serve_wire(p, &p->wires[i], revents);
        }
    }
    for (unsigned i = 0; i < p->pair_count; i++) {
        if ((fds[i].revents & POLLIN) != 0) {
            accept_one(p, i);
        }
    }
}

/* --- opening ------------------------------------------------------------------------------------ */

void cw_proxy_open(struct cw_proxy *p)
{
    memset(p, 0, sizeof *p);
    p->next_link = 1;
    p->begun_ms = clock_ms();
    cw_history_open(&p->history);
}

void cw_proxy_close(struct cw_proxy *p)
{
    for (unsigned i = 0; i < p->pair_count; i++) {
        close(p->pairs[i].listener);
    }
    for (size_t i = 0; i < CW_PROXY_LINK_MAX; i++) {
        if (p->wires[i].id != 0) {
            cw_proxy_cut(p, &p->wires[i]);
        }
    }
    for (size_t i = 0; i < CW_PROXY_HELD_MAX; i++) {
        free(p->held[i].bytes);
    }
    cw_history_close(&p->history);
}

cw_status cw_proxy_pair(struct cw_proxy *p, const char *listen_text, const char *forward_text)
{
    struct cw_pair *pair = &p->pairs[p->pair_count];
    struct cw_net_address at;
    if (p->pair_count == CW_PROXY_PAIR_MAX) {
        cw_log_error("at most %u pairs", CW_PROXY_PAIR_MAX);
        return CW_E_SPACE;
    }
    if (cw_net_resolve(listen_text, &at) != CW_OK
            || cw_net_resolve(forward_text, &pair->forward) != CW_OK) {
        cw_log_error("%s, %s: not two addresses (host:port)", listen_text, forward_text);
        return CW_E_FORM;
    }
    const int fd = socket(at.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int one = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0
            || bind(fd, (const struct sockaddr *)&at.storage, at.len) != 0
            || listen(fd, SOMAXCONN) != 0
            || getsockname(fd, (struct sockaddr *)&at.storage, &at.len) != 0) {
        cw_log_error("cannot listen at %s: %s", listen_text, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return CW_E_SYSTEM;
    }
    pair->listener = fd;
    cw_net_print((const struct sockaddr *)&at.storage, pair->listen_text);
    cw_net_print((const struct sockaddr *)&pair->forward.storage, pair->forward_text);
    p->pair_count++;
    return CW_OK;
}
