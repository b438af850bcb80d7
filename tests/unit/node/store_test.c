/* SPDX-License-Identifier: MIT */
/* The store against a list that keeps everything: random frames, in and out, in every order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store.h"

#define FRAME_MAX 700u
#define SLOTS_MAX 40u

static uint32_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

struct model {
    uint32_t numbers[SLOTS_MAX];
    size_t lens[SLOTS_MAX];
    uint32_t count;
};

static void forget(struct model *m, uint32_t index)
{
    m->count--;
    for (uint32_t i = index; i < m->count; i++) {
        m->numbers[i] = m->numbers[i + 1];
        m->lens[i] = m->lens[i + 1];
    }
}

static void fill(uint8_t *frame, size_t len, uint32_t number)
{
    for (size_t i = 0; i < len; i++) {
        frame[i] = (uint8_t)(number * 31 + i * 7);
    }
}

static void compare(const struct cw_store *store, const struct model *m)
{
    assert_int_equal(store->count, m->count);
    for (uint32_t i = 0; i < m->count; i++) {
        uint8_t frame[FRAME_MAX];
        struct cw_link_header header;
        size_t len;
        const uint8_t *at = cw_store_at(store, i, &len);
        fill(frame, m->lens[i], m->numbers[i]);
        assert_int_equal(len, m->lens[i]);
        assert_int_equal(cw_link_header_decode(at, &header), CW_OK);
        assert_int_equal(header.len, len);
        assert_int_equal(header.type, CW_FRAME_EVENT);
        assert_memory_equal(at + CW_LINK_HEADER_LEN, frame, len);
    }
}

/* shape: how long frames are, and how often which operation comes. */
static void run(uint32_t slots, uint32_t shape)
{
    struct cw_store store;
    struct model m = {.count = 0};
    assert_int_equal(cw_store_open(&store, slots, FRAME_MAX), CW_OK);
    for (uint32_t number = 0; number < 4000; number++) {
        const uint32_t choice = draw(100);
        const uint32_t pushes = 20 + 30 * (shape % 3);
        if (choice < pushes) {
            uint8_t frame[FRAME_MAX];
            const size_t len = shape / 3 == 0   ? draw(30)
                             : shape / 3 == 1   ? FRAME_MAX - draw(3)
                             : draw(10) == 0    ? FRAME_MAX
                                                : draw(FRAME_MAX + 1);
            fill(frame, len, number);
            const cw_status expected = m.count == slots ? CW_AGAIN : CW_OK;
            assert_int_equal(cw_store_push(&store, CW_FRAME_EVENT, frame, len), expected);
            if (expected == CW_OK) {
                m.numbers[m.count] = number;
                m.lens[m.count++] = len;
            }
        } else if (choice < 98) {
            const bool second = m.count >= 2 && draw(3) != 0;
            if (second) {
                cw_store_pop_second(&store);
                forget(&m, 1);
            } else if (m.count > 0) {
                cw_store_pop(&store);
                forget(&m, 0);
            }
        } else if (draw(20) == 0) {
            cw_store_clear(&store);
            m.count = 0;
        }
        compare(&store, &m);
    }
    cw_store_close(&store);
}

static void store_is_a_list_with_a_bound(void **state)
{
    (void)state;
    for (uint32_t slots = 1; slots <= SLOTS_MAX; slots += slots < 5 ? 1 : 7) {
        for (uint32_t shape = 0; shape < 9; shape++) {
            seed = slots * 100 + shape;
            run(slots, shape);
        }
    }
}

static void short_frames_use_the_beginning_alone(void **state)
{
    (void)state;
    struct cw_store store;
    uint8_t frame[40] = {0};
    assert_int_equal(cw_store_open(&store, 2048, FRAME_MAX), CW_OK);
    for (uint32_t i = 0; i < 100000; i++) {
        assert_int_equal(cw_store_push(&store, CW_FRAME_EVENT, frame, sizeof frame), CW_OK);
        if (store.count > 500) {
            cw_store_pop(&store);
        }
    }
    assert_true(store.limit <= 64 * 1024);
    cw_store_close(&store);
}

static void longer_frame_than_promised_is_refused(void **state)
{
    (void)state;
    struct cw_store store;
    static uint8_t frame[FRAME_MAX + 8];
    assert_int_equal(cw_store_open(&store, 2, FRAME_MAX), CW_OK);
    assert_int_equal(cw_store_push(&store, CW_FRAME_EVENT, frame, FRAME_MAX + 4), CW_E_SPACE);
    assert_int_equal(cw_store_push(&store, CW_FRAME_EVENT, frame, SIZE_MAX), CW_E_SPACE);
    assert_int_equal(store.count, 0);
    assert_int_equal(cw_store_push(&store, CW_FRAME_EVENT, frame, FRAME_MAX), CW_OK);
    cw_store_close(&store);
    assert_int_equal(cw_store_open(&store, 0, FRAME_MAX), CW_E_SPACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(store_is_a_list_with_a_bound),
            cmocka_unit_test(short_frames_use_the_beginning_alone),
            cmocka_unit_test(longer_frame_than_promised_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
