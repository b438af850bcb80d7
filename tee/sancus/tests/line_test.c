/* SPDX-License-Identifier: MIT */
/* Frames of the serial line: whole ones are found, whatever is around them. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tee/sancus/node/line.h"

static uint8_t bytes[4 * CW_SANCUS_FRAME_MAX];
static uint8_t payload[CW_LINE_PAYLOAD_MAX];
static struct cw_sancus_line line;

static int start(void **state)
{
    (void)state;
    line = (struct cw_sancus_line){.have_len = 0};
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)(i % 7 == 0 ? CW_LINE_SYNC0 : i % 7 == 1 ? CW_LINE_SYNC1 : i);
    }
    return 0;
}

static size_t frame_of(size_t len, uint16_t seq, uint8_t *ret_bytes)
{
    return cw_sancus_line_put(
            &(struct cw_sancus_frame){CW_LINE_CALL, seq, payload, len}, ret_bytes);
}

/* How many whole frames are in [len] bytes, given in pieces; the last one's number. */
static unsigned take_all(size_t len, size_t piece, uint16_t *ret_seq)
{
    unsigned count = 0;
    for (size_t at = 0; at < len;) {
        size_t have = len - at < piece ? len - at : piece;
        struct cw_sancus_frame frame;
        bool whole;
        at += cw_sancus_line_take(&line, bytes + at, have, &frame, &whole);
        if (whole) {
            count++;
            *ret_seq = frame.seq;
            assert_int_equal(frame.type, CW_LINE_CALL);
            assert_memory_equal(frame.payload, payload, frame.len);
        }
    }
    return count;
}

static void frame_arrives_whole_in_any_pieces(void **state)
{
    (void)state;
    const size_t lens[] = {0, 1, 2, 100, CW_LINE_PAYLOAD_MAX};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        for (size_t piece = 1; piece < 2000; piece = piece * 3 + 1) {
            uint16_t seq = 0;
            size_t len = frame_of(lens[i], (uint16_t)(100 + i), bytes);
            assert_int_equal(take_all(len, piece, &seq), 1);
            assert_int_equal(seq, 100 + i);
        }
    }
    assert_int_equal(line.damaged, 0);
}

static void frame_with_any_flipped_bit_is_dropped_and_the_next_is_found(void **state)
{
    (void)state;
    size_t first_len = frame_of(9, 1, bytes);
    size_t len = first_len + frame_of(9, 2, bytes + first_len);
    for (size_t bit = 0; bit < 8 * first_len; bit++) {
        (void)start(NULL);
        uint16_t seq = 0;
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        unsigned found = take_all(len, len, &seq);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(found, 1);
        assert_int_equal(seq, 2);
        assert_true(line.damaged > 0);
    }
}

static void truncated_frame_and_noise_do_not_hide_the_next(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < 60; cut++) {
        (void)start(NULL);
        uint16_t seq = 0;
        size_t at = frame_of(48, 1, bytes);
        at = cut < at ? cut : at - 1;
        bytes[at] = CW_LINE_SYNC0; /* noise that looks like a beginning */
        at++;
        /* What is missing of the first one is taken from those behind it. */
        for (uint16_t n = 2; n < 6; n++) {
            at += frame_of(48, n, bytes + at);
        }
        unsigned found = take_all(at, 13, &seq);
        assert_true(found >= 3);
        assert_int_equal(seq, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(frame_arrives_whole_in_any_pieces, start),
            cmocka_unit_test_setup(frame_with_any_flipped_bit_is_dropped_and_the_next_is_found,
                    start),
            cmocka_unit_test_setup(truncated_frame_and_noise_do_not_hide_the_next, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
