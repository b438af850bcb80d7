/* SPDX-License-Identifier: MIT */
/*
 * gdb_memory.c - memory as a debugger's client sees it.
 *
 * Under the rules: what the code at the PC may read or write.  Past them: everything that is
 * there.  Reading a device leaves it as it is; writing one takes a cycle, as an access does.
 */
#include "silicon/sancus/core.h"
#include "silicon/sancus/gdb.h"
#include "silicon/sancus/soc.h"
#include "silicon/sancus/unit.h"

static bool exists(const struct cw_chip *chip, uint32_t address)
{
    return address < CW_PERIPHERAL_END ||
            (address <= 0xffff && (cw_chip_is_ram(chip, (uint16_t)address) ||
                                          cw_chip_is_rom(chip, (uint16_t)address)));
}

static bool reaches(const struct cw_gdb *gdb, uint32_t address, bool write)
{
    uint16_t registers[CW_GDB_REGISTERS];

    if (!exists(gdb->chip, address)) {
        return false;
    }
    if (!gdb->rules) {
        return true;
    }
    cw_gdb_registers(gdb, registers);
    return cw_unit_allows(gdb->chip, registers[0], (uint16_t)address, 1, write);
}

size_t cw_gdb_read(struct cw_gdb *gdb, uint32_t address, size_t len, uint8_t *ret_bytes)
{
    struct cw_chip *chip = gdb->chip;
    size_t done = 0;

    for (; done < len && address <= 0xffff && reaches(gdb, address, false); done++, address++) {
        ret_bytes[done] = chip->mem[address];
        if (address < CW_PERIPHERAL_END) {
            uint16_t word = cw_soc_peek(chip, (uint16_t)(address & 0xfffe));

            ret_bytes[done] = (uint8_t)(word >> (8 * (address & 1)));
        }
    }
    return done;
}

static void write_device(struct cw_chip *chip, uint16_t address, uint16_t data, uint8_t lanes)
{
    struct cw_soc_input input = {
            .write = true, .address = address & 0xfffe, .data = data, .lanes = lanes};

    (void)cw_soc_access(chip, &input);
    cw_chip_sleep(chip, 1); /* the cycle of the access */
}

/* Whole words where the range has them: some registers take nothing else. */
static void write_devices(struct cw_chip *chip, uint32_t address, size_t len, const uint8_t *bytes)
{
    for (size_t i = 0; i < len && address + i < CW_PERIPHERAL_END; i++) {
        uint16_t at = (uint16_t)(address + i);

        if ((at & 1) == 0 && i + 1 < len) {
            write_device(chip, at, (uint16_t)(bytes[i] | bytes[i + 1] << 8), 3);
            i++;
        } else {
            write_device(chip, at, (uint16_t)(bytes[i] * 0x101), (at & 1) != 0 ? 2 : 1);
        }
    }
}

bool cw_gdb_write(struct cw_gdb *gdb, uint32_t address, size_t len, const uint8_t *bytes)
{
    struct cw_chip *chip = gdb->chip;

    if (address > 0xffff || len > 0x10000 - address) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!reaches(gdb, address + (uint32_t)i, true)) {
            return false;
        }
    }
    write_devices(chip, address, len, bytes);
    for (size_t i = 0; i < len; i++) {
        if (address + i >= CW_PERIPHERAL_END) {
            chip->mem[address + i] = bytes[i];
        }
    }
    cw_chip_touch(chip, address, (uint32_t)(address + len));
    if (chip->at_boundary && address + len > chip->rom_base) { /* it may be in the pipeline */
        cw_core_enter(chip, chip->core.inst_pc, chip->core.previous_pc);
    }
    return true;
}
