/* SPDX-License-Identifier: MIT */
#include "tee/sancus/owner/elf.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "tee/owner/object.h"

static cw_status take_bounds(const struct cw_object *o, struct cw_sancus_linked *linked)
{
    static const char *const names[] = {"__cw_ps", "__cw_pe", "__cw_ss", "__cw_se"};
    uint16_t *const values[] = {&linked->ps, &linked->pe, &linked->ss, &linked->se};
    unsigned found = 0;
    for (size_t i = 0; i < o->symbol_count; i++) {
        uint64_t value = 0;
        bool is_defined = false;
        const char *name = cw_object_symbol(o, i, &value, &is_defined);
        for (unsigned n = 0; name != NULL && n < 4; n++) {
            if (strcmp(name, names[n]) == 0 && is_defined && value <= UINT16_MAX) {
                *values[n] = (uint16_t)value;
                found |= 1u << n;
            }
        }
    }
    return found == 15 && linked->ps < linked->pe && linked->ss <= linked->se ? CW_OK : CW_E_FORM;
}

/* All bytes that the file loads lie in the text, initial values of variables behind the code. */
static cw_status take_text(const struct cw_object *o, struct cw_sancus_linked *linked)
{
    size_t text_len = (size_t)(linked->pe - linked->ps);
    size_t header_count;
    size_t file_len;
    const char *raw = elf_rawfile(o->elf, &file_len);
    linked->text = calloc(1, text_len);
    if (linked->text == NULL || raw == NULL || elf_getphdrnum(o->elf, &header_count) != 0) {
        return CW_E_SYSTEM;
    }
    for (size_t i = 0; i < header_count; i++) {
        GElf_Phdr header;
        if (gelf_getphdr(o->elf, (int)i, &header) == NULL) {
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
    struct cw_object o;
    struct cw_sancus_linked linked = {0};
    cw_status status = cw_object_open(&o, path);
    if (status == CW_OK) {
        status = take_bounds(&o, &linked);
    }
    if (status == CW_OK) {
        status = take_text(&o, &linked);
    }
    cw_object_close(&o);
    if (status != CW_OK) {
        free(linked.text);
        return status;
    }
    *ret_linked = linked;
    return CW_OK;
}
