/* SPDX-License-Identifier: MIT */
/*
 * frame.c - events, requests, responses and acknowledgements, as a channel's two ends get them.
 *
 * Input    cipher 1, mode 1, limit 1, window 2, largest event 1, first count 8; then steps:
 *          kind 1, length 1, bytes.  Odd kinds bring the bytes as they are; even ones seal them
 *          under the right key first, so that what lies behind the tag is reached too.
 * Holds    a refusal changes no count but those of refusals; strict accepts the next alone; what
 *          was sealed at one end comes out the same at the other; acked never passes count.
 * Plant    core/channel/open.c s/frame_len < CW_FRAME_LEN(0) ||/frame_len < 20u ||/
 */
#include "core/channel/channel.h"
#include "core/wire/event.h"
#include "core/crypto/suite.h"
#include "fuzz/input.h"
#include "tests/support/channel.h"

static const uint8_t deployment[CW_DEPLOYMENT_LEN] = {1, 2, 3};

/* What no refusal may change. */
static void unchanged(const struct cw_channel *before, const struct cw_channel *after)
{
    struct cw_channel calm = *after;
    calm.refused_auth = before->refused_auth;
    calm.refused_replay = before->refused_replay;
    FUZZ_HOLDS(memcmp(before, &calm, sizeof calm) == 0);
    FUZZ_HOLDS(after->refused_auth >= before->refused_auth);
    FUZZ_HOLDS(after->refused_replay >= before->refused_replay);
}

/* The sink gets a frame; true: accepted. */
static bool arrive(struct cw_channel *sink, uint8_t *frame, size_t len)
{
    struct cw_channel before = *sink;
    uint64_t counter;
    size_t payload_len = 0;
    uint32_t gap = 0;
    cw_status status = cw_channel_expects(sink, frame, len);
    if (status == CW_OK) {
        memcpy(&counter, frame + 4, sizeof counter);
        status = cw_channel_unwrap(sink, frame, len, &payload_len, &gap);
    }
    if (status != CW_OK) {
        unchanged(&before, sink);
        return false;
    }
    FUZZ_HOLDS(payload_len <= sink->event_max && CW_FRAME_LEN(payload_len) == len);
    FUZZ_HOLDS(sink->count == counter + 1 && counter >= before.count);
    FUZZ_HOLDS(sink->mode != CW_MODE_STRICT || counter == before.count);
    FUZZ_HOLDS(sink->gaps >= before.gaps && (sink->mode == CW_MODE_LATEST || gap == 0));
    return true;
}

/* The source gets what comes back: a response, or an acknowledgement. */
static void answer(struct cw_channel *source, uint8_t *frame, size_t len)
{
    struct cw_channel before = *source;
    size_t payload_len = 0;
    uint32_t gap = 0;
    if (cw_channel_unwrap(source, frame, len, &payload_len, &gap) == CW_OK) {
        FUZZ_HOLDS(payload_len <= source->event_max && CW_FRAME_LEN(payload_len) == len);
        FUZZ_HOLDS(source->acked >= before.acked && source->acked <= source->count);
        before.acked = source->acked;
    }
    unchanged(&before, source);
}

/* Seal bytes as they are, padding and all: what only the peer's code could have made. */
static uint8_t *sealed(const struct cw_channel *c, const uint8_t *key, const uint8_t *bytes,
        size_t len, size_t *ret_len)
{
    size_t head = len < CW_EVENT_HEADER_LEN ? len : CW_EVENT_HEADER_LEN;
    size_t body_len = len - head < 2 ? 2 : (len - head) & ~(size_t)1;
    uint8_t *frame = calloc(1, CW_EVENT_HEADER_LEN + body_len + CW_TAG_LEN);
    if (frame == NULL) {
        abort();
    }
    memcpy(frame, bytes, head);
    uint8_t *body = frame + CW_EVENT_HEADER_LEN;
    memcpy(body, bytes + head, len - head < body_len ? len - head : body_len);
    cw_suite_seal(c->cipher, key, frame + 4, 8, body, body_len, body + body_len);
    *ret_len = CW_EVENT_HEADER_LEN + body_len + CW_TAG_LEN;
    return frame;
}

static void honest(struct cw_channel *source, struct cw_channel *sink, const uint8_t *payload,
        size_t len)
{
    uint8_t frame[CW_FRAME_LEN(255)];
    uint8_t ack[CW_ACK_LEN];
    size_t frame_len = 0;
    uint64_t counter = source->count;
    if (cw_test_wrap(source, payload, len, frame, sizeof frame, &frame_len) != CW_OK) {
        FUZZ_HOLDS(source->count == counter);
        return;
    }
    FUZZ_HOLDS(source->count == counter + 1 && frame_len == CW_FRAME_LEN(len));
    bool fits = cw_channel_expects(sink, frame, frame_len) == CW_OK;
    FUZZ_HOLDS(arrive(sink, frame, frame_len) == fits);
    FUZZ_HOLDS(!fits || memcmp(frame + CW_EVENT_HEADER_LEN, payload, len) == 0);
    if (fits && cw_test_ack_make(sink, ack) == CW_OK) {
        FUZZ_HOLDS(cw_test_ack_take(source, ack, sizeof ack) == CW_OK);
        FUZZ_HOLDS(source->acked == source->count);
    }
}

static void step(struct cw_channel *source, struct cw_channel *sink, struct fuzz_input *in)
{
    uint8_t kind = fuzz_u8(in);
    size_t len;
    uint8_t *bytes = fuzz_own(in, fuzz_u8(in), &len);
    uint8_t *frame;
    switch (kind % 5) {
    case 0:
        frame = sealed(sink, sink->keys.event, bytes, len, &len);
        arrive(sink, frame, len);
        free(frame);
        break;
    case 1: arrive(sink, bytes, len); break;
    case 2:
        frame = sealed(source, source->keys.back, bytes, len, &len);
        answer(source, frame, len);
        free(frame);
        break;
    case 3: answer(source, bytes, len); break;
    case 4: honest(source, sink, bytes, len); break;
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fuzz_input in = {bytes, len};
    struct cw_setconn setconn = {
            .identity = {.conn = 7, .epoch = 1, .src_module = 1, .dst_module = 2,
                    .cipher = (uint8_t)(CW_CIPHER_SPONGENT + fuzz_u8(&in) % 2),
                    .mode = (uint8_t)(fuzz_u8(&in) % 3)},
            .channel = 9,
            .limit = UINT64_C(1) << (1 + fuzz_u8(&in) % 63),
            .window = fuzz_u16(&in),
            .event_max = fuzz_u8(&in),
            .first = fuzz_u64(&in),
            .start = CW_SETCONN_CUT,
            .key = {4, 5, 6},
    };
    struct cw_channel source = {0};
    struct cw_channel sink = {0};
    uint8_t check[2][CW_CHECK_LEN];
    cw_channel_install(&source, &setconn, deployment, true, check[0]);
    cw_channel_install(&sink, &setconn, deployment, false, check[1]);
    FUZZ_HOLDS(memcmp(check[0], check[1], CW_CHECK_LEN) == 0);
    for (int i = 0; i < 64 && in.left_len > 0; i++) {
        step(&source, &sink, &in);
    }
    return 0;
}
