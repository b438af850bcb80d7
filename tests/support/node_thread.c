/* SPDX-License-Identifier: MIT */
#include "tests/support/node_thread.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "posix/net.h"
#include "tests/support/fake_backend.h"

#define TIMEOUT_MS 15000u

static void fail(const char *what)
{
    fprintf(stderr, "test support: %s\n", what);
    abort();
}

struct cw_tls_identity *cw_test_identity(const char *name)
{
    char *key = NULL;
    char *certificate = NULL;
    struct cw_tls_identity *identity = NULL;
    if (cw_tls_identity_generate(name, &key, &certificate) != CW_OK ||
            cw_tls_identity_from_pem(key, certificate, &identity) != CW_OK) {
        fail("no identity");
    }
    free(key);
    free(certificate);
    return identity;
}

/* --- the node ------------------------------------------------------------------------------------ */

void cw_node_thread_prepare(struct cw_node_thread *t, const char *name)
{
    memset(t, 0, sizeof *t);
    cw_config_defaults(&t->config);
    t->config.name = name;
    t->config.backend = &cw_node_fake;
    t->config.state_dir = "/nonexistent";
    t->config.listen[0] = "127.0.0.1:0";
    t->config.listen_count = 1;
    t->identity = cw_test_identity(name);
}

void cw_node_thread_allow(struct cw_node_thread *t, struct cw_tls_identity *owner)
{
    t->config.owners[t->config.owner_count++] = cw_tls_identity_fingerprint(owner);
}

static void closed(void *ctx)
{
    struct cw_node_thread *t = ctx;
    t->node = NULL;
}

static void stop(uv_async_t *async)
{
    struct cw_node_thread *t = async->data;
    uv_close((uv_handle_t *)async, NULL);
    cw_node_close(t->node, closed, t);
}

static void run(void *arg)
{
    struct cw_node_thread *t = arg;
    if (uv_loop_init(&t->loop) != 0) {
        fail("no loop");
    }
    t->status = cw_node_open(&t->loop, &t->config, t->identity, &t->node);
    if (t->status == CW_OK) {
        (void)uv_async_init(&t->loop, &t->stop, stop);
        t->stop.data = t;
        cw_node_address(t->node, t->address);
    }
    uv_sem_post(&t->ready);
    (void)uv_run(&t->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&t->loop) != 0) {
        fail("the node left handles behind");
    }
}

void cw_node_thread_start(struct cw_node_thread *t)
{
    if (uv_sem_init(&t->ready, 0) != 0 || uv_thread_create(&t->thread, run, t) != 0) {
        fail("no thread");
    }
    uv_sem_wait(&t->ready);
    if (t->status != CW_OK) {
        fail("the node did not start");
    }
}

void cw_node_thread_stop(struct cw_node_thread *t)
{
    (void)uv_async_send(&t->stop);
    (void)uv_thread_join(&t->thread);
    uv_sem_destroy(&t->ready);
    cw_tls_identity_free(t->identity);
}

/* --- the owner ----------------------------------------------------------------------------------- */

void cw_test_owner_open(struct cw_test_owner *o, struct cw_tls_identity *identity,
        const struct cw_node_thread *t, uint8_t deployment)
{
    char why[CW_TLS_WHY_CAP];
    memset(o, 0, sizeof *o);
    o->identity = identity;
    memset(o->deployment, deployment, sizeof o->deployment);
    if (cw_tls_client_connect(identity, t->address, cw_tls_identity_fingerprint(t->identity),
                TIMEOUT_MS, &o->client, why) != CW_OK) {
        fail(why);
    }
}

void cw_test_owner_close(struct cw_test_owner *o)
{
    cw_tls_client_close(o->client);
    free(o->answer);
}

cw_status cw_test_ask(struct cw_test_owner *o, cw_node_request type, const uint8_t *fields,
        size_t len)
{
    uint8_t head[CW_LINK_HEADER_LEN + 4];
    cw_link_header_encode(&(struct cw_link_header){(uint32_t)(4 + len), (uint8_t)type}, head);
    o->tag++;
    memcpy(head + CW_LINK_HEADER_LEN, &o->tag, 4);
    if (cw_tls_client_send(o->client, head, sizeof head) != CW_OK ||
            (len > 0 && cw_tls_client_send(o->client, fields, len) != CW_OK)) {
        fail("the node does not take a request");
    }
    struct cw_link_header header;
    uint8_t answer_head[8];
    if (cw_tls_client_receive(o->client, head, CW_LINK_HEADER_LEN) != CW_OK ||
            cw_link_header_decode(head, &header) != CW_OK || header.len < sizeof answer_head ||
            cw_tls_client_receive(o->client, answer_head, sizeof answer_head) != CW_OK) {
        fail("the node does not answer");
    }
    struct cw_reader r = cw_reader_over(answer_head, sizeof answer_head);
    if (header.type != (type | CW_NODE_ANSWER) || cw_reader_u32(&r) != o->tag) {
        fail("an answer to another request");
    }
    const uint16_t status = cw_reader_u16(&r);
    free(o->answer);
    o->answer_len = header.len - sizeof answer_head;
    o->answer = calloc(1, o->answer_len + 1);
    if (o->answer == NULL ||
            (o->answer_len > 0 &&
                    cw_tls_client_receive(o->client, o->answer, o->answer_len) != CW_OK)) {
        fail("the answer ends early");
    }
    return (cw_status)status;
}

static struct cw_writer begin(struct cw_test_owner *o, uint8_t *bytes, size_t cap, uint32_t number)
{
    struct cw_writer w = cw_writer_over(bytes, cap);
    cw_writer_bytes(&w, o->deployment, sizeof o->deployment);
    cw_writer_u32(&w, number);
    return w;
}

cw_status cw_test_load(struct cw_test_owner *o, uint32_t number, const char *name,
        const char *image)
{
    uint8_t bytes[256];
    struct cw_writer w = begin(o, bytes, sizeof bytes, number);
    cw_node_put_string(&w, name);
    cw_writer_bytes(&w, image, strlen(image));
    return cw_test_ask(o, CW_NODE_LOAD, bytes, w.used_len);
}

cw_status cw_test_unload(struct cw_test_owner *o, uint32_t number)
{
    uint8_t bytes[32];
    struct cw_writer w = begin(o, bytes, sizeof bytes, number);
    return cw_test_ask(o, CW_NODE_UNLOAD, bytes, w.used_len);
}

cw_status cw_test_enter(struct cw_test_owner *o, uint32_t number, uint8_t entry,
        const uint8_t *in, size_t len, cw_result *ret_result, uint8_t *ret_reply, size_t cap,
        size_t *ret_len)
{
    uint8_t bytes[4096];
    struct cw_writer w = begin(o, bytes, sizeof bytes, number);
    cw_writer_u8(&w, entry);
    cw_writer_u8(&w, 0);
    cw_writer_u16(&w, 0);
    cw_writer_bytes(&w, in, len);
    const cw_status status = cw_test_ask(o, CW_NODE_ENTER, bytes, w.used_len);
    if (status != CW_OK) {
        return status;
    }
    struct cw_reader r = cw_reader_over(o->answer, o->answer_len);
    *ret_result = (cw_result)cw_reader_u8(&r);
    cw_reader_zero(&r, 3);
    size_t items_len;
    const uint8_t *items = cw_reader_rest(&r, &items_len);
    *ret_len = 0;
    struct cw_link_header header;
    if (items_len >= CW_LINK_HEADER_LEN && cw_link_header_decode(items, &header) == CW_OK &&
            header.len <= items_len - CW_LINK_HEADER_LEN && header.len <= cap) {
        memcpy(ret_reply, items + CW_LINK_HEADER_LEN, header.len);
        *ret_len = header.len;
    }
    return CW_OK;
}

cw_status cw_test_route(struct cw_test_owner *o, uint32_t number, uint32_t channel, uint32_t peer,
        uint16_t flags, uint16_t window)
{
    struct cw_route route = {.channel = channel, .peer = peer, .flags = flags, .window = window,
            .event_max = 64};
    memcpy(route.module.deployment, o->deployment, sizeof o->deployment);
    route.module.number = number;
    uint8_t bytes[CW_ROUTE_LEN];
    struct cw_writer w = cw_writer_over(bytes, sizeof bytes);
    cw_route_put(&w, &route);
    return cw_test_ask(o, CW_NODE_ROUTE, bytes, w.used_len);
}

cw_status cw_test_peer(struct cw_test_owner *o, uint32_t number, bool dial, uint8_t key,
        const char *address)
{
    struct cw_peer peer = {.peer = number, .dial = dial};
    memcpy(peer.deployment, o->deployment, sizeof o->deployment);
    memset(peer.key, key, sizeof peer.key);
    snprintf(peer.address, sizeof peer.address, "%s", address);
    uint8_t bytes[512];
    struct cw_writer w = cw_writer_over(bytes, sizeof bytes);
    cw_peer_put(&w, &peer);
    return cw_test_ask(o, CW_NODE_PEER, bytes, w.used_len);
}

/* The first object anywhere below that has key, within one whose text contains part. */
static long long look_for(const json_t *value, const char *part, const char *key, bool inside)
{
    long long found = -1;
    if (json_is_array(value)) {
        for (size_t i = 0; found < 0 && i < json_array_size(value); i++) {
            found = look_for(json_array_get(value, i), part, key, inside);
        }
        return found;
    }
    if (!json_is_object(value)) {
        return -1;
    }
    const char *name;
    json_t *member;
    json_t *object = (json_t *)(uintptr_t)value;
    bool here = inside;
    json_object_foreach (object, name, member) {
        here = here || (json_is_string(member) && strcmp(json_string_value(member), part) == 0);
    }
    const json_t *wanted = json_object_get(value, key);
    if (here && (json_is_integer(wanted) || json_is_boolean(wanted))) {
        return json_is_integer(wanted) ? (long long)json_integer_value(wanted)
                                       : (long long)json_is_true(wanted);
    }
    json_object_foreach (object, name, member) {
        if (found < 0) {
            found = look_for(member, part, key, here);
        }
    }
    return found;
}

long long cw_test_status(struct cw_test_owner *o, const char *part, const char *key)
{
    uint8_t all[CW_DEPLOYMENT_LEN] = {0};
    if (cw_test_ask(o, CW_NODE_STATUS, all, sizeof all) != CW_OK) {
        fail("no status");
    }
    json_t *status = json_loads((const char *)o->answer, 0, NULL);
    if (status == NULL) {
        fail("status is no JSON");
    }
    const long long found = look_for(status, part, key, false);
    json_decref(status);
    return found;
}

/* --- the fake backend's commands ----------------------------------------------------------------- */

static struct cw_writer begin_call(uint8_t *bytes, size_t cap, char command)
{
    struct cw_writer w = cw_writer_over(bytes, cap);
    cw_writer_u32(&w, 0);
    cw_writer_u8(&w, (uint8_t)command);
    return w;
}

static void enter_call(struct cw_test_owner *o, uint32_t number, const struct cw_writer *w,
        const uint8_t *bytes, uint8_t *ret_reply, size_t cap, size_t *ret_len)
{
    cw_result result;
    if (cw_test_enter(o, number, CW_ENTRY_CALL, bytes, w->used_len, &result, ret_reply, cap,
                ret_len) != CW_OK ||
            result != CW_RESULT_DONE) {
        fail((const char *)o->answer);
    }
}

uint32_t cw_test_emit(struct cw_test_owner *o, uint32_t number, uint32_t channel, uint32_t count,
        uint32_t window)
{
    uint8_t bytes[32];
    uint8_t reply[32];
    size_t len;
    struct cw_writer w = begin_call(bytes, sizeof bytes, 'e');
    cw_writer_u32(&w, channel);
    cw_writer_u32(&w, count);
    cw_writer_u32(&w, window);
    enter_call(o, number, &w, bytes, reply, sizeof reply, &len);
    struct cw_reader r = cw_reader_over(reply, len);
    return cw_reader_u32(&r);
}

struct cw_test_sink cw_test_sink(struct cw_test_owner *o, uint32_t number, uint32_t channel)
{
    uint8_t bytes[32];
    uint8_t reply[32];
    size_t len;
    struct cw_writer w = begin_call(bytes, sizeof bytes, 's');
    cw_writer_u32(&w, channel);
    enter_call(o, number, &w, bytes, reply, sizeof reply, &len);
    struct cw_reader r = cw_reader_over(reply, len);
    struct cw_test_sink sink = {.accepted = cw_reader_u64(&r)};
    sink.next = cw_reader_u64(&r);
    sink.refused = cw_reader_u32(&r);
    sink.wrong_order = cw_reader_u32(&r);
    return sink;
}

void cw_test_command(struct cw_test_owner *o, uint32_t number, char command, uint32_t value)
{
    uint8_t bytes[32];
    uint8_t reply[32];
    size_t len;
    struct cw_writer w = begin_call(bytes, sizeof bytes, command);
    cw_writer_u32(&w, value);
    enter_call(o, number, &w, bytes, reply, sizeof reply, &len);
}

void cw_test_await(struct cw_test_owner *o, uint32_t number, uint32_t channel, uint64_t accepted)
{
    struct cw_test_sink sink = {0};
    for (int i = 0; i < 6000; i++) {
        sink = cw_test_sink(o, number, channel);
        if (sink.accepted >= accepted) {
            return;
        }
        usleep(10000);
    }
    fprintf(stderr, "%llu of %llu events came (%u refused)\n", (unsigned long long)sink.accepted,
            (unsigned long long)accepted, sink.refused);
    fail("events did not come");
}

int cw_test_connect(const char *address)
{
    int fd = -1;
    if (cw_net_connect(address, TIMEOUT_MS, &fd) != CW_OK) {
        fail("no connection");
    }
    return fd;
}
