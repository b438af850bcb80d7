/* SPDX-License-Identifier: MIT */
/* The compiler's helper routines on the emulated CPU, against this machine's arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "silicon/sancus/chip.h"
#include "silicon/sancus/loader.h"

#define PROGRAM "build/msp430/sancus-rt.elf"

static struct cw_chip *chip;

static int start(void **state)
{
    (void)state;
    const struct cw_chip_config config = {.rom_len = CW_ROM_LEN_DEFAULT,
            .ram_len = CW_RAM_LEN_DEFAULT, .slots_count = 1, .security_bits = 128,
            .clock_hz = 20000000};
    chip = calloc(1, sizeof *chip);
    assert_non_null(chip);
    assert_int_equal(cw_chip_init(chip, &config), CW_OK);
    assert_int_equal(cw_loader_load(chip, PROGRAM), CW_OK);
    cw_chip_power_on(chip);
    (void)cw_chip_run(chip, 1000);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    cw_chip_close(chip);
    free(chip);
    return 0;
}

static uint64_t on_chip(uint16_t operation, uint64_t a, uint64_t b)
{
    (void)memcpy(chip->mem + 0x0210, &a, 8);
    (void)memcpy(chip->mem + 0x0218, &b, 8);
    (void)memset(chip->mem + 0x0220, 0, 8);
    cw_chip_poke(chip, 0x0200, operation);
    for (int i = 0; i < 200 && cw_chip_word(chip, 0x0200) != 0; i++) {
        (void)cw_chip_run(chip, cw_chip_cycles(chip) + 1000);
    }
    assert_int_equal(cw_chip_word(chip, 0x0200), 0);
    uint64_t result;
    (void)memcpy(&result, chip->mem + 0x0220, 8);
    return result;
}

/* Interesting values first, then any. */
static uint64_t value(unsigned n)
{
    static const uint64_t edges[] = {0, 1, 2, 3, 7, 10, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff,
            0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, INT64_MAX,
            (uint64_t)INT64_MIN, UINT64_MAX};
    static uint64_t seed = 0x9e3779b97f4a7c15;
    if (n < sizeof edges / sizeof edges[0]) {
        return edges[n];
    }
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed >> (n % 5 * 11);
}

#define COMPARE(base, type, bits) \
    for (unsigned i = 0; i < 40; i++) { \
        for (unsigned j = 0; j < 40; j++) { \
            type a = (type)value(i); \
            type b = (type)value(j); \
            uint64_t mask = UINT64_MAX >> (64 - bits); \
            uint64_t product = (uint64_t)a * (uint64_t)b; \
            assert_int_equal(on_chip(base, (uint64_t)a, (uint64_t)b), product & mask); \
            if (b != 0 && b != (type)-1) { /* the least by -1 is undefined here */ \
                assert_int_equal(on_chip(base + 1, (uint64_t)a, (uint64_t)b), \
                        (uint64_t)(a / b) & mask); \
                assert_int_equal(on_chip(base + 2, (uint64_t)a, (uint64_t)b), \
                        (uint64_t)(a % b) & mask); \
            } \
            unsigned places = j % bits; \
            assert_int_equal(on_chip(base + 3, (uint64_t)a, places), \
                    ((uint64_t)a << places) & mask); \
            assert_int_equal(on_chip(base + 4, (uint64_t)a, places), \
                    (uint64_t)(type)(a >> places) & mask); \
        } \
    }

static void words_of_16_bits_compute_as_here(void **state)
{
    (void)state;
    COMPARE(0x10, uint16_t, 16)
    COMPARE(0x20, int16_t, 16)
}

static void words_of_32_bits_compute_as_here(void **state)
{
    (void)state;
    COMPARE(0x30, uint32_t, 32)
    COMPARE(0x40, int32_t, 32)
}

static void words_of_64_bits_compute_as_here(void **state)
{
    (void)state;
    COMPARE(0x50, uint64_t, 64)
    COMPARE(0x60, int64_t, 64)
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(words_of_16_bits_compute_as_here, start, stop),
            cmocka_unit_test_setup_teardown(words_of_32_bits_compute_as_here, start, stop),
            cmocka_unit_test_setup_teardown(words_of_64_bits_compute_as_here, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
