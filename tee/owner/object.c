/* SPDX-License-Identifier: MIT */
#include "tee/owner/object.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/module/endpoint.h"

#define PREFIX "cw_endpoint_"

void cw_object_close(struct cw_object *o)
{
    if (o->elf != NULL) {
        (void)elf_end(o->elf);
    }
    if (o->fd >= 0) {
        (void)close(o->fd);
    }
}

cw_status cw_object_open(struct cw_object *o, const char *path)
{
    *o = (struct cw_object){.fd = -1};
    size_t names;
    if (elf_version(EV_CURRENT) == EV_NONE) {
        return CW_E_SYSTEM;
    }
    o->fd = open(path, O_RDONLY | O_CLOEXEC);
    o->elf = o->fd < 0 ? NULL : elf_begin(o->fd, ELF_C_READ_MMAP, NULL);
    if (o->elf == NULL || elf_kind(o->elf) != ELF_K_ELF || elf_getshdrstrndx(o->elf, &names) != 0) {
        return CW_E_SYSTEM;
    }
    for (Elf_Scn *s = elf_nextscn(o->elf, NULL); s != NULL; s = elf_nextscn(o->elf, s)) {
        GElf_Shdr header;
        if (gelf_getshdr(s, &header) == NULL) {
            return CW_E_SYSTEM;
        }
        const char *name = elf_strptr(o->elf, names, header.sh_name);
        if (name != NULL && strcmp(name, "cw_endpoints") == 0) {
            o->rows = s;
            o->rows_base = header.sh_addr;
        } else if (header.sh_type == SHT_SYMTAB && header.sh_entsize != 0) {
            o->symbols = elf_getdata(s, NULL);
            o->symbol_count = (size_t)(header.sh_size / header.sh_entsize);
            o->symbol_names = header.sh_link;
        }
    }
    return o->symbols != NULL ? CW_OK : CW_E_SYSTEM;
}

static const char *symbol_at(const struct cw_object *o, size_t i, GElf_Sym *ret_symbol)
{
    if (gelf_getsym(o->symbols, (int)i, ret_symbol) == NULL) {
        return NULL;
    }
    return elf_strptr(o->elf, o->symbol_names, ret_symbol->st_name);
}

const char *cw_object_symbol(const struct cw_object *o, size_t i, uint64_t *ret_value,
        bool *ret_is_defined)
{
    GElf_Sym symbol;
    const char *name = symbol_at(o, i, &symbol);
    if (name != NULL) {
        *ret_value = symbol.st_value;
        *ret_is_defined = symbol.st_shndx != SHN_UNDEF;
    }
    return name;
}

static uint16_t u16_at(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | (uint16_t)bytes[1] << 8);
}

/* Is it the name of a row?  *ret_offset: where in the section the row begins. */
static bool names_row(const struct cw_object *o, size_t i, const char **ret_name,
        uint64_t *ret_offset, uint64_t *ret_len)
{
    GElf_Sym symbol;
    const char *name = symbol_at(o, i, &symbol);
    if (name == NULL || o->rows == NULL || symbol.st_shndx != elf_ndxscn(o->rows) ||
            strncmp(name, PREFIX, sizeof PREFIX - 1) != 0) {
        return false;
    }
    *ret_name = name + sizeof PREFIX - 1;
    *ret_offset = symbol.st_value - o->rows_base;
    *ret_len = symbol.st_size;
    return true;
}

/* Rows are of one length; 0: there are none. */
static size_t row_len_of(const struct cw_object *o)
{
    const char *name;
    uint64_t offset;
    uint64_t len = 0;
    for (size_t i = 0; i < o->symbol_count; i++) {
        if (names_row(o, i, &name, &offset, &len)) {
            break;
        }
    }
    return (size_t)len;
}

static cw_status take_rows(const struct cw_object *o, size_t pointer_len, size_t row_len,
        struct cw_object_table *table)
{
    Elf_Data *data = o->rows == NULL ? NULL : elf_rawdata(o->rows, NULL);
    if (data == NULL || data->d_buf == NULL || data->d_size == 0) {
        return CW_OK;
    }
    if (row_len < pointer_len + 5 || data->d_size % row_len != 0 ||
            data->d_size / row_len > UINT16_MAX) {
        return CW_E_FORM;
    }
    table->count = data->d_size / row_len;
    table->rows = calloc(table->count, sizeof *table->rows);
    if (table->rows == NULL) {
        return CW_E_SYSTEM;
    }
    for (size_t i = 0; i < table->count; i++) {
        const uint8_t *at = (const uint8_t *)data->d_buf + i * row_len + pointer_len;
        table->rows[i].max = u16_at(at);
        table->rows[i].reply_max = u16_at(at + 2);
        table->rows[i].kind = at[4];
    }
    return CW_OK;
}

static cw_status take_names(const struct cw_object *o, size_t row_len,
        struct cw_object_table *table)
{
    for (size_t i = 0; i < o->symbol_count; i++) {
        uint64_t value;
        uint64_t len;
        bool is_defined;
        const char *name = cw_object_symbol(o, i, &value, &is_defined);
        if (name == NULL) {
            return CW_E_FORM;
        }
        if (strcmp(name, "cw_stream_data") == 0 && is_defined) {
            table->has_streams = true;
        }
        if (!names_row(o, i, &name, &value, &len)) {
            continue;
        }
        if (row_len == 0 || len != row_len || value % row_len != 0 || value / row_len >= table->count ||
                strlen(name) >= sizeof table->rows[0].name) {
            return CW_E_FORM;
        }
        (void)strcpy(table->rows[value / row_len].name, name);
    }
    for (size_t i = 0; i < table->count; i++) {
        const struct cw_owner_endpoint *row = &table->rows[i];
        if (row->name[0] == 0 || row->kind < CW_KIND_INPUT || row->kind > CW_KIND_CONFIG) {
            return CW_E_FORM;
        }
    }
    return CW_OK;
}

cw_status cw_object_table(const char *path, size_t pointer_len, struct cw_object_table *ret_table)
{
    struct cw_object o;
    struct cw_object_table table = {0};
    cw_status status = cw_object_open(&o, path);
    if (status == CW_OK) {
        const size_t row_len = row_len_of(&o);
        status = take_rows(&o, pointer_len, row_len, &table);
        status = status == CW_OK ? take_names(&o, row_len, &table) : status;
    }
    cw_object_close(&o);
    if (status != CW_OK) {
        free(table.rows);
        return status;
    }
    *ret_table = table;
    return CW_OK;
}

cw_status cw_object_sizes(const char *path, const char *skip, uint32_t *ret_text_len,
        uint32_t *ret_data_len)
{
    struct cw_object o;
    size_t names;
    uint64_t text_len = 0;
    uint64_t data_len = 0;
    cw_status status = cw_object_open(&o, path);
    if (status == CW_OK && elf_getshdrstrndx(o.elf, &names) != 0) {
        status = CW_E_SYSTEM;
    }
    for (Elf_Scn *s = status == CW_OK ? elf_nextscn(o.elf, NULL) : NULL; s != NULL;
            s = elf_nextscn(o.elf, s)) {
        GElf_Shdr header;
        if (gelf_getshdr(s, &header) == NULL) {
            status = CW_E_SYSTEM;
            break;
        }
        const char *name = elf_strptr(o.elf, names, header.sh_name);
        if ((header.sh_flags & SHF_ALLOC) != 0 && (name == NULL || strcmp(name, skip) != 0)) {
            *((header.sh_flags & SHF_WRITE) != 0 ? &data_len : &text_len) += header.sh_size;
        }
    }
    cw_object_close(&o);
    if (status != CW_OK || text_len > UINT32_MAX || data_len > UINT32_MAX) {
        return CW_E_SYSTEM;
    }
    *ret_text_len = (uint32_t)text_len;
    *ret_data_len = (uint32_t)data_len;
    return CW_OK;
}
