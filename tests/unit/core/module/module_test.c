/* SPDX-License-Identifier: MIT */
/* The promises of core/module/module.h: who may change a module, and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto/suite.h"
#include "core/module/module.h"
#include "tests/support/channel.h"

#define CHANNELS 3

#define PIN 4u /* index of a parameter of 8 bytes */
static uint8_t pin_bytes[8];
static struct cw_config pin = {.bytes = pin_bytes};

static const struct cw_endpoint endpoints[] = {
        {.max = 64, .kind = CW_KIND_OUTPUT},
        {.max = 64, .kind = CW_KIND_INPUT},
        {.max = 64, .reply_max = 64, .kind = CW_KIND_HANDLER},
        {.max = 64, .reply_max = 64, .kind = CW_KIND_ENTRY},
        {.call.config = &pin, .max = 8, .kind = CW_KIND_CONFIG, .serve = cw_serve_config},
};

/* A module and its owner's view of the session. */
struct bench {
    struct cw_module module;
    struct cw_channel channels[CHANNELS];
    uint8_t key_in[CW_KEY_LEN];
    uint8_t key_out[CW_KEY_LEN];
    uint32_t session;
    uint32_t seq;
    uint8_t message[256];
    size_t message_len;
};

static cw_status claim(struct bench *b, uint32_t session, uint8_t deployment, uint32_t number)
{
    uint8_t master[CW_KEY_LEN] = {(uint8_t)session, 7};
    struct cw_open open = {.header = cw_manage_header(CW_MANAGE_OPEN, session, 0), .module = number};
    memset(open.deployment, deployment, sizeof open.deployment);
    CW_EVEN uint8_t message[CW_OPEN_LEN + CW_TAG_LEN];
    CW_EVEN uint8_t opened[CW_OPENED_LEN];
    uint8_t key[CW_KEY_LEN];
    memcpy(message, &open, sizeof open);
    cw_module_session_key(b->module.cipher, master, "cw1.opn", key);
    cw_suite_seal(b->module.cipher, key, message, CW_MANAGE_HEADER_LEN, NULL, 0,
            message + CW_OPEN_LEN);
    cw_status status = cw_module_claim(&b->module, message, CW_OPEN_LEN, master, opened);
    if (status == CW_OK) {
        cw_module_session_key(b->module.cipher, master, "cw1.in\0", b->key_in);
        cw_module_session_key(b->module.cipher, master, "cw1.out", b->key_out);
        b->session = session;
        b->seq = 0;
    }
    return status;
}

static void fresh(struct bench *b, uint8_t cipher)
{
    memset(b, 0, sizeof *b);
    b->module.life.kind = CW_FRESH_RANDOM;
    b->module.cipher = cipher;
    b->module.channels = b->channels;
    b->module.channels_end = b->channels + CHANNELS;
    b->module.endpoints = endpoints;
    b->module.endpoints_end = endpoints + 5;
    assert_int_equal(claim(b, 1, 0x80, 7), CW_OK);
}

static void seal(struct bench *b, uint8_t type, const uint8_t *body, size_t len)
{
    struct cw_manage_header header = cw_manage_header(type, b->session, ++b->seq);
    memcpy(b->message, &header, sizeof header);
    uint8_t *at = b->message + CW_MANAGE_HEADER_LEN;
    memcpy(at, body, len);
    cw_suite_seal(b->module.cipher, b->key_in, b->message, CW_MANAGE_HEADER_LEN, at, len,
            at + len);
    b->message_len = CW_MANAGE_HEADER_LEN + len + CW_TAG_LEN;
}

/* Deliver the sealed message as it stands; the answer's body on success. */
static cw_status deliver(struct bench *b, uint8_t *ret_body, size_t *ret_len)
{
    CW_EVEN uint8_t copy[256];
    CW_EVEN uint8_t answer[CW_ANSWERED_LEN];
    size_t len = sizeof answer;
    memcpy(copy, b->message, b->message_len);
    cw_status status = cw_module_command(&b->module, copy, b->message_len, answer);
    if (status == CW_OK) {
        struct cw_manage_header header;
        assert_int_equal(cw_manage_header_decode(answer, len, &header), CW_OK);
        assert_int_equal(header.seq, b->seq);
        assert_int_equal(header.session, b->session);
        assert_int_equal(header.type, b->message[1] | CW_MANAGE_ANSWER);
        *ret_len = len - CW_MANAGE_HEADER_LEN - CW_TAG_LEN;
        uint8_t *body = answer + CW_MANAGE_HEADER_LEN;
        assert_true(cw_suite_open(b->module.cipher, b->key_out, answer, CW_MANAGE_HEADER_LEN,
                body, *ret_len, body + *ret_len));
        memcpy(ret_body, body, *ret_len);
    }
    return status;
}

static struct cw_answer command(struct bench *b, uint8_t type, const uint8_t *body, size_t len)
{
    uint8_t answer_body[64];
    size_t answer_len;
    struct cw_answer answer;
    seal(b, type, body, len);
    assert_int_equal(deliver(b, answer_body, &answer_len), CW_OK);
    assert_int_equal(cw_answer_decode(answer_body, answer_len, &answer), CW_OK);
    return answer;
}

static struct cw_setconn sink_of(uint32_t conn, uint32_t epoch, uint32_t channel)
{
    struct cw_setconn s = {
            .identity = {.conn = conn,
                    .epoch = epoch,
                    .src_module = 9,
                    .dst_module = 7,
                    .dst_endpoint = 1,
                    .cipher = CW_CIPHER_SPONGENT,
                    .mode = CW_MODE_STRICT},
            .channel = channel,
            .limit = UINT64_C(1) << 32,
            .start = CW_SETCONN_CUT,
            .window = 4,
            .local = 1,
            .event_max = 64,
            .key = {1, 2, 3, (uint8_t)epoch},
    };
    return s;
}

static struct cw_setconn source_of(uint32_t conn, uint32_t epoch, uint32_t channel)
{
    struct cw_setconn s = sink_of(conn, epoch, channel);
    s.identity.src_module = 7;
    s.identity.dst_module = 9;
    s.local = 0;
    return s;
}

static struct cw_answer setconn(struct bench *b, const struct cw_setconn *s)
{
    return command(b, CW_MANAGE_SETCONN, (const uint8_t *)s, sizeof *s);
}

static struct cw_answer disable(struct bench *b, uint32_t channel)
{
    return command(b, CW_MANAGE_DISABLE, (const uint8_t *)&channel, sizeof channel);
}

static struct cw_answer query(struct bench *b, uint16_t index)
{
    uint8_t body[CW_ANSWER_LEN];
    size_t len;
    struct cw_answer queried;
    struct cw_query ask = {.index = index};
    seal(b, CW_MANAGE_QUERY, (const uint8_t *)&ask, sizeof ask);
    assert_int_equal(deliver(b, body, &len), CW_OK);
    assert_int_equal(cw_answer_decode(body, len, &queried), CW_OK);
    return queried;
}

static void both_ends_confirm_the_key_to_the_owner(void **state)
{
    (void)state;
    struct bench b;
    for (uint8_t cipher = CW_CIPHER_SPONGENT; cipher <= CW_CIPHER_AES; cipher++) {
        fresh(&b, cipher);
        struct cw_setconn s = sink_of(3, 1, 0x11);
        struct cw_answer answer = setconn(&b, &s);
        uint8_t check[CW_CHECK_LEN];
        cw_channel_derive(&s, b.module.life.deployment, "cw1.chk", check);
        assert_int_equal(answer.status, CW_OK);
        assert_int_equal(answer.channel, 0x11);
        assert_memory_equal(answer.check, check, sizeof check);
    }
}

/* CONFIG for the parameter at an index: header, value, zeros to an even end, as sealed by the owner. */
static size_t config_body(uint16_t local, const char *value, uint8_t ret_body[static 64])
{
    const struct cw_config_header header = {local, (uint16_t)strlen(value)};
    memset(ret_body, 0, 64);
    memcpy(ret_body, &header, sizeof header);
    memcpy(ret_body + sizeof header, value, header.len);
    return sizeof header + header.len + (header.len & 1u);
}

static uint16_t configure(struct bench *b, uint16_t local, const char *value)
{
    uint8_t body[64];
    const size_t len = config_body(local, value, body);
    return command(b, CW_MANAGE_CONFIG, body, len).status;
}

static void forget_pin(void)
{
    memset(pin_bytes, 0, sizeof pin_bytes);
    pin = (struct cw_config){.bytes = pin_bytes};
}

static void config_is_set_whole_by_its_owner_alone(void **state)
{
    (void)state;
    struct bench b;
    for (uint8_t cipher = CW_CIPHER_SPONGENT; cipher <= CW_CIPHER_AES; cipher++) {
        forget_pin();
        fresh(&b, cipher);
        assert_int_equal(configure(&b, PIN, "12345678"), CW_OK);
        assert_true(pin.is_set && pin.len == 8 && memcmp(pin.bytes, "12345678", 8) == 0);
        assert_int_equal(configure(&b, PIN, "abc"), CW_OK);
        assert_true(pin.len == 3 && memcmp(pin.bytes, "abc\0\0\0\0\0", 8) == 0);
        assert_int_equal(configure(&b, PIN, ""), CW_OK);
        assert_true(pin.is_set && pin.len == 0 && pin.bytes[0] == 0);
        /* Every bit of the message, one after the other. */
        uint8_t body[64];
        uint8_t answer[CW_ANSWER_LEN];
        size_t len = config_body(PIN, "secret", body);
        seal(&b, CW_MANAGE_CONFIG, body, len);
        for (size_t bit = 0; bit < 8 * b.message_len; bit++) {
            b.message[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_not_equal(deliver(&b, answer, &len), CW_OK);
            b.message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_int_equal(pin.len, 0);
        /* Its value is nowhere in it. */
        for (size_t i = 0; i + 6 <= b.message_len; i++) {
            assert_memory_not_equal(b.message + i, "secret", 6);
        }
        assert_int_equal(deliver(&b, answer, &len), CW_OK);
        assert_true(pin.len == 6 && memcmp(pin.bytes, "secret", 6) == 0);
    }
}

static void config_is_not_set_twice_nor_behind_a_query(void **state)
{
    (void)state;
    struct bench b;
    uint8_t body[64];
    uint8_t answer[CW_ANSWER_LEN];
    size_t len;
    forget_pin();
    fresh(&b, CW_CIPHER_SPONGENT);
    seal(&b, CW_MANAGE_CONFIG, body, config_body(PIN, "old", body));
    const struct bench recorded = b;
    assert_int_equal(deliver(&b, answer, &len), CW_OK);
    assert_int_equal(configure(&b, PIN, "new"), CW_OK);
    memcpy(b.message, recorded.message, sizeof b.message);
    b.message_len = recorded.message_len;
    assert_int_equal(deliver(&b, answer, &len), CW_E_REPLAY);
    assert_memory_equal(pin.bytes, "new", 3);
    /* A query voids what was sent before it; another session has other keys. */
    seal(&b, CW_MANAGE_CONFIG, body, config_body(PIN, "late", body));
    const struct bench delayed = b;
    (void)query(&b, 0);
    memcpy(b.message, delayed.message, sizeof b.message);
    b.message_len = delayed.message_len;
    assert_int_equal(deliver(&b, answer, &len), CW_E_REPLAY);
    assert_int_equal(claim(&b, 2, 0x80, 7), CW_OK);
    memcpy(b.message, delayed.message, sizeof b.message);
    b.message_len = delayed.message_len;
    assert_int_equal(deliver(&b, answer, &len), CW_E_REPLAY);
    assert_memory_equal(pin.bytes, "new", 3);
}

static void config_of_a_stranger_shape_is_refused(void **state)
{
    (void)state;
    struct bench b;
    uint8_t body[64];
    forget_pin();
    fresh(&b, CW_CIPHER_SPONGENT);
    assert_int_equal(configure(&b, PIN, "123456789"), CW_E_SPACE);
    assert_int_equal(configure(&b, 0, "1"), CW_E_ABSENT);
    assert_int_equal(configure(&b, 5, "1"), CW_E_ABSENT);
    const size_t len = config_body(PIN, "1234", body);
    assert_int_equal(command(&b, CW_MANAGE_CONFIG, body, len + 2).status, CW_E_FORM);
    assert_int_equal(command(&b, CW_MANAGE_CONFIG, body, len - 2).status, CW_E_FORM);
    assert_int_equal(command(&b, CW_MANAGE_CONFIG, body, 2).status, CW_E_FORM);
    (void)disable(&b, CW_DISABLE_ALL);
    assert_int_equal(configure(&b, PIN, "1"), CW_E_STATE);
    assert_false(pin.is_set);
    assert_int_equal(pin.bytes[0], 0);
}

static void command_that_is_not_the_owners_changes_nothing(void **state)
{
    (void)state;
    struct bench b;
    fresh(&b, CW_CIPHER_SPONGENT);
    struct cw_setconn s = sink_of(3, 1, 0x11);
    uint8_t body[CW_SETCONN_LEN];
    memcpy(body, &s, sizeof s);
    seal(&b, CW_MANAGE_SETCONN, body, sizeof body);
    struct cw_module before = b.module;
    size_t len;
    for (size_t bit = 0; bit < 8 * b.message_len; bit++) {
        b.message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(deliver(&b, body, &len), CW_OK);
        assert_memory_equal(&b.module, &before, sizeof before);
        b.message[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < b.message_len; cut++) {
        size_t whole = b.message_len;
        b.message_len = cut;
        assert_int_not_equal(deliver(&b, body, &len), CW_OK);
        b.message_len = whole;
    }
    assert_int_equal(b.channels[0].state, CW_CHANNEL_FREE);
    assert_int_equal(deliver(&b, body, &len), CW_OK);
}

static void replayed_or_delayed_command_is_refused(void **state)
{
    (void)state;
    struct bench b;
    fresh(&b, CW_CIPHER_AES);
    struct cw_setconn s = source_of(3, 1, 0x11);
    uint8_t body[CW_SETCONN_LEN];
    uint8_t withheld[256];
    size_t len;
    memcpy(body, &s, sizeof s);
    seal(&b, CW_MANAGE_SETCONN, body, sizeof body);
    size_t withheld_len = b.message_len;
    memcpy(withheld, b.message, withheld_len);
    /* The query is a fence: what was sent before it can never apply. */
    assert_int_equal(query(&b, 0).total, 0);
    memcpy(b.message, withheld, withheld_len);
    b.message_len = withheld_len;
    assert_int_equal(deliver(&b, body, &len), CW_E_REPLAY);
    assert_int_equal(b.channels[0].state, CW_CHANNEL_FREE);
    /* And an accepted one cannot come again. */
    b.seq = 5;
    assert_int_equal(setconn(&b, &s).status, CW_OK);
    assert_int_equal(deliver(&b, body, &len), CW_E_REPLAY);
}

static void command_of_an_older_session_is_refused(void **state)
{
    (void)state;
    struct bench b;
    fresh(&b, CW_CIPHER_SPONGENT);
    uint8_t body[64];
    size_t len;
    memset(body, 0xff, CW_DISABLE_LEN);
    seal(&b, CW_MANAGE_DISABLE, body, CW_DISABLE_LEN);
    assert_int_equal(claim(&b, 2, 0x80, 7), CW_OK);
    assert_int_equal(deliver(&b, body, &len), CW_E_REPLAY);
    assert_int_equal(claim(&b, 2, 0x80, 7), CW_E_REPLAY);
    assert_int_equal(claim(&b, 1, 0x80, 7), CW_E_REPLAY);
}

static void setconn_of_a_stranger_shape_is_refused(void **state)
{
    (void)state;
    struct bench b;
    fresh(&b, CW_CIPHER_SPONGENT);
    struct cw_setconn s = sink_of(3, 1, 0x11);
    s.identity.dst_module = 8;
    assert_int_equal(setconn(&b, &s).status, CW_E_DENIED);
    s = sink_of(3, 1, 0x11);
    s.identity.src_module = 7;
    assert_int_equal(setconn(&b, &s).status, CW_E_DENIED);
    s = sink_of(3, 1, 0x11);
    s.local = 0;
    assert_int_equal(setconn(&b, &s).status, CW_E_ABSENT);
    s.local = 4;
    assert_int_equal(setconn(&b, &s).status, CW_E_ABSENT);
    s = sink_of(3, 1, 0x11);
    s.event_max = 65;
    assert_int_equal(setconn(&b, &s).status, CW_E_SPACE);
    s = sink_of(3, 1, 0x11);
    s.identity.cipher = 3;
    assert_int_equal(setconn(&b, &s).status, CW_E_DENIED);
    s = sink_of(3, 1, 0x11);
    s.start = CW_SETCONN_CONTINUE;
    assert_int_equal(setconn(&b, &s).status, CW_E_STATE);
    s = sink_of(3, 1, 0x11);
    s.identity.mode = 3;
    assert_int_equal(setconn(&b, &s).status, CW_E_FORM);
    s = sink_of(3, 1, 0x11);
    s.window = 0;
    assert_int_equal(setconn(&b, &s).status, CW_E_FORM);
    for (size_t i = 0; i < CHANNELS; i++) {
        assert_int_equal(b.channels[i].state, CW_CHANNEL_FREE);
    }
}

static void gcm_is_refused_where_a_start_can_be_repeated(void **state)
{
    (void)state;
    struct bench b;
    fresh(&b, CW_CIPHER_SPONGENT);
    b.module.life.kind = CW_FRESH_NONE;
    struct cw_setconn s = sink_of(3, 1, 0x11);
    s.identity.cipher = CW_CIPHER_AES;
    assert_int_equal(setconn(&b, &s).status, CW_E_DENIED);
    b.module.life.kind = CW_FRESH_COUNTER;
    assert_int_equal(setconn(&b, &s).status, CW_OK);
}

static void epoch_never_goes_back(void **state)
{
    (void)state;
    struct bench b;
    fresh(&b, CW_CIPHER_SPONGENT);
    struct cw_setconn s = source_of(3, 5, 0x11);
    assert_int_equal(setconn(&b, &s).status, CW_OK);
    s.channel = 0x12;
    assert_int_equal(setconn(&b, &s).status, CW_E_REPLAY);
    s.identity.epoch = 4;
    assert_int_equal(setconn(&b, &s).status, CW_E_REPLAY);
    disable(&b, 0x11);
    assert_int_equal(setconn(&b, &s).status, CW_E_REPLAY);
    s.identity.epoch = 6;
    assert_int_equal(setconn(&b, &s).status, CW_OK);
}

static void one_channel_id_is_installed_once(void **state)
{
    (void)state;
    struct bench b;
    fresh(&b, CW_CIPHER_SPONGENT);
    struct cw_setconn s = source_of(3, 1, 0x11);
    assert_int_equal(setconn(&b, &s).status, CW_OK);
    s = sink_of(4, 1, 0x11);
    assert_int_equal(setconn(&b, &s).status, CW_E_REPLAY);
}

/* Seal one event with a source that is not under test, and bring it to the module's sink. */
static cw_status send(struct bench *b, struct cw_channel *source)
{
    uint8_t frame[128];
    size_t len;
    uint32_t gap;
    assert_int_equal(
            cw_test_wrap(source, (const uint8_t *)"x", 1, frame, sizeof frame, &len), CW_OK);
    struct cw_channel *sink = cw_module_channel(&b->module, source->id);
    if (sink == NULL) {
        return CW_E_ABSENT;
    }
    cw_status status = cw_channel_expects(sink, frame, len);
    if (status == CW_OK) {
        status = cw_channel_unwrap(sink, frame, len, &len, &gap);
    }
    if (status == CW_OK) {
        cw_module_settle(&b->module, sink);
    }
    return status;
}

static void rekey_loses_no_event_and_the_first_new_frame_ends_the_old_key(void **state)
{
    (void)state;
    struct bench b;
    uint8_t check[CW_CHECK_LEN];
    fresh(&b, CW_CIPHER_SPONGENT);
    struct cw_setconn old = sink_of(3, 1, 0x11);
    struct cw_setconn new = sink_of(3, 2, 0x12);
    new.start = CW_SETCONN_CONTINUE;
    struct cw_channel source = {0};
    cw_channel_install(&source, &old, b.module.life.deployment, true, check);
    assert_int_equal(setconn(&b, &old).status, CW_OK);
    assert_int_equal(send(&b, &source), CW_OK);
    assert_int_equal(setconn(&b, &new).status, CW_OK);
    /* Sealed under the old key after the sink has the new one: still taken. */
    assert_int_equal(send(&b, &source), CW_OK);
    struct cw_channel old_source = source;
    cw_channel_install(&source, &new, b.module.life.deployment, true, check);
    assert_int_equal(send(&b, &source), CW_OK);
    assert_int_equal(send(&b, &old_source), CW_E_ABSENT);
    assert_int_equal(send(&b, &source), CW_OK);
    assert_int_equal(cw_module_channel(&b.module, 0x12)->count, 4);
}

static void disabled_channel_keeps_its_final_count_for_the_owner(void **state)
{
    (void)state;
    struct bench b;
    uint8_t check[CW_CHECK_LEN];
    fresh(&b, CW_CIPHER_AES);
    struct cw_setconn s = sink_of(3, 1, 0x11);
    struct cw_channel source = {0};
    cw_channel_install(&source, &s, b.module.life.deployment, true, check);
    assert_int_equal(setconn(&b, &s).status, CW_OK);
    assert_int_equal(send(&b, &source), CW_OK);
    assert_int_equal(disable(&b, 0x99).status, CW_E_ABSENT);
    struct cw_answer answer = disable(&b, 0x11);
    assert_int_equal(answer.status, CW_OK);
    assert_int_equal(answer.count, 1);
    assert_int_equal(send(&b, &source), CW_E_ABSENT);
    struct cw_answer queried = query(&b, 0);
    assert_int_equal(queried.total, 1);
    assert_int_equal(queried.count, 1);
    assert_int_equal(queried.flags, CW_ANSWER_CLOSED);
}

static void disabled_module_answers_queries_only(void **state)
{
    (void)state;
    struct bench b;
    fresh(&b, CW_CIPHER_SPONGENT);
    struct cw_setconn s = sink_of(3, 1, 0x11);
    assert_int_equal(setconn(&b, &s).status, CW_OK);
    assert_int_equal(disable(&b, CW_DISABLE_ALL).status, CW_OK);
    assert_null(cw_module_channel(&b.module, 0x11));
    s.identity.epoch = 2;
    assert_int_equal(setconn(&b, &s).status, CW_E_STATE);
    assert_int_equal(query(&b, 0).channel, 0x11);
    assert_int_equal(claim(&b, 2, 0x80, 7), CW_OK);
    assert_int_equal(setconn(&b, &s).status, CW_E_STATE);
}

static void another_deployment_finds_no_channels(void **state)
{
    (void)state;
    struct bench b;
    fresh(&b, CW_CIPHER_SPONGENT);
    struct cw_setconn s = sink_of(3, 1, 0x11);
    assert_int_equal(setconn(&b, &s).status, CW_OK);
    assert_int_equal(claim(&b, 2, 0x81, 7), CW_OK);
    assert_int_equal(query(&b, 0).total, 0);
}

static void full_table_says_so_and_closed_slots_are_used_again(void **state)
{
    (void)state;
    struct bench b;
    fresh(&b, CW_CIPHER_SPONGENT);
    for (uint32_t i = 0; i < CHANNELS; i++) {
        struct cw_setconn s = sink_of(i + 1, 1, i + 1);
        assert_int_equal(setconn(&b, &s).status, CW_OK);
    }
    struct cw_setconn s = sink_of(10, 1, 10);
    assert_int_equal(setconn(&b, &s).status, CW_E_SPACE);
    assert_int_equal(disable(&b, 2).status, CW_OK);
    assert_int_equal(setconn(&b, &s).status, CW_OK);
    assert_int_equal(query(&b, CHANNELS).channel, 0);
}

static void unclaimed_module_takes_no_command(void **state)
{
    (void)state;
    struct bench b;
    fresh(&b, CW_CIPHER_SPONGENT);
    uint8_t body[64];
    size_t len;
    memset(body, 0, CW_QUERY_LEN);
    seal(&b, CW_MANAGE_QUERY, body, CW_QUERY_LEN);
    b.module.life.state = CW_STATE_UNCLAIMED;
    assert_int_equal(deliver(&b, body, &len), CW_E_REPLAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(both_ends_confirm_the_key_to_the_owner),
            cmocka_unit_test(config_is_set_whole_by_its_owner_alone),
            cmocka_unit_test(config_is_not_set_twice_nor_behind_a_query),
            cmocka_unit_test(config_of_a_stranger_shape_is_refused),
            cmocka_unit_test(command_that_is_not_the_owners_changes_nothing),
            cmocka_unit_test(replayed_or_delayed_command_is_refused),
            cmocka_unit_test(command_of_an_older_session_is_refused),
            cmocka_unit_test(setconn_of_a_stranger_shape_is_refused),
            cmocka_unit_test(gcm_is_refused_where_a_start_can_be_repeated),
            cmocka_unit_test(epoch_never_goes_back),
            cmocka_unit_test(one_channel_id_is_installed_once),
            cmocka_unit_test(rekey_loses_no_event_and_the_first_new_frame_ends_the_old_key),
            cmocka_unit_test(disabled_channel_keeps_its_final_count_for_the_owner),
            cmocka_unit_test(disabled_module_answers_queries_only),
            cmocka_unit_test(another_deployment_finds_no_channels),
            cmocka_unit_test(full_table_says_so_and_closed_slots_are_used_again),
            cmocka_unit_test(unclaimed_module_takes_no_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
