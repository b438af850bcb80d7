/* SPDX-License-Identifier: MIT */
/*
 * line.c - what comes over a board's serial line to its node.
 *
 * Input    steps: kind 1, length 1, bytes.  Even: the bytes as they are; odd: type 1, sequence 2
 *          and the rest as payload of a frame with right check sums.
 * Holds    a frame's payload lies in the line's own memory; it is the same frame however the
 *          bytes are cut; a good frame behind at most one frame's length of rubbish is found.
 * Plant    tee/sancus/node/line.c s/ || ret_frame->len > CW_LINE_PAYLOAD_MAX//
 */
#include "fuzz/input.h"
#include "tee/sancus/node/line.h"

#define WHOLE_MAX 4096u

/* What a reader found, as bytes that can be compared. */
struct found {
    size_t count;
    uint64_t digest;
};

static void look(struct cw_sancus_line *line, const uint8_t *bytes, size_t len, size_t piece,
        struct found *ret_found)
{
    for (size_t at = 0; at < len;) {
        size_t n = len - at < piece ? len - at : piece;
        struct cw_sancus_frame frame;
        bool whole;
        size_t used = cw_sancus_line_take(line, bytes + at, n, &frame, &whole);
        FUZZ_HOLDS(used <= n && (used > 0) && (whole || used == n));
        FUZZ_HOLDS(line->have_len <= sizeof line->bytes);
        at += used;
        if (!whole) {
            continue;
        }
        FUZZ_HOLDS(frame.len <= CW_LINE_PAYLOAD_MAX);
        FUZZ_HOLDS(frame.payload >= line->bytes &&
                frame.payload + frame.len <= line->bytes + sizeof line->bytes);
        ret_found->count++;
        ret_found->digest = ret_found->digest * 31 + frame.type + frame.seq * 7u + frame.len;
        for (size_t i = 0; i < frame.len; i++) {
            ret_found->digest = ret_found->digest * 31 + frame.payload[i];
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    static struct cw_sancus_line lines[3];
    struct fuzz_input in = {input, input_len};
    uint8_t *bytes = malloc(WHOLE_MAX + 2 * CW_SANCUS_FRAME_MAX);
    size_t len = 0;
    if (bytes == NULL) {
        abort();
    }
    while (in.left_len > 0 && len < WHOLE_MAX) {
        bool is_frame = fuzz_u8(&in) % 2 != 0;
        size_t part_len = fuzz_u8(&in);
        if (is_frame) {
            struct cw_sancus_frame frame = {.type = fuzz_u8(&in), .seq = fuzz_u16(&in)};
            uint8_t *payload = fuzz_own(&in, part_len, &frame.len);
            frame.payload = payload;
            len += cw_sancus_line_put(&frame, bytes + len);
            free(payload);
        } else {
            part_len = part_len < in.left_len ? part_len : in.left_len;
            fuzz_bytes(&in, bytes + len, part_len);
            len += part_len;
        }
    }
    struct found found[3] = {{0}};
    const size_t pieces[] = {len + 1, 1, 7};
    for (int i = 0; i < 3; i++) {
        memset(&lines[i], 0, sizeof lines[i]);
        look(&lines[i], bytes, len, pieces[i], &found[i]);
        FUZZ_HOLDS(found[i].count == found[0].count && found[i].digest == found[0].digest);
    }
    /* Whatever came before: a frame's length of zeros later the line is in step again. */
    memset(bytes, 0, CW_SANCUS_FRAME_MAX);
    struct found after = {0};
    look(&lines[0], bytes, CW_SANCUS_FRAME_MAX, CW_SANCUS_FRAME_MAX, &after);
    const struct cw_sancus_frame good = {.type = 1, .seq = 2, .payload = bytes, .len = 3};
    after.count = 0;
    look(&lines[0], bytes, cw_sancus_line_put(&good, bytes), SIZE_MAX, &after);
    FUZZ_HOLDS(after.count == 1);
    free(bytes);
    return 0;
}
