/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/symbols.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "posix/log.h"

#define SYMBOLS_MAX 0xfff0u

struct file {
    int fd;
    Elf *elf;
    Elf_Data *table;
    size_t count, names;
    uint32_t code_start, code_end; /* as linked */
};

void cw_symbols_open(struct cw_symbols *symbols)
{
    memset(symbols, 0, sizeof *symbols);
    memset(symbols->at, 0xff, sizeof symbols->at);
}

void cw_symbols_close(struct cw_symbols *symbols)
{
    for (size_t i = 0; i < symbols->count; i++) {
        free(symbols->symbol[i].name);
    }
    for (unsigned i = 0; i < symbols->files_count; i++) {
        free(symbols->file[i].path);
    }
    free(symbols->symbol);
    memset(symbols, 0, sizeof *symbols);
}

static bool is_code(const GElf_Shdr *header)
{
    return header->sh_type == SHT_PROGBITS && (header->sh_flags & SHF_ALLOC) != 0 &&
            (header->sh_flags & SHF_EXECINSTR) != 0 && header->sh_size != 0;
}

static bool look_at_sections(struct file *f)
{
    f->code_start = UINT32_MAX;
    for (Elf_Scn *s = elf_nextscn(f->elf, NULL); s != NULL; s = elf_nextscn(f->elf, s)) {
        GElf_Shdr header;

        if (gelf_getshdr(s, &header) == NULL) {
            return false;
        }
        if (header.sh_type == SHT_SYMTAB && header.sh_entsize != 0) {
            f->table = elf_getdata(s, NULL);
            f->count = (size_t)(header.sh_size / header.sh_entsize);
            f->names = header.sh_link;
        } else if (is_code(&header) && header.sh_addr <= 0xffff &&
                   header.sh_size <= 0x10000 - header.sh_addr) {
            uint32_t start = (uint32_t)header.sh_addr;

            f->code_start = start < f->code_start ? start : f->code_start;
            if (start + header.sh_size > f->code_end) {
                f->code_end = start + (uint32_t)header.sh_size;
            }
        }
    }
    return f->table != NULL && f->code_end != 0;
}

static bool open_file(struct file *f, const char *path)
{
    GElf_Ehdr header;

    *f = (struct file){.fd = -1};
    if (elf_version(EV_CURRENT) == EV_NONE) {
        return false;
    }
    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    f->elf = f->fd < 0 ? NULL : elf_begin(f->fd, ELF_C_READ, NULL);
    return f->elf != NULL && elf_kind(f->elf) == ELF_K_ELF &&
            gelf_getehdr(f->elf, &header) != NULL && header.e_machine == EM_MSP430 &&
            look_at_sections(f);
}

static void close_file(struct file *f)
{
    if (f->elf != NULL) {
        (void)elf_end(f->elf);
    }
    if (f->fd >= 0) {
        (void)close(f->fd);
    }
}

/* A function, or a label of assembly code: there, labels are all that is known. */
static bool is_function(struct file *f, const GElf_Sym *symbol, uint32_t *ret_section_end)
{
    unsigned type = GELF_ST_TYPE(symbol->st_info);
    GElf_Shdr header;

    if (type != STT_FUNC && type != STT_NOTYPE) {
        return false;
    }
    if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx >= SHN_LORESERVE ||
            gelf_getshdr(elf_getscn(f->elf, symbol->st_shndx), &header) == NULL) {
        return false;
    }
    *ret_section_end = (uint32_t)(header.sh_addr + header.sh_size);
    return is_code(&header) && symbol->st_value >= f->code_start && symbol->st_value < f->code_end;
}

/* Of several names of one address: the one with a size, then one that is no linker's mark. */
static bool is_better(const struct cw_symbol *a, const char *a_name, const struct cw_symbol *b)
{
    if (a->sized != b->sized) {
        return a->sized;
    }
    return strncmp(b->name, "__", 2) == 0 && strncmp(a_name, "__", 2) != 0;
}

/* [found] has no name of its own yet. */
static cw_status take(struct cw_symbols *symbols, size_t first, const struct cw_symbol *found,
        const char *name)
{
    struct cw_symbol *row = NULL;
    char *copy;

    for (size_t i = first; i < symbols->count && row == NULL; i++) {
        if (symbols->symbol[i].address == found->address) {
            row = &symbols->symbol[i];
        }
    }
    if (row != NULL && !is_better(found, name, row)) {
        return CW_OK;
    }
    copy = strdup(name);
    if (copy != NULL && row == NULL) {
        struct cw_symbol *grown = symbols->count < SYMBOLS_MAX
                ? realloc(symbols->symbol, (symbols->count + 1) * sizeof *grown)
                : NULL;

        if (grown != NULL) {
            symbols->symbol = grown;
            row = &grown[symbols->count++];
            row->name = NULL;
        }
    }
    if (copy == NULL || row == NULL) {
        free(copy);
        cw_log_error("out of memory");
        return CW_E_SYSTEM;
    }
    free(row->name);
    *row = *found;
    row->name = copy;
    return CW_OK;
}

static int by_address(const void *a, const void *b)
{
    const struct cw_symbol *x = a, *y = b;

    return (x->address > y->address) - (x->address < y->address);
}

/* Fill the map; none reaches into the next one. */
static void spread(struct cw_symbols *symbols, size_t first)
{
    if (symbols->count > first) {
        qsort(symbols->symbol + first, symbols->count - first, sizeof symbols->symbol[0],
                by_address);
    }
    for (size_t i = first; i < symbols->count; i++) {
        struct cw_symbol *symbol = &symbols->symbol[i];

        if (i + 1 < symbols->count && symbol->end > symbol[1].address) {
            symbol->end = symbol[1].address;
        }
        for (uint32_t a = symbol->address; a < symbol->end && a <= 0xffff; a++) {
            symbols->at[a] = (uint16_t)i;
        }
    }
}

static cw_status read_symbols(struct cw_symbols *symbols, struct file *f, uint32_t start)
{
    size_t first = symbols->count;
    uint32_t moved = start - f->code_start; /* modulo 2^32 */

    for (size_t i = 0; i < f->count; i++) {
        GElf_Sym symbol;
        struct cw_symbol found = {.file = symbols->files_count};
        const char *name;
        cw_status status;

        if (gelf_getsym(f->table, (int)i, &symbol) == NULL ||
                !is_function(f, &symbol, &found.end)) {
            continue;
        }
        name = elf_strptr(f->elf, f->names, symbol.st_name);
        if (name == NULL || name[0] == 0) {
            continue;
        }
        found.address = (uint16_t)((uint32_t)symbol.st_value + moved);
        found.sized = symbol.st_size != 0 && symbol.st_size <= found.end - symbol.st_value;
        found.end = moved +
                (found.sized ? (uint32_t)(symbol.st_value + symbol.st_size) : found.end);
        status = take(symbols, first, &found, name);
        if (status != CW_OK) {
            return status;
        }
    }
    spread(symbols, first);
    return CW_OK;
}

/* FILE or FILE@ADDRESS; [path] is changed. */
static bool split(char *path, unsigned long *ret_address, bool *ret_given)
{
    char *at = strrchr(path, '@'), *end = NULL;

    *ret_given = at != NULL;
    if (at == NULL) {
        return true;
    }
    *at++ = 0;
    *ret_address = strtoul(at, &end, 0);
    return end != at && *end == 0 && at[0] != '-' && *ret_address <= 0xfffe &&
            (*ret_address & 1) == 0;
}

cw_status cw_symbols_add(struct cw_symbols *symbols, const char *file_at_address)
{
    char *path = strdup(file_at_address);
    struct file f = {.fd = -1};
    unsigned long address = 0;
    bool given = false;
    cw_status status = CW_E_FORM;

    if (path == NULL) {
        cw_log_error("out of memory");
        return CW_E_SYSTEM;
    }
    if (symbols->files_count == CW_SYMBOLS_FILES_MAX) {
        cw_log_error("%s: symbols of at most %u files are read", path, CW_SYMBOLS_FILES_MAX);
    } else if (!split(path, &address, &given)) {
        cw_log_error("--symbols %s: behind @ stands the even address where its code was placed",
                file_at_address);
    } else if (!open_file(&f, path)) {
        cw_log_error("%s: no MSP430 ELF file with code and symbols: give one that is not stripped",
                path);
    } else if (given && address + (f.code_end - f.code_start) > 0x10000) {
        cw_log_error("--symbols %s: its code does not fit there", file_at_address);
    } else {
        uint32_t start = given ? (uint32_t)address : f.code_start;

        status = read_symbols(symbols, &f, start);
        if (status == CW_OK) {
            symbols->file[symbols->files_count++] = (struct cw_symbols_file){
                    path, (uint16_t)start, start + (f.code_end - f.code_start)};
            path = NULL;
        }
    }
    close_file(&f);
    free(path);
    return status;
}

const struct cw_symbol *cw_symbols_find(const struct cw_symbols *symbols, uint16_t address)
{
    uint16_t index = symbols->at[address];

    return index == CW_SYMBOLS_NONE ? NULL : &symbols->symbol[index];
}
