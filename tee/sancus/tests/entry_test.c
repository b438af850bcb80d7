/* SPDX-License-Identifier: MIT */
/* The way in and out of a module, under attack (silicon/sancus runs the real code). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/attest.h"
#include "core/wire/frame.h"
#include "tee/sancus/abi.h"
#include "tee/sancus/tests/machine.h"

static struct cw_owner_built echo[1];
static struct cw_chip *chip;
static struct image image;
static const uint8_t call_echo[] = {2, 0, 0, 0, 'h', 'i'};

static int build(void **state)
{
    (void)state;
    static const char *const sources[] = {"tee/sancus/tests/modules/echo.c"};
    static const struct cw_owner_module module = {
            .name = "echo", .sources = sources, .source_count = 1};
    machine_build(&module, 1, "hardened", echo);
    image = machine_image(&echo[0]);
    return 0;
}

static int unbuild(void **state)
{
    (void)state;
    free(echo[0].image);
    free(echo[0].endpoints);
    return 0;
}

static int start(void **state)
{
    (void)state;
    chip = calloc(1, sizeof *chip);
    machine_start(chip, false);
    assert_int_equal(machine_enable(chip, &image.module, image.module_text), 1);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    cw_chip_close(chip);
    free(chip);
    return 0;
}

static void entry_answers(void **state)
{
    (void)state;
    assert_int_equal(machine_call(chip, &image.module, CW_ENTRY_CALL, call_echo, sizeof call_echo),
            CW_RESULT_DONE << 24 | (CW_LINK_HEADER_LEN + 4));
    const uint8_t expected[] = {4, 0, 0, 0, CW_VERSION, CW_FRAME_REPLY, 0, 0, 41, 0, 'h', 'i'};
    assert_memory_equal(chip->mem + MACHINE_OUT, expected, sizeof expected);
}

static void evidence_verifies_with_the_key_computed_beforehand(void **state)
{
    (void)state;
    uint8_t nonce[CW_NONCE_LEN] = "what the owner s";
    uint8_t attest[CW_ATTEST_LEN];
    cw_attest_encode(nonce, attest);
    assert_int_equal(machine_call(chip, &image.module, CW_ENTRY_ATTEST, attest, sizeof attest),
            CW_LINK_HEADER_LEN + CW_EVIDENCE_LEN + CW_TAG_LEN);
    struct cw_owner_node node = {.name = "board"};
    struct cw_owner_verdict verdict;
    uint8_t *life = chip->mem + MACHINE_OUT + CW_LINK_HEADER_LEN;
    assert_int_equal(cw_owner_sancus.verify(&node, &echo[0], nonce, life, NULL,
                             life + CW_EVIDENCE_LEN, CW_TAG_LEN, &verdict), CW_OK);
    assert_true(verdict.genuine && verdict.is_protected && verdict.emulated);
    life[8] ^= 1;
    assert_int_equal(cw_owner_sancus.verify(&node, &echo[0], nonce, life, NULL,
                             life + CW_EVIDENCE_LEN, CW_TAG_LEN, &verdict), CW_E_AUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(entry_answers, start, stop),
            cmocka_unit_test_setup_teardown(
                    evidence_verifies_with_the_key_computed_beforehand, start, stop),
    };
    return cmocka_run_group_tests(tests, build, unbuild);
}
