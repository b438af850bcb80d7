/* SPDX-License-Identifier: MIT */
/*
 * constant_time_test.c - channels and management branch on a verdict, and on no other secret.
 *
 * As core/crypto/constant_time_test.c: run by valgrind, secrets undefined.  The linker puts the
 * functions below in place of the two that give a verdict (tests/sources.mk): the verdict, and a
 * body that proved authentic, are no secrets any more, keys inside it excepted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/bytes.h"
#include "core/channel/channel.h"
#include "core/crypto/suite.h"
#include "core/module/module.h"
#include "tests/support/channel.h"

#include "tests/support/secrets.h"

/* --- what gives a verdict ---------------------------------------------------------------------------- */

bool __real_cw_suite_open(uint8_t cipher, const uint8_t *key, const uint8_t *nonce,
        size_t nonce_len, uint8_t *bytes, size_t len, const uint8_t *tag);
bool __wrap_cw_suite_open(uint8_t cipher, const uint8_t *key, const uint8_t *nonce,
        size_t nonce_len, uint8_t *bytes, size_t len, const uint8_t *tag);
bool __real_cw_bytes_equal(const void *a, const void *b, size_t len);
bool __wrap_cw_bytes_equal(const void *a, const void *b, size_t len);

static unsigned inside_crypto; /* reports: the verdict's own branch, which erases the output */

bool __wrap_cw_suite_open(uint8_t cipher, const uint8_t *key, const uint8_t *nonce,
        size_t nonce_len, uint8_t *bytes, size_t len, const uint8_t *tag)
{
    const unsigned before = (unsigned)VALGRIND_COUNT_ERRORS;
    bool opens = __real_cw_suite_open(cipher, key, nonce, nonce_len, bytes, len, tag);
    inside_crypto += (unsigned)VALGRIND_COUNT_ERRORS - before;
    (void)VALGRIND_MAKE_MEM_DEFINED(&opens, sizeof opens);
    (void)VALGRIND_MAKE_MEM_DEFINED(bytes, len);
    if (opens && len == CW_SETCONN_LEN) {
        (void)VALGRIND_MAKE_MEM_UNDEFINED(bytes + offsetof(struct cw_setconn, key), CW_KEY_LEN);
    }
    return opens;
}

bool __wrap_cw_bytes_equal(const void *a, const void *b, size_t len)
{
    bool equal = __real_cw_bytes_equal(a, b, len);
    (void)VALGRIND_MAKE_MEM_DEFINED(&equal, sizeof equal);
    return equal;
}

/* --- two ends of a channel, keys unknown -------------------------------------------------------------- */

static const uint8_t deployment[CW_DEPLOYMENT_LEN] = {1, 2, 3};
static struct cw_channel source;
static struct cw_channel sink;
static unsigned before;

static unsigned reports(void)
{
    return (unsigned)VALGRIND_COUNT_ERRORS - before - inside_crypto;
}

static struct cw_setconn secret_setconn(uint8_t cipher)
{
    struct cw_setconn s = {
            .identity = {.conn = 1, .epoch = 1, .src_module = 1, .dst_module = 2, .cipher = cipher},
            .channel = 9, .event_max = 64, .window = 4, .limit = UINT64_C(1) << 20, .start = CW_SETCONN_CUT};
    memset(s.key, 0x5c, sizeof s.key);
    (void)VALGRIND_MAKE_MEM_UNDEFINED(s.key, sizeof s.key);
    return s;
}

static void install(uint8_t cipher)
{
    uint8_t check[CW_CHECK_LEN];
    if (!RUNNING_ON_VALGRIND) {
        print_message("skipped: valgrind is missing, or this is a sanitizer build\n");
        skip();
    }
    before = (unsigned)VALGRIND_COUNT_ERRORS;
    inside_crypto = 0;
    struct cw_setconn s = secret_setconn(cipher);
    memset(&source, 0, sizeof source);
    memset(&sink, 0, sizeof sink);
    cw_channel_install(&source, &s, deployment, true, check);
    cw_channel_install(&sink, &s, deployment, false, check);
}

/* One event, whose payload is as secret as the keys, as it lies on the wire. */
static size_t sealed(uint8_t frame[static CW_FRAME_LEN(64)])
{
    uint8_t payload[20];
    size_t len = 0;
    memset(payload, 0x33, sizeof payload);
    (void)VALGRIND_MAKE_MEM_UNDEFINED(payload, sizeof payload);
    assert_int_equal(cw_test_wrap(&source, payload, sizeof payload, frame, CW_FRAME_LEN(64),
                             &len), CW_OK);
    (void)VALGRIND_MAKE_MEM_DEFINED(frame, len);
    return len;
}

static void both_ciphers(void (*play)(void))
{
    for (uint8_t cipher = CW_CIPHER_SPONGENT; cipher <= CW_CIPHER_AES; cipher++) {
        install(cipher);
        play();
        assert_int_equal(reports(), 0);
    }
}

static void play_events(void)
{
    uint8_t frame[CW_FRAME_LEN(64)];
    size_t payload_len;
    uint32_t gap;
    size_t len = sealed(frame);
    assert_int_equal(cw_channel_unwrap(&sink, frame, len, &payload_len, &gap), CW_OK);
    len = sealed(frame);
    frame[len - 1] ^= 1;
    assert_int_equal(cw_channel_unwrap(&sink, frame, len, &payload_len, &gap), CW_E_AUTH);
    assert_int_equal(sink.refused_auth, 1);
    cw_channel_close(&sink);
}

static void play_acks(void)
{
    uint8_t frame[CW_FRAME_LEN(64)];
    uint8_t ack[CW_ACK_LEN];
    size_t payload_len;
    uint32_t gap;
    size_t len = sealed(frame);
    assert_int_equal(cw_channel_unwrap(&sink, frame, len, &payload_len, &gap), CW_OK);
    assert_int_equal(cw_test_ack_make(&sink, ack), CW_OK);
    (void)VALGRIND_MAKE_MEM_DEFINED(ack, sizeof ack);
    ack[CW_ACK_LEN - 1] ^= 1;
    assert_int_equal(cw_test_ack_take(&source, ack, sizeof ack), CW_E_AUTH);
    ack[CW_ACK_LEN - 1] ^= 1;
    assert_int_equal(cw_test_ack_take(&source, ack, sizeof ack), CW_OK);
}

static void channel_tells_the_verdict_alone(void **state)
{
    (void)state;
    both_ciphers(play_events);
}

static void acknowledgement_tells_the_verdict_alone(void **state)
{
    (void)state;
    both_ciphers(play_acks);
}

/* --- management --------------------------------------------------------------------------------------- */

static cw_status command(struct cw_module *m, uint8_t type, const void *body, size_t len, uint8_t flip)
{
    CW_EVEN uint8_t message[CW_MANAGE_HEADER_LEN + CW_SETCONN_LEN + CW_TAG_LEN];
    uint8_t answer[256];
    struct cw_manage_header header = cw_manage_header(type, 1, m->last_seq + 1);
    uint8_t *sealed_body = message + sizeof header;
    memcpy(message, &header, sizeof header);
    memcpy(sealed_body, body, len);
    cw_suite_seal(m->cipher, m->key_in, message, sizeof header, sealed_body, len,
            sealed_body + len);
    (void)VALGRIND_MAKE_MEM_DEFINED(message, sizeof message);
    sealed_body[0] ^= flip;
    return cw_module_command(m, message, sizeof header + len + CW_TAG_LEN, answer);
}

static void command_tells_the_verdict_alone(void **state)
{
    (void)state;
    static const struct cw_endpoint endpoint = {.max = 64, .kind = CW_KIND_INPUT};
    static const uint8_t query[CW_QUERY_LEN];
    for (uint8_t cipher = CW_CIPHER_SPONGENT; cipher <= CW_CIPHER_AES; cipher++) {
        struct cw_channel channels[2] = {{0}};
        struct cw_module m = {
                .life = {.version = CW_VERSION, .kind = CW_FRESH_RANDOM, .state = CW_STATE_OPEN,
                        .session = 1},
                .number = 2, .cipher = cipher, .channels = channels, .channels_end = channels + 2,
                .endpoints = &endpoint, .endpoints_end = &endpoint + 1};
        install(cipher);
        (void)VALGRIND_MAKE_MEM_UNDEFINED(m.key_in, sizeof m.key_in);
        (void)VALGRIND_MAKE_MEM_UNDEFINED(m.key_out, sizeof m.key_out);
        struct cw_setconn s = secret_setconn(cipher);
        assert_int_equal(command(&m, CW_MANAGE_SETCONN, &s, sizeof s, 0), CW_OK);
        assert_int_equal(channels[0].state, CW_CHANNEL_OPEN);
        assert_int_equal(command(&m, CW_MANAGE_QUERY, query, sizeof query, 1), CW_E_AUTH);
        assert_int_equal(command(&m, CW_MANAGE_QUERY, query, sizeof query, 0), CW_OK);
        assert_int_equal(reports(), 0);
    }
}

/* A tag compared byte by byte, up to the first that differs. */
static void planted_comparison_is_seen(void **state)
{
    (void)state;
    install(CW_CIPHER_SPONGENT);
    uint8_t ack[CW_ACK_LEN];
    static volatile unsigned same;
    assert_int_equal(cw_test_ack_make(&sink, ack), CW_OK);
    for (size_t i = CW_ACK_LEN - CW_TAG_LEN; i < CW_ACK_LEN && ack[i] != 0x77; i++) {
        same = same + 1;
    }
    assert_in_range(reports(), 1, CW_TAG_LEN);
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    secrets_go_inside(arguments);
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(planted_comparison_is_seen),
            cmocka_unit_test(channel_tells_the_verdict_alone),
            cmocka_unit_test(acknowledgement_tells_the_verdict_alone),
            cmocka_unit_test(command_tells_the_verdict_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
