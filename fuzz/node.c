/* SPDX-License-Identifier: MIT */
/*
 * node.c - a whole node between owners, other nodes and its modules, all of which may be hostile.
 *
 * What     Sockets and TLS are not linked: bytes go straight to what reads them.  Everything else
 *          is the daemon's own code, one node per input, opened and closed.
 * Input    length 1 and a script of what modules answer: result 1 (low bits; 0x80: no items but
 *          bytes), then items 1, each type 1, length 1, bytes.  Then steps: what 1, length 1, bytes.
 *            0, 1  owner A, B: a request: type 1, fields; it gets its header and tag
 *            2     somebody whom no --owner names: the same
 *            3     bytes of owner A as they are
 *            4, 5  a stranger's link 0, 1: bytes as they are, or (first byte 0) a message: type 1,
 *                  payload
 *            6     link 0 says hello and proves: deployment 1, peer 1
 *            7     the last dialed connection: 0 refused, 1 connected, 2 challenge, 3 message
 *            8     close: which 1;  9  turn the loop
            10    the last module: 0 is lost, 1 .. interrupts for that endpoint
            11    acknowledgements are due;  12  half a second passed
 * Holds    a module that is inside or that waits for an answer is not entered; at the end all is
 *          closed and no memory is left.
 * Plant    node/wire.c s/len != CW_LINK_CHALLENGE_LEN/len > CW_LINK_CHALLENGE_LEN/
 */
#include <uv.h>

#include "core/wire/node.h"
#include "fuzz/input.h"
#include "node/conn.h"
#include "node/hello.h"
#include "node/link.h"
#include "node/manage.h"
#include "node/node.h"
#include "node/relay.h"

#define LINK_KEY 0x77

static uint8_t link_key[CW_LINK_KEY_LEN];
static const char owner_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char owner_b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
static const char nobody[] = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

static uv_loop_t loop;
static struct cw_node *node;
static bool is_node_closed;
static struct fuzz_input script;

/* --- in place of posix/tls.c: nothing is encrypted ------------------------------------------------- */

struct cw_tls {
    struct fuzz_input unread;
    const char *peer;
};

static const char *next_peer;

cw_status cw_tls_begin(struct cw_tls_identity *identity, bool server, struct cw_tls **ret_tls)
{
    (void)identity;
    (void)server;
    *ret_tls = calloc(1, sizeof **ret_tls);
    if (*ret_tls == NULL) {
        abort();
    }
    (*ret_tls)->peer = next_peer;
    return CW_OK;
}

void cw_tls_free(struct cw_tls *tls)
{
    free((void *)(uintptr_t)tls->unread.next);
    free(tls);
}

cw_status cw_tls_push(struct cw_tls *tls, const uint8_t *bytes, size_t len)
{
    uint8_t *all = malloc(tls->unread.left_len + len + 1);
    if (all == NULL) {
        abort();
    }
    if (tls->unread.left_len > 0) {
        memcpy(all, tls->unread.next, tls->unread.left_len);
    }
    memcpy(all + tls->unread.left_len, bytes, len);
    free((void *)(uintptr_t)tls->unread.next);
    tls->unread = (struct fuzz_input){all, tls->unread.left_len + len};
    return CW_OK;
}

void cw_tls_pull(struct cw_tls *tls, uint8_t *ret_bytes, size_t cap, size_t *ret_len)
{
    (void)tls;
    (void)ret_bytes;
    (void)cap;
    *ret_len = 0;
}

bool cw_tls_is_ready(const struct cw_tls *tls)
{
    return tls->unread.next != NULL;
}

const char *cw_tls_peer(const struct cw_tls *tls)
{
    return tls->peer;
}

cw_status cw_tls_read(struct cw_tls *tls, uint8_t *ret_bytes, size_t cap, size_t *ret_len)
{
    size_t len = tls->unread.left_len < cap ? tls->unread.left_len : cap;
    if (len == 0) {
        return CW_AGAIN;
    }
    memcpy(ret_bytes, tls->unread.next, len);
    memmove((void *)(uintptr_t)tls->unread.next, tls->unread.next + len,
            tls->unread.left_len - len);
    tls->unread.left_len -= len;
    *ret_len = len;
    return CW_OK;
}

cw_status cw_tls_write(struct cw_tls *tls, const uint8_t *bytes, size_t len)
{
    struct cw_link_header header;
    (void)tls;
    FUZZ_HOLDS(len >= CW_LINK_HEADER_LEN && cw_link_header_decode(bytes, &header) == CW_OK);
    FUZZ_HOLDS(header.len == len - CW_LINK_HEADER_LEN && (header.type & CW_NODE_ANSWER) != 0);
    return CW_OK;
}

void cw_tls_close(struct cw_tls *tls)
{
    (void)tls;
}

/* --- in place of node/conn.c: what is written stays in memory ---------------------------------------- */

struct fake_conn {
    struct cw_conn conn; /* first */
    struct fake_conn *next;
    uv_connect_t *request;
    uv_connect_cb connected;
    struct fake_conn **slot;
    size_t said_len; /* the last bytes that were written */
    uint8_t said[CW_LINK_HEADER_LEN + CW_LINK_CHALLENGE_LEN];
};

static struct fake_conn *closed_conns;
static struct fake_conn *slots[8]; /* owners A, B, nobody; links 0, 1; the last dialed */

static struct cw_conn *make(struct cw_node *of, const struct cw_conn_kind *kind, void *owner,
        struct fake_conn **slot)
{
    struct fake_conn *made = calloc(1, sizeof *made);
    if (made == NULL) {
        abort();
    }
    made->conn.node = of;
    made->conn.kind = kind;
    made->conn.owner = owner;
    made->slot = slot;
    cw_list_init(&made->conn.place);
    cw_list_append(&of->conns, &made->conn.place);
    of->conn_count++;
    if (*slot != NULL) {
        (*slot)->slot = NULL;
    }
    *slot = made;
    return &made->conn;
}

struct cw_conn *cw_conn_accept(struct cw_node *of, uv_stream_t *listener,
        const struct cw_conn_kind *kind, void *owner, bool stranger)
{
    (void)of;
    (void)listener;
    (void)kind;
    (void)owner;
    (void)stranger;
    return NULL;
}

struct cw_conn *cw_conn_dial(struct cw_node *of, const struct cw_net_address *to,
        uv_connect_t *request, uv_connect_cb connected, const struct cw_conn_kind *kind,
        void *owner)
{
    (void)to;
    struct cw_conn *conn = make(of, kind, owner, &slots[5]);
    slots[5]->request = request;
    slots[5]->connected = connected;
    return conn;
}

void cw_conn_known(struct cw_conn *conn)
{
    conn->is_stranger = false;
}

void cw_conn_read(struct cw_conn *conn, bool on)
{
    conn->is_reading = on;
}

uint8_t *cw_conn_room(struct cw_conn *conn, size_t len)
{
    if (conn->is_closing) {
        return NULL;
    }
    if (conn->out_len + len > conn->out_cap) {
        conn->out_cap = conn->out_len + len;
        conn->out = realloc(conn->out, conn->out_cap);
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

void cw_conn_flush(struct cw_conn *conn)
{
    struct fake_conn *fake = (struct fake_conn *)conn;
    if (conn->is_closing || conn->out_len == 0) {
        return;
    }
    size_t cap = sizeof fake->said;
    fake->said_len = conn->out_len < cap ? conn->out_len : cap;
    memcpy(fake->said, conn->out + conn->out_len - fake->said_len, fake->said_len);
    conn->out_len = 0;
}

size_t cw_conn_backlog(const struct cw_conn *conn)
{
    return conn->is_closing ? 0 : conn->out_len;
}

void cw_conn_close(struct cw_conn *conn)
{
    struct fake_conn *fake = (struct fake_conn *)conn;
    if (conn->is_closing) {
        return;
    }
    conn->is_closing = true;
    if (fake->slot != NULL) {
        *fake->slot = NULL;
    }
    fake->next = closed_conns;
    closed_conns = fake;
    conn->kind->ended(conn);
}

/* What libuv does between two turns of the loop. */
static void bury(void)
{
    while (closed_conns != NULL) {
        struct fake_conn *fake = closed_conns;
        closed_conns = fake->next;
        if (fake->connected != NULL) {
            fake->connected(fake->request, UV_ECANCELED);
        }
        cw_list_remove(&fake->conn.place);
        fake->conn.node->conn_count--;
        free(fake->conn.out);
        free(fake);
    }
}

/* No name is looked up. */
int uv_getaddrinfo(uv_loop_t *of, uv_getaddrinfo_t *request, uv_getaddrinfo_cb done,
        const char *host, const char *service, const struct addrinfo *hints)
{
    (void)of;
    (void)request;
    (void)done;
    (void)host;
    (void)service;
    (void)hints;
    return UV_ENOSYS;
}

/* --- modules that answer what the script says --------------------------------------------------------- */

struct cw_platform {
    struct cw_node_setup setup;
};

struct cw_node_module {
    uv_timer_t later;
    cw_node_loaded_fn loaded;
    cw_node_called_fn called;
    cw_node_called_many_fn called_many;
    cw_node_done_fn unloaded;
    void *ctx;
    void *unload_ctx;
    const struct cw_node_setup *setup;
    cw_result result;
    bool is_pending;
    size_t items_len;
    uint8_t items[2048];
};

static struct cw_node_module *newest;

static void answer_now(uv_timer_t *timer)
{
    struct cw_node_module *m = timer->data;
    if (m->loaded != NULL) {
        cw_node_loaded_fn loaded = m->loaded;
        m->loaded = NULL;
        loaded(m->ctx, CW_OK, m, NULL);
    } else if (m->called != NULL) {
        cw_node_called_fn called = m->called;
        m->called = NULL;
        called(m->ctx, CW_OK, m->result, m->items, m->items_len);
    } else if (m->called_many != NULL) {
        cw_node_called_many_fn many = m->called_many;
        m->called_many = NULL;
        many(m->ctx, CW_OK, 0, m->result, m->items, m->items_len);
    }
}

static void say(struct cw_node_module *m)
{
    uint8_t result = fuzz_u8(&script);
    struct cw_writer w = cw_writer_over(m->items, sizeof m->items);
    if ((result & 0x80) != 0) {
        size_t len = fuzz_u8(&script);
        fuzz_bytes(&script, m->items, len);
        w.used_len = len;
    } else {
        for (uint8_t count = fuzz_u8(&script) % 5; count > 0; count--) {
            uint8_t type = fuzz_u8(&script);
            uint8_t bytes[256];
            size_t len = fuzz_u8(&script);
            fuzz_bytes(&script, bytes, len);
            cw_writer_u32(&w, (uint32_t)len);
            cw_writer_u8(&w, CW_VERSION);
            cw_writer_u8(&w, type);
            cw_writer_u16(&w, 0);
            cw_writer_bytes(&w, bytes, len);
        }
    }
    m->items_len = w.used_len;
    m->result = (cw_result)(result % 4);
    m->is_pending = m->result == CW_RESULT_PENDING;
}

static void called(struct cw_node_module *m, cw_entry entry, const uint8_t *in, size_t len)
{
    volatile uint8_t sum = 0;
    FUZZ_HOLDS(m->called == NULL && m->called_many == NULL && m->loaded == NULL);
    FUZZ_HOLDS(!m->is_pending || entry == CW_ENTRY_RESPONSE || entry == CW_ENTRY_CANCEL);
    for (size_t i = 0; i < len; i++) {
        sum = (uint8_t)(sum + in[i]);
    }
    say(m);
    (void)uv_timer_start(&m->later, answer_now, 0, 0);
}

static cw_status fake_open(const struct cw_node_setup *setup, struct cw_platform **ret_platform,
        char *ret_why, size_t why_cap)
{
    static struct cw_platform platform;
    (void)ret_why;
    (void)why_cap;
    platform.setup = *setup;
    *ret_platform = &platform;
    return CW_OK;
}

static void fake_load(struct cw_platform *p, const char *name, const uint8_t *image, size_t len,
        cw_node_loaded_fn done, void *ctx)
{
    struct cw_node_module *m = calloc(1, sizeof *m);
    (void)name;
    (void)image;
    (void)len;
    if (m == NULL) {
        abort();
    }
    m->setup = &p->setup;
    newest = m;
    m->loaded = done;
    m->ctx = ctx;
    m->later.data = m;
    (void)uv_timer_init(p->setup.loop, &m->later);
    (void)uv_timer_start(&m->later, answer_now, 0, 0);
}

static void fake_call(struct cw_platform *p, struct cw_node_module *m, cw_entry entry,
        const uint8_t *in, size_t len, cw_node_called_fn done, void *ctx)
{
    (void)p;
    called(m, entry, in, len);
    m->called = done;
    m->ctx = ctx;
}

static void fake_call_many(struct cw_platform *p, struct cw_node_module *m, cw_entry entry,
        const uint8_t *in, size_t len, cw_node_called_many_fn done, void *ctx)
{
    struct cw_reader r = cw_reader_over(in, len);
    (void)p;
    while (r.left_len > 0) {
        uint32_t one_len = cw_reader_u32(&r);
        FUZZ_HOLDS(r.status == CW_OK && one_len <= r.left_len);
        r.next += one_len;
        r.left_len -= one_len;
    }
    called(m, entry, in, len);
    m->called_many = done;
    m->ctx = ctx;
}

static void unloaded(uv_handle_t *handle)
{
    struct cw_node_module *m = handle->data;
    if (m->called_many != NULL) {
        m->called_many(m->ctx, CW_E_ABSENT, 0, CW_RESULT_REFUSED, NULL, 0);
    }
    if (m->called != NULL) {
        m->called(m->ctx, CW_E_ABSENT, CW_RESULT_REFUSED, NULL, 0);
    }
    m->unloaded(m->unload_ctx);
    free(m);
}

static void fake_unload(struct cw_platform *p, struct cw_node_module *m, cw_node_done_fn done,
        void *ctx)
{
    (void)p;
    newest = newest == m ? NULL : newest;
    m->unloaded = done;
    m->unload_ctx = ctx;
    uv_close((uv_handle_t *)&m->later, unloaded);
}

static void fake_describe(struct cw_platform *p, char *ret_json, size_t cap)
{
    (void)p;
    snprintf(ret_json, cap, "{}");
}

static void fake_close(struct cw_platform *p, cw_node_done_fn done, void *ctx)
{
    (void)p;
    done(ctx);
}

static const struct cw_node_backend backend = {
        .name = "fuzz",
        .protection = "none",
        .open = fake_open,
        .load = fake_load,
        .call = fake_call,
        .call_many = fake_call_many,
        .unload = fake_unload,
        .describe = fake_describe,
        .close = fake_close,
};

/* --- steps ------------------------------------------------------------------------------------------ */

static void turn(int times)
{
    while (times > 0) {
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        bury();
        times--;
    }
}

static void ended(struct cw_conn *conn)
{
    (void)conn;
}

static const struct cw_conn_kind fresh = {.ended = ended};

static struct cw_conn *party(unsigned which)
{
    static const char *const peers[] = {owner_a, owner_b, nobody};
    if (slots[which] == NULL) {
        struct cw_conn *conn = make(node, &fresh, NULL, &slots[which]);
        if (which < 3) {
            next_peer = peers[which];
            cw_manage_begin(conn);
        } else {
            cw_link_greet(conn);
        }
    }
    return &slots[which]->conn;
}

/* Bytes in memory of their exact length. */
static void receive(struct cw_conn *conn, const uint8_t *bytes, size_t len)
{
    if (len == 0 || conn->is_closing) {
        return;
    }
    uint8_t *copy = malloc(len);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, bytes, len);
    conn->kind->received(conn, copy, len);
    free(copy);
}

static void message(struct cw_conn *conn, uint8_t type, const uint8_t *head, size_t head_len,
        const uint8_t *bytes, size_t len)
{
    uint8_t whole[CW_LINK_HEADER_LEN + 64 + 256];
    struct cw_writer w = cw_writer_over(whole, sizeof whole);
    cw_writer_u32(&w, (uint32_t)(head_len + len));
    cw_writer_u8(&w, CW_VERSION);
    cw_writer_u8(&w, type);
    cw_writer_u16(&w, 0);
    cw_writer_bytes(&w, head, head_len);
    cw_writer_bytes(&w, bytes, len);
    receive(conn, whole, w.used_len);
}

/* The last message that the node wrote there, if it has that type and length. */
static const uint8_t *heard(const struct fake_conn *fake, uint8_t type, size_t len)
{
    size_t whole = CW_LINK_HEADER_LEN + len;
    return fake != NULL && fake->said_len >= whole && fake->said[fake->said_len - whole + 5] == type
            ? fake->said + fake->said_len - len
            : NULL;
}

static void prove(uint8_t deployment, uint8_t peer)
{
    struct cw_conn *conn = party(3);
    struct cw_hello hello = {.peer = peer};
    uint8_t bytes[CW_LINK_HELLO_LEN];
    memset(hello.deployment, deployment, sizeof hello.deployment);
    cw_hello_encode(&hello, bytes);
    message(conn, CW_LINK_HELLO, bytes, sizeof bytes, NULL, 0);
    const uint8_t *challenge = heard(slots[3], CW_LINK_CHALLENGE, CW_LINK_CHALLENGE_LEN);
    if (challenge != NULL) {
        memcpy(hello.nonce_b, challenge, sizeof hello.nonce_b);
        FUZZ_HOLDS(cw_hello_proof(&hello, link_key, false, bytes) == CW_OK);
        message(conn, CW_LINK_PROOF, bytes, sizeof bytes, NULL, 0);
    }
}

static void dialed(struct fuzz_input *in)
{
    struct fake_conn *fake = slots[5];
    uint8_t what = fuzz_u8(in) % 4;
    if (fake == NULL) {
        return;
    }
    if (what < 2 && fake->connected != NULL) {
        uv_connect_cb connected = fake->connected;
        fake->connected = NULL;
        connected(fake->request, what == 0 ? UV_ECONNREFUSED : 0);
    } else if (what == 2) {
        struct cw_hello hello = {0};
        uint8_t bytes[CW_LINK_CHALLENGE_LEN] = {1, 2, 3};
        const uint8_t *said = heard(fake, CW_LINK_HELLO, CW_LINK_HELLO_LEN);
        if (said != NULL && cw_hello_decode(said, CW_LINK_HELLO_LEN, &hello) == CW_OK) {
            memcpy(hello.nonce_b, bytes, sizeof hello.nonce_b);
            FUZZ_HOLDS(cw_hello_proof(&hello, link_key, true, bytes + CW_LINK_NONCE_LEN) == CW_OK);
            message(&fake->conn, CW_LINK_CHALLENGE, bytes, sizeof bytes, NULL, 0);
        }
    } else if (what == 3 && fake->connected == NULL) {
        message(&fake->conn, fuzz_u8(in), NULL, 0, in->next, in->left_len);
    }
}

static void device(uint8_t what)
{
    if (newest == NULL || newest->loaded != NULL) {
        return;
    }
    if (what == 0) {
        newest->setup->lost(newest->setup->ctx, newest, "it was told to");
    } else {
        newest->setup->interrupt(newest->setup->ctx, newest, what);
    }
}

static void step(uint8_t what, struct fuzz_input *in)
{
    static const uint8_t tag[4] = {1};
    uint8_t type;
    switch (what % 13) {
    case 0:
    case 1:
    case 2:
        type = fuzz_u8(in);
        message(party(what % 13), type, tag, sizeof tag, in->next, in->left_len);
        break;
    case 3: receive(party(0), in->next, in->left_len); break;
    case 4:
    case 5:
        if (fuzz_u8(in) != 0) {
            receive(party(what % 13 - 1u), in->next, in->left_len);
        } else {
            type = fuzz_u8(in);
            message(party(what % 13 - 1u), type, NULL, 0, in->next, in->left_len);
        }
        break;
    case 6:
        type = fuzz_u8(in);
        prove(type, fuzz_u8(in));
        break;
    case 7: dialed(in); break;
    case 8:
        type = fuzz_u8(in) % 6;
        if (slots[type] != NULL) {
            cw_conn_close(&slots[type]->conn);
        }
        break;
    case 9: turn(4); break;
    case 10: device(fuzz_u8(in)); break;
    case 11: cw_relay_ack_due(node); break;
    case 12: cw_relay_tick(node); break;
    }
}

static void closed(void *ctx)
{
    (void)ctx;
    is_node_closed = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    struct cw_node_config config;
    struct fuzz_input in = {input, input_len};
    size_t script_len = fuzz_u8(&in);
    script = in;
    script.left_len = script_len < in.left_len ? script_len : in.left_len;
    in.next += script.left_len;
    in.left_len -= script.left_len;
    memset(link_key, LINK_KEY, sizeof link_key);
    cw_config_defaults(&config);
    config.name = "fuzz";
    config.backend = &backend;
    config.state_dir = "/nonexistent";
    config.owners[0] = owner_a;
    config.owners[1] = owner_b;
    config.owner_count = 2;
    is_node_closed = false;
    FUZZ_HOLDS(uv_loop_init(&loop) == 0);
    FUZZ_HOLDS(cw_node_open(&loop, &config, NULL, &node) == CW_OK);
    for (int i = 0; i < 40 && in.left_len > 0; i++) {
        uint8_t what = fuzz_u8(&in);
        size_t len;
        uint8_t *bytes = fuzz_own(&in, fuzz_u8(&in), &len);
        struct fuzz_input own = {bytes, len};
        step(what, &own);
        free(bytes);
        turn(1);
    }
    cw_node_close(node, closed, NULL);
    for (int i = 0; i < 1000 && !is_node_closed; i++) {
        turn(1);
    }
    FUZZ_HOLDS(is_node_closed);
    for (int i = 0; i < 100 && uv_loop_alive(&loop); i++) {
        turn(1);
    }
    FUZZ_HOLDS(uv_loop_close(&loop) == 0);
    return 0;
}
