/* SPDX-License-Identifier: MIT */
/* A driver and its device module against everybody else on the board. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/frame.h"
#include "tee/sancus/abi.h"
#include "tee/sancus/tests/owner.h"
#include "tests/support/channel.h"

enum { TOGGLE, SET };

#define NOT_BACK UINT32_MAX
#define P2OUT (chip->soc.port[1].out)

static struct cw_owner_built lamp[2];
static struct image image, stranger;
static struct cw_chip *chip;

static int build(void **state)
{
    (void)state;
    static const char *const sources[] = {"tee/sancus/tests/modules/lamp.c"};
    static const char *const other[] = {"tee/sancus/tests/modules/echo.c"};
    static const struct cw_owner_module modules[] = {
            {.name = "lamp", .sources = sources, .source_count = 1, .device = "port2"},
            {.name = "echo", .sources = other, .source_count = 1},
    };
    machine_build(modules, 2, "hardened", lamp);
    image = machine_image(&lamp[0]);
    stranger = machine_image(&lamp[1]);
    return 0;
}

static int unbuild(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        free(lamp[i].image);
        free(lamp[i].endpoints);
    }
    return 0;
}

static int start(void **state)
{
    (void)state;
    chip = calloc(1, sizeof *chip);
    assert_non_null(chip);
    machine_start(chip, false);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    cw_chip_close(chip);
    free(chip);
    return 0;
}

static uint32_t set(uint8_t offset, uint8_t value)
{
    const uint8_t in[] = {SET, 0, 0, 0, offset, value};
    return machine_call(chip, &image.module, CW_ENTRY_CALL, in, sizeof in);
}

static ended enter(uint16_t at, uint16_t r7, uint16_t r12, uint16_t r13, uint16_t r14)
{
    const uint16_t r[16] = {[0] = at, [1] = 0x03fe, [7] = r7, [12] = r12, [13] = r13, [14] = r14};
    uint16_t ret[16];
    return machine_enter(chip, r, ret);
}

static ended unload(uint16_t ps)
{
    const uint16_t r[16] = {
            [0] = ps, [1] = 0x03fe, [7] = machine_back, [11] = CW_SANCUS_ENTRY_UNLOAD};
    uint16_t ret[16];
    return machine_enter(chip, r, ret);
}

static void driver_reads_and_writes_its_device(void **state)
{
    (void)state;
    (void)machine_enable_with_device(chip, &image);
    for (uint8_t value = 1; value < 200; value = (uint8_t)(value + 60)) {
        assert_int_equal(set(1, value), CW_LINK_HEADER_LEN + 1);
        assert_int_equal(chip->mem[MACHINE_OUT + CW_LINK_HEADER_LEN], value);
        assert_int_equal(P2OUT, value);
    }
    uint8_t before = chip->soc.port[0].out;
    assert_int_equal(set(8, 0x55), CW_LINK_HEADER_LEN + 1); /* behind its last register */
    assert_int_equal(set(0xf9, 0x55), CW_LINK_HEADER_LEN + 1);
    assert_int_equal(chip->soc.port[0].out, before);
}

static void authentic_event_toggles_the_light_and_a_replay_does_not(void **state)
{
    (void)state;
    (void)machine_enable_with_device(chip, &image);
    struct owner o = owner_open(chip, &lamp[0]);
    struct cw_channel to = owner_connect(&o, TOGGLE, 0x11, CW_MODE_STRICT);
    for (int n = 1; n <= 2; n++) {
        uint8_t frame[128];
        size_t len;
        assert_int_equal(cw_test_wrap(&to, NULL, 0, frame, sizeof frame, &len), CW_OK);
        frame[len - 1] ^= 1;
        assert_int_equal(machine_call(chip, &image.module, CW_ENTRY_EVENT, frame, len) >> 24,
                CW_RESULT_REFUSED);
        assert_int_equal(P2OUT, n % 2 == 0);
        frame[len - 1] ^= 1;
        assert_int_equal(machine_call(chip, &image.module, CW_ENTRY_EVENT, frame, len) >> 24,
                CW_RESULT_DONE);
        assert_int_equal(P2OUT, n % 2);
        assert_int_equal(machine_call(chip, &image.module, CW_ENTRY_EVENT, frame, len) >> 24,
                CW_RESULT_REFUSED);
        assert_int_equal(P2OUT, n % 2);
    }
}

static void strangers_are_refused_by_the_device_module(void **state)
{
    (void)state;
    (void)machine_enable_with_device(chip, &image);
    assert_int_equal(machine_enable(chip, &stranger.module, stranger.module_text), 3);
    (void)set(1, 0x10);
    for (uint16_t r14 = 0; r14 < 2; r14++) {
        assert_int_equal(enter(image.device.ps, machine_back, 1, 0xff, r14), ENDED_VIOLATION);
        assert_int_equal(enter(image.device.ps, image.module.ps, 1, 0xff, r14), ENDED_VIOLATION);
    }
    /* Through another module's way out, or the driver's own. */
    const uint16_t via[] = {stranger.module.ps, image.module.ps};
    for (size_t i = 0; i < 2; i++) {
        for (uint16_t entry = 8; entry <= 0x100; entry += 0xf8) {
            const uint16_t r[16] = {[0] = via[i], [7] = image.device.ps, [11] = entry,
                    [12] = 1, [13] = 0xff, [14] = 1};
            uint16_t ret[16];
            assert_int_equal(machine_enter(chip, r, ret), ENDED_VIOLATION);
        }
    }
    assert_int_equal(P2OUT, 0x10);
    assert_int_equal(set(1, 0x11), CW_LINK_HEADER_LEN + 1); /* the driver lives */
    assert_int_equal(P2OUT, 0x11);
}

static void registers_are_out_of_reach_for_software(void **state)
{
    (void)state;
    (void)machine_enable_with_device(chip, &image);
    (void)set(1, 0x22);
    for (uint16_t at = CW_P2IN; at < CW_P2IN + 8; at++) {
        assert_int_equal(machine_store(chip, at, 0xff), ENDED_VIOLATION);
    }
    assert_int_equal(P2OUT, 0x22);
    assert_int_equal(machine_store(chip, CW_P1OUT, 0x66), ENDED_BACK); /* nobody's */
    assert_int_equal(chip->soc.port[0].out, 0x66);
    /* A call whose answer is to land there is refused, and the port keeps its value. */
    const uint16_t call[16] = {[0] = image.module.ps, [1] = 0x03fe, [7] = machine_back,
            [11] = CW_ENTRY_CALL, [12] = MACHINE_IN, [13] = 6, [14] = CW_P2IN, [15] = 0x100};
    const uint8_t in[] = {SET, 0, 0, 0, 2, 0};
    (void)memcpy(chip->mem + MACHINE_IN, in, sizeof in);
    uint16_t ret[16];
    assert_int_equal(machine_enter(chip, call, ret), ENDED_BACK);
    assert_int_equal(ret[13] >> 8, CW_RESULT_REFUSED);
    assert_int_equal(P2OUT, 0x22);
}

static void driver_without_its_own_device_module_touches_nothing(void **state)
{
    (void)state;
    /* None at all. */
    assert_int_equal(machine_enable(chip, &image.module, image.module_text), 1);
    assert_int_equal(set(1, 0xff), NOT_BACK);
    assert_int_equal(set(1, 0xff), NOT_BACK);
    assert_int_equal(P2OUT, 0);
    (void)stop(state);
    /* One that was enabled later, after another module. */
    (void)start(state);
    assert_int_equal(machine_enable(chip, &image.module, image.module_text), 1);
    assert_int_equal(machine_enable(chip, &stranger.module, stranger.module_text), 2);
    assert_int_equal(machine_enable(chip, &image.device, image.device_text), 3);
    assert_int_equal(set(1, 0xff), NOT_BACK);
    assert_int_equal(P2OUT, 0);
    (void)stop(state);
    /* One that was enabled before: it would serve another module. */
    (void)start(state);
    assert_int_equal(machine_enable(chip, &image.device, image.device_text), 1);
    assert_int_equal(machine_enable(chip, &image.module, image.module_text), 2);
    assert_int_equal(set(1, 0xff), NOT_BACK);
    assert_int_equal(P2OUT, 0);
    (void)stop(state);
    /* One that was changed: a look-alike that serves everybody. */
    (void)start(state);
    uint8_t changed[256];
    size_t len = (size_t)(image.device.pe - image.device.ps);
    for (size_t at = 2; at < len; at += 10) {
        (void)memcpy(changed, image.device_text, len);
        changed[at] ^= 1;
        uint16_t id = machine_enable(chip, &image.module, image.module_text);
        assert_int_equal(machine_enable(chip, &image.device, changed), id + 1);
        assert_int_equal(set(1, 0xff), NOT_BACK);
        assert_int_equal(P2OUT, 0);
        (void)stop(state);
        (void)start(state);
    }
}

static void device_goes_only_when_its_driver_is_gone(void **state)
{
    (void)state;
    (void)machine_enable_with_device(chip, &image);
    (void)set(1, 0x33);
    assert_int_equal(unload(image.device.ps), ENDED_VIOLATION);
    assert_int_equal(machine_id_at(chip, image.device.ps), 2);
    assert_int_equal(unload(image.module.ps), ENDED_BACK);
    assert_int_equal(machine_id_at(chip, image.module.ps), 0);
    assert_int_equal(P2OUT, 0x33);
    assert_int_equal(unload(image.device.ps), ENDED_BACK);
    assert_int_equal(machine_id_at(chip, image.device.ps), 0);
    assert_int_equal(P2OUT, 0); /* the chip wipes the section that it frees */
    assert_int_equal(machine_enable_with_device(chip, &image), 3);
    assert_int_equal(set(1, 0x44), CW_LINK_HEADER_LEN + 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
            CASE(driver_reads_and_writes_its_device),
            CASE(authentic_event_toggles_the_light_and_a_replay_does_not),
            CASE(strangers_are_refused_by_the_device_module),
            CASE(registers_are_out_of_reach_for_software),
            CASE(driver_without_its_own_device_module_touches_nothing),
            CASE(device_goes_only_when_its_driver_is_gone),
    };
    return cmocka_run_group_tests(tests, build, unbuild);
}
