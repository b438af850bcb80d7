/* SPDX-License-Identifier: MIT */
#include "node/manage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/fake_backend.h"
#include "tests/support/node_thread.h"

struct world {
    struct cw_tls_identity *identity[2];
    struct cw_node_thread node;
    struct cw_test_owner owner[2]; /* of different people, deployments 0xd0 and 0xd1 */
};

static void open_world(struct world *w)
{
    cw_node_thread_prepare(&w->node, "node_1");
    for (int i = 0; i < 2; i++) {
        w->identity[i] = cw_test_identity("owner");
        cw_node_thread_allow(&w->node, w->identity[i]);
    }
    cw_node_thread_start(&w->node);
    for (int i = 0; i < 2; i++) {
        cw_test_owner_open(&w->owner[i], w->identity[i], &w->node, (uint8_t)(0xd0 + i));
    }
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
}

static cw_status serve(struct cw_test_owner *o, uint32_t number, const char *address)
{
    uint8_t bytes[256];
    struct cw_writer w = cw_writer_over(bytes, sizeof bytes);
    cw_writer_bytes(&w, o->deployment, sizeof o->deployment);
    cw_writer_u32(&w, number);
    cw_node_put_string(&w, address);
    return cw_test_ask(o, CW_NODE_SERVE, bytes, w.used_len);
}

/* The address behind "address": in STATUS, where the module is served. */
static void served_at(struct cw_test_owner *o, char *ret_address)
{
    uint8_t all[CW_DEPLOYMENT_LEN] = {0};
    assert_int_equal(cw_test_ask(o, CW_NODE_STATUS, all, sizeof all), CW_OK);
    const char *at = strstr((const char *)o->answer, "\"streams\":[{\"address\":\"");
    assert_non_null(at);
    at = strchr(strchr(at, '['), ':') + 2;
    const size_t len = strcspn(at, "\"");
    memcpy(ret_address, at, len);
    ret_address[len] = '\0';
}

static void hello_tells_what_the_node_is(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    assert_int_equal(cw_test_ask(&w.owner[0], CW_NODE_HELLO, NULL, 0), CW_OK);
    const char *text = (const char *)w.owner[0].answer;
    assert_non_null(strstr(text, "\"name\":\"node_1\""));
    assert_non_null(strstr(text, "\"tee\":\"fake\""));
    assert_non_null(strstr(text, "\"chip\":\"fake\""));
    close_world(&w);
}

static void stranger_is_refused_with_the_key_that_he_has(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct cw_tls_identity *identity = cw_test_identity("stranger");
    struct cw_test_owner stranger;
    cw_test_owner_open(&stranger, identity, &w.node, 0xd0);
    assert_int_equal(cw_test_ask(&stranger, CW_NODE_HELLO, NULL, 0), CW_E_DENIED);
    assert_non_null(strstr((const char *)stranger.answer, cw_tls_identity_fingerprint(identity)));
    uint8_t byte;
    assert_int_equal(cw_tls_client_receive(stranger.client, &byte, 1), CW_E_SYSTEM);
    cw_test_owner_close(&stranger);
    cw_tls_identity_free(identity);
    close_world(&w);
}

static void owner_sees_and_manages_only_his_own(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct cw_test_owner *o = &w.owner[0];
    struct cw_test_owner *other = &w.owner[1];
    assert_int_equal(cw_test_load(o, 1, "mine", "fake"), CW_OK);
    assert_int_equal(cw_test_load(o, 1, "mine", "fake"), CW_E_STATE);
    assert_int_equal(cw_test_status(o, "mine", "number"), 1);
    assert_int_equal(cw_test_status(other, "mine", "number"), -1);
    memcpy(other->deployment, o->deployment, CW_DEPLOYMENT_LEN);
    uint8_t reply[64];
    size_t len;
    cw_result result;
    assert_int_equal(cw_test_enter(other, 1, CW_ENTRY_MANAGE, (const uint8_t *)"x", 1, &result,
                             reply, sizeof reply, &len), CW_E_ABSENT);
    assert_int_equal(cw_test_unload(other, 1), CW_E_ABSENT);
    assert_int_equal(cw_test_load(other, 2, "theirs", "fake"), CW_E_DENIED);
    assert_int_equal(cw_test_peer(other, 2, false, 1, ""), CW_E_DENIED);
    assert_int_equal(cw_test_route(other, 1, 5, 0, CW_ROUTE_SOURCE, 8), CW_E_ABSENT);
    assert_int_equal(cw_test_unload(o, 1), CW_OK);
    assert_int_equal(cw_test_load(other, 2, "theirs", "fake"), CW_OK); /* nobody uses it now */
    close_world(&w);
}

static void entries_of_the_node_are_not_for_owners(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct cw_test_owner *o = &w.owner[0];
    assert_int_equal(cw_test_load(o, 1, "m", "fake"), CW_OK);
    static const uint8_t denied[] = {CW_ENTRY_RESPONSE, CW_ENTRY_CANCEL, CW_ENTRY_ACK_TAKE,
            CW_ENTRY_STREAM_OPEN, CW_ENTRY_STREAM_DATA, CW_ENTRY_STREAM_CLOSE, 12, 255};
    uint8_t reply[64];
    size_t len;
    cw_result result;
    for (size_t i = 0; i < sizeof denied; i++) {
        assert_int_equal(cw_test_enter(o, 1, denied[i], (const uint8_t *)"x", 1, &result, reply,
                                 sizeof reply, &len), CW_E_DENIED);
    }
    assert_int_equal(cw_test_enter(o, 1, CW_ENTRY_ATTEST, (const uint8_t *)"nonce", 5, &result,
                             reply, sizeof reply, &len), CW_OK);
    assert_int_equal(len, 5);
    assert_memory_equal(reply, "nonce", 5);
    close_world(&w);
}

static void image_that_does_not_load_is_refused_with_the_reason(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    assert_int_equal(cw_test_load(&w.owner[0], 1, "m", "fail"), CW_E_FORM);
    assert_non_null(strstr((const char *)w.owner[0].answer, "told to fail"));
    assert_int_equal(cw_test_status(&w.owner[0], "m", "number"), -1);
    assert_int_equal(cw_test_load(&w.owner[0], 1, "m", "fake"), CW_OK);
    close_world(&w);
}

/* Enters until the node answers so, for 20 s at most. */
static void enter_until(struct cw_test_owner *o, uint32_t number, cw_status wanted)
{
    cw_status status = CW_OK;
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t reply[64];
        size_t len;
        cw_result result;
        status = cw_test_enter(o, number, CW_ENTRY_ATTEST, (const uint8_t *)"nonce", 5, &result,
                reply, sizeof reply, &len);
        if (status == wanted) {
            return;
        }
        usleep(20000);
    }
    fail_msg("the node answers %d, not %d", (int)status, (int)wanted);
}

static void module_that_cannot_be_loaded_again_says_why_and_comes_back(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct cw_test_owner *o = &w.owner[0];
    assert_int_equal(cw_test_load(o, 1, "m", "frail"), CW_OK);
    enter_until(o, 1, CW_OK);
    for (unsigned i = 0; i < 2; i++) {
        atomic_store(&cw_fake_is_broken, true);
        const uint8_t die[5] = {0, 0, 0, 0, 'x'};
        cw_result result;
        uint8_t reply[4];
        size_t len;
        (void)cw_test_enter(o, 1, CW_ENTRY_CALL, die, sizeof die, &result, reply, sizeof reply,
                &len);
        enter_until(o, 1, CW_E_STATE);
        assert_non_null(strstr((const char *)o->answer, "cannot be loaded again: it is told to "));
        atomic_store(&cw_fake_is_broken, false);
        enter_until(o, 1, CW_OK);
    }
    close_world(&w);
}

static void malformed_requests_are_refused_and_the_session_lives(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct cw_test_owner *o = &w.owner[0];
    uint8_t bytes[600];
    memset(bytes, 0xff, sizeof bytes);
    for (int type = CW_NODE_LOAD; type <= CW_NODE_PEER; type++) {
        static const size_t lens[] = {0, 1, 7, 8, 11, 13, 35, 37, 600};
        for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
            assert_int_not_equal(cw_test_ask(o, (cw_node_request)type, bytes, lens[i]),
                    type == CW_NODE_STATUS && lens[i] == 8 ? CW_E_FORM : CW_OK);
        }
    }
    assert_int_equal(cw_test_ask(o, (cw_node_request)0x7f, NULL, 0), CW_E_ABSENT);
    assert_int_equal(cw_test_ask(o, CW_NODE_HELLO, NULL, 0), CW_OK);
    close_world(&w);
}

static void requests_sent_together_are_answered_in_order(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct cw_test_owner *o = &w.owner[0];
    uint8_t all[64 * 12];
    for (uint32_t i = 0; i < 64; i++) {
        uint8_t *at = all + i * 12;
        const uint8_t type = i % 2 == 0 ? CW_NODE_HELLO : 0x7e;
        cw_link_header_encode(&(struct cw_link_header){4, type}, at);
        memcpy(at + 8, &i, 4);
    }
    assert_int_equal(cw_tls_client_send(o->client, all, sizeof all), CW_OK);
    for (uint32_t i = 0; i < 64; i++) {
        uint8_t head[16];
        uint8_t rest[4096];
        struct cw_link_header header;
        uint32_t tag;
        assert_int_equal(cw_tls_client_receive(o->client, head, sizeof head), CW_OK);
        assert_int_equal(cw_link_header_decode(head, &header), CW_OK);
        memcpy(&tag, head + 8, 4);
        assert_int_equal(tag, i);
        assert_int_equal(cw_tls_client_receive(o->client, rest, header.len - 8), CW_OK);
    }
    close_world(&w);
}

static void owner_who_leaves_in_the_middle_harms_nobody(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct cw_test_owner *o = &w.owner[0];
    assert_int_equal(cw_test_load(o, 1, "m", "fake"), CW_OK);
    for (int i = 0; i < 20; i++) {
        struct cw_test_owner hasty;
        cw_test_owner_open(&hasty, w.identity[0], &w.node, 0xd0);
        /* LOAD, ENTER that hangs, or half a request, and gone. */
        uint8_t bytes[64] = {0};
        struct cw_writer writer = cw_writer_over(bytes, sizeof bytes);
        const uint8_t type = i % 2 == 0 ? CW_NODE_LOAD : CW_NODE_ENTER;
        const uint32_t len = i % 2 == 0 ? 23 : 25;
        cw_link_header_encode(&(struct cw_link_header){len, type}, bytes);
        writer.next += 8;
        cw_writer_u32(&writer, 1);
        memset(writer.next, 0xd0, 8);
        writer.next += 8;
        cw_writer_u32(&writer, i % 2 == 0 ? (uint32_t)(100 + i) : 1);
        if (i % 2 == 0) {
            cw_node_put_string(&writer, "late!");
        } else {
            cw_writer_u32(&writer, CW_ENTRY_CALL);
            cw_writer_u32(&writer, 0);
            cw_writer_u8(&writer, 's');
        }
        assert_int_equal(cw_tls_client_send(hasty.client, bytes, 8 + len - (i % 3 == 0)), CW_OK);
        cw_test_owner_close(&hasty);
    }
    assert_int_equal(cw_test_sink(o, 1, 5).accepted, 0);
    close_world(&w);
}

static void hanging_module_can_be_unloaded(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    assert_int_equal(cw_test_load(&w.owner[0], 1, "m", "fake"), CW_OK);
    struct cw_test_owner hasty;
    cw_test_owner_open(&hasty, w.identity[0], &w.node, 0xd0);
    uint8_t bytes[8 + 4 + 12 + 4 + 5] = {0};
    cw_link_header_encode(&(struct cw_link_header){sizeof bytes - 8, CW_NODE_ENTER}, bytes);
    memset(bytes + 12, 0xd0, 8);
    bytes[20] = 1;
    bytes[24] = CW_ENTRY_CALL;
    bytes[32] = 'h';
    assert_int_equal(cw_tls_client_send(hasty.client, bytes, sizeof bytes), CW_OK);
    usleep(50000);
    assert_int_equal(cw_test_unload(&w.owner[0], 1), CW_OK);
    uint8_t head[16];
    assert_int_equal(cw_tls_client_receive(hasty.client, head, sizeof head), CW_OK);
    assert_int_equal(head[12], CW_E_ABSENT);
    cw_test_owner_close(&hasty);
    close_world(&w);
}

static void clock_calls_and_device_interrupts_enter_the_module(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct cw_test_owner *o = &w.owner[0];
    assert_int_equal(cw_test_load(o, 1, "m", "fake"), CW_OK);
    uint8_t bytes[20];
    struct cw_writer writer = cw_writer_over(bytes, sizeof bytes);
    cw_writer_bytes(&writer, o->deployment, sizeof o->deployment);
    cw_writer_u32(&writer, 1);
    cw_writer_u32(&writer, 7);
    cw_writer_u32(&writer, 5);
    assert_int_equal(cw_test_ask(o, CW_NODE_PERIODIC, bytes, sizeof bytes), CW_OK);
    long long calls = 0;
    for (int i = 0; i < 6000 && calls < 10; i++) {
        usleep(10000);
        calls = cw_test_status(o, "m", "every_ms") == 5 ? cw_test_status(o, "m", "entries") : 0;
    }
    assert_true(calls >= 10);
    memset(bytes + 16, 0, 4);
    assert_int_equal(cw_test_ask(o, CW_NODE_PERIODIC, bytes, sizeof bytes), CW_OK);
    assert_int_equal(cw_test_status(o, "m", "every_ms"), -1);
    const long long before = cw_test_status(o, "m", "entries");
    cw_test_command(o, 1, 'i', 0);
    long long entries = before;
    for (int i = 0; i < 6000 && entries < before + 2; i++) {
        usleep(10000);
        entries = cw_test_status(o, "m", "entries");
    }
    assert_int_equal(entries, before + 2); /* the command, and endpoint 7 */
    close_world(&w);
}

static void stream_bytes_come_back_however_little_the_module_takes(void **state)
{
    (void)state;
    struct world w;
    char address[CW_NET_TEXT_CAP];
    open_world(&w);
    struct cw_test_owner *o = &w.owner[0];
    assert_int_equal(cw_test_load(o, 1, "m", "fake"), CW_OK);
    assert_int_equal(serve(o, 1, "127.0.0.1:0"), CW_OK);
    served_at(o, address);
    const int fd = cw_test_connect(address);
    static uint8_t sent[100000];
    static uint8_t got[sizeof sent];
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (uint8_t)(i * 31 >> 3);
    }
    size_t have = 0;
    for (size_t at = 0; at < sizeof sent; at += 10000) {
        assert_int_equal(write(fd, sent + at, 10000), 10000);
        while (have < at + 10000) {
            const ssize_t count = read(fd, got + have, sizeof got - have);
            assert_true(count > 0);
            have += (size_t)count;
        }
    }
    assert_memory_equal(got, sent, sizeof sent);
    assert_int_equal(write(fd, "bye\n", 4), 4);
    assert_int_equal(read(fd, got, sizeof got), 4);
    assert_int_equal(read(fd, got, sizeof got), 0);
    close(fd);
    close_world(&w);
}

static void stream_longer_than_any_area_arrives_whole_and_closes(void **state)
{
    (void)state;
    struct world w;
    char address[CW_NET_TEXT_CAP];
    open_world(&w);
    struct cw_test_owner *o = &w.owner[0];
    assert_int_equal(cw_test_load(o, 1, "m", "fake"), CW_OK);
    assert_int_equal(serve(o, 1, "[::1]:0"), CW_OK);
    served_at(o, address);
    const int fd = cw_test_connect(address);
    assert_int_equal(write(fd, "pour\n", 5), 5);
    static char got[8192];
    size_t have = 0;
    for (;;) {
        const ssize_t count = read(fd, got, sizeof got);
        assert_true(count >= 0);
        if (count == 0) {
            break;
        }
        have += (size_t)count;
    }
    assert_int_equal(have, 400000);
    close(fd);
    assert_int_equal(serve(o, 1, ""), CW_OK);
    close_world(&w);
}

static void streams_cut_by_clients_are_forgotten(void **state)
{
    (void)state;
    struct world w;
    char address[CW_NET_TEXT_CAP];
    open_world(&w);
    struct cw_test_owner *o = &w.owner[0];
    assert_int_equal(cw_test_load(o, 1, "m", "fake"), CW_OK);
    assert_int_equal(serve(o, 1, "127.0.0.1:0"), CW_OK);
    served_at(o, address);
    for (int i = 0; i < 300; i++) {
        const int fd = cw_test_connect(address);
        if (i % 3 > 0) {
            assert_int_equal(write(fd, "pour\n", 5), 5);
        }
        close(fd);
    }
    long long open = -1;
    for (int i = 0; i < 6000 && open != 0; i++) {
        usleep(10000);
        open = cw_test_status(o, address, "open");
    }
    assert_int_equal(open, 0);
    close_world(&w);
}

static void only_allowed_addresses_are_served(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct cw_test_owner *o = &w.owner[0];
    assert_int_equal(cw_test_load(o, 1, "m", "fake"), CW_OK);
    assert_int_equal(serve(o, 1, "0.0.0.0:0"), CW_E_DENIED);
    assert_non_null(strstr((const char *)o->answer, "--allow-listen"));
    assert_int_equal(serve(o, 1, "[::]:8443"), CW_E_DENIED);
    assert_int_equal(serve(o, 1, "localhost:80"), CW_E_FORM);
    assert_int_equal(serve(o, 1, "nonsense"), CW_E_FORM);
    close_world(&w);
}

static void quote_is_what_the_platform_makes_of_the_evidence(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct cw_test_owner *o = &w.owner[0];
    struct cw_quote quote;
    static uint8_t evidence[CW_QUOTE_EVIDENCE_MAX + 1];
    for (size_t i = 0; i < sizeof evidence; i++) {
        evidence[i] = (uint8_t)(i * 7);
    }
    static const size_t lens[] = {1, 432, CW_QUOTE_EVIDENCE_MAX};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        assert_int_equal(cw_test_ask(o, CW_NODE_QUOTE, evidence, lens[i]), CW_OK);
        struct cw_reader r = cw_reader_over(o->answer, o->answer_len);
        cw_quote_get(&r, &quote);
        assert_int_equal(cw_reader_finish(&r), CW_OK);
        assert_int_equal(quote.quote_len, lens[i]);
        assert_int_equal(quote.quote[0], evidence[lens[i] - 1]);
        assert_memory_equal(quote.collateral, "{\"len\": ", 8);
    }
    assert_int_equal(cw_test_ask(o, CW_NODE_QUOTE, NULL, 0), CW_E_FORM);
    assert_int_equal(cw_test_ask(o, CW_NODE_QUOTE, evidence, sizeof evidence), CW_E_FORM);
    assert_int_equal(cw_test_ask(o, CW_NODE_QUOTE, (const uint8_t *)"no", 2), CW_E_DENIED);
    assert_string_equal((const char *)o->answer, "it is told to refuse");
    assert_int_equal(cw_test_ask(o, CW_NODE_QUOTE, (const uint8_t *)"bad", 3), CW_E_SYSTEM);
    assert_int_equal(cw_test_ask(o, CW_NODE_HELLO, NULL, 0), CW_OK);
    close_world(&w);
}

static void owner_who_leaves_before_the_quote_comes_harms_nobody(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    uint8_t bytes[8 + 4 + 4] = {0};
    cw_link_header_encode(&(struct cw_link_header){8, CW_NODE_QUOTE}, bytes);
    memcpy(bytes + 12, "late", 4);
    for (int i = 0; i < 8; i++) {
        struct cw_test_owner hasty;
        cw_test_owner_open(&hasty, w.identity[0], &w.node, 0xd0);
        assert_int_equal(cw_tls_client_send(hasty.client, bytes, sizeof bytes), CW_OK);
        usleep(20000);
        cw_test_owner_close(&hasty);
    }
    usleep(300000);
    assert_int_equal(cw_test_ask(&w.owner[0], CW_NODE_QUOTE, (const uint8_t *)"late", 4), CW_OK);
    close_world(&w);
}

static void quote_with_a_length_beyond_its_bytes_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[64];
    const struct cw_quote whole = {(const uint8_t *)"quote", 5, (const uint8_t *)"{}", 2};
    struct cw_writer w = cw_writer_over(bytes, sizeof bytes);
    cw_quote_put(&w, &whole);
    for (size_t len = 0; len <= w.used_len + 1; len++) {
        struct cw_quote quote;
        struct cw_reader r = cw_reader_over(bytes, len);
        cw_quote_get(&r, &quote);
        assert_int_equal(cw_reader_finish(&r) == CW_OK, len == w.used_len);
    }
    for (size_t at = 0; at < 4; at++) {
        struct cw_quote quote;
        bytes[at] ^= 0xff;
        struct cw_reader r = cw_reader_over(bytes, w.used_len);
        cw_quote_get(&r, &quote);
        assert_int_not_equal(cw_reader_finish(&r), CW_OK);
        bytes[at] ^= 0xff;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(hello_tells_what_the_node_is),
            cmocka_unit_test(stranger_is_refused_with_the_key_that_he_has),
            cmocka_unit_test(owner_sees_and_manages_only_his_own),
            cmocka_unit_test(entries_of_the_node_are_not_for_owners),
            cmocka_unit_test(image_that_does_not_load_is_refused_with_the_reason),
            cmocka_unit_test(module_that_cannot_be_loaded_again_says_why_and_comes_back),
            cmocka_unit_test(malformed_requests_are_refused_and_the_session_lives),
            cmocka_unit_test(requests_sent_together_are_answered_in_order),
            cmocka_unit_test(owner_who_leaves_in_the_middle_harms_nobody),
            cmocka_unit_test(hanging_module_can_be_unloaded),
            cmocka_unit_test(clock_calls_and_device_interrupts_enter_the_module),
            cmocka_unit_test(stream_bytes_come_back_however_little_the_module_takes),
            cmocka_unit_test(stream_longer_than_any_area_arrives_whole_and_closes),
            cmocka_unit_test(streams_cut_by_clients_are_forgotten),
            cmocka_unit_test(only_allowed_addresses_are_served),
            cmocka_unit_test(quote_is_what_the_platform_makes_of_the_evidence),
            cmocka_unit_test(owner_who_leaves_before_the_quote_comes_harms_nobody),
            cmocka_unit_test(quote_with_a_length_beyond_its_bytes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
