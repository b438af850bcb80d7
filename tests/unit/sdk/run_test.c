/* SPDX-License-Identifier: MIT */
/* The runtime as a node meets it: entries with hostile bytes, over a fake port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto/suite.h"
#include "sdk/causeway.h"
#include "sdk/run.h"
#include "tests/support/fake_port.h"
#include "tests/support/channel.h"

/* --- the module under test ------------------------------------------------------------------ */

static unsigned handled;
static unsigned inits;
static uint8_t seen[64];
static size_t seen_len;
static cw_status emitted;
static cw_status asked;
static uint8_t asked_reply[64];
static size_t asked_len;

CW_OUTPUT(out);
CW_OUTPUT(spare, 8);
CW_REQUEST(ask);

CW_INIT
{
    inits++;
}

CW_INPUT(in, data, len)
{
    handled++;
    memcpy(seen, data, len);
    seen_len = len;
    emitted = out(data, len);
}

CW_HANDLER(echo, data, len, reply)
{
    handled++;
    (void)cw_reply_put(reply, data, len);
}

CW_ENTRY(poke, data, len, reply)
{
    emitted = out(data, len);
    (void)cw_reply_put(reply, "poked", 5);
}

CW_ENTRY(inquire, data, len, reply)
{
    asked = ask(data, len, asked_reply, sizeof asked_reply, &asked_len);
    /* The argument is still there after the request left and came back. */
    (void)cw_reply_put(reply, data, len);
}

static char stream_log[64];

cw_status cw_stream_open(uint32_t stream)
{
    stream_log[0] = stream == 7 ? 'o' : '?';
    return CW_OK;
}

cw_status cw_stream_data(uint32_t stream, const uint8_t *bytes, size_t len)
{
    size_t sent = cw_stream_send(stream, bytes, len);
    cw_stream_taken(stream, sent);
    cw_stream_more(stream);
    return CW_OK;
}

void cw_stream_close(uint32_t stream)
{
    (void)stream;
    stream_log[0] = 'c';
}

/* --- the node and the owner ------------------------------------------------------------------ */

enum { OUT_CAP = 1024, SETCONN_MESSAGE = 12 + CW_SETCONN_LEN + 16 };

static uint8_t items[OUT_CAP];
static size_t items_len;
static const uint8_t deployment[CW_DEPLOYMENT_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};
static uint8_t key_in[CW_KEY_LEN];
static uint8_t key_out[CW_KEY_LEN];
static uint32_t session;
static uint32_t seq;

static uint16_t index_of(const struct cw_endpoint *endpoint)
{
    return (uint16_t)(endpoint - __start_cw_endpoints);
}

static cw_result enter_with(uint8_t entry, const uint8_t *bytes, size_t len, size_t out_cap)
{
    struct cw_call call = {(cw_far)bytes, (cw_far)items, len, out_cap, entry};
    cw_return value = cw_run(&call);
    items_len = value & 0xffffffu;
    return (cw_result)(value >> 24);
}

static cw_result enter(uint8_t entry, const uint8_t *bytes, size_t len)
{
    return enter_with(entry, bytes, len, OUT_CAP);
}

/* The item at *offset; moves on. */
static uint8_t item_at(size_t *offset, const uint8_t **ret_bytes, size_t *ret_len)
{
    struct cw_link_header header;
    assert_true(*offset + CW_LINK_HEADER_LEN <= items_len);
    assert_int_equal(cw_link_header_decode(items + *offset, &header), CW_OK);
    *ret_bytes = items + *offset + CW_LINK_HEADER_LEN;
    *ret_len = header.len;
    *offset += CW_LINK_HEADER_LEN + header.len;
    assert_true(*offset <= items_len);
    return header.type;
}

static size_t only_item(uint8_t type, uint8_t *ret_bytes)
{
    size_t offset = 0;
    const uint8_t *bytes;
    size_t len;
    assert_int_equal(item_at(&offset, &bytes, &len), type);
    assert_int_equal(offset, items_len);
    memcpy(ret_bytes, bytes, len);
    return len;
}

/* Start the module anew: its private memory is gone, its chip and code are the same. */
static void restart(uint8_t start)
{
    fake_port_new_life(start);
    cw_run_module.cipher = cw_session_cipher;
    cw_run_module.life.kind = cw_enclave_start(cw_run_module.life.start);
    session = 0;
}

static void open_message(uint32_t number, uint8_t ret[static CW_OPEN_LEN + CW_TAG_LEN],
        uint8_t ret_master[static CW_KEY_LEN])
{
    struct cw_open open = {.header = cw_manage_header(CW_MANAGE_OPEN, number, 0),
            .nonce = {9, 9, 9},
            .module = 7};
    memcpy(open.deployment, deployment, sizeof deployment);
    memcpy(ret, &open, sizeof open);
    uint8_t context[8 + CW_OPEN_LEN + CW_START_LEN] = "cw1.mgt";
    memcpy(context + 8, &open, sizeof open);
    memcpy(context + 8 + CW_OPEN_LEN, fake_port.start, 16);
    uint8_t key[CW_KEY_LEN];
    cw_suite_derive(CW_CIPHER_SPONGENT, fake_port.root_key, context, sizeof context, ret_master);
    cw_module_session_key(CW_CIPHER_SPONGENT, ret_master, "cw1.opn", key);
    cw_suite_seal(CW_CIPHER_SPONGENT, key, ret, 12, NULL, 0, ret + CW_OPEN_LEN);
}

static void open_session(void)
{
    uint8_t message[CW_OPEN_LEN + CW_TAG_LEN];
    uint8_t master[CW_KEY_LEN];
    uint8_t opened[64];
    open_message(++session, message, master);
    assert_int_equal(enter(CW_ENTRY_MANAGE, message, sizeof message), CW_RESULT_DONE);
    assert_int_equal(only_item(CW_FRAME_REPLY, opened), CW_OPENED_LEN);
    uint8_t key[CW_KEY_LEN];
    uint8_t tag[CW_TAG_LEN];
    cw_module_session_key(CW_CIPHER_SPONGENT, master, "cw1.opn", key);
    cw_suite_seal(CW_CIPHER_SPONGENT, key, opened, 12, NULL, 0, tag);
    assert_memory_equal(opened + 12, tag, CW_TAG_LEN);
    cw_module_session_key(CW_CIPHER_SPONGENT, master, "cw1.in\0", key_in);
    cw_module_session_key(CW_CIPHER_SPONGENT, master, "cw1.out", key_out);
    seq = 0;
}

static size_t setconn_message(const struct cw_setconn *s, uint8_t ret[static SETCONN_MESSAGE])
{
    struct cw_manage_header header = cw_manage_header(CW_MANAGE_SETCONN, session, ++seq);
    memcpy(ret, &header, sizeof header);
    memcpy(ret + 12, s, sizeof *s);
    cw_suite_seal(CW_CIPHER_SPONGENT, key_in, ret, 12, ret + 12, sizeof *s, ret + 12 + sizeof *s);
    return SETCONN_MESSAGE;
}

/* The far end of a connection of this module. */
static struct cw_channel connect(const struct cw_endpoint *endpoint, uint32_t id, uint8_t mode)
{
    bool source = endpoint->kind == CW_KIND_OUTPUT || endpoint->kind == CW_KIND_REQUEST;
    struct cw_setconn s = {
            .identity = {.conn = id,
                    .epoch = 1,
                    .src_module = source ? 7 : 9,
                    .dst_module = source ? 9 : 7,
                    .cipher = CW_CIPHER_SPONGENT,
                    .mode = mode},
            .channel = id,
            .limit = UINT64_C(1) << 32,
            .start = CW_SETCONN_CUT,
            .window = 2,
            .local = index_of(endpoint),
            .event_max = endpoint->max,
            .key = {(uint8_t)id},
    };
    uint8_t message[SETCONN_MESSAGE];
    uint8_t answer[CW_MANAGE_HEADER_LEN + CW_ANSWER_LEN + CW_TAG_LEN];
    size_t len = setconn_message(&s, message);
    assert_int_equal(enter(CW_ENTRY_MANAGE, message, len), CW_RESULT_DONE);
    len = only_item(CW_FRAME_REPLY, answer);
    assert_true(cw_suite_open(CW_CIPHER_SPONGENT, key_out, answer, 12, answer + 12, len - 28,
            answer + len - 16));
    struct cw_answer body;
    assert_int_equal(cw_answer_decode(answer + 12, len - 28, &body), CW_OK);
    assert_int_equal(body.status, CW_OK);
    struct cw_channel far = {0};
    uint8_t check[CW_CHECK_LEN];
    cw_channel_install(&far, &s, deployment, !source, check);
    assert_memory_equal(check, body.check, sizeof check);
    return far;
}

static size_t event_from(struct cw_channel *far, const char *text, uint8_t frame[static 256])
{
    size_t len;
    assert_int_equal(
            cw_test_wrap(far, (const uint8_t *)text, strlen(text), frame, 256, &len), CW_OK);
    return len;
}

static void setup(void)
{
    restart(0x60);
    handled = 0;
    emitted = CW_OK;
    open_session();
}

/* --- promises -------------------------------------------------------------------------------- */

static void first_entry_starts_the_module_once(void **state)
{
    (void)state;
    uint8_t byte = 0;
    fake_port.kind = CW_FRESH_RANDOM;
    memset(fake_port.root_key, 0x10, CW_KEY_LEN);
    assert_int_equal(enter(CW_ENTRY_CALL, &byte, 1), CW_RESULT_REFUSED);
    assert_int_equal(enter(CW_ENTRY_CALL, &byte, 1), CW_RESULT_REFUSED);
    assert_int_equal(inits, 1);
}

static void evidence_proves_this_life_with_the_owners_nonce(void **state)
{
    (void)state;
    restart(0x61);
    uint8_t nonce[CW_NONCE_LEN] = {1, 2, 3};
    uint8_t attest[CW_ATTEST_LEN];
    uint8_t reply[128];
    cw_attest_encode(nonce, attest);
    assert_int_equal(enter(CW_ENTRY_ATTEST, attest, sizeof attest), CW_RESULT_DONE);
    assert_int_equal(only_item(CW_FRAME_REPLY, reply), CW_EVIDENCE_LEN + CW_TAG_LEN);
    struct cw_evidence evidence;
    assert_int_equal(cw_evidence_decode(reply, &evidence), CW_OK);
    assert_memory_equal(evidence.start, fake_port.start, CW_START_LEN);
    uint8_t message[CW_NONCE_LEN + CW_EVIDENCE_LEN];
    uint8_t key[CW_KEY_LEN];
    uint8_t tag[CW_TAG_LEN];
    memcpy(message, nonce, sizeof nonce);
    memcpy(message + sizeof nonce, reply, CW_EVIDENCE_LEN);
    cw_suite_derive(CW_CIPHER_SPONGENT, fake_port.root_key, (const uint8_t *)"cw1.att", 8, key);
    cw_suite_seal(CW_CIPHER_SPONGENT, key, message, sizeof message, NULL, 0, tag);
    assert_memory_equal(reply + CW_EVIDENCE_LEN, tag, sizeof tag);
}

/* What the attestation entry tags opens no session and seals no command, whatever is asked. */
static void attestation_key_serves_nothing_else(void **state)
{
    (void)state;
    restart(0x62);
    uint8_t message[CW_OPEN_LEN + CW_TAG_LEN];
    uint8_t master[CW_KEY_LEN];
    uint8_t reply[128];
    open_message(1, message, master);
    /* The first bytes of an OPEN in place of ATTEST: another form is refused. */
    assert_int_equal(enter(CW_ENTRY_ATTEST, message, CW_ATTEST_LEN), CW_RESULT_REFUSED);
    /* A tag of the oracle in place of OPEN's. */
    uint8_t attest[CW_ATTEST_LEN];
    cw_attest_encode(message + 12, attest);
    assert_int_equal(enter(CW_ENTRY_ATTEST, attest, sizeof attest), CW_RESULT_DONE);
    size_t len = only_item(CW_FRAME_REPLY, reply);
    memcpy(message + CW_OPEN_LEN, reply + len - CW_TAG_LEN, CW_TAG_LEN);
    assert_int_equal(enter(CW_ENTRY_MANAGE, message, sizeof message), CW_RESULT_REFUSED);
    assert_int_equal(cw_run_module.life.state, CW_STATE_UNCLAIMED);
}

static void open_with_any_flipped_bit_is_refused(void **state)
{
    (void)state;
    restart(0x63);
    uint8_t message[CW_OPEN_LEN + CW_TAG_LEN];
    uint8_t master[CW_KEY_LEN];
    open_message(1, message, master);
    for (size_t bit = 0; bit < 8 * sizeof message; bit++) {
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(enter(CW_ENTRY_MANAGE, message, sizeof message), CW_RESULT_REFUSED);
        assert_int_equal(items_len, 0);
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(enter(CW_ENTRY_MANAGE, message, sizeof message), CW_RESULT_DONE);
    assert_int_equal(enter(CW_ENTRY_MANAGE, message, sizeof message), CW_RESULT_REFUSED);
}

static void event_runs_its_handler_and_outputs_leave_sealed(void **state)
{
    (void)state;
    setup();
    struct cw_channel source = connect(&cw_endpoint_in, 1, CW_MODE_STRICT);
    struct cw_channel sink = connect(&cw_endpoint_out, 2, CW_MODE_STRICT);
    struct cw_channel second = connect(&cw_endpoint_out, 3, CW_MODE_LATEST);
    uint8_t frame[256];
    size_t len = event_from(&source, "press", frame);
    assert_int_equal(enter(CW_ENTRY_EVENT, frame, len), CW_RESULT_DONE);
    assert_int_equal(handled, 1);
    assert_int_equal(emitted, CW_OK);
    assert_memory_equal(seen, "press", 5);
    struct cw_channel *sinks[] = {&sink, &second};
    size_t offset = 0;
    for (int i = 0; i < 2; i++) {
        const uint8_t *bytes;
        uint8_t copy[256];
        uint32_t gap;
        assert_int_equal(item_at(&offset, &bytes, &len), CW_FRAME_EVENT);
        memcpy(copy, bytes, len);
        assert_int_equal(cw_channel_expects(sinks[i], copy, len), CW_OK);
        assert_int_equal(cw_channel_unwrap(sinks[i], copy, len, &len, &gap), CW_OK);
        assert_memory_equal(copy + CW_EVENT_HEADER_LEN, "press", 5);
    }
    assert_int_equal(offset, items_len);
}

static void input_waits_when_an_output_has_no_window_or_no_room(void **state)
{
    (void)state;
    setup();
    struct cw_channel source = connect(&cw_endpoint_in, 1, CW_MODE_LATEST);
    struct cw_channel sink = connect(&cw_endpoint_out, 2, CW_MODE_STRICT);
    uint8_t frame[256];
    size_t len = event_from(&source, "x", frame);
    assert_int_equal(enter_with(CW_ENTRY_EVENT, frame, len, 40), CW_RESULT_AGAIN);
    assert_int_equal(handled, 0);
    assert_int_equal(enter(CW_ENTRY_EVENT, frame, len), CW_RESULT_DONE);
    len = event_from(&source, "x", frame);
    assert_int_equal(enter(CW_ENTRY_EVENT, frame, len), CW_RESULT_DONE);
    len = event_from(&source, "x", frame);
    assert_int_equal(enter(CW_ENTRY_EVENT, frame, len), CW_RESULT_AGAIN);
    assert_int_equal(handled, 2);
    /* The sink's acknowledgement opens the window; the same frame is then taken. */
    uint8_t ack[CW_ACK_LEN];
    sink.count = 2;
    assert_int_equal(cw_test_ack_make(&sink, ack), CW_OK);
    assert_int_equal(enter(CW_ENTRY_ACK_TAKE, ack, sizeof ack), CW_RESULT_DONE);
    uint8_t reply[16];
    assert_int_equal(only_item(CW_FRAME_REPLY, reply), 12);
    assert_int_equal(reply[4], 2);
    assert_int_equal(enter(CW_ENTRY_EVENT, frame, len), CW_RESULT_DONE);
    assert_int_equal(handled, 3);
}

static void output_without_room_is_told_to_an_entry_and_counted(void **state)
{
    (void)state;
    setup();
    (void)connect(&cw_endpoint_out, 2, CW_MODE_STRICT);
    uint8_t call[5] = {(uint8_t)index_of(&cw_endpoint_poke), 0, 0, 0, 'x'};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(enter(CW_ENTRY_CALL, call, sizeof call), CW_RESULT_DONE);
        assert_int_equal(emitted, i < 2 ? CW_OK : CW_AGAIN);
    }
    assert_int_equal(cw_module_channel(&cw_run_module, 2)->dropped, 1);
    assert_int_equal(cw_module_channel(&cw_run_module, 2)->count, 2);
}

static void restarted_module_refuses_its_recorded_history(void **state)
{
    (void)state;
    setup();
    uint8_t open[CW_OPEN_LEN + CW_TAG_LEN];
    uint8_t master[CW_KEY_LEN];
    uint8_t connect_message[SETCONN_MESSAGE];
    uint8_t event[256];
    open_message(session, open, master);
    struct cw_channel source = connect(&cw_endpoint_in, 1, CW_MODE_STRICT);
    seq--;
    struct cw_setconn s = {
            .identity = {.conn = 1, .epoch = 1, .src_module = 9, .dst_module = 7, .cipher = 1},
            .channel = 1, .limit = UINT64_C(1) << 32, .start = 1, .window = 2,
            .local = index_of(&cw_endpoint_in), .event_max = 64, .key = {1}};
    (void)setconn_message(&s, connect_message);
    size_t event_len = event_from(&source, "press", event);
    assert_int_equal(enter(CW_ENTRY_EVENT, event, event_len), CW_RESULT_DONE);
    assert_int_equal(handled, 1);

    restart(0x77);
    assert_int_equal(enter(CW_ENTRY_MANAGE, open, sizeof open), CW_RESULT_REFUSED);
    assert_int_equal(
            enter(CW_ENTRY_MANAGE, connect_message, sizeof connect_message), CW_RESULT_REFUSED);
    assert_int_equal(enter(CW_ENTRY_EVENT, event, event_len), CW_RESULT_REFUSED);
    assert_int_equal(handled, 1);
    assert_int_equal(cw_run_module.life.state, CW_STATE_UNCLAIMED);

    /* The proof that the test can fail: with an equal start the history is accepted. */
    restart(0x60);
    assert_int_equal(enter(CW_ENTRY_MANAGE, open, sizeof open), CW_RESULT_DONE);
    assert_int_equal(
            enter(CW_ENTRY_MANAGE, connect_message, sizeof connect_message), CW_RESULT_DONE);
    assert_int_equal(enter(CW_ENTRY_EVENT, event, event_len), CW_RESULT_DONE);
    assert_int_equal(handled, 2);
}

static void input_is_read_once(void **state)
{
    (void)state;
    setup();
    struct cw_channel source = connect(&cw_endpoint_in, 1, CW_MODE_STRICT);
    uint8_t frame[256];
    size_t len = event_from(&source, "press", frame);
    fake_port.copies_in = 0;
    assert_int_equal(enter(CW_ENTRY_EVENT, frame, len), CW_RESULT_DONE);
    assert_int_equal(fake_port.copies_in, 1);
    uint8_t message[SETCONN_MESSAGE];
    struct cw_setconn s = {.window = 1, .limit = UINT64_C(1) << 1};
    len = setconn_message(&s, message);
    fake_port.copies_in = 0;
    assert_int_equal(enter(CW_ENTRY_MANAGE, message, len), CW_RESULT_DONE);
    assert_int_equal(fake_port.copies_in, 1);
}

/* --- a request: the outside answers, lies, tries other doors, or gives up ------------------- */

static struct cw_channel handler;
static unsigned step;
static bool gives_up;
static uint8_t outside_bytes[256];

static void outside(cw_return value, struct cw_call *ret_next)
{
    struct cw_call next = {(cw_far)outside_bytes, (cw_far)items, 0, OUT_CAP, CW_ENTRY_CANCEL};
    cw_result result = (cw_result)(value >> 24);
    items_len = value & 0xffffffu;
    static uint8_t response[256];
    static size_t response_len;
    if (step == 0) {
        assert_int_equal(result, CW_RESULT_PENDING);
        uint8_t request[256];
        uint32_t gap;
        size_t len = only_item(CW_FRAME_REQUEST, request);
        assert_int_equal(cw_channel_expects(&handler, request, len), CW_OK);
        assert_int_equal(cw_channel_unwrap(&handler, request, len, &len, &gap), CW_OK);
        assert_int_equal(cw_test_wrap(&handler, (const uint8_t *)"answer", 6,
                                 response, sizeof response, &response_len),
                CW_OK);
        next.entry = CW_ENTRY_EVENT; /* other entries wait */
    } else if (step == 1) {
        assert_int_equal(result, CW_RESULT_AGAIN);
        memcpy(outside_bytes, response, response_len);
        outside_bytes[14] ^= 1;
        next.entry = CW_ENTRY_RESPONSE; /* a forged answer */
        next.in_len = response_len;
    } else if (step == 2) {
        assert_int_equal(result, CW_RESULT_REFUSED);
        if (!gives_up) {
            memcpy(outside_bytes, response, response_len);
            next.entry = CW_ENTRY_RESPONSE;
            next.in_len = response_len;
        }
    } else {
        fail_msg("left once more");
    }
    step++;
    *ret_next = next;
}

static void request_takes_its_own_answer_only(void **state)
{
    (void)state;
    setup();
    handler = connect(&cw_endpoint_ask, 5, CW_MODE_REQUEST);
    fake_port.outside = outside;
    uint8_t call[] = {(uint8_t)index_of(&cw_endpoint_inquire), 0, 0, 0, 'w', 'h', 'y'};
    uint8_t reply[64];
    step = 0;
    gives_up = false;
    assert_int_equal(enter(CW_ENTRY_CALL, call, sizeof call), CW_RESULT_DONE);
    assert_int_equal(asked, CW_OK);
    assert_int_equal(asked_len, 6);
    assert_memory_equal(asked_reply, "answer", 6);
    assert_int_equal(only_item(CW_FRAME_REPLY, reply), 3);
    assert_memory_equal(reply, "why", 3);
    assert_int_equal(step, 3);
}

static void cancelled_request_has_no_known_outcome(void **state)
{
    (void)state;
    setup();
    handler = connect(&cw_endpoint_ask, 5, CW_MODE_REQUEST);
    fake_port.outside = outside;
    uint8_t call[] = {(uint8_t)index_of(&cw_endpoint_inquire), 0, 0, 0};
    step = 0;
    gives_up = true;
    assert_int_equal(enter(CW_ENTRY_CALL, call, sizeof call), CW_RESULT_DONE);
    assert_int_equal(asked, CW_E_STATE);
}

static void handler_answers_and_refuses_the_same_request_again(void **state)
{
    (void)state;
    setup();
    struct cw_channel source = connect(&cw_endpoint_echo, 6, CW_MODE_REQUEST);
    uint8_t frame[256];
    uint8_t response[256];
    size_t len = event_from(&source, "hello", frame);
    assert_int_equal(enter(CW_ENTRY_EVENT, frame, len), CW_RESULT_REFUSED);
    assert_int_equal(enter(CW_ENTRY_REQUEST, frame, len), CW_RESULT_DONE);
    size_t response_len = only_item(CW_FRAME_RESPONSE, response);
    uint32_t gap;
    size_t payload_len;
    assert_int_equal(
            cw_channel_unwrap(&source, response, response_len, &payload_len, &gap), CW_OK);
    assert_memory_equal(response + CW_EVENT_HEADER_LEN, "hello", 5);
    assert_int_equal(enter(CW_ENTRY_REQUEST, frame, len), CW_RESULT_REFUSED);
    assert_int_equal(handled, 1);
}

static void stream_takes_what_its_answers_have_room_for(void **state)
{
    (void)state;
    setup();
    uint8_t bytes[44] = {7};
    memset(bytes + 4, 'x', 40);
    assert_int_equal(enter(CW_ENTRY_STREAM_OPEN, bytes, 4), CW_RESULT_DONE);
    assert_int_equal(stream_log[0], 'o');
    /* Room for 20 of 40 bytes, and for the items that tell so. */
    size_t cap = 4 * (CW_LINK_HEADER_LEN + 8) + CW_LINK_HEADER_LEN + 4 + 20;
    assert_int_equal(enter_with(CW_ENTRY_STREAM_DATA, bytes, sizeof bytes, cap), CW_RESULT_DONE);
    size_t offset = 0;
    const uint8_t *item;
    size_t len;
    assert_int_equal(item_at(&offset, &item, &len), CW_FRAME_STREAM_DATA);
    assert_int_equal(len, 24);
    assert_int_equal(item_at(&offset, &item, &len), CW_FRAME_STREAM_MORE);
    assert_int_equal(item_at(&offset, &item, &len), CW_FRAME_STREAM_TAKEN);
    assert_int_equal(item[4], 20);
    assert_int_equal(offset, items_len);
    assert_int_equal(enter(CW_ENTRY_STREAM_CLOSE, bytes, 4), CW_RESULT_DONE);
    assert_int_equal(stream_log[0], 'c');
}

static void random_bytes_at_every_entry_do_no_harm(void **state)
{
    (void)state;
    setup();
    (void)connect(&cw_endpoint_in, 1, CW_MODE_STRICT);
    struct cw_channel before = cw_run_module.channels[0];
    uint32_t seed = 12345;
    uint8_t bytes[300];
    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[i] = (uint8_t)(seed >> 24);
        }
        bytes[0] = (uint8_t)(bytes[0] & 3);
        bytes[1] = bytes[2] = bytes[3] = 0;
        uint8_t entry = (uint8_t)(round % 14);
        if (entry == CW_ENTRY_CALL && bytes[0] != 0) {
            continue;
        }
        (void)enter_with(entry, bytes, (size_t)(bytes[4] + round) % sizeof bytes, OUT_CAP);
    }
    assert_int_equal(cw_run_module.channels[0].count, before.count);
    assert_memory_equal(cw_run_module.channels[0].keys.event, before.keys.event, CW_KEY_LEN);
    assert_int_equal(handled, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(first_entry_starts_the_module_once),
            cmocka_unit_test(evidence_proves_this_life_with_the_owners_nonce),
            cmocka_unit_test(attestation_key_serves_nothing_else),
            cmocka_unit_test(open_with_any_flipped_bit_is_refused),
            cmocka_unit_test(event_runs_its_handler_and_outputs_leave_sealed),
            cmocka_unit_test(input_waits_when_an_output_has_no_window_or_no_room),
            cmocka_unit_test(output_without_room_is_told_to_an_entry_and_counted),
            cmocka_unit_test(restarted_module_refuses_its_recorded_history),
            cmocka_unit_test(input_is_read_once),
            cmocka_unit_test(request_takes_its_own_answer_only),
            cmocka_unit_test(cancelled_request_has_no_known_outcome),
            cmocka_unit_test(handler_answers_and_refuses_the_same_request_again),
            cmocka_unit_test(stream_takes_what_its_answers_have_room_for),
            cmocka_unit_test(random_bytes_at_every_entry_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
