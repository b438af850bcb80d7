/* SPDX-License-Identifier: MIT */
#include "node/relay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/cutter.h"
#include "tests/support/fake_backend.h"
#include "tests/support/node_thread.h"

/* Two nodes of one owner, a module at each: 1 at the first, 2 at the second. */
struct world {
    struct cw_tls_identity *identity;
    struct cw_node_thread node[2];
    struct cw_test_owner owner[2];
};

static void open_world(struct world *w, void (*configure)(struct cw_node_config *config))
{
    w->identity = cw_test_identity("owner");
    for (int i = 0; i < 2; i++) {
        cw_node_thread_prepare(&w->node[i], i == 0 ? "node_1" : "node_2");
        cw_node_thread_allow(&w->node[i], w->identity);
        if (configure != NULL) {
            configure(&w->node[i].config);
        }
        cw_node_thread_start(&w->node[i]);
        cw_test_owner_open(&w->owner[i], w->identity, &w->node[i], 0xd1);
        assert_int_equal(cw_test_load(&w->owner[i], (uint32_t)i + 1, "module", "fake"), CW_OK);
    }
}

static void close_world(struct world *w)
{
    for (int i = 0; i < 2; i++) {
        cw_test_owner_close(&w->owner[i]);
        cw_node_thread_stop(&w->node[i]);
    }
    cw_tls_identity_free(w->identity);
}

static void link_nodes(struct world *w, const char *address)
{
    assert_int_equal(cw_test_peer(&w->owner[1], 1, false, 0x77, ""), CW_OK);
    assert_int_equal(cw_test_peer(&w->owner[0], 1, true, 0x77, address), CW_OK);
}

static void connect_modules(struct world *w, uint32_t channel, uint16_t flags, uint16_t window)
{
    assert_int_equal(cw_test_route(&w->owner[1], 2, channel, 1, flags, window), CW_OK);
    assert_int_equal(cw_test_route(&w->owner[0], 1, channel, 1, flags | CW_ROUTE_SOURCE, window),
            CW_OK);
}

/* As a driver does it: again and again until the window has let all of them through. */
static void emit_all(struct world *w, uint32_t channel, uint32_t count, uint32_t window)
{
    for (int i = 0; count > 0 && i < 60000; i++) {
        const uint32_t emitted = cw_test_emit(&w->owner[0], 1, channel, count, window);
        count -= emitted;
        if (emitted == 0) {
            usleep(1000);
        }
    }
    assert_int_equal(count, 0);
}

static void assert_all_came_once_in_order(struct world *w, uint32_t channel, uint32_t count)
{
    cw_test_await(&w->owner[1], 2, channel, count);
    const struct cw_test_sink sink = cw_test_sink(&w->owner[1], 2, channel);
    assert_int_equal(sink.accepted, count);
    assert_int_equal(sink.next, count);
}

static void await_status(struct cw_test_owner *o, const char *part, const char *key,
        long long expected)
{
    long long found = -2;
    for (int i = 0; i < 6000 && found != expected; i++) {
        found = cw_test_status(o, part, key);
        if (found != expected) {
            usleep(10000);
        }
    }
    assert_int_equal(found, expected);
}

static void events_between_nodes_come_in_order_and_are_freed(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL);
    link_nodes(&w, w.node[1].address);
    connect_modules(&w, 5, 0, 16);
    emit_all(&w, 5, 1000, 16);
    assert_all_came_once_in_order(&w, 5, 1000);
    assert_int_equal(cw_test_sink(&w.owner[1], 2, 5).refused, 0);
    await_status(&w.owner[0], "source", "acked", 1000);
    assert_int_equal(cw_test_status(&w.owner[0], "source", "stored"), 0);
    close_world(&w);
}

static void events_within_a_node_need_no_peer(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL);
    struct cw_test_owner *o = &w.owner[0];
    assert_int_equal(cw_test_load(o, 9, "sink", "fake"), CW_OK);
    assert_int_equal(cw_test_route(o, 1, 4, 0, CW_ROUTE_SOURCE, 8), CW_OK);
    assert_int_equal(cw_test_emit(o, 1, 4, 8, 8), 8); /* before the other end is there */
    assert_int_equal(cw_test_route(o, 9, 4, 0, 0, 8), CW_OK);
    cw_test_await(o, 9, 4, 8);
    emit_all(&w, 4, 500, 8);
    cw_test_await(o, 9, 4, 508);
    assert_int_equal(cw_test_sink(o, 9, 4).refused, 0);
    await_status(o, "source", "acked", 508);
    close_world(&w);
}

/* Between two calls, and in the middle of one. */
static void what_a_device_made_a_module_say_goes_its_way(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL);
    struct cw_test_owner *o = &w.owner[0];
    assert_int_equal(cw_test_load(o, 9, "sink", "fake"), CW_OK);
    assert_int_equal(cw_test_route(o, 1, 4, 0, CW_ROUTE_SOURCE, 8), CW_OK);
    assert_int_equal(cw_test_route(o, 9, 4, 0, 0, 8), CW_OK);
    cw_test_command(o, 1, 'd', 4);
    cw_test_await(o, 9, 4, 1);
    cw_test_command(o, 1, 'D', 4);
    cw_test_await(o, 9, 4, 2);
    assert_int_equal(cw_test_sink(o, 9, 4).refused, 0);
    const long long before = cw_test_status(o, "module", "entries");
    cw_test_command(o, 1, 'p', 6); /* nobody handles it: it is cancelled, and the module goes on */
    assert_int_equal(cw_test_emit(o, 1, 4, 1, 8), 1);
    cw_test_await(o, 9, 4, 3);
    assert_true(cw_test_status(o, "module", "entries") >= before + 4); /* with request and CANCEL */
    await_status(o, "source", "acked", 3);
    close_world(&w);
}

static void broken_links_lose_and_double_nothing(void **state)
{
    (void)state;
    struct world w;
    struct cw_cutter cutter;
    open_world(&w, NULL);
    cw_cutter_start(&cutter, w.node[1].address);
    atomic_store(&cutter.cut_after, 777);
    link_nodes(&w, cutter.address);
    connect_modules(&w, 5, 0, 8);
    emit_all(&w, 5, 200, 8);
    assert_all_came_once_in_order(&w, 5, 200);
    assert_true(atomic_load(&cutter.cuts) >= 5);
    assert_true(cw_test_status(&w.owner[0], cutter.address, "reconnects") >= 5);
    await_status(&w.owner[0], "source", "acked", 200);
    cw_test_owner_close(&w.owner[0]);
    cw_test_owner_close(&w.owner[1]);
    cw_node_thread_stop(&w.node[0]);
    cw_cutter_stop(&cutter);
    cw_node_thread_stop(&w.node[1]);
    cw_tls_identity_free(w.identity);
}

static void sink_that_says_again_gets_the_same_event_later(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL);
    link_nodes(&w, w.node[1].address);
    connect_modules(&w, 5, 0, 8);
    cw_test_command(&w.owner[1], 2, 'a', 4);
    emit_all(&w, 5, 50, 8);
    assert_all_came_once_in_order(&w, 5, 50);
    assert_true(cw_test_status(&w.owner[1], "module", "again") >= 4);
    close_world(&w);
}

static void late_peer_gets_what_was_stored(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL);
    assert_int_equal(cw_test_peer(&w.owner[0], 1, true, 0x77, w.node[1].address), CW_OK);
    assert_int_equal(cw_test_route(&w.owner[0], 1, 5, 1, CW_ROUTE_SOURCE, 8), CW_OK);
    assert_int_equal(cw_test_emit(&w.owner[0], 1, 5, 100, 8), 8);
    assert_int_equal(cw_test_status(&w.owner[0], "source", "stored"), 8);
    assert_int_equal(cw_test_peer(&w.owner[1], 1, false, 0x77, ""), CW_OK);
    assert_int_equal(cw_test_route(&w.owner[1], 2, 5, 1, 0, 8), CW_OK);
    cw_test_await(&w.owner[1], 2, 5, 8);
    close_world(&w);
}

static void latest_keeps_the_newest_when_nobody_listens(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL);
    assert_int_equal(cw_test_peer(&w.owner[0], 1, true, 0x77, "127.0.0.1:1"), CW_OK);
    assert_int_equal(
            cw_test_route(&w.owner[0], 1, 1000, 1, CW_ROUTE_SOURCE | CW_ROUTE_LATEST, 4), CW_OK);
    assert_int_equal(cw_test_emit(&w.owner[0], 1, 1000, 20, 1000), 20);
    assert_int_equal(cw_test_status(&w.owner[0], "source", "stored"), 4);
    assert_int_equal(cw_test_status(&w.owner[0], "source", "dropped"), 16);
    assert_int_equal(cw_test_peer(&w.owner[1], 1, false, 0x77, ""), CW_OK);
    assert_int_equal(cw_test_route(&w.owner[1], 2, 1000, 1, CW_ROUTE_LATEST, 4), CW_OK);
    assert_int_equal(cw_test_peer(&w.owner[0], 1, true, 0x77, w.node[1].address), CW_OK);
    cw_test_await(&w.owner[1], 2, 1000, 4);
    const struct cw_test_sink sink = cw_test_sink(&w.owner[1], 2, 1000);
    assert_int_equal(sink.accepted, 4);
    assert_int_equal(sink.next, 20);
    assert_int_equal(cw_test_status(&w.owner[0], "source", "stored"), 0);
    close_world(&w);
}

static size_t request(struct cw_test_owner *o, uint32_t channel, const char *text, char *ret_text)
{
    uint8_t bytes[64];
    struct cw_writer w = cw_writer_over(bytes, sizeof bytes);
    cw_writer_u32(&w, 0);
    cw_writer_u8(&w, 'q');
    cw_writer_u32(&w, channel);
    cw_writer_bytes(&w, text, strlen(text));
    cw_result result;
    size_t len;
    assert_int_equal(cw_test_enter(o, 1, CW_ENTRY_CALL, bytes, w.used_len, &result,
                             (uint8_t *)ret_text, 63, &len), CW_OK);
    assert_int_equal(result, CW_RESULT_DONE);
    ret_text[len] = '\0';
    return len;
}

static void request_brings_the_answer_into_the_same_call(void **state)
{
    (void)state;
    struct world w;
    char text[64];
    open_world(&w, NULL);
    link_nodes(&w, w.node[1].address);
    connect_modules(&w, 6, CW_ROUTE_REQUEST, 1);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(request(&w.owner[0], 6, "stressed", text), 8);
        assert_string_equal(text, "desserts");
    }
    assert_int_equal(cw_test_sink(&w.owner[1], 2, 6).accepted, 50);
    close_world(&w);
}

static void events_whose_handler_asks_are_handled_one_by_one(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL);
    link_nodes(&w, w.node[1].address);
    /* The requests go against the way of the events, over the same link. */
    assert_int_equal(cw_test_route(&w.owner[0], 1, 6, 1, CW_ROUTE_REQUEST, 1), CW_OK);
    assert_int_equal(
            cw_test_route(&w.owner[1], 2, 6, 1, CW_ROUTE_REQUEST | CW_ROUTE_SOURCE, 1), CW_OK);
    connect_modules(&w, 500, 0, 32);
    emit_all(&w, 500, 200, 32);
    assert_all_came_once_in_order(&w, 500, 200);
    assert_int_equal(cw_test_sink(&w.owner[1], 2, 500).refused, 0);
    assert_int_equal(cw_test_sink(&w.owner[0], 1, 6).accepted, 200);
    await_status(&w.owner[0], "source", "acked", 200);
    close_world(&w);
}

static void request_survives_a_broken_link_and_is_handled_once(void **state)
{
    (void)state;
    struct world w;
    struct cw_cutter cutter;
    char text[64];
    open_world(&w, NULL);
    cw_cutter_start(&cutter, w.node[1].address);
    atomic_store(&cutter.cut_after, 130); /* the hello, and a part of the first request */
    link_nodes(&w, cutter.address);
    connect_modules(&w, 6, CW_ROUTE_REQUEST, 1);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(request(&w.owner[0], 6, "drawer", text), 6);
        assert_string_equal(text, "reward");
    }
    assert_int_equal(cw_test_sink(&w.owner[1], 2, 6).accepted, 8);
    assert_true(atomic_load(&cutter.cuts) > 0);
    cw_test_owner_close(&w.owner[0]);
    cw_test_owner_close(&w.owner[1]);
    cw_node_thread_stop(&w.node[0]);
    cw_cutter_stop(&cutter);
    cw_node_thread_stop(&w.node[1]);
    cw_tls_identity_free(w.identity);
}

static void impatient(struct cw_node_config *config)
{
    config->request_timeout_ms = 100;
}

static void request_without_answer_is_cancelled(void **state)
{
    (void)state;
    struct world w;
    char text[64];
    open_world(&w, impatient);
    assert_int_equal(request(&w.owner[0], 99, "no route", text), 9);
    assert_string_equal(text, "cancelled");
    assert_int_equal(cw_test_peer(&w.owner[0], 1, true, 0x77, "127.0.0.1:1"), CW_OK);
    assert_int_equal(cw_test_route(&w.owner[0], 1, 6, 1, CW_ROUTE_SOURCE | CW_ROUTE_REQUEST, 1),
            CW_OK);
    assert_int_equal(request(&w.owner[0], 6, "no peer", text), 9);
    assert_string_equal(text, "cancelled");
    close_world(&w);
}

static void nothing_is_freed_without_an_acknowledgement(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL);
    link_nodes(&w, w.node[1].address);
    connect_modules(&w, 5, 0, 8);
    cw_test_command(&w.owner[1], 2, 'a', 1000000);
    assert_int_equal(cw_test_emit(&w.owner[0], 1, 5, 8, 8), 8);
    usleep(300000);
    assert_int_equal(cw_test_status(&w.owner[0], "source", "stored"), 8);
    assert_int_equal(cw_test_status(&w.owner[0], "source", "acked"), 0);
    close_world(&w);
}

static void restarted_module_is_loaded_again_and_counted(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL);
    uint8_t bytes[5] = {0, 0, 0, 0, 'x'};
    uint8_t reply[32];
    size_t len;
    cw_result result;
    assert_int_equal(cw_test_enter(&w.owner[0], 1, CW_ENTRY_CALL, bytes, sizeof bytes, &result,
                             reply, sizeof reply, &len), CW_E_ABSENT);
    await_status(&w.owner[0], "loaded", "restarts", 1);
    assert_int_equal(cw_test_sink(&w.owner[0], 1, 5).accepted, 0);
    close_world(&w);
}

static void small(struct cw_node_config *config)
{
    config->store_max_len = 10000;
}

static void route_that_does_not_fit_the_store_is_refused_with_numbers(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, small);
    assert_int_equal(cw_test_route(&w.owner[0], 1, 5, 0, CW_ROUTE_SOURCE, 1000), CW_E_SPACE);
    assert_non_null(strstr((const char *)w.owner[0].answer, "--max-store"));
    assert_int_equal(cw_test_route(&w.owner[0], 1, 5, 0, CW_ROUTE_SOURCE, 16), CW_OK);
    const long long used = cw_test_status(&w.owner[0], "source", "reserved");
    assert_true(used > 16 * 64 && used < 10000);
    uint8_t unroute[12];
    memset(unroute, 0xd1, 8);
    memcpy(unroute + 8, (const uint8_t[]){5, 0, 0, 0}, 4);
    assert_int_equal(cw_test_ask(&w.owner[0], CW_NODE_UNROUTE, unroute, sizeof unroute), CW_OK);
    assert_int_equal(cw_test_ask(&w.owner[0], CW_NODE_UNROUTE, unroute, sizeof unroute),
            CW_E_ABSENT);
    close_world(&w);
}

static void repeated_route_keeps_what_is_stored(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL);
    assert_int_equal(cw_test_route(&w.owner[0], 1, 5, 0, CW_ROUTE_SOURCE, 8), CW_OK);
    assert_int_equal(cw_test_emit(&w.owner[0], 1, 5, 8, 8), 8);
    assert_int_equal(cw_test_route(&w.owner[0], 1, 5, 0, CW_ROUTE_SOURCE, 8), CW_OK);
    assert_int_equal(cw_test_status(&w.owner[0], "source", "stored"), 8);
    assert_int_equal(cw_test_route(&w.owner[0], 1, 5, 0, CW_ROUTE_SOURCE, 9), CW_OK);
    assert_int_equal(cw_test_status(&w.owner[0], "source", "stored"), 0);
    close_world(&w);
}

static void unloading_under_load_leaves_nothing_behind(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, NULL);
    link_nodes(&w, w.node[1].address);
    for (int round = 0; round < 10; round++) {
        connect_modules(&w, 5, 0, 64);
        assert_int_equal(cw_test_emit(&w.owner[0], 1, 5, 64, 64), 64);
        assert_int_equal(cw_test_unload(&w.owner[1], 2), CW_OK);
        assert_int_equal(cw_test_unload(&w.owner[0], 1), CW_OK);
        assert_int_equal(cw_test_unload(&w.owner[0], 1), CW_E_ABSENT);
        assert_int_equal(cw_test_load(&w.owner[1], 2, "module", "fake"), CW_OK);
        assert_int_equal(cw_test_load(&w.owner[0], 1, "module", "fake"), CW_OK);
    }
    assert_int_equal(cw_test_status(&w.owner[0], "source", "stored"), -1);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(events_between_nodes_come_in_order_and_are_freed),
            cmocka_unit_test(events_within_a_node_need_no_peer),
            cmocka_unit_test(what_a_device_made_a_module_say_goes_its_way),
            cmocka_unit_test(broken_links_lose_and_double_nothing),
            cmocka_unit_test(sink_that_says_again_gets_the_same_event_later),
            cmocka_unit_test(late_peer_gets_what_was_stored),
            cmocka_unit_test(latest_keeps_the_newest_when_nobody_listens),
            cmocka_unit_test(request_brings_the_answer_into_the_same_call),
            cmocka_unit_test(events_whose_handler_asks_are_handled_one_by_one),
            cmocka_unit_test(request_survives_a_broken_link_and_is_handled_once),
            cmocka_unit_test(request_without_answer_is_cancelled),
            cmocka_unit_test(nothing_is_freed_without_an_acknowledgement),
            cmocka_unit_test(restarted_module_is_loaded_again_and_counted),
            cmocka_unit_test(route_that_does_not_fit_the_store_is_refused_with_numbers),
            cmocka_unit_test(repeated_route_keeps_what_is_stored),
            cmocka_unit_test(unloading_under_load_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
