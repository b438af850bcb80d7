/* SPDX-License-Identifier: MIT */
/*
 * instructions_test.c - Sancus instructions: published vectors, cycle formulas, closed quirks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "silicon/sancus/chip.h"

#define CODE 0x5c00u
#define RAM 0x1000u

static struct cw_chip chip;

/* ---- a chip that executes one instruction ---- */

static void open_chip(unsigned bits, cw_quirks quirks)
{
    static const uint8_t key[16] = {0xde, 0xad, 0xbe, 0xef, 0xca, 0xfe, 0xba, 0xbe, 0xc0, 0xde,
            0xfe, 0xed, 0xde, 0xfe, 0xc8, 0xed};
    struct cw_chip_config config = {
            .rom_len = CW_ROM_LEN_DEFAULT,
            .ram_len = CW_RAM_LEN_DEFAULT,
            .slots_count = 4,
            .security_bits = bits,
            .quirks = quirks,
            .clock_hz = 20000000,
    };

    memcpy(config.node_key, key, sizeof key);
    assert_int_equal(cw_chip_init(&chip, &config), CW_OK);
    cw_chip_poke(&chip, 0xfffe, CODE);
    cw_chip_power_on(&chip);
    assert_int_equal(cw_chip_run(&chip, 0), CW_STOP_LIMIT); /* at the first instruction */
}

static unsigned key_len(void)
{
    return chip.config.security_bits / 8;
}

static unsigned hex(const char *text, uint8_t *bytes)
{
    unsigned len = 0;

    for (; text[0] != 0; text += 2) {
        char digits[3] = {text[0], text[1], 0};

        bytes[len++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return len;
}

static unsigned put(uint16_t address, const char *text)
{
    unsigned len = hex(text, &chip.mem[address]);

    cw_chip_touch(&chip, address, address + len);
    return len;
}

static void assert_bytes(const uint8_t *bytes, const char *text)
{
    uint8_t expected[64];

    assert_memory_equal(bytes, expected, hex(text, expected));
}

/* Executes [word] with r9 .. r15; returns its cycles, leaves R15 in the chip. */
static unsigned execute(uint16_t word, const uint16_t r9_to_r15[7])
{
    uint64_t start;

    cw_chip_poke(&chip, CODE, word);
    cw_chip_poke(&chip, CODE + 2, 0x3fff); /* jmp $ */
    cw_chip_touch(&chip, CODE, CODE + 4);
    chip.soc.watchdog.ctl = 0x80;
    cw_chip_jump(&chip, CODE);
    memcpy(&chip.core.r[9], r9_to_r15, 14);
    start = cw_chip_cycles(&chip);
    assert_int_equal(cw_chip_run(&chip, UINT64_MAX), CW_STOP_SELF_JUMP);
    return (unsigned)(cw_chip_cycles(&chip) - start);
}

static unsigned rounds(void)
{
    return chip.config.security_bits == 64 ? 90 : 170;
}

static unsigned words(void)
{
    return key_len() / 2;
}

static unsigned enable(uint16_t vendor, uint16_t ps, uint16_t pe, uint16_t ss, uint16_t se)
{
    return execute(CW_SANCUS_ENABLE, (uint16_t[7]){0, 0, vendor, ps, pe, ss, se});
}

/* ---- published vectors ---- */

static void vendor_key_is_a_mac_of_the_id_under_the_node_key(void **state)
{
    (void)state;
    open_chip(64, CW_QUIRKS_ALL);
    memcpy(&chip.mem[RAM], chip.config.node_key, 8);
    put(RAM + 0x20, "3412");
    execute(CW_SANCUS_WRAP,
            (uint16_t[7]){RAM, RAM + 0x20, RAM + 0x22, RAM, RAM, RAM, RAM + 0x40});
    assert_bytes(&chip.mem[RAM + 0x40], "4078d505d82099ba");
    put(RAM + 0x20, "d204");
    execute(CW_SANCUS_WRAP,
            (uint16_t[7]){RAM, RAM + 0x20, RAM + 0x22, RAM, RAM, RAM, RAM + 0x40});
    assert_bytes(&chip.mem[RAM + 0x40], "e3077c6a4e4c0cd9");
    cw_chip_close(&chip);
    open_chip(128, CW_QUIRKS_ALL);
    memcpy(&chip.mem[RAM], chip.config.node_key, 16);
    put(RAM + 0x20, "3412");
    execute(CW_SANCUS_WRAP,
            (uint16_t[7]){RAM, RAM + 0x20, RAM + 0x22, RAM, RAM, RAM, RAM + 0x40});
    assert_bytes(&chip.mem[RAM + 0x40], "0b7bf3ae40880a8be430d0da34fb76f0");
    cw_chip_close(&chip);
}

static void module_key_is_the_published_one(void **state)
{
    (void)state;
    open_chip(64, CW_QUIRKS_ALL);
    put(0x5d42, "824f000387130047");
    enable(0x1234, 0x5d42, 0x5d4a, 0x0300, 0x0320);
    assert_int_equal(chip.core.r[15], 1);
    assert_bytes(chip.unit.slot[0].key, "509baf197107c623");
    cw_chip_close(&chip);
}

static void encrypted_module_is_decrypted_and_keyed(void **state)
{
    (void)state;
    open_chip(64, CW_QUIRKS_ALL);
    put(0x5cf0, "16b424154970d9e9");
    put(RAM, "97913892a49c3955");
    execute(CW_SANCUS_ENABLE,
            (uint16_t[7]){RAM, 0xa1b2, 0x1234, 0x5cf0, 0x5cf8, 0x0340, 0x0360});
    assert_int_equal(chip.core.r[15], 1);
    assert_bytes(&chip.mem[0x5cf0], "3a40785600470343");
    assert_bytes(chip.unit.slot[0].key, "b6848e65e47eec84");
    cw_chip_close(&chip);
}

static void verify_accepts_the_right_tag_only(void **state)
{
    for (unsigned quirks = 0; quirks < 2; quirks++) {
        (void)state;
        open_chip(64, quirks != 0 ? CW_QUIRKS_ALL : CW_QUIRKS_NONE);
        put(0x5cec, "00470343");
        enable(0x1234, 0x5cec, 0x5cf0, 0x0300, 0x0320);
        put(RAM, "3d33480b04c8efb4");
        execute(CW_SANCUS_VERIFY_ADDR, (uint16_t[7]){0, 0, 0, 0, 0, 0x5cee, RAM});
        assert_int_equal(chip.core.r[15], 1);
        chip.mem[RAM + 7] ^= 1;
        execute(CW_SANCUS_VERIFY_ADDR, (uint16_t[7]){0, 0, 0, 0, 0, 0x5cee, RAM});
        assert_int_equal(chip.core.r[15], 0);
        execute(CW_SANCUS_VERIFY_ADDR, (uint16_t[7]){0, 0, 0, 0, 0, 0x6000, RAM});
        assert_int_equal(chip.core.r[15], 0);
        cw_chip_close(&chip);
    }
}

struct wrap_vector {
    unsigned bits;
    const char *key, *ad, *body, *cipher, *tag;
};

static const struct wrap_vector wraps[] = {
        {128, "83536bf3071fec8bc17cb216cac59a5e", "0000", "bbaa", "2350",
                "8f6f7ccf78e1d75734cec8e2ef0d2e41"},
        {64, "0001020304050607", "101112131415", "2021222324252627", "4496be77dd9be4a6",
                "3d7636998f308425"},
        {128, "000102030405060708090a0b0c0d0e0f", "101112131415", "2021222324252627",
                "5eea41d72e160751", "6cc8d4f3fe65ba4c15430f9d33979613"},
};

static void wrap_and_unwrap_agree_with_the_published_vectors(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        const struct wrap_vector *v = &wraps[i % 3];
        unsigned ad, body;

        open_chip(v->bits, i < 3 ? CW_QUIRKS_ALL : CW_QUIRKS_NONE);
        put(RAM, v->key);
        ad = put(RAM + 0x20, v->ad);
        body = put(RAM + 0x40, v->body);
        {
            uint16_t r[7] = {RAM, RAM + 0x20, (uint16_t)(RAM + 0x20 + ad), RAM + 0x40,
                    (uint16_t)(RAM + 0x40 + body), RAM + 0x40, RAM + 0x60};

            execute(CW_SANCUS_WRAP, r);
            assert_int_equal(chip.core.r[15], 1);
            assert_bytes(&chip.mem[RAM + 0x40], v->cipher);
            assert_bytes(&chip.mem[RAM + 0x60], v->tag);
            execute(CW_SANCUS_UNWRAP, r);
            assert_int_equal(chip.core.r[15], 1);
            assert_bytes(&chip.mem[RAM + 0x40], v->body);
        }
        cw_chip_close(&chip);
    }
}

static void empty_associated_data_give_the_known_wrong_tags(void **state)
{
    (void)state;
    open_chip(64, CW_QUIRKS_ALL);
    put(RAM, "bb97325121feb2ef");
    put(RAM + 0x40, "20212223");
    execute(CW_SANCUS_WRAP, (uint16_t[7]){RAM, RAM, RAM, RAM + 0x40, RAM + 0x44, RAM + 0x50,
                                    RAM + 0x60});
    assert_int_equal(chip.core.r[15], 1);
    assert_bytes(&chip.mem[RAM + 0x60], "ef9d2574e37eb43e");
    assert_bytes(&chip.mem[RAM + 0x50], "00000000");
    execute(CW_SANCUS_WRAP,
            (uint16_t[7]){RAM, RAM, RAM, RAM, RAM, RAM + 0x50, RAM + 0x60});
    assert_bytes(&chip.mem[RAM + 0x60], "a94877e7a8463f63"); /* v is still 0x2322 */
    cw_chip_close(&chip);
}

/* ---- cycles ---- */

static void short_instructions_take_their_cycles(void **state)
{
    (void)state;
    for (unsigned bits = 64; bits <= 128; bits += 64) {
        const uint16_t none[7] = {0};

        open_chip(bits, CW_QUIRKS_ALL);
        assert_int_equal(execute(CW_SANCUS_GET_ID, none), 3);
        assert_int_equal(execute(CW_SANCUS_GET_CALLER, none), 3);
        assert_int_equal(chip.core.r[15], CW_SANCUS_ID_RESET);
        assert_int_equal(execute(CW_SANCUS_DISABLE, none), 3);
        assert_int_equal(execute(CW_SANCUS_WRAP, none), 3);
        assert_int_equal(execute(CW_SANCUS_UNWRAP, none), 3);
        assert_int_equal(execute(CW_SANCUS_VERIFY_PREV, none), 3);
        assert_int_equal(execute(CW_SANCUS_ENABLE, none), 4);
        assert_int_equal(execute(CW_SANCUS_CLIX, none), 2);
        assert_int_equal(execute(0x138a, none), 1);
        cw_chip_close(&chip);
    }
}

static void enable_and_verify_follow_their_formulas(void **state)
{
    static const unsigned texts[] = {1, 2, 4, 10, 37};

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        unsigned bits = i % 2 != 0 ? 64 : 128, t = texts[i / 4], k, r;

        open_chip(bits, (i / 2) % 2 != 0 ? CW_QUIRKS_ALL : CW_QUIRKS_NONE);
        k = words();
        r = rounds();
        assert_int_equal(enable(0x1234, 0x6000, (uint16_t)(0x6000 + 2 * t), 0x300, 0x320),
                (4 * k - 2) * (r + 2) + (t + 7) * (r + 3) + 11);
        assert_int_equal(chip.core.r[15], 1);
        assert_int_equal(
                execute(CW_SANCUS_VERIFY_ADDR, (uint16_t[7]){0, 0, 0, 0, 0, 0x6000, RAM}),
                (2 * k - 1) * (r + 2) + (t + 5) * (r + 3) + 9);
        assert_int_equal(
                execute(CW_SANCUS_ENABLE, (uint16_t[7]){RAM, 1, 2, 0x7000,
                                                  (uint16_t)(0x7000 + 2 * t), 0x400, 0x420}),
                (4 * k - 1) * (r + 2) + (t + 2) * (r + 3) + 15);
        assert_int_equal(chip.core.r[15], 0);
        assert_int_equal(chip.unit.next_id, 2);
        cw_chip_close(&chip);
    }
}

static void wrap_and_unwrap_follow_their_formulas(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 32; i++) {
        unsigned bits = i % 2 != 0 ? 64 : 128, a = 1 + i / 2 % 4, w = 1 + i / 8 * 3, k, r;
        uint16_t regs[7] = {RAM, RAM + 0x20, (uint16_t)(RAM + 0x20 + 2 * a), RAM + 0x40,
                (uint16_t)(RAM + 0x40 + 2 * w), RAM + 0x80, RAM + 0xc0};

        open_chip(bits, i % 3 != 0 ? CW_QUIRKS_ALL : CW_QUIRKS_NONE);
        k = words();
        r = rounds();
        assert_int_equal(execute(CW_SANCUS_WRAP, regs),
                2 * k * (r + 2) + (a + w) * (r + 3) + 9 + 2 * k);
        regs[3] = RAM + 0x80;
        regs[4] = (uint16_t)(RAM + 0x80 + 2 * w);
        assert_int_equal(execute(CW_SANCUS_UNWRAP, regs),
                (2 * k - 1) * (r + 2) + (a + w) * (r + 3) + 10 + 2 * k);
        assert_int_equal(chip.core.r[15], 1);
        chip.mem[RAM + 0xc0] ^= 1;
        assert_int_equal(execute(CW_SANCUS_UNWRAP, regs),
                (2 * k - 1) * (r + 2) + (a + w) * (r + 3) + 10 + 2 * k);
        assert_int_equal(chip.core.r[15], 0);
        regs[4] = regs[3];
        assert_int_equal(execute(CW_SANCUS_WRAP, regs),
                2 * k * (r + 2) + (a + 1) * (r + 3) + 7 + 2 * k);
        cw_chip_close(&chip);
    }
}

/* ---- closed quirks ---- */

static void hardened_chip_writes_nothing_on_a_wrong_tag(void **state)
{
    uint16_t regs[7] = {
        RAM, RAM + 0x20, RAM + 0x22, RAM + 0x40, RAM + 0x48, RAM + 0x80, RAM + 0xc0};

    (void)state;
    open_chip(128, CW_QUIRKS_NONE);
    memset(&chip.mem[RAM + 0x80], 0xa5, 8);
    execute(CW_SANCUS_UNWRAP, regs);
    assert_int_equal(chip.core.r[15], 0);
    assert_bytes(&chip.mem[RAM + 0x80], "a5a5a5a5a5a5a5a5");
    cw_chip_close(&chip);
}

static void hardened_chip_computes_the_specified_function_without_associated_data(void **state)
{
    uint16_t regs[7] = {RAM, RAM, RAM, RAM + 0x40, RAM + 0x44, RAM + 0x80, RAM + 0xc0};

    (void)state;
    open_chip(128, CW_QUIRKS_NONE);
    put(RAM + 0x40, "20212223");
    execute(CW_SANCUS_WRAP, regs);
    assert_int_equal(chip.core.r[15], 1);
    regs[3] = RAM + 0x80;
    regs[4] = RAM + 0x84;
    regs[5] = RAM + 0xa0;
    execute(CW_SANCUS_UNWRAP, regs);
    assert_int_equal(chip.core.r[15], 1);
    assert_bytes(&chip.mem[RAM + 0xa0], "20212223");
    chip.mem[RAM] ^= 1; /* another key */
    execute(CW_SANCUS_UNWRAP, regs);
    assert_int_equal(chip.core.r[15], 0);
    cw_chip_close(&chip);
}

static void hardened_chip_refuses_overlap_with_anything(void **state)
{
    static const uint16_t bad[][4] = {
            {0x6004, 0x6010, 0x400, 0x420},  /* text and text             */
            {0x6100, 0x6110, 0x310, 0x330},  /* data and data             */
            {0x6100, 0x6110, 0x6008, 0x600c}, /* data and another's text  */
            {0x6100, 0x6110, 0x610e, 0x6120}, /* data and own text        */
            {0xff00, 0xffe2, 0x400, 0x420},  /* text and vectors          */
            {0x6101, 0x6110, 0x400, 0x420},  /* odd                       */
            {0x6110, 0x6110, 0x400, 0x420},  /* empty                     */
            {0x6004, 0x6002, 0x400, 0x420},  /* reversed, inside a module */
    };

    (void)state;
    open_chip(128, CW_QUIRKS_NONE);
    enable(1, 0x6000, 0x6010, 0x300, 0x320);
    assert_int_equal(chip.core.r[15], 1);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(enable(2, bad[i][0], bad[i][1], bad[i][2], bad[i][3]), 4);
        assert_int_equal(chip.core.r[15], 0);
        assert_int_equal(chip.unit.enabled_count, 1);
    }
    enable(2, 0x6010, 0x6020, 0x320, 0x340); /* neighbours are fine */
    assert_int_equal(chip.core.r[15], 2);
    cw_chip_close(&chip);
}

static void slots_run_out_and_ids_are_not_wasted(void **state)
{
    (void)state;
    for (unsigned quirks = 0; quirks < 2; quirks++) {
        open_chip(64, quirks != 0 ? CW_QUIRKS_ALL : CW_QUIRKS_NONE);
        for (uint16_t i = 0; i < 4; i++) {
            enable(1, (uint16_t)(0x6000 + 16 * i), (uint16_t)(0x6010 + 16 * i),
                    (uint16_t)(0x300 + 16 * i), (uint16_t)(0x310 + 16 * i));
            assert_int_equal(chip.core.r[15], i + 1);
        }
        assert_int_equal(enable(1, 0x7000, 0x7010, 0x400, 0x410), 4);
        assert_int_equal(chip.core.r[15], 0);
        assert_int_equal(chip.unit.next_id, 5);
        cw_chip_close(&chip);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(vendor_key_is_a_mac_of_the_id_under_the_node_key),
            cmocka_unit_test(module_key_is_the_published_one),
            cmocka_unit_test(encrypted_module_is_decrypted_and_keyed),
            cmocka_unit_test(verify_accepts_the_right_tag_only),
            cmocka_unit_test(wrap_and_unwrap_agree_with_the_published_vectors),
            cmocka_unit_test(empty_associated_data_give_the_known_wrong_tags),
            cmocka_unit_test(short_instructions_take_their_cycles),
            cmocka_unit_test(enable_and_verify_follow_their_formulas),
            cmocka_unit_test(wrap_and_unwrap_follow_their_formulas),
            cmocka_unit_test(hardened_chip_writes_nothing_on_a_wrong_tag),
            cmocka_unit_test(hardened_chip_computes_the_specified_function_without_associated_data),
            cmocka_unit_test(hardened_chip_refuses_overlap_with_anything),
            cmocka_unit_test(slots_run_out_and_ids_are_not_wasted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
