/* SPDX-License-Identifier: MIT */
/* The promises of core/channel/channel.h, for both ciphers and all modes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/channel/channel.h"
#include "core/crypto/suite.h"
#include "tests/support/channel.h"

static const uint8_t deployment[CW_DEPLOYMENT_LEN] = {
        0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87};

struct pair {
    struct cw_channel source;
    struct cw_channel sink;
};

/* The connection of the vectors in docs/protocol.md. */
static struct cw_setconn setconn_of(uint8_t cipher, uint8_t mode)
{
    struct cw_setconn s = {
            .identity = {.conn = 3,
                    .epoch = 1,
                    .src_module = 7,
                    .src_endpoint = 0,
                    .dst_module = 9,
                    .dst_endpoint = 2,
                    .cipher = cipher,
                    .mode = mode},
            .channel = 0x11,
            .limit = UINT64_C(1) << 32,
            .start = CW_SETCONN_CUT,
            .window = 4,
            .event_max = 64,
    };
    for (uint8_t i = 0; i < CW_KEY_LEN; i++) {
        s.key[i] = (uint8_t)(0xa0 + i);
    }
    return s;
}

static struct pair pair_from(const struct cw_setconn *s)
{
    struct pair p = {0};
    uint8_t at_source[CW_CHECK_LEN];
    uint8_t at_sink[CW_CHECK_LEN];
    uint8_t at_owner[CW_CHECK_LEN];
    cw_channel_install(&p.source, s, deployment, true, at_source);
    cw_channel_install(&p.sink, s, deployment, false, at_sink);
    cw_channel_derive(s, deployment, "cw1.chk", at_owner);
    assert_memory_equal(at_source, at_sink, CW_CHECK_LEN);
    assert_memory_equal(at_source, at_owner, CW_CHECK_LEN);
    return p;
}

static struct pair pair_of(uint8_t cipher, uint8_t mode)
{
    struct cw_setconn s = setconn_of(cipher, mode);
    return pair_from(&s);
}

static size_t wrap(struct pair *p, const char *text, uint8_t frame[static 256])
{
    size_t len = 0;
    assert_int_equal(
            cw_test_wrap(&p->source, (const uint8_t *)text, strlen(text), frame, 256, &len),
            CW_OK);
    return len;
}

/* What a module does with a frame: a copy, all checks, then the cipher. */
static cw_status deliver(struct pair *p, const uint8_t *frame, size_t len, const char *text)
{
    uint8_t copy[300];
    memcpy(copy, frame, len);
    cw_status status = cw_channel_expects(&p->sink, copy, len);
    if (status != CW_OK) {
        cw_channel_refuse(&p->sink, status);
        return status;
    }
    size_t payload_len;
    uint32_t gap;
    status = cw_channel_unwrap(&p->sink, copy, len, &payload_len, &gap);
    if (status == CW_OK && text != NULL) {
        assert_int_equal(payload_len, strlen(text));
        assert_memory_equal(copy + CW_EVENT_HEADER_LEN, text, payload_len);
    }
    return status;
}

static cw_status acknowledge(struct pair *p)
{
    uint8_t ack[CW_ACK_LEN];
    assert_int_equal(cw_test_ack_make(&p->sink, ack), CW_OK);
    return cw_test_ack_take(&p->source, ack, sizeof ack);
}

static const uint8_t ciphers[] = {CW_CIPHER_SPONGENT, CW_CIPHER_AES};

static void keys_and_frames_equal_the_published_vectors(void **state)
{
    (void)state;
    struct pair p = pair_of(CW_CIPHER_SPONGENT, CW_MODE_STRICT);
    static const uint8_t key_event[] = {0xcb, 0x0c, 0x09, 0x2b, 0x24, 0x78, 0x0a, 0x1b, 0xf8, 0x40,
            0x60, 0xa0, 0xee, 0xce, 0xa1, 0xa2};
    static const uint8_t key_back[] = {0x31, 0xc1, 0x96, 0xd7, 0x6f, 0xd7, 0x9d, 0x6a, 0x06, 0x7d,
            0x0c, 0x3a, 0xf8, 0x8b, 0x3c, 0x00};
    static const uint8_t check[] = {0xf9, 0x96, 0xb5, 0x3e, 0xca, 0xb3, 0x4a, 0xc1, 0xb6, 0x9e,
            0xa4, 0x6a, 0xf4, 0x0f, 0x0e, 0x96};
    static const uint8_t event[] = {0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x5a, 0x6f, 0xe8, 0x96,
            0x22, 0x20, 0x02, 0x74, 0x89, 0x57, 0xdd, 0xbd, 0x3f, 0xa2, 0xf5, 0xe2, 0x25, 0x37};
    static const uint8_t ack_frame[] = {0x11, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x66, 0xe7, 0xfa, 0x91,
            0x01, 0x41, 0x8d, 0x8c, 0x3d, 0x5c, 0xa6, 0x76, 0xf6, 0xd8, 0x1f, 0x80, 0xc7, 0xe0};
    uint8_t frame[256];
    uint8_t ack[CW_ACK_LEN];
    uint8_t at_owner[CW_CHECK_LEN];
    struct cw_setconn s = setconn_of(CW_CIPHER_SPONGENT, CW_MODE_STRICT);
    cw_channel_derive(&s, deployment, "cw1.chk", at_owner);
    assert_memory_equal(at_owner, check, sizeof check);
    assert_memory_equal(p.source.keys.event, key_event, sizeof key_event);
    assert_memory_equal(p.source.keys.back, key_back, sizeof key_back);
    size_t len = wrap(&p, "", frame);
    assert_int_equal(len, sizeof event);
    assert_memory_equal(frame, event, sizeof event);
    assert_int_equal(deliver(&p, frame, len, ""), CW_OK);
    assert_int_equal(cw_test_ack_make(&p.sink, ack), CW_OK);
    assert_memory_equal(ack, ack_frame, sizeof ack_frame);
}

static void every_length_arrives_as_it_was_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pair p = pair_of(ciphers[i], CW_MODE_STRICT);
        char text[65] = {0};
        for (size_t len = 0; len <= 64; len++) {
            uint8_t frame[256];
            size_t frame_len = wrap(&p, text, frame);
            assert_int_equal(frame_len, CW_FRAME_LEN(len));
            assert_int_equal(deliver(&p, frame, frame_len, text), CW_OK);
            assert_int_equal(acknowledge(&p), CW_OK);
            text[len % 64] = (char)('a' + len % 26);
        }
    }
}

static void every_flipped_bit_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pair p = pair_of(ciphers[i], CW_MODE_STRICT);
        uint8_t frame[256];
        size_t len = wrap(&p, "press", frame);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_not_equal(deliver(&p, frame, len, NULL), CW_OK);
            assert_int_equal(p.sink.count, 0);
            frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_int_equal(deliver(&p, frame, len, "press"), CW_OK);
    }
}

static void every_truncated_or_extended_frame_is_refused(void **state)
{
    (void)state;
    struct pair p = pair_of(CW_CIPHER_SPONGENT, CW_MODE_STRICT);
    uint8_t frame[300] = {0};
    size_t len = wrap(&p, "press", frame);
    for (size_t other = 0; other < sizeof frame; other++) {
        if (other != len) {
            assert_int_not_equal(deliver(&p, frame, other, NULL), CW_OK);
        }
    }
    assert_int_equal(p.sink.count, 0);
    assert_int_equal(deliver(&p, frame, len, "press"), CW_OK);
}

static void strict_refuses_replay_reorder_and_omission(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pair p = pair_of(ciphers[i], CW_MODE_STRICT);
        uint8_t first[256];
        uint8_t second[256];
        size_t first_len = wrap(&p, "one", first);
        size_t second_len = wrap(&p, "two", second);
        assert_int_equal(deliver(&p, second, second_len, NULL), CW_E_REPLAY);
        assert_int_equal(deliver(&p, first, first_len, "one"), CW_OK);
        assert_int_equal(deliver(&p, first, first_len, NULL), CW_E_REPLAY);
        assert_int_equal(deliver(&p, second, second_len, "two"), CW_OK);
        assert_int_equal(p.sink.refused_replay, 2);
        assert_int_equal(p.sink.count, 2);
    }
}

static void latest_counts_gaps_and_never_goes_back(void **state)
{
    (void)state;
    struct pair p = pair_of(CW_CIPHER_AES, CW_MODE_LATEST);
    uint8_t frames[6][256];
    size_t len = 0;
    for (size_t i = 0; i < 6; i++) {
        len = wrap(&p, "x", frames[i]);
    }
    uint8_t copy[256];
    size_t payload_len;
    uint32_t gap;
    memcpy(copy, frames[3], len);
    assert_int_equal(cw_channel_unwrap(&p.sink, copy, len, &payload_len, &gap), CW_OK);
    assert_int_equal(gap, 3);
    assert_int_equal(deliver(&p, frames[2], len, NULL), CW_E_REPLAY);
    assert_int_equal(deliver(&p, frames[3], len, NULL), CW_E_REPLAY);
    assert_int_equal(deliver(&p, frames[4], len, "x"), CW_OK);
    assert_int_equal(p.sink.gaps, 3);
    uint8_t ack[CW_ACK_LEN];
    assert_int_equal(cw_test_ack_make(&p.sink, ack), CW_E_STATE);
}

static void window_stops_a_source_until_an_acknowledgement_verifies(void **state)
{
    (void)state;
    struct pair p = pair_of(CW_CIPHER_SPONGENT, CW_MODE_STRICT);
    uint8_t frame[256];
    size_t len = 0;
    for (int i = 0; i < 4; i++) {
        len = wrap(&p, "x", frame);
        assert_int_equal(deliver(&p, frame, len, "x"), CW_OK);
    }
    assert_int_equal(cw_test_wrap(&p.source, NULL, 0, frame, sizeof frame, &len), CW_AGAIN);
    assert_int_equal(p.source.count, 4);
    uint8_t ack[CW_ACK_LEN];
    assert_int_equal(cw_test_ack_make(&p.sink, ack), CW_OK);
    for (size_t bit = 0; bit < 8 * sizeof ack; bit++) {
        ack[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(cw_test_ack_take(&p.source, ack, sizeof ack), CW_OK);
        assert_int_equal(p.source.acked, 0);
        ack[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(cw_test_ack_take(&p.source, ack, sizeof ack), CW_OK);
    assert_int_equal(p.source.acked, 4);
    assert_int_equal(cw_test_wrap(&p.source, NULL, 0, frame, sizeof frame, &len), CW_OK);
}

static void old_acknowledgement_does_not_take_back_a_newer_one(void **state)
{
    (void)state;
    struct pair p = pair_of(CW_CIPHER_AES, CW_MODE_STRICT);
    uint8_t old[CW_ACK_LEN];
    uint8_t frame[256];
    assert_int_equal(cw_test_ack_make(&p.sink, old), CW_OK);
    size_t len = wrap(&p, "x", frame);
    assert_int_equal(deliver(&p, frame, len, "x"), CW_OK);
    assert_int_equal(acknowledge(&p), CW_OK);
    assert_int_equal(cw_test_ack_take(&p.source, old, sizeof old), CW_OK);
    assert_int_equal(p.source.acked, 1);
}

static void counter_limit_ends_a_source(void **state)
{
    (void)state;
    struct cw_setconn s = setconn_of(CW_CIPHER_SPONGENT, CW_MODE_STRICT);
    s.limit = UINT64_C(1) << 4;
    struct pair p = pair_from(&s);
    uint8_t frame[256];
    size_t len;
    for (int i = 0; i < 16; i++) {
        len = wrap(&p, "x", frame);
        assert_int_equal(deliver(&p, frame, len, "x"), CW_OK);
        assert_int_equal(acknowledge(&p), CW_OK);
    }
    assert_int_equal(cw_test_wrap(&p.source, NULL, 0, frame, sizeof frame, &len), CW_E_STATE);
    assert_int_equal(p.source.count, 16);
}

/* Keys bind everything that names a connection: a frame of one is refused by all others. */
static void frame_of_another_connection_epoch_or_deployment_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct cw_setconn base = setconn_of(ciphers[i], CW_MODE_STRICT);
        struct pair p = pair_from(&base);
        uint8_t frame[256];
        size_t len = wrap(&p, "x", frame);
        for (int field = 0; field < 9; field++) {
            struct cw_setconn s = base;
            s.identity.conn += field == 0;
            s.identity.epoch += field == 1;
            s.identity.src_module += field == 2;
            s.identity.src_endpoint = (uint16_t)(s.identity.src_endpoint + (field == 3));
            s.identity.dst_module += field == 4;
            s.identity.dst_endpoint = (uint16_t)(s.identity.dst_endpoint + (field == 5));
            s.identity.mode = field == 6 ? CW_MODE_LATEST : s.identity.mode;
            s.key[15] ^= field == 7;
            uint8_t other[CW_DEPLOYMENT_LEN];
            memcpy(other, deployment, sizeof other);
            other[0] ^= field == 8;
            struct pair q = {0};
            uint8_t check[CW_CHECK_LEN];
            uint8_t own[CW_CHECK_LEN];
            cw_channel_install(&q.sink, &s, other, false, check);
            cw_channel_derive(&base, deployment, "cw1.chk", own);
            assert_memory_not_equal(check, own, sizeof check);
            assert_int_equal(deliver(&q, frame, len, NULL), CW_E_AUTH);
            assert_int_equal(q.sink.count, 0);
            assert_int_equal(q.sink.refused_auth, 1);
        }
    }
}

static void reflected_frames_and_acknowledgements_are_refused(void **state)
{
    (void)state;
    struct pair p = pair_of(CW_CIPHER_SPONGENT, CW_MODE_REQUEST);
    uint8_t frame[256];
    size_t len = wrap(&p, "ask", frame);
    size_t payload_len;
    /* The request itself as its own answer. */
    uint32_t gap;
    assert_int_equal(cw_channel_unwrap(&p.source, frame, len, &payload_len, &gap), CW_E_AUTH);
    /* An event sealed for the sink, sent to the source. */
    p = pair_of(CW_CIPHER_SPONGENT, CW_MODE_STRICT);
    len = wrap(&p, "", frame);
    assert_int_equal(deliver(&p, frame, len, ""), CW_OK);
    assert_int_equal(cw_channel_unwrap(&p.source, frame, len, &payload_len, &gap), CW_E_AUTH);
    assert_int_equal(p.source.acked, 0);
    /* An acknowledgement sent to the sink, whose next counter it has. */
    uint8_t ack[CW_ACK_LEN];
    assert_int_equal(cw_test_ack_make(&p.sink, ack), CW_OK);
    assert_int_equal(deliver(&p, ack, sizeof ack, NULL), CW_E_AUTH);
    assert_int_equal(p.sink.count, 1);
    /* Nothing comes back where an event needs no answer. */
    p = pair_of(CW_CIPHER_SPONGENT, CW_MODE_LATEST);
    len = wrap(&p, "tell", frame);
    assert_int_equal(cw_channel_unwrap(&p.source, frame, len, &payload_len, &gap), CW_E_STATE);
}

/* The same bytes for a count, or a nonce would be used twice. */
static void acknowledgement_is_empty_and_of_no_more_than_was_sealed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pair p = pair_of(ciphers[i], CW_MODE_STRICT);
        uint8_t frame[256];
        uint8_t first[CW_ACK_LEN];
        uint8_t second[CW_ACK_LEN];
        size_t len = wrap(&p, "x", frame);
        assert_int_equal(deliver(&p, frame, len, "x"), CW_OK);
        assert_int_equal(cw_channel_wrap(&p.sink, (const uint8_t *)"y", 1, frame, sizeof frame),
                CW_E_SPACE);
        assert_int_equal(cw_test_ack_make(&p.sink, first), CW_OK);
        assert_int_equal(cw_test_ack_make(&p.sink, second), CW_OK);
        assert_memory_equal(first, second, sizeof first);
        assert_int_equal(p.sink.count, 1);
        p.sink.count = 2; /* a sink that lies */
        assert_int_equal(cw_test_ack_make(&p.sink, second), CW_OK);
        assert_int_equal(cw_test_ack_take(&p.source, second, sizeof second), CW_E_REPLAY);
        assert_int_equal(p.source.acked, 0);
        assert_int_equal(cw_test_ack_take(&p.source, first, sizeof first), CW_OK);
        assert_int_equal(p.source.acked, 1);
        assert_int_equal(p.source.count, 1);
    }
}

static void request_is_answered_once_and_only_by_its_own_response(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pair p = pair_of(ciphers[i], CW_MODE_REQUEST);
        uint8_t request[256];
        uint8_t old_response[256];
        uint8_t response[256];
        size_t payload_len;
        size_t response_len;
        size_t len = wrap(&p, "first", request);
        assert_int_equal(deliver(&p, request, len, "first"), CW_OK);
        assert_int_equal(deliver(&p, request, len, NULL), CW_E_REPLAY);
        assert_int_equal(cw_test_wrap(&p.sink, (const uint8_t *)"one", 3,
                                 old_response, sizeof old_response, &response_len),
                CW_OK);
        len = wrap(&p, "second", request);
        assert_int_equal(deliver(&p, request, len, "second"), CW_OK);
        uint32_t gap;
        assert_int_equal(
                cw_channel_unwrap(&p.source, old_response, response_len, &payload_len, &gap),
                CW_E_REPLAY);
        assert_int_equal(cw_test_wrap(&p.sink, (const uint8_t *)"two", 3, response,
                                 sizeof response, &response_len),
                CW_OK);
        assert_int_equal(
                cw_channel_unwrap(&p.source, response, response_len, &payload_len, &gap), CW_OK);
        assert_int_equal(payload_len, 3);
        assert_memory_equal(response + CW_EVENT_HEADER_LEN, "two", 3);
    }
}

/* A body of zeros, or one whose padding is longer than a sender makes, is no payload. */
static void wrong_padding_under_a_right_tag_is_refused(void **state)
{
    (void)state;
    struct pair p = pair_of(CW_CIPHER_SPONGENT, CW_MODE_STRICT);
    uint8_t frame[CW_FRAME_LEN(0)] = {0x11};
    uint8_t *body = frame + CW_EVENT_HEADER_LEN;
    cw_suite_seal(CW_CIPHER_SPONGENT, p.source.keys.event, frame + 4, 8, body, 2, body + 2);
    assert_int_equal(deliver(&p, frame, sizeof frame, NULL), CW_E_AUTH);
    assert_int_equal(p.sink.count, 0);
}

static void too_long_an_event_spends_no_counter(void **state)
{
    (void)state;
    struct pair p = pair_of(CW_CIPHER_AES, CW_MODE_STRICT);
    uint8_t payload[65] = {0};
    uint8_t frame[256];
    size_t len;
    assert_int_equal(
            cw_test_wrap(&p.source, payload, 65, frame, sizeof frame, &len), CW_E_SPACE);
    assert_int_equal(cw_test_wrap(&p.source, payload, 10, frame, 20, &len), CW_E_SPACE);
    assert_int_equal(p.source.count, 0);
}

static void closed_channel_keeps_counts_and_no_keys(void **state)
{
    (void)state;
    struct pair p = pair_of(CW_CIPHER_AES, CW_MODE_STRICT);
    uint8_t frame[256];
    size_t len = wrap(&p, "x", frame);
    cw_channel_close(&p.source);
    static const uint8_t zeros[CW_KEY_LEN];
    assert_memory_equal(p.source.keys.event, zeros, CW_KEY_LEN);
    assert_memory_equal(p.source.keys.back, zeros, CW_KEY_LEN);
    assert_int_equal(p.source.count, 1);
    assert_int_equal(cw_test_wrap(&p.source, NULL, 0, frame, sizeof frame, &len), CW_E_STATE);
}

static void rekey_runs_the_count_on(void **state)
{
    (void)state;
    struct pair p = pair_of(CW_CIPHER_SPONGENT, CW_MODE_STRICT);
    uint8_t frame[256];
    size_t len = wrap(&p, "x", frame);
    assert_int_equal(deliver(&p, frame, len, "x"), CW_OK);
    struct cw_setconn s = setconn_of(CW_CIPHER_SPONGENT, CW_MODE_STRICT);
    s.identity.epoch = 2;
    s.channel = 0x12;
    s.start = CW_SETCONN_CONTINUE;
    uint8_t check[CW_CHECK_LEN];
    cw_channel_install(&p.source, &s, deployment, true, check);
    cw_channel_install(&p.sink, &s, deployment, false, check);
    len = wrap(&p, "y", frame);
    assert_int_equal(frame[4], 1);
    assert_int_equal(deliver(&p, frame, len, "y"), CW_OK);
    assert_int_equal(p.sink.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(keys_and_frames_equal_the_published_vectors),
            cmocka_unit_test(every_length_arrives_as_it_was_sent),
            cmocka_unit_test(every_flipped_bit_is_refused_and_changes_nothing),
            cmocka_unit_test(every_truncated_or_extended_frame_is_refused),
            cmocka_unit_test(strict_refuses_replay_reorder_and_omission),
            cmocka_unit_test(latest_counts_gaps_and_never_goes_back),
            cmocka_unit_test(window_stops_a_source_until_an_acknowledgement_verifies),
            cmocka_unit_test(old_acknowledgement_does_not_take_back_a_newer_one),
            cmocka_unit_test(counter_limit_ends_a_source),
            cmocka_unit_test(frame_of_another_connection_epoch_or_deployment_is_refused),
            cmocka_unit_test(reflected_frames_and_acknowledgements_are_refused),
            cmocka_unit_test(acknowledgement_is_empty_and_of_no_more_than_was_sealed),
            cmocka_unit_test(request_is_answered_once_and_only_by_its_own_response),
            cmocka_unit_test(wrong_padding_under_a_right_tag_is_refused),
            cmocka_unit_test(too_long_an_event_spends_no_counter),
            cmocka_unit_test(closed_channel_keeps_counts_and_no_keys),
            cmocka_unit_test(rekey_runs_the_count_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
