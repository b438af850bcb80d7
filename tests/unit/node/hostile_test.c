/* SPDX-License-Identifier: MIT */
/* Peers and strangers who mean harm: whatever they send, the node serves the others. */
#include "node/hello.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/store.h"
#include "tests/support/fake_backend.h"
#include "tests/support/node_thread.h"

#define KEY 0x77

struct world {
    struct cw_tls_identity *identity;
    struct cw_node_thread node;
    struct cw_test_owner owner;
};

/* Module 2 is the sink of channel 5, from peer 1. */
static void open_world(struct world *w)
{
    w->identity = cw_test_identity("owner");
    cw_node_thread_prepare(&w->node, "node_1");
    cw_node_thread_allow(&w->node, w->identity);
    cw_node_thread_start(&w->node);
    cw_test_owner_open(&w->owner, w->identity, &w->node, 0xd1);
    assert_int_equal(cw_test_load(&w->owner, 2, "module", "fake"), CW_OK);
    assert_int_equal(cw_test_peer(&w->owner, 1, false, KEY, ""), CW_OK);
    assert_int_equal(cw_test_peer(&w->owner, 2, false, KEY + 1, ""), CW_OK);
    assert_int_equal(cw_test_route(&w->owner, 2, 5, 1, 0, 8), CW_OK);
}

static void close_world(struct world *w)
{
    cw_test_owner_close(&w->owner);
    cw_node_thread_stop(&w->node);
    cw_tls_identity_free(w->identity);
}

static void send_message(int fd, uint8_t type, const void *bytes, size_t len)
{
    uint8_t message[4096];
    cw_link_header_encode(&(struct cw_link_header){(uint32_t)len, type}, message);
    if (len > 0) {
        memcpy(message + CW_LINK_HEADER_LEN, bytes, len);
    }
    (void)send(fd, message, CW_LINK_HEADER_LEN + len, MSG_NOSIGNAL);
}

/* So many bytes, or false: the node hung up. */
static bool receive(int fd, uint8_t *bytes, size_t len)
{
    size_t have = 0;
    while (have < len) {
        const ssize_t count = read(fd, bytes + have, len - have);
        if (count <= 0) {
            return false;
        }
        have += (size_t)count;
    }
    return true;
}

static bool is_hung_up(int fd)
{
    uint8_t byte;
    return !receive(fd, &byte, 1);
}

/* The dialing end of a link, as far as the node lets it come. */
static bool shake_hands(int fd, uint32_t peer, uint8_t key_byte)
{
    struct cw_hello hello = {.peer = peer};
    uint8_t key[CW_LINK_KEY_LEN];
    uint8_t bytes[CW_LINK_HEADER_LEN + CW_LINK_CHALLENGE_LEN];
    memset(hello.deployment, 0xd1, sizeof hello.deployment);
    memset(key, key_byte, sizeof key);
    cw_hello_encode(&hello, bytes);
    send_message(fd, CW_LINK_HELLO, bytes, CW_LINK_HELLO_LEN);
    if (!receive(fd, bytes, sizeof bytes)) {
        return false;
    }
    memcpy(hello.nonce_b, bytes + CW_LINK_HEADER_LEN, CW_LINK_NONCE_LEN);
    uint8_t proof[CW_LINK_PROOF_LEN];
    assert_int_equal(cw_hello_proof(&hello, key, false, proof), CW_OK);
    send_message(fd, CW_LINK_PROOF, proof, sizeof proof);
    return true;
}

static void send_event(int fd, uint32_t channel, uint64_t counter)
{
    uint8_t frame[64];
    send_message(fd, CW_FRAME_EVENT, frame, cw_fake_frame(channel, counter, "x", 1, frame));
}

static void garbage_and_half_messages_harm_nobody(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    uint32_t random = 12345;
    for (int round = 0; round < 400; round++) {
        const int fd = cw_test_connect(w.node.address);
        uint8_t bytes[512];
        for (size_t i = 0; i < sizeof bytes; i++) {
            random = random * 1664525u + 1013904223u;
            bytes[i] = (uint8_t)(random >> 24);
        }
        switch (round % 6) {
        case 0: /* begins like TLS */
            memcpy(bytes, (const uint8_t[]){0x16, 3, 1, 2, 0, 1}, 6);
            break;
        case 1: /* a hello of random fields */
            memcpy(bytes, (const uint8_t[]){32, 0, 0, 0, 1, CW_LINK_HELLO, 0, 0}, 8);
            break;
        case 2: /* a message of 4 GiB */
            memcpy(bytes, (const uint8_t[]){255, 255, 255, 255, 1, CW_FRAME_EVENT, 0, 0}, 8);
            break;
        case 3: /* of another version */
            memcpy(bytes, (const uint8_t[]){32, 0, 0, 0, 2, CW_LINK_HELLO, 0, 0}, 8);
            break;
        default:
            break;
        }
        (void)send(fd, bytes, 1 + random % sizeof bytes, MSG_NOSIGNAL);
        close(fd);
    }
    const int fd = cw_test_connect(w.node.address);
    assert_true(shake_hands(fd, 1, KEY));
    send_event(fd, 5, 0);
    cw_test_await(&w.owner, 2, 5, 1);
    close(fd);
    close_world(&w);
}

static void wrong_key_or_unknown_peer_gets_no_link(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    int fd = cw_test_connect(w.node.address);
    assert_true(shake_hands(fd, 1, KEY + 9));
    send_event(fd, 5, 0);
    assert_true(is_hung_up(fd));
    close(fd);
    fd = cw_test_connect(w.node.address);
    assert_false(shake_hands(fd, 44, KEY));
    close(fd);
    fd = cw_test_connect(w.node.address);
    send_event(fd, 5, 0); /* without a hello */
    assert_true(is_hung_up(fd));
    close(fd);
    assert_int_equal(cw_test_sink(&w.owner, 2, 5).accepted, 0);
    assert_int_equal(cw_test_sink(&w.owner, 2, 5).refused, 0);
    close_world(&w);
}

static void recorded_proof_does_not_open_a_second_link(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct cw_hello hello = {.peer = 1};
    uint8_t key[CW_LINK_KEY_LEN];
    uint8_t bytes[CW_LINK_HEADER_LEN + CW_LINK_CHALLENGE_LEN];
    uint8_t hello_bytes[CW_LINK_HELLO_LEN];
    uint8_t proof[CW_LINK_PROOF_LEN];
    memset(hello.deployment, 0xd1, sizeof hello.deployment);
    memset(key, KEY, sizeof key);
    cw_hello_encode(&hello, hello_bytes);
    for (int turn = 0; turn < 2; turn++) {
        const int fd = cw_test_connect(w.node.address);
        send_message(fd, CW_LINK_HELLO, hello_bytes, sizeof hello_bytes);
        assert_true(receive(fd, bytes, sizeof bytes));
        if (turn == 0) {
            memcpy(hello.nonce_b, bytes + CW_LINK_HEADER_LEN, CW_LINK_NONCE_LEN);
            assert_int_equal(cw_hello_proof(&hello, key, false, proof), CW_OK);
        }
        send_message(fd, CW_LINK_PROOF, proof, sizeof proof);
        send_event(fd, 5, (uint64_t)turn);
        if (turn == 0) {
            cw_test_await(&w.owner, 2, 5, 1);
        } else {
            assert_true(is_hung_up(fd));
        }
        close(fd);
    }
    assert_int_equal(cw_test_sink(&w.owner, 2, 5).accepted, 1);
    close_world(&w);
}

static void peer_has_no_say_in_connections_of_others(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    const int fd = cw_test_connect(w.node.address);
    assert_true(shake_hands(fd, 2, KEY + 1)); /* authentic, but channel 5 is peer 1's */
    for (uint64_t i = 0; i < 100; i++) {
        send_event(fd, 5, i);
        send_event(fd, 6, i);
    }
    const int good = cw_test_connect(w.node.address);
    assert_true(shake_hands(good, 1, KEY));
    send_event(good, 5, 0);
    cw_test_await(&w.owner, 2, 5, 1);
    const struct cw_test_sink sink = cw_test_sink(&w.owner, 2, 5);
    assert_int_equal(sink.accepted, 1);
    assert_int_equal(sink.refused, 0);
    close(fd);
    close(good);
    close_world(&w);
}

static void forged_counters_do_not_stop_the_true_ones(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    const int fd = cw_test_connect(w.node.address);
    assert_true(shake_hands(fd, 1, KEY));
    send_event(fd, 5, UINT64_MAX - 1);
    send_event(fd, 5, 1u << 30);
    for (int i = 0; i < 60000 && cw_test_sink(&w.owner, 2, 5).refused < 1; i++) {
        usleep(1000);
    }
    send_event(fd, 5, 0);
    send_event(fd, 5, 1);
    cw_test_await(&w.owner, 2, 5, 2);
    close(fd);
    close_world(&w);
}

static void flood_beyond_the_window_is_dropped_not_stored(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    cw_test_command(&w.owner, 2, 'a', 30); /* the module is slow */
    const int fd = cw_test_connect(w.node.address);
    assert_true(shake_hands(fd, 1, KEY));
    for (uint64_t i = 0; i < 2000; i++) {
        send_event(fd, 5, i);
    }
    cw_test_await(&w.owner, 2, 5, 8);
    assert_true(cw_test_status(&w.owner, "sink", "dropped") > 1000);
    assert_true(cw_test_status(&w.owner, "sink", "stored") <= 8);
    close(fd);
    close_world(&w);
}

static void newer_proof_replaces_the_older_link(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    const int first = cw_test_connect(w.node.address);
    assert_true(shake_hands(first, 1, KEY));
    send_event(first, 5, 0);
    cw_test_await(&w.owner, 2, 5, 1);
    const int second = cw_test_connect(w.node.address);
    assert_true(shake_hands(second, 1, KEY));
    send_event(second, 5, 1);
    cw_test_await(&w.owner, 2, 5, 2);
    uint8_t rest[4096];
    while (read(first, rest, sizeof rest) > 0) { /* its acknowledgement, then the end */
    }
    close(first);
    close(second);
    close_world(&w);
}

/* The dialed end is the test: it acknowledges what the module never counted. */
static void forged_acknowledgement_frees_nothing(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct cw_net_address any;
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    char address[CW_NET_TEXT_CAP];
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(cw_net_parse("127.0.0.1:0", &any), CW_OK);
    assert_int_equal(bind(listener, (struct sockaddr *)&any.storage, any.len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&bound, &len), 0);
    cw_net_print((struct sockaddr *)&bound, address);
    assert_int_equal(cw_test_peer(&w.owner, 9, true, KEY, address), CW_OK);
    assert_int_equal(cw_test_route(&w.owner, 2, 7, 9, CW_ROUTE_SOURCE, 8), CW_OK);
    assert_int_equal(cw_test_emit(&w.owner, 2, 7, 8, 8), 8);

    const int fd = accept(listener, NULL, NULL);
    uint8_t bytes[256];
    struct cw_hello hello;
    uint8_t key[CW_LINK_KEY_LEN];
    uint8_t challenge[CW_LINK_CHALLENGE_LEN] = {1, 2, 3};
    memset(key, KEY, sizeof key);
    assert_true(receive(fd, bytes, CW_LINK_HEADER_LEN + CW_LINK_HELLO_LEN));
    assert_int_equal(
            cw_hello_decode(bytes + CW_LINK_HEADER_LEN, CW_LINK_HELLO_LEN, &hello), CW_OK);
    memcpy(hello.nonce_b, challenge, CW_LINK_NONCE_LEN);
    assert_int_equal(cw_hello_proof(&hello, key, true, challenge + CW_LINK_NONCE_LEN), CW_OK);
    send_message(fd, CW_LINK_CHALLENGE, challenge, sizeof challenge);
    assert_true(receive(fd, bytes, CW_LINK_HEADER_LEN + CW_LINK_PROOF_LEN));
    assert_true(receive(fd, bytes, CW_LINK_HEADER_LEN)); /* an event */

    uint8_t ack[CW_ACK_LEN];
    (void)cw_fake_frame(7, 8, "\x80", 2, ack);
    ack[CW_ACK_LEN - 1] ^= 1; /* a wrong tag */
    send_message(fd, CW_FRAME_ACK, ack, sizeof ack);
    (void)cw_fake_frame(7, 1000, "\x80", 2, ack); /* what was never sent */
    send_message(fd, CW_FRAME_ACK, ack, sizeof ack);
    for (int i = 0; i < 60000 && cw_test_sink(&w.owner, 2, 7).refused < 2; i++) {
        usleep(1000);
    }
    assert_int_equal(cw_test_sink(&w.owner, 2, 7).refused, 2);
    assert_int_equal(cw_test_status(&w.owner, "source", "stored"), 8);
    assert_int_equal(cw_test_status(&w.owner, "source", "acked"), 0);
    (void)cw_fake_frame(7, 3, "\x80", 2, ack);
    send_message(fd, CW_FRAME_ACK, ack, sizeof ack);
    long long stored = 8;
    for (int i = 0; i < 60000 && stored != 5; i++) {
        usleep(1000);
        stored = cw_test_status(&w.owner, "source", "stored");
    }
    assert_int_equal(stored, 5);
    close(fd);
    close(listener);
    close_world(&w);
}

static void silent_strangers_do_not_shut_owners_out(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    int fds[CW_NODE_STRANGER_MAX + 10];
    const int count = (int)(sizeof fds / sizeof *fds);
    for (int i = 0; i < count; i++) {
        fds[i] = cw_test_connect(w.node.address);
    }
    struct cw_test_owner again; /* the oldest stranger makes room */
    cw_test_owner_open(&again, w.identity, &w.node, 0xd1);
    assert_int_equal(cw_test_ask(&again, CW_NODE_HELLO, NULL, 0), CW_OK);
    cw_test_owner_close(&again);
    assert_int_equal(cw_test_sink(&w.owner, 2, 5).accepted, 0); /* who was in is served */
    for (int i = 0; i < count; i++) {
        assert_true(is_hung_up(fds[i])); /* shown out for silence */
        close(fds[i]);
    }
    close_world(&w);
}

static void store_keeps_order_over_its_end_and_refuses_the_longer(void **state)
{
    (void)state;
    struct cw_store store;
    assert_int_equal(cw_store_open(&store, 3, 16), CW_OK);
    uint8_t frame[64] = {0};
    uint8_t next = 0;
    for (uint8_t i = 0; i < 100; i++) {
        frame[0] = i;
        if (store.count == 3) {
            assert_int_equal(cw_store_push(&store, CW_FRAME_EVENT, frame, 5), CW_AGAIN);
            for (int pop = 0; pop < 2; pop++) {
                size_t len;
                assert_int_equal(cw_store_at(&store, 0, &len)[CW_LINK_HEADER_LEN], next++);
                assert_int_equal(len, 5);
                cw_store_pop(&store);
            }
        }
        assert_int_equal(cw_store_push(&store, CW_FRAME_EVENT, frame, 5), CW_OK);
    }
    assert_int_equal(cw_store_push(&store, CW_FRAME_EVENT, frame, 64), CW_E_SPACE);
    cw_store_close(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(garbage_and_half_messages_harm_nobody),
            cmocka_unit_test(wrong_key_or_unknown_peer_gets_no_link),
            cmocka_unit_test(recorded_proof_does_not_open_a_second_link),
            cmocka_unit_test(peer_has_no_say_in_connections_of_others),
            cmocka_unit_test(forged_counters_do_not_stop_the_true_ones),
            cmocka_unit_test(flood_beyond_the_window_is_dropped_not_stored),
            cmocka_unit_test(newer_proof_replaces_the_older_link),
            cmocka_unit_test(forged_acknowledgement_frees_nothing),
            cmocka_unit_test(silent_strangers_do_not_shut_owners_out),
            cmocka_unit_test(store_keeps_order_over_its_end_and_refuses_the_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
