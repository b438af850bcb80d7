/* SPDX-License-Identifier: MIT */
#include "tee/sancus/owner/elf.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/module/endpoint.h"
#include "core/wire/reader.h"

#define PREFIX "cw_endpoint_"
#define ROW_LEN 10u /* struct cw_endpoint: handler 2, max 2, reply_max 2, kind 1, 0 1, serve 2 */

struct file {
    int fd;
    Elf *elf;
    Elf_Scn *rows;
    Elf_Data *symbols;
    size_t symbol_count;
    size_t symbol_names;
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
    size_t names;
    if (elf_version(EV_CURRENT) == EV_NONE) {
        return false;
    }
    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    f->elf = f->fd < 0 ? NULL : elf_begin(f->fd, ELF_C_READ_MMAP, NULL);
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
        } else if (header.sh_type == SHT_SYMTAB && header.sh_entsize != 0) {
            f->symbols = elf_getdata(s, NULL);
            f->symbol_count = (size_t)(header.sh_size / header.sh_entsize);
            f->symbol_names = header.sh_link;
        }
    }
    return f->symbols != NULL;
}

/* The name of symbol i, or NULL. */
static const char *symbol_at(const struct file *f, size_t i, GElf_Sym *ret_symbol)
{
    if (gelf_getsym(f->symbols, (int)i, ret_symbol) == NULL) {
        return NULL;
    }
    return elf_strptr(f->elf, f->symbol_names, ret_symbol->st_name);
}

static cw_status take_rows(const struct file *f, struct cw_sancus_table *table)
{
    Elf_Data *data = f->rows == NULL ? NULL : elf_rawdata(f->rows, NULL);
    if (data == NULL || data->d_buf == NULL) {
        return CW_OK;
    }
    if (data->d_size % ROW_LEN != 0 || data->d_size / ROW_LEN > UINT16_MAX) {
        return CW_E_FORM;
    }
    table->count = data->d_size / ROW_LEN;
    table->rows = calloc(table->count + 1, sizeof *table->rows);
    if (table->rows == NULL) {
        return CW_E_SYSTEM;
    }
    struct cw_reader r = cw_reader_over(data->d_buf, data->d_size);
    for (size_t i = 0; i < table->count; i++) {
        struct cw_owner_endpoint *row = &table->rows[i];
        (void)cw_reader_u16(&r); /* the handler: a relocation */
        row->max = cw_reader_u16(&r);
        row->reply_max = cw_reader_u16(&r);
        row->kind = cw_reader_u8(&r);
        cw_reader_zero(&r, 1);
        (void)cw_reader_u16(&r); /* serve: a relocation */
    }
    return cw_reader_finish(&r);
}

static cw_status take_names(const struct file *f, struct cw_sancus_table *table)
{
    for (size_t i = 0; i < f->symbol_count; i++) {
        GElf_Sym symbol;
        const char *name = symbol_at(f, i, &symbol);
        if (name == NULL) {
            return CW_E_FORM;
        }
        if (strcmp(name, "cw_stream_data") == 0 && symbol.st_shndx != SHN_UNDEF) {
            table->has_streams = true;
        }
        if (f->rows == NULL || symbol.st_shndx != elf_ndxscn(f->rows) ||
                strncmp(name, PREFIX, sizeof PREFIX - 1) != 0) {
            continue;
        }
        size_t row = (size_t)(symbol.st_value / ROW_LEN);
        const char *short_name = name + sizeof PREFIX - 1;
        if (symbol.st_value % ROW_LEN != 0 || row >= table->count ||
                strlen(short_name) >= sizeof table->rows[row].name) {
            return CW_E_FORM;
        }
        (void)strcpy(table->rows[row].name, short_name);
    }
    for (size_t i = 0; i < table->count; i++) {
        if (table->rows[i].name[0] == 0 || table->rows[i].kind < CW_KIND_INPUT ||
                table->rows[i].kind > CW_KIND_ENTRY) {
            return CW_E_FORM;
        }
    }
    return CW_OK;
}

cw_status cw_sancus_table_read(const char *path, struct cw_sancus_table *ret_table)
{
    struct file f;
    struct cw_sancus_table table = {0};
    cw_status status = open_file(&f, path) ? CW_OK : CW_E_SYSTEM;
    if (status == CW_OK) {
        status = take_rows(&f, &table);
    }
    if (status == CW_OK) {
        status = take_names(&f, &table);
    }
    close_file(&f);
    if (status != CW_OK) {
        free(table.rows);
        return status;
    }
    *ret_table = table;
    return CW_OK;
}

static cw_status take_bounds(const struct file *f, struct cw_sancus_linked *linked)
{
    static const char *const names[] = {"__cw_ps", "__cw_pe", "__cw_ss", "__cw_se"};
    uint16_t *const values[] = {&linked->ps, &linked->pe, &linked->ss, &linked->se};
    unsigned found = 0;
    for (size_t i = 0; i < f->symbol_count; i++) {
        GElf_Sym symbol;
        const char *name = symbol_at(f, i, &symbol);
        for (unsigned n = 0; name != NULL && n < 4; n++) {
            if (strcmp(name, names[n]) == 0 && symbol.st_value <= UINT16_MAX) {
                *values[n] = (uint16_t)symbol.st_value;
                found |= 1u << n;
            }
        }
    }
    return found == 15 && linked->ps < linked->pe && linked->ss <= linked->se ? CW_OK : CW_E_FORM;
}

/* All bytes that the file loads lie in the text, initial values of variables behind the code. */
static cw_status take_text(const struct file *f, struct cw_sancus_linked *linked)
{
    size_t text_len = (size_t)(linked->pe - linked->ps);
    size_t header_count;
    size_t file_len;
    const char *raw = elf_rawfile(f->elf, &file_len);
    linked->text = calloc(1, text_len);
    if (linked->text == NULL || raw == NULL || elf_getphdrnum(f->elf, &header_count) != 0) {
        return CW_E_SYSTEM;
    }
    for (size_t i = 0; i < header_count; i++) {
        GElf_Phdr header;
        if (gelf_getphdr(f->elf, (int)i, &header) == NULL) {
            return CW_E_SYSTEM;
        }
        if (header.p_type != PT_LOAD || header.p_filesz == 0) {
            continue;
        }
        if (header.p_paddr < linked->ps || header.p_paddr > linked->pe ||
                header.p_filesz > linked->pe - header.p_paddr || header.p_offset > file_len ||
                header.p_filesz > file_len - header.p_offset) {
            return CW_E_FORM;
        }
        (void)memcpy(linked->text + (header.p_paddr - linked->ps), raw + header.p_offset,
                (size_t)header.p_filesz);
    }
    return CW_OK;
}

cw_status cw_sancus_linked_read(const char *path, struct cw_sancus_linked *ret_linked)
{
    struct file f;
    struct cw_sancus_linked linked = {0};
    cw_status status = open_file(&f, path) ? take_bounds(&f, &linked) : CW_E_SYSTEM;
    if (status == CW_OK) {
        status = take_text(&f, &linked);
    }
    close_file(&f);
    if (status != CW_OK) {
        free(linked.text);
        return status;
    }
    *ret_linked = linked;
    return CW_OK;
}
