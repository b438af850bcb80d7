/* SPDX-License-Identifier: MIT */
#include "tee/sancus/tests/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/crypto/spongent.h"
#include "silicon/sancus/loader.h"
#include "tee/sancus/abi.h"

#define COMMAND 0x0200
#define ENDED 0x0202
#define IN 0x0220
#define OUT 0x0240
#define PROBE "build/msp430/sancus-probe.elf"

static const uint8_t node_key[16] = {0xde, 0xad, 0xbe, 0xef, 0xca, 0xfe, 0xba, 0xbe, 0xc0, 0xde,
        0xfe, 0xed, 0xde, 0xfe, 0xc8, 0xed};

uint16_t machine_back;

/* probe_back, from the program's symbols: the word that the linker left at a known place. */
static uint16_t find_back(const struct cw_chip *chip)
{
    static const uint8_t pattern[] = {0x82, 0x42, 0x44, 0x02}; /* mov r2, &0x0244 */
    for (uint32_t at = 0xe000; at < 0xf000; at += 2) {
        if (memcmp(chip->mem + at, pattern, sizeof pattern) == 0) {
            return (uint16_t)at;
        }
    }
    fail_msg("probe_back is not where it should be");
    return 0;
}

void machine_start(struct cw_chip *chip, bool exact)
{
    struct cw_chip_config config = {
            .rom_len = CW_ROM_LEN_DEFAULT,
            .ram_len = CW_RAM_LEN_DEFAULT,
            .slots_count = exact ? 4 : 8,
            .security_bits = 128,
            .quirks = exact ? CW_QUIRKS_ALL : CW_QUIRKS_NONE,
            .on_violation = CW_VIOLATION_IRQ,
            .clock_hz = 20000000,
            .board_devices = !exact,
    };
    (void)memcpy(config.node_key, node_key, sizeof node_key);
    assert_int_equal(cw_chip_init(chip, &config), CW_OK);
    assert_int_equal(cw_loader_load(chip, PROBE), CW_OK);
    machine_back = find_back(chip); 
    cw_chip_power_on(chip);
    (void)cw_chip_run(chip, cw_chip_cycles(chip) + 1000);
}

void machine_build(const struct cw_owner_module *modules, size_t count, const char *chip,
        struct cw_owner_built *ret_built)
{
    static const uint8_t vendor[2] = {MACHINE_VENDOR & 0xff, MACHINE_VENDOR >> 8};
    uint8_t vendor_key[16];
    char why[CW_OWNER_WHY_LEN] = "";
    cw_spongent_mac(node_key, vendor, sizeof vendor, vendor_key);
    char root[2048];
    assert_non_null(getcwd(root, sizeof root));
    char sdk_dir[2200];
    char include_dir[2200];
    char out_dir[] = "/tmp/sancus-test-XXXXXX";
    (void)snprintf(sdk_dir, sizeof sdk_dir, "%s/build/sdk", root);
    (void)snprintf(include_dir, sizeof include_dir, "%s/tee/sancus/tests/modules", root);
    assert_non_null(mkdtemp(out_dir));
    struct cw_owner_build build = {
            .sdk_dir = sdk_dir, .include_dir = include_dir, .out_dir = out_dir};
    struct cw_owner_node node = {.name = "board",
            .tee = "sancus",
            .vendor = MACHINE_VENDOR,
            .vendor_key = vendor_key,
            .memory_text = "0x5c00-0xdfff",
            .chip = chip};
    cw_status status = cw_owner_sancus.build(&build, &node, modules, count, ret_built, why);
    if (status != CW_OK) {
        fail_msg("%s", why);
    }
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", out_dir);
    assert_int_equal(system(command), 0);
}

static uint16_t u16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static struct bounds bounds_at(const uint8_t *bytes)
{
    return (struct bounds){u16(bytes), u16(bytes + 2), u16(bytes + 4), u16(bytes + 6)};
}

struct image machine_image(const struct cw_owner_built *built)
{
    struct image image = {.module = bounds_at(built->image + 6),
            .device = bounds_at(built->image + 14)};
    image.module_text = built->image + CW_SANCUS_IMAGE_HEADER_LEN;
    image.device_text = image.module_text + (image.module.pe - image.module.ps);
    return image;
}

static ended command(struct cw_chip *chip, uint16_t number, const uint16_t r[static 16],
        uint16_t ret[static 16])
{
    for (uint16_t i = 0; i < 16; i++) {
        cw_chip_poke(chip, (uint16_t)(IN + 2 * i), r[i]);
    }
    cw_chip_poke(chip, ENDED, ENDED_NOT);
    cw_chip_poke(chip, COMMAND, number);
    for (int i = 0; i < 10000 && cw_chip_word(chip, ENDED) == ENDED_NOT; i++) {
        (void)cw_chip_run(chip, cw_chip_cycles(chip) + 1000);
    }
    (void)cw_chip_run(chip, cw_chip_cycles(chip) + 1000);
    for (uint16_t i = 0; i < 16; i++) {
        ret[i] = cw_chip_word(chip, (uint16_t)(OUT + 2 * i));
    }
    return (ended)cw_chip_word(chip, ENDED);
}

uint16_t machine_enable(struct cw_chip *chip, const struct bounds *b, const uint8_t *text)
{
    uint16_t len = (uint16_t)(b->pe - b->ps);
    for (uint16_t i = 0; i < len; i = (uint16_t)(i + 2)) {
        cw_chip_poke(chip, (uint16_t)(b->ps + i), u16(text + i));
    }
    uint16_t r[16] = {[11] = MACHINE_VENDOR, [12] = b->ps, [13] = b->pe, [14] = b->ss, [15] = b->se};
    uint16_t ret[16];
    return command(chip, 1, r, ret) == ENDED_BACK ? ret[15] : 0;
}

uint16_t machine_enable_with_device(struct cw_chip *chip, const struct image *image)
{
    uint16_t id = machine_enable(chip, &image->module, image->module_text);
    assert_int_not_equal(id, 0);
    assert_int_equal(machine_enable(chip, &image->device, image->device_text), id + 1);
    return id;
}

ended machine_enter(struct cw_chip *chip, const uint16_t r[static 16], uint16_t ret[static 16])
{
    return command(chip, 2, r, ret);
}

uint32_t machine_call(struct cw_chip *chip, const struct bounds *b, uint8_t entry,
        const uint8_t *in, size_t in_len)
{
    for (size_t i = 0; i < in_len; i++) {
        chip->mem[MACHINE_IN + i] = in[i];
    }
    uint16_t r[16] = {[0] = b->ps, [1] = 0x03fe, [7] = machine_back, [11] = entry,
            [12] = MACHINE_IN, [13] = (uint16_t)in_len, [14] = MACHINE_OUT,
            [15] = MACHINE_OUT_CAP};
    uint16_t ret[16];
    return machine_enter(chip, r, ret) == ENDED_BACK ? ret[12] | (uint32_t)ret[13] << 16
                                                      : UINT32_MAX;
}

uint16_t machine_id_at(struct cw_chip *chip, uint16_t address)
{
    uint16_t r[16] = {[15] = address};
    uint16_t ret[16];
    return command(chip, 3, r, ret) == ENDED_BACK ? ret[15] : UINT16_MAX;
}

ended machine_store(struct cw_chip *chip, uint16_t address, uint8_t value)
{
    const uint16_t r[16] = {[12] = address, [13] = value};
    uint16_t ret[16];
    return command(chip, 4, r, ret);
}
