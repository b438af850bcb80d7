/* SPDX-License-Identifier: MIT */
/*
 * symbols.h - which function an address belongs to, from the symbol tables of ELF files.
 *
 * What     The firmware's or program's own symbols, and those of modules that are loaded at run
 *          time.  A function without a size reaches to the next one, or to the end of its section.
 * Trust    SILICON.  The files may be anything.
 */
#ifndef CW_SILICON_SANCUS_SYMBOLS_H
#define CW_SILICON_SANCUS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

#define CW_SYMBOLS_FILES_MAX 32u
#define CW_SYMBOLS_NONE 0xffffu

struct cw_symbol {
    char *name;
    unsigned file;
    uint16_t address;
    uint32_t end;          /* first address behind it */
    bool sized;            /* the file says where it ends */
};

struct cw_symbols_file {
    char *path;
    uint16_t start;        /* of its code, where it was placed */
    uint32_t end;
};

struct cw_symbols {
    struct cw_symbols_file file[CW_SYMBOLS_FILES_MAX];
    unsigned files_count;
    struct cw_symbol *symbol;
    size_t count;
    uint16_t at[0x10000];  /* index of the function, or CW_SYMBOLS_NONE */
};

/* cw_symbols_open - none yet. */
void cw_symbols_open(struct cw_symbols *symbols);
void cw_symbols_close(struct cw_symbols *symbols);

/*
 * cw_symbols_add - the functions of FILE, or FILE@ADDRESS where its code was placed elsewhere
 * than it was linked.  Later files win where they overlap.
 *
 * CW_E_FORM    no MSP430 ELF file with symbols, or no such address (logged)
 * CW_E_SYSTEM  out of memory (logged)
 */
CW_MUST_CHECK cw_status cw_symbols_add(struct cw_symbols *symbols, const char *file_at_address);

/* cw_symbols_find - the function at an address, or NULL. */
const struct cw_symbol *cw_symbols_find(const struct cw_symbols *symbols, uint16_t address);

#endif
