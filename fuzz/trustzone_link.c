/* SPDX-License-Identifier: MIT */
/*
 * trustzone_link.c - what the shim of a TrustZone board sends to a node.
 *
 * Input    what was asked, one byte: 0 OPEN_SESSION, 1 LOAD .. 5 PING, 6 HELLO; then bytes of the
 *          link.
 * Holds    a frame lies within what arrived; an answer's bytes lie in its frame and fit into the room
 *          of its ask; what stops in the middle of a frame is short, nothing else.
 * Plant    tee/trustzone/node/frames.c s/b <= ask->room/true/
 */
#include <string.h>

#include "fuzz/input.h"
#include "tee/trustzone/node/frames.h"

#define ROOM 24u

static void check_answer(unsigned what, const uint8_t *data, size_t len)
{
    const struct cw_tz_ask ask = {
            .command = what == 0 ? OPTEE_OPEN_SESSION : OPTEE_INVOKE,
            .function = what == 0 ? 0 : what,
            .room = ROOM,
    };
    struct cw_tz_answer answer = {.ret = 77, .out = NULL, .out_len = 0};
    if (cw_tz_frames_answer(&ask, data, len, &answer) == CW_OK) {
        FUZZ_HOLDS(answer.out_len <= ROOM);
        FUZZ_HOLDS(answer.out >= data && answer.out + answer.out_len == data + len);
        FUZZ_HOLDS(answer.ret == TEE_SUCCESS || answer.out_len == 0);
    } else {
        FUZZ_HOLDS(answer.ret == 77 && answer.out == NULL);
    }
}

static void check_frames(unsigned what, const uint8_t *bytes, size_t len)
{
    for (size_t at = 0;;) {
        uint8_t kind = 0;
        const uint8_t *data = NULL;
        size_t data_len = 0;
        const cw_status status =
                cw_tz_frames_take(bytes + at, len - at, &kind, &data, &data_len);
        if (status != CW_OK) {
            FUZZ_HOLDS(status == CW_E_FORM || len - at < CW_TZ_FRAME_MAX);
            return;
        }
        FUZZ_HOLDS(data == bytes + at + CW_TZ_LINK_HEADER_LEN && data_len <= CW_TZ_LINK_MAX);
        FUZZ_HOLDS(data + data_len <= bytes + len);
        if (kind == CW_TZ_LINK_ANSWER) {
            check_answer(what, data, data_len);
        }
        at = (size_t)(data + data_len - bytes);
    }
}

static void check_ready(const uint8_t *bytes, size_t len)
{
    static const uint8_t name[CW_TZ_LINK_NAME_LEN] = "0123456789abcdef";
    size_t keep = 0;
    const size_t at = cw_tz_frames_ready(bytes, len, name, &keep);
    FUZZ_HOLDS(at <= len && keep <= len);
    FUZZ_HOLDS(at == 0 || memcmp(bytes + at - sizeof name, name, sizeof name) == 0);
    for (size_t cut = 0; cut <= len && len <= 256 && at == 0; cut++) {
        size_t rest = 0;
        FUZZ_HOLDS(cw_tz_frames_ready(bytes, cut, name, &rest) == 0);
        FUZZ_HOLDS(cw_tz_frames_ready(bytes + cut - rest, len - cut + rest, name, &keep) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    struct fuzz_input in = {input, input_len};
    const unsigned what = fuzz_u8(&in) % 7;
    size_t len;
    uint8_t *bytes = fuzz_own(&in, SIZE_MAX, &len);
    if (what == 6) {
        check_ready(bytes, len);
    } else {
        check_frames(what, bytes, len);
    }
    free(bytes);
    return 0;
}
