/* SPDX-License-Identifier: MIT */
#include "tee/sancus/tests/owner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto/suite.h"
#include "core/module/endpoint.h"
#include "core/module/module.h"
#include "core/wire/frame.h"

#define NUMBER 7u
#define PEER 9u

static const uint8_t deployment[CW_DEPLOYMENT_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};

uint8_t owner_item(const struct owner *o, size_t index, const uint8_t **ret_bytes, size_t *ret_len)
{
    const uint8_t *at = o->chip->mem + MACHINE_OUT;
    struct cw_link_header header;
    do {
        assert_int_equal(cw_link_header_decode(at, &header), CW_OK);
        *ret_bytes = at + CW_LINK_HEADER_LEN;
        *ret_len = header.len;
        at += CW_LINK_HEADER_LEN + header.len;
    } while (index-- > 0);
    return header.type;
}

/* One command of management; the bytes of its REPLY. */
static const uint8_t *manage(struct owner *o, const uint8_t *message, size_t len, size_t expected)
{
    const uint8_t *reply;
    size_t reply_len;
    assert_int_equal(machine_call(o->chip, &o->at, CW_ENTRY_MANAGE, message, len),
            CW_LINK_HEADER_LEN + expected);
    assert_int_equal(owner_item(o, 0, &reply, &reply_len), CW_FRAME_REPLY);
    assert_int_equal(reply_len, expected);
    return reply;
}

static void attest(struct owner *o)
{
    static const uint8_t nonce[CW_NONCE_LEN] = "sixteen bytes no";
    const struct cw_owner_node node = {
            .name = "board", .chip = o->chip->config.board_devices ? NULL : "exact"};
    uint8_t message[CW_ATTEST_LEN];
    const uint8_t *reply;
    size_t len;
    cw_attest_encode(nonce, message);
    assert_int_equal(machine_call(o->chip, &o->at, CW_ENTRY_ATTEST, message, sizeof message),
            CW_LINK_HEADER_LEN + CW_EVIDENCE_LEN + CW_TAG_LEN);
    assert_int_equal(owner_item(o, 0, &reply, &len), CW_FRAME_REPLY);
    struct cw_owner_verdict verdict;
    assert_int_equal(cw_owner_sancus.verify(&node, o->built, nonce, reply, NULL,
                             reply + CW_EVIDENCE_LEN, CW_TAG_LEN, &verdict), CW_OK);
    assert_int_equal(cw_evidence_decode(reply, &o->life), CW_OK);
}

struct owner owner_open(struct cw_chip *chip, const struct cw_owner_built *built)
{
    struct owner o = {.chip = chip, .built = built, .at = machine_image(built).module};
    attest(&o);
    struct cw_open open = {.header = cw_manage_header(CW_MANAGE_OPEN, o.life.session + 1, 0),
            .nonce = {9}, .module = NUMBER};
    (void)memcpy(open.deployment, deployment, sizeof deployment);
    o.life.session++;
    uint8_t context[8 + CW_OPEN_LEN + CW_START_LEN] = "cw1.mgt";
    (void)memcpy(context + 8, &open, sizeof open);
    (void)memcpy(context + 8 + CW_OPEN_LEN, o.life.start, CW_START_LEN);
    uint8_t master[CW_KEY_LEN];
    uint8_t key[CW_KEY_LEN];
    uint8_t message[CW_OPEN_LEN + CW_TAG_LEN];
    cw_suite_derive(CW_CIPHER_SPONGENT, built->root_key, context, sizeof context, master);
    cw_module_session_key(CW_CIPHER_SPONGENT, master, "cw1.opn", key);
    (void)memcpy(message, &open, sizeof open);
    cw_suite_seal(CW_CIPHER_SPONGENT, key, message, 12, NULL, 0, message + CW_OPEN_LEN);
    const uint8_t *opened = manage(&o, message, sizeof message, CW_OPENED_LEN);
    uint8_t tag[CW_TAG_LEN];
    cw_suite_seal(CW_CIPHER_SPONGENT, key, opened, 12, NULL, 0, tag);
    assert_memory_equal(opened + 12, tag, sizeof tag);
    cw_module_session_key(CW_CIPHER_SPONGENT, master, "cw1.in\0", o.key_in);
    cw_module_session_key(CW_CIPHER_SPONGENT, master, "cw1.out", o.key_out);
    return o;
}

struct cw_channel owner_connect(struct owner *o, uint16_t local, uint32_t id, uint8_t mode)
{
    const struct cw_owner_endpoint *endpoint = &o->built->endpoints[local];
    bool source = endpoint->kind == CW_KIND_OUTPUT || endpoint->kind == CW_KIND_REQUEST;
    struct cw_setconn s = {
            .identity = {.conn = id,
                    .epoch = 1,
                    .src_module = source ? NUMBER : PEER,
                    .dst_module = source ? PEER : NUMBER,
                    .cipher = CW_CIPHER_SPONGENT,
                    .mode = mode},
            .channel = id,
            .limit = UINT64_C(1) << 32,
            .start = CW_SETCONN_CUT,
            .window = 2,
            .local = local,
            .event_max = endpoint->max,
            .key = {(uint8_t)id},
    };
    struct cw_manage_header header =
            cw_manage_header(CW_MANAGE_SETCONN, o->life.session, ++o->seq);
    uint8_t message[CW_MANAGE_HEADER_LEN + CW_SETCONN_LEN + CW_TAG_LEN];
    (void)memcpy(message, &header, sizeof header);
    (void)memcpy(message + sizeof header, &s, sizeof s);
    cw_suite_seal(CW_CIPHER_SPONGENT, o->key_in, message, sizeof header, message + sizeof header,
            sizeof s, message + sizeof header + sizeof s);
    uint8_t answer[CW_MANAGE_HEADER_LEN + CW_ANSWER_LEN + CW_TAG_LEN];
    (void)memcpy(answer, manage(o, message, sizeof message, sizeof answer), sizeof answer);
    assert_true(cw_suite_open(CW_CIPHER_SPONGENT, o->key_out, answer, CW_MANAGE_HEADER_LEN,
            answer + CW_MANAGE_HEADER_LEN, CW_ANSWER_LEN,
            answer + CW_MANAGE_HEADER_LEN + CW_ANSWER_LEN));
    struct cw_answer body;
    assert_int_equal(cw_answer_decode(answer + CW_MANAGE_HEADER_LEN, CW_ANSWER_LEN, &body), CW_OK);
    assert_int_equal(body.status, CW_OK);
    struct cw_channel far = {0};
    uint8_t check[CW_CHECK_LEN];
    cw_channel_install(&far, &s, deployment, !source, check);
    assert_memory_equal(check, body.check, sizeof check);
    return far;
}
