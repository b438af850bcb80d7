/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "silicon/sancus/gdb.h"

static void say_rules(struct cw_gdb *gdb)
{
    cw_gdb_say(gdb, gdb->rules ? "rules on: memory is what the code at pc may read and write\n"
                               : "rules off: memory is all that is there\n");
}

static void say_modules(struct cw_gdb *gdb)
{
    const struct cw_chip *chip = gdb->chip;

    for (unsigned i = 0; i < chip->config.slots_count; i++) {
        const struct cw_slot *slot = &chip->unit.slot[i];
        const char *path = "FILE.elf";

        if (!slot->enabled) {
            continue;
        }
        for (unsigned k = 0; gdb->symbols != NULL && k < gdb->symbols->files_count; k++) {
            if (gdb->symbols->file[k].start == slot->ps) {
                path = gdb->symbols->file[k].path;
            }
        }
        cw_gdb_say(gdb, "module %u  text 0x%04x to 0x%04x  data 0x%04x to 0x%04x\n"
                        "    add-symbol-file %s 0x%04x\n",
                slot->id, slot->ps, slot->pe, slot->ss, slot->se, path, slot->ps);
    }
    if (chip->unit.enabled_count == 0) {
        cw_gdb_say(gdb, "no module is enabled\n");
    }
}

static void say_cycles(struct cw_gdb *gdb)
{
    const struct cw_chip *chip = gdb->chip;

    cw_gdb_say(gdb, "%" PRIu64 " cycles, %" PRIu64 " instructions, %" PRIu64 " violations\n",
            cw_chip_cycles(chip), chip->instructions, chip->violations_count);
}

static void reset(struct cw_gdb *gdb)
{
    gdb->hooks.reset(gdb->hooks.arg);
    cw_gdb_restart(gdb);
    cw_gdb_say(gdb, "reset; `maintenance flush register-cache` shows the new registers\n");
}

static void say_help(struct cw_gdb *gdb)
{
    cw_gdb_say(gdb,
            "monitor rules on|off   memory as the code at pc may reach it (on), or all of it\n"
            "monitor rules          which of the two\n"
            "monitor modules        enabled modules, and the line that loads their symbols\n"
            "monitor cycles         what the chip has counted\n"
            "monitor reset          pull the reset line\n"
            "monitor help           this\n");
}

bool cw_gdb_monitor(struct cw_gdb *gdb, const char *line)
{
    if (strcmp(line, "help") == 0) {
        say_help(gdb);
    } else if (strcmp(line, "rules on") == 0 || strcmp(line, "rules off") == 0) {
        gdb->rules = strcmp(line, "rules on") == 0;
        say_rules(gdb);
    } else if (strcmp(line, "rules") == 0) {
        say_rules(gdb);
    } else if (strcmp(line, "modules") == 0) {
        say_modules(gdb);
    } else if (strcmp(line, "cycles") == 0) {
        say_cycles(gdb);
    } else if (strcmp(line, "reset") == 0) {
        reset(gdb);
    } else {
        return false;
    }
    return true;
}
