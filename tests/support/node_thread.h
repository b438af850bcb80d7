/* SPDX-License-Identifier: MIT */
/*
 * node_thread.h - a node in a thread, and an owner who talks to it from the test's thread.
 *
 * Every function ends the test when what it does fails, unless it returns a status.
 */
#ifndef CW_TESTS_SUPPORT_NODE_THREAD_H
#define CW_TESTS_SUPPORT_NODE_THREAD_H

#include "core/wire/frame.h"
#include "core/wire/node.h"
#include "node/node.h"
#include "posix/tls.h"

struct cw_node_thread {
    uv_thread_t thread;
    uv_loop_t loop;
    uv_async_t stop;
    uv_sem_t ready;
    struct cw_node_config config;
    struct cw_tls_identity *identity;
    struct cw_node *node;
    cw_status status;
    char address[CW_NET_TEXT_CAP];
};

struct cw_test_owner {
    struct cw_tls_identity *identity;
    struct cw_tls_client *client;
    uint32_t tag;
    uint8_t deployment[CW_DEPLOYMENT_LEN];
    uint8_t *answer; /* fields of the last one, and a 0 */
    size_t answer_len;
};

struct cw_tls_identity *cw_test_identity(const char *name);

/* Configure (config.listen, owners ...) after prepare, before start. */
void cw_node_thread_prepare(struct cw_node_thread *t, const char *name);
void cw_node_thread_allow(struct cw_node_thread *t, struct cw_tls_identity *owner);
void cw_node_thread_start(struct cw_node_thread *t);
void cw_node_thread_stop(struct cw_node_thread *t);

void cw_test_owner_open(struct cw_test_owner *o, struct cw_tls_identity *identity,
        const struct cw_node_thread *t, uint8_t deployment);
void cw_test_owner_close(struct cw_test_owner *o);

/* One request; the status that the node answered. */
cw_status cw_test_ask(struct cw_test_owner *o, cw_node_request type, const uint8_t *fields,
        size_t len);

cw_status cw_test_load(struct cw_test_owner *o, uint32_t number, const char *name,
        const char *image);
cw_status cw_test_unload(struct cw_test_owner *o, uint32_t number);

/* Result of an entry; ret_reply gets the REPLY, RESPONSE or ACK item that came, up to cap bytes. */
cw_status cw_test_enter(struct cw_test_owner *o, uint32_t number, uint8_t entry,
        const uint8_t *bytes, size_t len, cw_result *ret_result, uint8_t *ret_reply, size_t cap,
        size_t *ret_len);

cw_status cw_test_route(struct cw_test_owner *o, uint32_t number, uint32_t channel, uint32_t peer,
        uint16_t flags, uint16_t window);
cw_status cw_test_peer(struct cw_test_owner *o, uint32_t peer, bool dial, uint8_t key,
        const char *address);

/* STATUS: the number behind "key": in the first object that contains part; -1: none. */
long long cw_test_status(struct cw_test_owner *o, const char *part, const char *key);

/* Commands of the fake backend. */
uint32_t cw_test_emit(struct cw_test_owner *o, uint32_t number, uint32_t channel, uint32_t count,
        uint32_t window);

struct cw_test_sink {
    uint64_t accepted, next;
    uint32_t refused, wrong_order;
};
struct cw_test_sink cw_test_sink(struct cw_test_owner *o, uint32_t number, uint32_t channel);
void cw_test_command(struct cw_test_owner *o, uint32_t number, char command, uint32_t value);

/* Wait until the sink accepted so many, at most some seconds. */
void cw_test_await(struct cw_test_owner *o, uint32_t number, uint32_t channel, uint64_t accepted);

/* A connected socket to a node's port. */
int cw_test_connect(const char *address);

#endif
