/* SPDX-License-Identifier: MIT */
/* Headers of images, and the map that buffers of SVCs are looked up in. */
#include "tee/trustzone/enclave/kernel/space.h"

#include "tee/trustzone/enclave/kernel/pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PAGE CW_TZ_PAGE
#define IMAGE_LEN (CW_TZ_IMAGE_HEADER_LEN + 5000 + 100 + 8)

static const struct cw_tz_image sound = {
        .magic = CW_TZ_IMAGE_MAGIC,
        .version = CW_TZ_IMAGE_VERSION,
        .text_len = 5000,
        .rodata_len = 100,
        .data_len = 8,
        .bss_len = 4096,
        .stack_len = 8000,
        .device = CW_TZ_DEVICE_PORT1,
        .on_interrupt = 3,
        .name = "subject",
};

static cw_status decode(const struct cw_tz_image *header, size_t image_len)
{
    struct cw_tz_image found;
    /* As the bytes are on a little-endian host. */
    return cw_tz_image_decode((const uint8_t *)header, image_len, &found);
}

static void a_sound_header_is_decoded(void **state)
{
    (void)state;
    struct cw_tz_image found;
    assert_int_equal(cw_tz_image_decode((const uint8_t *)&sound, IMAGE_LEN, &found), CW_OK);
    assert_memory_equal(&found, &sound, sizeof sound);
}

static void r17_lengths_that_do_not_add_up_are_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < CW_TZ_IMAGE_HEADER_LEN; len++) {
        assert_int_equal(decode(&sound, len), CW_E_FORM);
    }
    assert_int_equal(decode(&sound, IMAGE_LEN - 1), CW_E_FORM);
    assert_int_equal(decode(&sound, IMAGE_LEN + 1), CW_E_FORM);
    struct cw_tz_image wraps = sound;
    wraps.text_len = UINT32_MAX - 107;
    wraps.rodata_len = 100;
    wraps.data_len = 5108 + 8; /* in 32 bits the sum is right */
    assert_int_equal(decode(&wraps, IMAGE_LEN), CW_E_FORM);
}

#define REFUSED(change)                                                                              \
    do {                                                                                             \
        struct cw_tz_image h = sound;                                                                \
        change;                                                                                      \
        assert_int_equal(decode(&h, IMAGE_LEN), CW_E_FORM);                                          \
    } while (0)

static void r17_every_field_out_of_bounds_is_refused(void **state)
{
    (void)state;
    REFUSED(h.magic++);
    REFUSED(h.version++);
    REFUSED(h.flags = 2);
    REFUSED((h.text_len = 0, h.rodata_len = 5100));
    REFUSED(h.bss_len = (uint32_t)CW_TZ_IMAGE_MAX);
    REFUSED(h.bss_len = UINT32_MAX);
    REFUSED(h.stack_len = 0);
    REFUSED(h.stack_len = (uint32_t)CW_TZ_STACK_MAX + 1);
    REFUSED(h.stack_len = UINT32_MAX);
    REFUSED(h.device = CW_TZ_DEVICE_UART + 1);
    REFUSED(h.device = CW_TZ_DEVICE_NONE); /* and yet an endpoint for it */
    REFUSED(h.zero[27] = 1);
    REFUSED(h.zero_too[0] = 1);
    REFUSED(memset(h.name, 0, sizeof h.name));
    REFUSED(h.name[20] = 'x'); /* behind its end */
    REFUSED(h.name[0] = '\n');
}

static void r5_regions_do_not_overlap_and_none_is_written_and_executed(void **state)
{
    (void)state;
    struct cw_tz_space space;
    const size_t len = cw_tz_space_plan(&sound, &space);
    size_t sum = 0;
    for (size_t i = 0; i < CW_TZ_REGIONS; i++) {
        const struct cw_tz_region *r = &space.regions[i];
        assert_int_equal(r->va % PAGE, 0);
        assert_int_equal(r->len % PAGE, 0);
        assert_true(i == 0 || r->va >= r[-1].va + r[-1].len);
        sum += r->len;
    }
    assert_int_equal(len, sum);
    assert_int_equal(space.regions[0].va, CW_TZ_IMAGE_AT);
    assert_int_equal(space.regions[0].rights, CW_TZ_RIGHTS_EXECUTE);
    assert_int_equal(space.regions[1].rights, CW_TZ_RIGHTS_READ);
    assert_int_equal(space.regions[2].va, CW_TZ_IMAGE_AT + 3 * PAGE);
    assert_int_equal(space.regions[2].len, 2 * PAGE); /* bss begins in the page of data */
    assert_int_equal(space.regions[3].va + space.regions[3].len, CW_TZ_STACK_TOP);
}

static struct cw_tz_space placed(uint8_t *run)
{
    struct cw_tz_space space;
    (void)cw_tz_space_plan(&sound, &space);
    cw_tz_space_place(&space, run);
    return space;
}

static void r21_a_buffer_inside_is_found_where_it_lies(void **state)
{
    (void)state;
    uint8_t *const run = (uint8_t *)0x10000000;
    const struct cw_tz_space space = placed(run);
    const uint64_t data = CW_TZ_IMAGE_AT + 3 * PAGE;
    assert_ptr_equal(cw_tz_space_find(&space, CW_TZ_IMAGE_AT, 1, false), run);
    assert_ptr_equal(cw_tz_space_find(&space, data, 2 * PAGE, true), run + 3 * PAGE);
    assert_ptr_equal(cw_tz_space_find(&space, data + 2 * PAGE - 1, 1, true), run + 5 * PAGE - 1);
    assert_ptr_equal(cw_tz_space_find(&space, CW_TZ_STACK_TOP - 1, 1, true), run + 7 * PAGE - 1);
    assert_ptr_equal(cw_tz_space_find(&space, CW_TZ_OUT_AT + CW_TZ_OUT_LEN - 1, 1, true),
            run + 7 * PAGE + CW_TZ_IN_LEN + CW_TZ_OUT_LEN - 1);
}

static void r21_no_bytes_wrapping_and_foreign_buffers_are_refused(void **state)
{
    (void)state;
    const struct cw_tz_space space = placed((uint8_t *)0x10000000);
    const uint64_t data = CW_TZ_IMAGE_AT + 3 * PAGE;
    const struct {
        uint64_t va;
        uint64_t len;
    } wrong[] = {
            {data, 0},
            {data, UINT64_MAX},
            {data, UINT64_MAX - data + 2},          /* its end is 1 */
            {data, 2 * PAGE + 1},                   /* one byte past */
            {data + 2 * PAGE, 1},                   /* a hole */
            {CW_TZ_IMAGE_AT - 1, 2},
            {UINT64_MAX, 1},
            {UINT64_MAX, 2},
            {0, 1},
            {0x0e020000, 8},                        /* the kernel */
            {0x1000000000, 8},                      /* the normal world, as the kernel sees it */
            {CW_TZ_STACK_TOP - 2 * PAGE - 1, 1},    /* beneath the stack */
            {CW_TZ_STACK_TOP - 1, 2},               /* stack and window */
            {CW_TZ_OUT_AT + CW_TZ_OUT_LEN, 1},
            {data + (1ull << 56), 1},               /* a tag is no part of an address */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_null(cw_tz_space_find(&space, wrong[i].va, wrong[i].len, false));
        assert_null(cw_tz_space_find(&space, wrong[i].va, wrong[i].len, true));
    }
    assert_null(cw_tz_space_find(&space, CW_TZ_IMAGE_AT, 1, true));
    assert_null(cw_tz_space_find(&space, CW_TZ_IMAGE_AT + 2 * PAGE, 1, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_sound_header_is_decoded),
            cmocka_unit_test(r17_lengths_that_do_not_add_up_are_refused),
            cmocka_unit_test(r17_every_field_out_of_bounds_is_refused),
            cmocka_unit_test(r5_regions_do_not_overlap_and_none_is_written_and_executed),
            cmocka_unit_test(r21_a_buffer_inside_is_found_where_it_lies),
            cmocka_unit_test(r21_no_bytes_wrapping_and_foreign_buffers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
