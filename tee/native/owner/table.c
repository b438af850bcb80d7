/* SPDX-License-Identifier: MIT */
#include "tee/native/owner/table.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/module/endpoint.h"

#define PREFIX "cw_endpoint_"
_Static_assert(sizeof(struct cw_endpoint) == 24 && sizeof(void *) == 8,
        "the owner's tool runs on the machine that it builds for");

/* An ELF file, and two of its sections. */
struct file {
    int fd;
    Elf *elf;
    Elf_Scn *rows;
    Elf_Scn *symbols;
    GElf_Shdr rows_header;
    GElf_Shdr symbols_header;
};

static void close_file(struct file *f)
{
    if (f->elf != NULL) {
        (void)elf_end(f->elf);
    }
    if (f->fd >= 0) {
        (void)close(f->fd);
    }
}

static bool open_file(struct file *f, const char *path)
{
    *f = (struct file){.fd = -1};
    if (elf_version(EV_CURRENT) == EV_NONE) {
        return false;
    }
    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    f->elf = f->fd < 0 ? NULL : elf_begin(f->fd, ELF_C_READ, NULL);
    size_t names;
    if (f->elf == NULL || elf_kind(f->elf) != ELF_K_ELF || elf_getshdrstrndx(f->elf, &names) != 0) {
        return false;
    }
    for (Elf_Scn *s = elf_nextscn(f->elf, NULL); s != NULL; s = elf_nextscn(f->elf, s)) {
        GElf_Shdr header;
        if (gelf_getshdr(s, &header) == NULL) {
            return false;
        }
        const char *name = elf_strptr(f->elf, names, header.sh_name);
        if (name != NULL && strcmp(name, "cw_endpoints") == 0) {
            f->rows = s;
            f->rows_header = header;
        } else if (header.sh_type == SHT_SYMTAB) {
            f->symbols = s;
            f->symbols_header = header;
        }
    }
    return true;
}

/* The number of the endpoint that a symbol names, or count where it names none. */
static size_t row_of(const struct file *f, const GElf_Sym *symbol, size_t count)
{
    if (f->rows == NULL || symbol->st_shndx != elf_ndxscn(f->rows) ||
            symbol->st_value < f->rows_header.sh_addr) {
        return count;
    }
    uint64_t offset = symbol->st_value - f->rows_header.sh_addr;
    return offset % sizeof(struct cw_endpoint) == 0 && offset / sizeof(struct cw_endpoint) < count
            ? (size_t)(offset / sizeof(struct cw_endpoint))
            : count;
}

static cw_status take_symbols(const struct file *f, struct cw_native_table *table)
{
    Elf_Data *data = elf_getdata(f->symbols, NULL);
    if (data == NULL || f->symbols_header.sh_entsize == 0) {
        return CW_E_FORM;
    }
    size_t symbol_count = (size_t)(f->symbols_header.sh_size / f->symbols_header.sh_entsize);
    for (size_t i = 0; i < symbol_count; i++) {
        GElf_Sym symbol;
        if (gelf_getsym(data, (int)i, &symbol) == NULL) {
            return CW_E_FORM;
        }
        const char *name = elf_strptr(f->elf, f->symbols_header.sh_link, symbol.st_name);
        if (name == NULL) {
            return CW_E_FORM;
        }
        if (strcmp(name, "cw_stream_data") == 0 && symbol.st_shndx != SHN_UNDEF) {
            table->has_streams = true;
        }
        size_t row = row_of(f, &symbol, table->count);
        if (row < table->count && strncmp(name, PREFIX, sizeof PREFIX - 1) == 0) {
            const char *short_name = name + sizeof PREFIX - 1;
            char *to = table->rows[row].name;
            if (strlen(short_name) >= sizeof table->rows[row].name) {
                return CW_E_FORM;
            }
            (void)strcpy(to, short_name);
        }
    }
    return CW_OK;
}

static cw_status take_rows(const struct file *f, struct cw_native_table *table)
{
    if (f->rows == NULL || f->rows_header.sh_size == 0) {
        return CW_OK;
    }
    Elf_Data *data = elf_rawdata(f->rows, NULL);
    if (data == NULL || data->d_buf == NULL || data->d_size % sizeof(struct cw_endpoint) != 0 ||
            data->d_size / sizeof(struct cw_endpoint) > UINT16_MAX) {
        return CW_E_FORM;
    }
    table->count = data->d_size / sizeof(struct cw_endpoint);
    table->rows = calloc(table->count, sizeof *table->rows);
    if (table->rows == NULL) {
        return CW_E_SYSTEM;
    }
    for (size_t i = 0; i < table->count; i++) {
        struct cw_endpoint row;
        (void)memcpy(&row, (const char *)data->d_buf + i * sizeof row, sizeof row);
        table->rows[i].kind = row.kind;
        table->rows[i].max = row.max;
        table->rows[i].reply_max = row.reply_max;
    }
    return CW_OK;
}

static cw_status check_rows(const struct cw_native_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct cw_owner_endpoint *row = &table->rows[i];
        if (row->name[0] == 0 || row->kind < CW_KIND_INPUT || row->kind > CW_KIND_ENTRY) {
            return CW_E_FORM;
        }
    }
    return CW_OK;
}

cw_status cw_native_table_read(const char *path, struct cw_native_table *ret_table,
        char *ret_why, size_t why_cap)
{
    struct file f;
    struct cw_native_table table = {0};
    cw_status status = open_file(&f, path) && f.symbols != NULL ? CW_OK : CW_E_SYSTEM;
    if (status == CW_OK) {
        status = take_rows(&f, &table);
    }
    if (status == CW_OK) {
        status = take_symbols(&f, &table);
    }
    if (status == CW_OK) {
        status = check_rows(&table);
    }
    close_file(&f);
    if (status != CW_OK) {
        (void)snprintf(ret_why, why_cap, "%s: %s", path,
                status == CW_E_FORM ? "the section cw_endpoints is not a table of named endpoints; "
                                      "declare them with the macros of causeway.h only"
                                    : "not readable as an ELF file");
        free(table.rows);
        return status;
    }
    *ret_table = table;
    return CW_OK;
}

cw_status cw_native_table_sizes(const char *path, uint32_t *ret_text_len, uint32_t *ret_data_len)
{
    struct file f;
    size_t names;
    uint64_t text_len = 0;
    uint64_t data_len = 0;
    bool good = open_file(&f, path) && elf_getshdrstrndx(f.elf, &names) == 0;
    for (Elf_Scn *s = good ? elf_nextscn(f.elf, NULL) : NULL; s != NULL;
            s = elf_nextscn(f.elf, s)) {
        GElf_Shdr header;
        if (gelf_getshdr(s, &header) == NULL) {
            good = false;
            break;
        }
        const char *name = elf_strptr(f.elf, names, header.sh_name);
        if ((header.sh_flags & SHF_ALLOC) == 0 ||
                (name != NULL && strcmp(name, ".outside") == 0)) {
            continue;
        }
        uint64_t *sum = (header.sh_flags & SHF_WRITE) != 0 ? &data_len : &text_len;
        *sum += header.sh_size;
    }
    close_file(&f);
    if (!good || text_len > UINT32_MAX || data_len > UINT32_MAX) {
        return CW_E_SYSTEM;
    }
    *ret_text_len = (uint32_t)text_len;
    *ret_data_len = (uint32_t)data_len;
    return CW_OK;
}
