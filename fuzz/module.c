/* SPDX-License-Identifier: MIT */
/*
 * module.c - a whole module as its node and its owner meet it: every entry, over a fake port.
 *
 * Input    steps: kind 1, length 1, bytes.  0: entry 1 and what it brings, as it is.  1: type 1 and
 *          body of a command, sealed in the session that is open.  2: the owner opens a session.
 *          3: SETCONN that fits but for what the bytes change.  4: end 1, counter 1, payload: a
 *          frame under that end's key.  5: a new life.  6: the bytes answer the next requests.
 * Holds    every item is whole and inside the output area; an answer to a sealed command opens;
 *          nothing is answered where the module refused.
 * Plant    sdk/run.c s/return cw_run_call.in_len > cap/return false/
 */
#include "core/channel/channel.h"
#include "core/crypto/suite.h"
#include "deploy/manager.h"
#include "fuzz/input.h"
#include "sdk/causeway.h"
#include "sdk/run.h"
#include "tests/support/fake_port.h"
#include "tests/support/channel.h"

/* --- the module ---------------------------------------------------------------------------------- */

CW_OUTPUT(out);
CW_REQUEST(ask);

CW_INPUT(in, data, len)
{
    (void)out(data, len);
}

CW_HANDLER(echo, data, len, reply)
{
    (void)cw_reply_put(reply, data, len);
}

CW_ENTRY(inquire, data, len, reply)
{
    uint8_t answer[32];
    size_t answer_len = 0;
    if (ask(data, len, answer, sizeof answer, &answer_len) == CW_OK) {
        FUZZ_HOLDS(answer_len <= sizeof answer);
        (void)cw_reply_put(reply, answer, answer_len);
    }
}

cw_status cw_stream_open(uint32_t stream)
{
    return stream % 2 == 0 ? CW_OK : CW_E_DENIED;
}

cw_status cw_stream_data(uint32_t stream, const uint8_t *bytes, size_t len)
{
    cw_stream_taken(stream, cw_stream_send(stream, bytes, len));
    cw_stream_more(stream);
    return CW_OK;
}

void cw_stream_close(uint32_t stream)
{
    (void)stream;
}

/* --- its node and its owner ------------------------------------------------------------------------ */

#define ENDS 4u

static struct cw_manager manager;
static struct cw_channel ends[ENDS]; /* the other end of what SETCONN made */
static uint8_t items[1024];
static size_t items_len;
static const uint8_t *answers; /* to requests that leave */
static size_t answers_len;
static unsigned turns;
static const uint8_t deployment[CW_DEPLOYMENT_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};

static cw_result returned(cw_return value)
{
    items_len = value & 0xffffffu;
    FUZZ_HOLDS(items_len <= sizeof items && value >> 24 <= CW_RESULT_PENDING);
    for (size_t at = 0; at < items_len;) {
        struct cw_link_header header;
        FUZZ_HOLDS(items_len - at >= CW_LINK_HEADER_LEN);
        FUZZ_HOLDS(cw_link_header_decode(items + at, &header) == CW_OK);
        FUZZ_HOLDS(header.len <= items_len - at - CW_LINK_HEADER_LEN);
        at += CW_LINK_HEADER_LEN + header.len;
    }
    return (cw_result)(value >> 24);
}

/* A request left: what the input has for an answer comes back, then the node gives up. */
static void outside(cw_return value, struct cw_call *ret_next)
{
    (void)returned(value);
    turns++;
    bool gives_up = turns > 2;
    *ret_next = (struct cw_call){(cw_far)answers, (cw_far)items, gives_up ? 0 : answers_len,
            sizeof items, gives_up ? CW_ENTRY_CANCEL : CW_ENTRY_RESPONSE};
}

static cw_result enter(uint8_t entry, const uint8_t *bytes, size_t len)
{
    struct cw_call call = {(cw_far)bytes, (cw_far)items, len, sizeof items, entry};
    turns = 0;
    cw_result result = returned(cw_run(&call));
    FUZZ_HOLDS(result != CW_RESULT_REFUSED || items_len == 0);
    return result;
}

/* Its private memory is gone, its chip and code are the same. */
static void new_life(uint8_t start)
{
    fake_port_new_life(start);
    fake_port.outside = outside;
    manager.is_open = false;
}

static void open_session(void)
{
    static const uint8_t nonce[CW_NONCE_LEN] = {9};
    uint8_t message[CW_MANAGER_MESSAGE_MAX];
    uint8_t report[32];
    const uint8_t *proof;
    size_t len;
    cw_manager_begin(&manager, false, nonce, message);
    FUZZ_HOLDS(enter(CW_ENTRY_ATTEST, message, CW_ATTEST_LEN) == CW_RESULT_DONE);
    FUZZ_HOLDS(cw_manager_evidence(&manager, items + CW_LINK_HEADER_LEN,
                       items_len - CW_LINK_HEADER_LEN, report, &proof, &len) == CW_OK);
    uint32_t session = manager.evidence.session + 1;
    if (session == 0) {
        return;
    }
    FUZZ_HOLDS(cw_manager_open(&manager, session, deployment, 7, fake_port.root_key, NULL, NULL,
                       message, &len) == CW_OK);
    FUZZ_HOLDS(enter(CW_ENTRY_MANAGE, message, len) == CW_RESULT_DONE);
    FUZZ_HOLDS(cw_manager_opened(&manager, items + CW_LINK_HEADER_LEN,
                       items_len - CW_LINK_HEADER_LEN) == CW_OK);
}

/* The status that the module answered. */
static cw_status command(uint8_t type, const uint8_t *body, size_t len)
{
    uint8_t message[CW_MANAGER_MESSAGE_MAX];
    size_t message_len;
    struct cw_answer answer;
    if (!manager.is_open ||
            cw_manager_command(&manager, type, body, len, message, &message_len) != CW_OK) {
        return CW_E_STATE;
    }
    if (enter(CW_ENTRY_MANAGE, message, message_len) != CW_RESULT_DONE) {
        return CW_E_DENIED;
    }
    FUZZ_HOLDS(cw_manager_answer(&manager, type, items + CW_LINK_HEADER_LEN,
                       items_len - CW_LINK_HEADER_LEN, &answer) == CW_OK);
    return (cw_status)answer.status;
}

/* --- steps ----------------------------------------------------------------------------------------- */

static void connect_end(struct fuzz_input *in)
{
    uint8_t number = fuzz_u8(in) % ENDS;
    uint16_t endpoint = fuzz_u8(in) % 5;
    bool source = fuzz_u8(in) % 2 != 0;
    struct cw_setconn setconn = {
            .identity = {.conn = number + 1u, .epoch = 1u + fuzz_u8(in),
                    .src_module = source ? 7 : 8, .dst_module = source ? 8 : 7,
                    .cipher = (uint8_t)(1 + fuzz_u8(in) % 2), .mode = fuzz_u8(in) % 3},
            .channel = 40u + number,
            .event_max = 48,
            .window = 3,
            .local = endpoint,
            .limit = UINT64_C(1) << 20,
            .start = fuzz_u8(in) % 2,
            .key = {1, 2, 3},
    };
    uint8_t *bytes = (uint8_t *)&setconn;
    while (in->left_len > 0) {
        bytes[fuzz_u8(in) % sizeof setconn] ^= fuzz_u8(in);
    }
    if (command(CW_MANAGE_SETCONN, bytes, sizeof setconn) == CW_OK) {
        uint8_t check[CW_CHECK_LEN];
        cw_channel_install(&ends[number], &setconn, deployment,
                setconn.identity.src_module != 7, check);
    }
}

static void send_frame(struct fuzz_input *in)
{
    uint8_t frame[CW_FRAME_LEN(256)];
    size_t len;
    struct cw_channel end = ends[fuzz_u8(in) % ENDS];
    end.count = fuzz_u8(in);
    end.acked = end.count;
    uint8_t *payload = fuzz_own(in, 255, &len);
    end.event_max = 256;
    if (end.source != 0 && cw_test_wrap(&end, payload, len, frame, sizeof frame, &len) == CW_OK) {
        (void)enter(end.mode == CW_MODE_REQUEST ? CW_ENTRY_REQUEST : CW_ENTRY_EVENT, frame, len);
    } else if (cw_test_ack_make(&end, frame) == CW_OK) {
        (void)enter(CW_ENTRY_ACK_TAKE, frame, CW_ACK_LEN);
    }
    free(payload);
}

static void step(struct fuzz_input *in)
{
    uint8_t kind = fuzz_u8(in) % 7;
    size_t len;
    uint8_t *bytes = fuzz_own(in, fuzz_u8(in), &len);
    struct fuzz_input own = {bytes, len};
    uint8_t *rest;
    switch (kind) {
    case 0: {
        uint8_t entry = fuzz_u8(&own);
        rest = fuzz_own(&own, len, &len);
        (void)enter(entry, rest, len);
        free(rest);
        break;
    }
    case 1:
        if (len > 1 && len - 1 <= CW_SETCONN_LEN && len % 2 == 1) {
            (void)command(bytes[0] % 0x80, bytes + 1, len - 1);
        }
        break;
    case 2: open_session(); break;
    case 3: connect_end(&own); break;
    case 4: send_frame(&own); break;
    case 5: new_life(fuzz_u8(&own)); break;
    case 6: break;
    }
    if (kind == 6) {
        free((void *)(uintptr_t)answers);
        answers = bytes;
        answers_len = len;
    } else {
        free(bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    struct fuzz_input in = {input, input_len};
    memset(ends, 0, sizeof ends);
    new_life(1);
    for (int i = 0; i < 32 && in.left_len > 0; i++) {
        step(&in);
    }
    free((void *)(uintptr_t)answers);
    answers = NULL;
    answers_len = 0;
    return 0;
}
