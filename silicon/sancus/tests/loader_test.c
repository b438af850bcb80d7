/* SPDX-License-Identifier: MIT */
/*
 * loader_test.c - which ELF files --run takes, and where their bytes come to lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "silicon/sancus/chip.h"
#include "silicon/sancus/loader.h"

#define HEADER_LEN 52u
#define SEGMENT_LEN 32u
#define SEGMENTS_MAX 3u
#define FILE_LEN (HEADER_LEN + SEGMENTS_MAX * SEGMENT_LEN + 64u)
#define BYTES_AT (HEADER_LEN + SEGMENTS_MAX * SEGMENT_LEN)

/* Offset and length in the file, and where it goes. */
struct segment {
    uint32_t offset, virtual, physical, len;
};

static struct cw_chip chip;
static uint8_t file[FILE_LEN];

static void put(size_t at, unsigned len, uint32_t value)
{
    for (unsigned i = 0; i < len; i++) {
        file[at + i] = (uint8_t)(value >> 8 * i);
    }
}

/* An ELF file with these segments; the byte at offset BYTES_AT + i is 0x80 + i. */
static void make(const struct segment *segments, unsigned count)
{
    memset(file, 0, sizeof file);
    memcpy(file, "\177ELF\1\1\1", 7);
    put(16, 2, 2);
    put(18, 2, 105);
    put(28, 4, HEADER_LEN);
    put(42, 2, SEGMENT_LEN);
    put(44, 2, count);
    for (unsigned i = 0; i < count; i++) {
        size_t at = HEADER_LEN + SEGMENT_LEN * i;

        put(at, 4, 1);
        put(at + 4, 4, segments[i].offset);
        put(at + 8, 4, segments[i].virtual);
        put(at + 12, 4, segments[i].physical);
        put(at + 16, 4, segments[i].len);
        put(at + 20, 4, segments[i].len);
    }
    for (unsigned i = 0; i < FILE_LEN - BYTES_AT; i++) {
        file[BYTES_AT + i] = (uint8_t)(0x80 + i);
    }
}

static cw_status load(void)
{
    static const struct cw_chip_config config = {
            .rom_len = 41984, .ram_len = 16384, .slots_count = 4, .security_bits = 128};
    char path[] = "/tmp/loader-test-XXXXXX";
    int fd = mkstemp(path);
    cw_status status;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, file, sizeof file), sizeof file);
    assert_int_equal(close(fd), 0);
    assert_int_equal(cw_chip_init(&chip, &config), CW_OK);
    status = cw_loader_load(&chip, path);
    assert_int_equal(unlink(path), 0);
    cw_chip_close(&chip);
    return status;
}

static void segments_go_to_their_physical_addresses(void **state)
{
    static const struct segment segments[] = {
            {BYTES_AT, 0x5c00, 0x5c00, 4},
            {BYTES_AT + 4, 0x0200, 0x7000, 4},
            {BYTES_AT + 8, 0x0300, 0x0300, 2},
    };

    (void)state;
    make(segments, 3);
    assert_int_equal(load(), CW_OK);
    assert_int_equal(chip.mem[0x5c00], 0x80);
    assert_int_equal(chip.mem[0x5c03], 0x83);
    assert_int_equal(chip.mem[0x5c04], 0);
    assert_int_equal(chip.mem[0x0200], 0);
    assert_int_equal(chip.mem[0x7000], 0x84);
    assert_int_equal(chip.mem[0x0301], 0x89);
}

static void without_physical_addresses_they_go_to_their_virtual_ones(void **state)
{
    static const struct segment segments[] = {
            {BYTES_AT, 0x5c00, 0, 4},
            {BYTES_AT + 4, 0xfffe, 0, 2},
    };

    (void)state;
    make(segments, 2);
    assert_int_equal(load(), CW_OK);
    assert_int_equal(chip.mem[0x5c00], 0x80);
    assert_int_equal(chip.mem[0xffff], 0x85);
}

static void headers_in_a_segment_are_no_part_of_the_program(void **state)
{
    static const struct segment segment = {0, 0x5c00 - BYTES_AT, 0x5c00 - BYTES_AT, BYTES_AT + 2};

    (void)state;
    make(&segment, 1);
    assert_int_equal(load(), CW_OK);
    assert_int_equal(chip.mem[0x5c00], 0x80);
    assert_int_equal(chip.mem[0x5c01], 0x81);
}

static void segments_elsewhere_are_refused(void **state)
{
    static const struct segment bad[][2] = {
            {{BYTES_AT, 0x5c00, 0x5c00, 4}, {BYTES_AT, 0x5c03, 0x5c03, 1}},   /* twice       */
            {{BYTES_AT, 0x5c00, 0x5c00, 4}, {BYTES_AT, 0x0100, 0x0100, 1}},   /* a device    */
            {{BYTES_AT, 0x5c00, 0x5c00, 4}, {BYTES_AT, 0x4200, 0x4200, 1}},   /* behind RAM  */
            {{BYTES_AT, 0x5c00, 0x5c00, 4}, {BYTES_AT, 0xffff, 0xffff, 2}},   /* over the end */
            {{BYTES_AT, 0x5c00, 0x5c00, 4}, {BYTES_AT, 0x5c08, 0, 1}},        /* device, at 0 */
            {{BYTES_AT, 0x5c00, 0x5c00, 4}, {FILE_LEN, 0x5c08, 0x5c08, 1}},   /* behind the file */
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        make(bad[i], 2);
        assert_int_equal(load(), CW_E_FORM);
    }
}

static void other_files_are_refused(void **state)
{
    static const struct segment segment = {BYTES_AT, 0x5c00, 0x5c00, 4};
    static const struct {
        uint8_t at, value;
    } bad[] = {
            {0, 'E'}, /* no ELF file    */
            {4, 2},   /* 64 bit         */
            {5, 2},   /* big-endian     */
            {16, 1},  /* relocatable    */
            {18, 3},  /* for an 80386   */
            {44, 0},  /* no segment     */
            {31, 1},  /* table behind the end */
    };

    (void)state;
    make(&segment, 1);
    assert_int_equal(load(), CW_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        make(&segment, 1);
        file[bad[i].at] = bad[i].value;
        assert_int_equal(load(), CW_E_FORM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(segments_go_to_their_physical_addresses),
            cmocka_unit_test(without_physical_addresses_they_go_to_their_virtual_ones),
            cmocka_unit_test(headers_in_a_segment_are_no_part_of_the_program),
            cmocka_unit_test(segments_elsewhere_are_refused),
            cmocka_unit_test(other_files_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
