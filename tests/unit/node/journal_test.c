/* SPDX-License-Identifier: MIT */
#include "node/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/hello.h"
#include "tests/support/fake_backend.h"
#include "tests/support/node_thread.h"

#define KEY 0x77

/* Two owners at one node; deployments 0xd0.. and 0xd1... */
struct world {
    struct cw_tls_identity *identity[2];
    struct cw_node_thread node;
    struct cw_test_owner owner[2];
    struct cw_node_journal journal; /* what was asked last */
    struct cw_node_event events[CW_JOURNAL_LIFE_CAP + CW_JOURNAL_TRAFFIC_CAP];
};

static struct world *open_world(void)
{
    struct world *w = test_calloc(1, sizeof *w);
    cw_node_thread_prepare(&w->node, "node_1");
    for (int i = 0; i < 2; i++) {
        w->identity[i] = cw_test_identity("owner");
        cw_node_thread_allow(&w->node, w->identity[i]);
    }
    cw_node_thread_start(&w->node);
    for (int i = 0; i < 2; i++) {
        cw_test_owner_open(&w->owner[i], w->identity[i], &w->node, (uint8_t)(0xd0 + i));
    }
    return w;
}

static void close_world(struct world *w)
{
    for (int i = 0; i < 2; i++) {
        cw_test_owner_close(&w->owner[i]);
    }
    cw_node_thread_stop(&w->node);
    for (int i = 0; i < 2; i++) {
        cw_tls_identity_free(w->identity[i]);
    }
    test_free(w);
}

/* What is behind [since]; the order is that of seq. */
static void ask(struct world *w, int owner, const uint8_t *deployment, uint64_t since)
{
    static const uint8_t all[CW_DEPLOYMENT_LEN] = {0};
    struct cw_test_owner *o = &w->owner[owner];
    uint8_t fields[16];
    struct cw_writer out = cw_writer_over(fields, sizeof fields);
    cw_writer_bytes(&out, deployment != NULL ? deployment : all, CW_DEPLOYMENT_LEN);
    cw_writer_u64(&out, since);
    assert_int_equal(cw_test_ask(o, CW_NODE_EVENTS, fields, sizeof fields), CW_OK);
    struct cw_reader r = cw_reader_over(o->answer, o->answer_len);
    uint64_t before = since;
    cw_journal_get(&r, &w->journal);
    assert_true(w->journal.count <= sizeof w->events / sizeof w->events[0]);
    for (unsigned i = 0; i < w->journal.count; i++) {
        cw_node_event_get(&r, &w->events[i]);
        assert_true(w->events[i].seq > before && w->events[i].seq <= w->journal.next);
        before = w->events[i].seq;
    }
    assert_int_equal(cw_reader_finish(&r), CW_OK);
}

/* Events of a kind and reason in what was asked last; *ret_count: how often all of them happened. */
static unsigned lines_of(const struct world *w, uint8_t kind, uint8_t reason, uint64_t *ret_count)
{
    unsigned lines = 0;
    *ret_count = 0;
    for (unsigned i = 0; i < w->journal.count; i++) {
        if (w->events[i].kind == kind && w->events[i].reason == reason) {
            lines++;
            *ret_count += w->events[i].count;
        }
    }
    return lines;
}

/* Ask until it happened so often. */
static unsigned await(struct world *w, uint8_t kind, uint8_t reason, uint64_t wanted)
{
    uint64_t count = 0;
    unsigned lines = 0;
    for (int i = 0; i < 1200 && count < wanted; i++) {
        ask(w, 1, NULL, 0);
        lines = lines_of(w, kind, reason, &count);
        if (count < wanted) {
            usleep(50000);
        }
    }
    assert_int_equal(count, wanted);
    return lines;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct cw_node_event event = {.seq = 7, .first_ms = 10, .last_ms = 20, .count = 3,
            .kind = CW_NOTED_REFUSED, .reason = CW_REASON_MODULE, .deployment = {1, 2, 3},
            .module = 4, .channel = 5, .peer = 6, .text = "why"};
    struct cw_node_event got;
    uint8_t bytes[256];
    size_t len = 0;
    struct cw_writer w = cw_writer_over(bytes, sizeof bytes);
    cw_node_event_put(&w, &event);
    assert_int_equal(cw_writer_finish(&w, &len), CW_OK);
    assert_int_equal(len, CW_JOURNAL_EVENT_LEN + 3);
    struct cw_reader r = cw_reader_over(bytes, len);
    memset(&got, 0, sizeof got);
    cw_node_event_get(&r, &got);
    assert_int_equal(cw_reader_finish(&r), CW_OK);
    assert_memory_equal(&got.deployment, &event.deployment, sizeof got.deployment);
    assert_true(got.seq == 7 && got.first_ms == 10 && got.last_ms == 20 && got.count == 3 &&
            got.kind == CW_NOTED_REFUSED && got.reason == CW_REASON_MODULE && got.module == 4 &&
            got.channel == 5 && got.peer == 6);
    assert_string_equal(got.text, "why");
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *copy = test_malloc(cut + 1);
        memcpy(copy, bytes, cut);
        r = cw_reader_over(copy, cut);
        cw_node_event_get(&r, &got);
        assert_int_equal(cw_reader_finish(&r), CW_E_SHORT);
        test_free(copy);
    }
}

static void impossible_events_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {{8, 21}, {24, 0}, {28, 0}, {30, 1}, {31, 1}, {53, 1}};
    const struct cw_node_event event = {
            .seq = 7, .first_ms = 10, .last_ms = 20, .count = 3, .kind = 1};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t bytes[CW_JOURNAL_EVENT_LEN];
        struct cw_node_event got;
        struct cw_writer w = cw_writer_over(bytes, sizeof bytes);
        cw_node_event_put(&w, &event);
        bytes[wrong[i].at] = wrong[i].value;
        struct cw_reader r = cw_reader_over(bytes, sizeof bytes);
        cw_node_event_get(&r, &got);
        assert_int_not_equal(cw_reader_finish(&r), CW_OK);
    }
}

static void a_restart_is_told_with_its_reason(void **state)
{
    (void)state;
    struct world *w = open_world();
    assert_int_equal(cw_test_load(&w->owner[1], 3, "pump", "fake"), CW_OK);
    await(w, CW_NOTED_STARTED, 0, 1);
    const uint8_t die[5] = {0, 0, 0, 0, 'x'};
    cw_result result;
    uint8_t reply[4];
    size_t len;
    (void)cw_test_enter(&w->owner[1], 3, CW_ENTRY_CALL, die, sizeof die, &result, reply,
            sizeof reply, &len);
    await(w, CW_NOTED_RESTARTED, 0, 1);
    uint64_t count;
    assert_int_equal(lines_of(w, CW_NOTED_LOST, 0, &count), 1);
    for (unsigned i = 0; i < w->journal.count; i++) {
        if (w->events[i].kind == CW_NOTED_LOST) {
            assert_int_equal(w->events[i].module, 3);
            assert_string_equal(w->events[i].text, "it was told to");
        }
    }
    assert_int_equal(cw_test_unload(&w->owner[1], 3), CW_OK);
    await(w, CW_NOTED_UNLOADED, 0, 1);
    close_world(w);
}

static void an_owner_sees_what_is_his(void **state)
{
    (void)state;
    struct world *w = open_world();
    assert_int_equal(cw_test_load(&w->owner[1], 3, "pump", "fake"), CW_OK);
    await(w, CW_NOTED_STARTED, 0, 1);
    ask(w, 0, NULL, 0);
    for (unsigned i = 0; i < w->journal.count; i++) {
        assert_true(w->events[i].kind == CW_NOTED_OWNER ||
                w->events[i].kind == CW_NOTED_NODE_STARTED);
    }
    ask(w, 0, w->owner[1].deployment, 0); /* by its name, too */
    uint64_t count;
    assert_int_equal(lines_of(w, CW_NOTED_STARTED, 0, &count), 0);
    close_world(w);
}

static void nothing_comes_twice_but_what_has_grown(void **state)
{
    (void)state;
    struct world *w = open_world();
    assert_int_equal(cw_test_load(&w->owner[1], 3, "pump", "fake"), CW_OK);
    await(w, CW_NOTED_STARTED, 0, 1);
    const uint64_t next = w->journal.next;
    ask(w, 1, NULL, next);
    assert_int_equal(w->journal.count, 0);
    struct cw_test_owner again;
    cw_test_owner_open(&again, w->identity[1], &w->node, 0xd1);
    ask(w, 1, NULL, next);
    assert_int_equal(w->journal.count, 1);
    assert_true(w->events[0].kind == CW_NOTED_OWNER && w->events[0].count == 2);
    ask(w, 1, NULL, UINT64_MAX);
    assert_int_equal(w->journal.count, 0);
    cw_test_owner_close(&again);
    close_world(w);
}

/* --- a hostile peer ------------------------------------------------------------------------------ */

static void send_message(int fd, uint8_t type, const void *bytes, size_t len)
{
    uint8_t message[256];
    cw_link_header_encode(&(struct cw_link_header){(uint32_t)len, type}, message);
    memcpy(message + CW_LINK_HEADER_LEN, bytes, len);
    assert_int_equal(send(fd, message, CW_LINK_HEADER_LEN + len, MSG_NOSIGNAL),
            CW_LINK_HEADER_LEN + len);
}

static int hostile_link(struct world *w)
{
    const int fd = cw_test_connect(w->node.address);
    struct cw_hello hello = {.peer = 1};
    uint8_t key[CW_LINK_KEY_LEN];
    uint8_t bytes[CW_LINK_HEADER_LEN + CW_LINK_CHALLENGE_LEN];
    memset(hello.deployment, 0xd1, sizeof hello.deployment);
    memset(key, KEY, sizeof key);
    cw_hello_encode(&hello, bytes);
    send_message(fd, CW_LINK_HELLO, bytes, CW_LINK_HELLO_LEN);
    assert_int_equal(recv(fd, bytes, sizeof bytes, MSG_WAITALL), sizeof bytes);
    memcpy(hello.nonce_b, bytes + CW_LINK_HEADER_LEN, CW_LINK_NONCE_LEN);
    uint8_t proof[CW_LINK_PROOF_LEN];
    assert_int_equal(cw_hello_proof(&hello, key, false, proof), CW_OK);
    send_message(fd, CW_LINK_PROOF, proof, sizeof proof);
    return fd;
}

static void noise_is_counted_by_reason_and_hides_nothing(void **state)
{
    (void)state;
    struct world *w = open_world();
    assert_int_equal(cw_test_load(&w->owner[1], 2, "pump", "fake"), CW_OK);
    assert_int_equal(cw_test_peer(&w->owner[1], 1, false, KEY, ""), CW_OK);
    assert_int_equal(cw_test_route(&w->owner[1], 2, 5, 1, 0, 8), CW_OK);
    const int fd = hostile_link(w);
    uint8_t frame[64];
    size_t len = cw_fake_frame(5, 0, "x", 1, frame);
    send_message(fd, CW_FRAME_EVENT, frame, len);
    cw_test_await(&w->owner[1], 2, 5, 1);
    for (int i = 0; i < 300; i++) { /* seen before */
        send_message(fd, CW_FRAME_EVENT, frame, len);
    }
    len = cw_fake_frame(5, 1, "x", 1, frame);
    frame[len - 1] ^= 1;
    for (int i = 0; i < 200; i++) { /* forged, one at a time: each must reach the module */
        send_message(fd, CW_FRAME_EVENT, frame, len);
        usleep(200);
    }
    for (uint32_t i = 0; i < 600; i++) { /* for nobody */
        len = cw_fake_frame(1000 + i, 0, "x", 1, frame);
        send_message(fd, CW_FRAME_EVENT, frame, len);
    }
    assert_true(await(w, CW_NOTED_ASTRAY, 0, 600) <= 2);
    assert_int_equal(await(w, CW_NOTED_ACCEPTED, 0, 1), 1);
    uint64_t refused;
    uint64_t duplicate;
    uint64_t dropped;
    for (int i = 0; i < 1200; i++) { /* the module may not have said of all of them what they are */
        assert_true(lines_of(w, CW_NOTED_REFUSED, CW_REASON_MODULE, &refused) <= 2);
        assert_true(lines_of(w, CW_NOTED_REFUSED, CW_REASON_DUPLICATE, &duplicate) <= 2);
        (void)lines_of(w, CW_NOTED_REFUSED, CW_REASON_DROPPED, &dropped);
        if (refused + duplicate + dropped >= 500) {
            break;
        }
        usleep(50000);
        ask(w, 1, NULL, 0);
    }
    assert_true(refused > 0 && duplicate > 0);
    assert_int_equal(refused + duplicate + dropped, 500);
    uint64_t count;
    assert_int_equal(lines_of(w, CW_NOTED_STARTED, 0, &count), 1);
    assert_int_equal(lines_of(w, CW_NOTED_LINK_UP, 0, &count), 1);
    assert_int_equal(w->journal.lost, 0);
    close(fd);
    await(w, CW_NOTED_LINK_DOWN, 0, 1);
    for (int i = 0; i < 40; i++) { /* up and down */
        close(hostile_link(w));
    }
    assert_true(await(w, CW_NOTED_LINK_DOWN, 0, 41) <= CW_JOURNAL_SAME_MAX);
    assert_int_equal(lines_of(w, CW_NOTED_STARTED, 0, &count), 1);
    close_world(w);
}

static void a_stall_begins_and_ends(void **state)
{
    (void)state;
    struct world *w = open_world();
    assert_int_equal(cw_test_load(&w->owner[1], 1, "source", "fake"), CW_OK);
    assert_int_equal(cw_test_load(&w->owner[1], 2, "sink", "fake"), CW_OK);
    assert_int_equal(cw_test_route(&w->owner[1], 1, 5, 0, CW_ROUTE_SOURCE, 8), CW_OK);
    assert_int_equal(cw_test_emit(&w->owner[1], 1, 5, 3, 8), 3);
    await(w, CW_NOTED_STALLED, 0, 1);
    for (unsigned i = 0; i < w->journal.count; i++) {
        if (w->events[i].kind == CW_NOTED_STALLED) {
            assert_int_equal(w->events[i].channel, 5);
            assert_string_equal(w->events[i].text, "3 frames wait");
        }
    }
    assert_int_equal(cw_test_route(&w->owner[1], 2, 5, 0, 0, 8), CW_OK);
    await(w, CW_NOTED_MOVING, 0, 1);
    await(w, CW_NOTED_ACCEPTED, 0, 3);
    close_world(w);
}

static void a_request_that_is_none_is_refused(void **state)
{
    (void)state;
    struct world *w = open_world();
    const uint8_t fields[17] = {0};
    for (size_t len = 0; len <= sizeof fields; len++) {
        assert_int_equal(cw_test_ask(&w->owner[0], CW_NODE_EVENTS, fields, len),
                len == 16 ? CW_OK : CW_E_FORM);
    }
    close_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_is_written_is_read),
            cmocka_unit_test(impossible_events_are_refused),
            cmocka_unit_test(a_restart_is_told_with_its_reason),
            cmocka_unit_test(an_owner_sees_what_is_his),
            cmocka_unit_test(nothing_comes_twice_but_what_has_grown),
            cmocka_unit_test(noise_is_counted_by_reason_and_hides_nothing),
            cmocka_unit_test(a_stall_begins_and_ends),
            cmocka_unit_test(a_request_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
