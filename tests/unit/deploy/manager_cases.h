/* SPDX-License-Identifier: MIT */
/*
 * The owner against the module's own code, in one process: what one side makes the other must
 * take, and nothing else.  Included by one program per kind of session, which defines
 * IS_AGREEMENT.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/channel/channel.h"
#include "core/crypto/dh.h"
#include "core/crypto/suite.h"
#include "deploy/manager.h"
#include "sdk/causeway.h"
#include "sdk/run.h"
#include "tests/support/fake_port.h"
#include "tests/support/channel.h"

static unsigned handled;

CW_INPUT(poke, data, len)
{
    (void)data;
    handled += (unsigned)len;
}

CW_HANDLER(echo, data, len, reply)
{
    (void)cw_reply_put(reply, data, len);
}

enum { OUT_CAP = 1024 };

static uint8_t items[OUT_CAP];
static size_t items_len;
static const uint8_t deployment[CW_DEPLOYMENT_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t owner_secret[CW_DH_LEN] = {0x77, 1};
static const uint8_t share_secret[CW_DH_LEN] = {0x55, 2};
static const uint8_t nonce[CW_NONCE_LEN] = {4, 4, 4};

static cw_result enter(uint8_t entry, const uint8_t *bytes, size_t len)
{
    struct cw_call call = {(cw_far)bytes, (cw_far)items, len, OUT_CAP, entry};
    cw_return value = cw_run(&call);
    items_len = value & 0xffffffu;
    return (cw_result)(value >> 24);
}

/* The first item, which must be of that type. */
static uint8_t *item(uint8_t type, size_t *ret_len)
{
    struct cw_link_header header;
    assert_true(items_len >= CW_LINK_HEADER_LEN);
    assert_int_equal(cw_link_header_decode(items, &header), CW_OK);
    assert_int_equal(header.type, type);
    *ret_len = header.len;
    return items + CW_LINK_HEADER_LEN;
}

/* Private memory as after a start of the same code on the same chip. */
static void restart(uint8_t start)
{
    fake_port_new_life(start);
    cw_run_module.cipher = cw_session_cipher;
    cw_run_module.life.kind = cw_enclave_start(cw_run_module.life.start);
    if (cw_session_start != NULL) {
        cw_session_start();
    }
    handled = 0;
}

/* ATTEST and EVIDENCE; the proof is what the chip must have made of it. */
static void attest(struct cw_manager *m)
{
    uint8_t message[CW_ATTEST_LEN];
    uint8_t report[32];
    const uint8_t *proof;
    size_t proof_len;
    size_t len;
    cw_manager_begin(m, IS_AGREEMENT, nonce, message);
    assert_int_equal(enter(CW_ENTRY_ATTEST, message, sizeof message), CW_RESULT_DONE);
    const uint8_t *reply = item(CW_FRAME_REPLY, &len);
    assert_int_equal(cw_manager_evidence(m, reply, len, report, &proof, &proof_len), CW_OK);
    if (IS_AGREEMENT) {
        assert_int_equal(proof_len, 32); /* the fake chip says what it was given */
        assert_memory_equal(proof, report, 32);
        return;
    }
    uint8_t key[CW_KEY_LEN];
    uint8_t tag[CW_TAG_LEN];
    uint8_t proved[CW_NONCE_LEN + CW_EVIDENCE_LEN];
    memcpy(proved, nonce, sizeof nonce);
    memcpy(proved + sizeof nonce, m->life, CW_EVIDENCE_LEN);
    cw_suite_derive(CW_CIPHER_SPONGENT, fake_port.root_key, (const uint8_t *)"cw1.att", 8, key);
    cw_suite_seal(CW_CIPHER_SPONGENT, key, proved, sizeof proved, NULL, 0, tag);
    assert_int_equal(proof_len, CW_TAG_LEN);
    assert_memory_equal(proof, tag, CW_TAG_LEN);
}

/* OPEN as number with these secrets; the module's result. */
static cw_result open_with(struct cw_manager *m, uint32_t number, const uint8_t *root_key,
        const uint8_t *secret)
{
    uint8_t message[CW_MANAGER_MESSAGE_MAX];
    size_t len;
    assert_int_equal(cw_manager_open(m, number, deployment, 7, root_key, secret, share_secret,
                             message, &len),
            CW_OK);
    return enter(CW_ENTRY_MANAGE, message, len);
}

static void open_session(struct cw_manager *m, uint32_t number)
{
    size_t len;
    attest(m);
    assert_int_equal(open_with(m, number, fake_port.root_key, owner_secret), CW_RESULT_DONE);
    const uint8_t *opened = item(CW_FRAME_REPLY, &len);
    assert_int_equal(cw_manager_opened(m, opened, len), CW_OK);
}

/* One command and its verified answer. */
static void command(struct cw_manager *m, uint8_t type, const void *body, size_t body_len,
        struct cw_answer *ret_answer, struct cw_answer *ret_queried)
{
    uint8_t message[CW_MANAGER_MESSAGE_MAX];
    size_t len;
    assert_int_equal(cw_manager_command(m, type, body, body_len, message, &len), CW_OK);
    assert_int_equal(enter(CW_ENTRY_MANAGE, message, len), CW_RESULT_DONE);
    uint8_t *answer = item(CW_FRAME_REPLY, &len);
    assert_int_equal(
            cw_manager_answer(m, type, answer, len, ret_answer), CW_OK);
    *ret_queried = *ret_answer;
}

static uint16_t index_of(const struct cw_endpoint *endpoint)
{
    return (uint16_t)(endpoint - __start_cw_endpoints);
}

static struct cw_setconn direct(const struct cw_endpoint *endpoint, uint8_t mode)
{
    return (struct cw_setconn){
            .identity = {.conn = 3, .epoch = 1, .dst_module = 7, .dst_endpoint = 1,
                    .cipher = CW_CIPHER_SPONGENT, .mode = mode},
            .channel = 17,
            .event_max = 64,
            .window = 4,
            .local = index_of(endpoint),
            .limit = UINT64_C(1) << 32,
            .start = CW_SETCONN_CUT,
            .key = {0xa0},
    };
}

/* --- promises -------------------------------------------------------------------------------- */

static void owner_and_module_agree_on_every_step(void **state)
{
    (void)state;
    struct cw_manager m;
    struct cw_answer answer;
    struct cw_answer queried;
    uint8_t body[CW_SETCONN_LEN];
    restart(0x60);
    open_session(&m, 1);
    const struct cw_setconn s = direct(&cw_endpoint_poke, CW_MODE_STRICT);
    cw_setconn_bytes(&s, body);
    command(&m, CW_MANAGE_SETCONN, body, sizeof body, &answer, &queried);
    assert_int_equal(answer.status, CW_OK);
    struct cw_channel source = {0};
    uint8_t check[CW_CHECK_LEN];
    cw_channel_install(&source, &s, deployment, true, check);
    assert_memory_equal(answer.check, check, sizeof check);

    uint8_t frame[256];
    size_t len;
    assert_int_equal(cw_test_wrap(&source, (const uint8_t *)"abc", 3, frame, sizeof frame, &len),
            CW_OK);
    assert_int_equal(enter(CW_ENTRY_EVENT, frame, len), CW_RESULT_DONE);
    assert_int_equal(handled, 3);
    const uint8_t id[4] = {17};
    assert_int_equal(enter(CW_ENTRY_ACK_MAKE, id, sizeof id), CW_RESULT_DONE);
    const uint8_t *ack = item(CW_FRAME_ACK, &len);
    assert_int_equal(cw_test_ack_take(&source, ack, len), CW_OK);
    assert_int_equal(source.acked, 1);

    const uint8_t index[CW_QUERY_LEN] = {0};
    command(&m, CW_MANAGE_QUERY, index, sizeof index, &answer, &queried);
    assert_int_equal(queried.total, 1);
    assert_int_equal(queried.conn, 3);
    assert_int_equal(queried.channel, 17);
    assert_int_equal(queried.count, 1);
    assert_int_equal(queried.flags, 0x0100u * CW_CHANNEL_OPEN);
    command(&m, CW_MANAGE_DISABLE, id, sizeof id, &answer, &queried);
    assert_int_equal(answer.status, CW_OK);
    assert_int_equal(answer.count, 1);
    command(&m, CW_MANAGE_QUERY, index, sizeof index, &answer, &queried);
    assert_true((queried.flags & CW_ANSWER_CLOSED) != 0);
    assert_int_equal(queried.count, 1);
}

static void request_is_answered_authentically(void **state)
{
    (void)state;
    struct cw_manager m;
    struct cw_answer answer;
    struct cw_answer queried;
    uint8_t body[CW_SETCONN_LEN];
    restart(0x60);
    open_session(&m, 1);
    const struct cw_setconn s = direct(&cw_endpoint_echo, CW_MODE_REQUEST);
    cw_setconn_bytes(&s, body);
    command(&m, CW_MANAGE_SETCONN, body, sizeof body, &answer, &queried);
    assert_int_equal(answer.status, CW_OK);
    struct cw_channel source = {0};
    uint8_t check[CW_CHECK_LEN];
    cw_channel_install(&source, &s, deployment, true, check);
    uint8_t frame[256];
    size_t len;
    uint32_t gap;
    size_t payload_len;
    assert_int_equal(
            cw_test_wrap(&source, (const uint8_t *)"hello", 5, frame, sizeof frame, &len),
            CW_OK);
    assert_int_equal(enter(CW_ENTRY_REQUEST, frame, len), CW_RESULT_DONE);
    uint8_t *response = item(CW_FRAME_RESPONSE, &len);
    assert_int_equal(cw_channel_unwrap(&source, response, len, &payload_len, &gap), CW_OK);
    assert_int_equal(payload_len, 5);
    assert_memory_equal(response + CW_EVENT_HEADER_LEN, "hello", 5);
}

static void stranger_cannot_open(void **state)
{
    (void)state;
    struct cw_manager m;
    uint8_t wrong[32];
    restart(0x60);
    attest(&m);
    memset(wrong, 0x42, sizeof wrong);
    assert_int_equal(open_with(&m, 1, wrong, wrong), CW_RESULT_REFUSED);
    assert_int_equal(cw_run_module.life.state, CW_STATE_UNCLAIMED);
}

static void session_must_be_above_the_last(void **state)
{
    (void)state;
    struct cw_manager m;
    restart(0x60);
    open_session(&m, 5);
    attest(&m);
    assert_int_equal(m.evidence.session, 5);
    assert_int_equal(m.evidence.state, CW_STATE_OPEN);
    assert_int_equal(open_with(&m, 5, fake_port.root_key, owner_secret), CW_RESULT_REFUSED);
    open_session(&m, 6);
}

static void answers_that_were_changed_are_refused(void **state)
{
    (void)state;
    struct cw_manager m;
    size_t len;
    restart(0x60);
    attest(&m);
    assert_int_equal(open_with(&m, 1, fake_port.root_key, owner_secret), CW_RESULT_DONE);
    uint8_t *opened = item(CW_FRAME_REPLY, &len);
    for (size_t i = 0; i < len; i++) {
        opened[i] ^= 1;
        assert_int_not_equal(cw_manager_opened(&m, opened, len), CW_OK);
        assert_false(m.is_open);
        opened[i] ^= 1;
    }
    assert_int_not_equal(cw_manager_opened(&m, opened, len - 1), CW_OK);
    assert_int_equal(cw_manager_opened(&m, opened, len), CW_OK);

    uint8_t message[CW_MANAGER_MESSAGE_MAX];
    const uint8_t index[CW_QUERY_LEN] = {0};
    struct cw_answer answer;
    assert_int_equal(cw_manager_command(&m, CW_MANAGE_QUERY, index, sizeof index, message, &len),
            CW_OK);
    assert_int_equal(enter(CW_ENTRY_MANAGE, message, len), CW_RESULT_DONE);
    const uint8_t *reply = item(CW_FRAME_REPLY, &len);
    uint8_t copy[256];
    for (size_t i = 0; i < len; i++) {
        memcpy(copy, reply, len);
        copy[i] ^= 0x10;
        assert_int_not_equal(cw_manager_answer(&m, CW_MANAGE_QUERY, copy, len, &answer),
                CW_OK);
    }
    memcpy(copy, reply, len);
    uint8_t kept[256];
    memcpy(kept, reply, len);
    assert_int_equal(
            cw_manager_answer(&m, CW_MANAGE_QUERY, copy, len, &answer),
            CW_OK);
    /* An answer serves its own command alone. */
    size_t unused;
    assert_int_equal(
            cw_manager_command(&m, CW_MANAGE_QUERY, index, sizeof index, message, &unused), CW_OK);
    assert_int_equal(
            cw_manager_answer(&m, CW_MANAGE_QUERY, kept, len, &answer),
            CW_E_REPLAY);
}

static void another_life_does_not_obey_the_session(void **state)
{
    (void)state;
    struct cw_manager m;
    uint8_t message[CW_MANAGER_MESSAGE_MAX];
    const uint8_t index[CW_QUERY_LEN] = {0};
    size_t len;
    restart(0x60);
    open_session(&m, 1);
    restart(0x61);
    assert_int_equal(cw_manager_command(&m, CW_MANAGE_QUERY, index, sizeof index, message, &len),
            CW_OK);
    assert_int_equal(enter(CW_ENTRY_MANAGE, message, len), CW_RESULT_REFUSED);
    struct cw_manager again;
    attest(&again);
    assert_int_equal(again.evidence.state, CW_STATE_UNCLAIMED);
    assert_memory_not_equal(again.evidence.start, m.evidence.start, CW_START_LEN);
}

static void evidence_that_is_cut_short_is_refused(void **state)
{
    (void)state;
    struct cw_manager m;
    uint8_t message[CW_ATTEST_LEN];
    uint8_t report[32];
    const uint8_t *proof;
    size_t proof_len;
    size_t len;
    restart(0x60);
    cw_manager_begin(&m, IS_AGREEMENT, nonce, message);
    assert_int_equal(enter(CW_ENTRY_ATTEST, message, sizeof message), CW_RESULT_DONE);
    const uint8_t *reply = item(CW_FRAME_REPLY, &len);
    const size_t least = CW_EVIDENCE_LEN + (IS_AGREEMENT ? CW_DH_LEN : 0);
    for (size_t short_len = 0; short_len < least; short_len++) {
        assert_int_not_equal(
                cw_manager_evidence(&m, reply, short_len, report, &proof, &proof_len), CW_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(owner_and_module_agree_on_every_step),
            cmocka_unit_test(request_is_answered_authentically),
            cmocka_unit_test(stranger_cannot_open),
            cmocka_unit_test(session_must_be_above_the_last),
            cmocka_unit_test(answers_that_were_changed_are_refused),
            cmocka_unit_test(another_life_does_not_obey_the_session),
            cmocka_unit_test(evidence_that_is_cut_short_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
