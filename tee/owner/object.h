/* SPDX-License-Identifier: MIT */
/*
 * object.h - what builds read from the ELF files that they have just made.
 *
 * What     Any machine's: a backend says how a row of its endpoint table is laid out.
 * Trust    OWNER.
 * Memory   The caller owns struct cw_object; cw_object_close frees what is in it.
 */
#ifndef CW_TEE_OWNER_OBJECT_H
#define CW_TEE_OWNER_OBJECT_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "tee/owner.h"

struct cw_object {
    int fd;
    Elf *elf;
    Elf_Scn *rows;      /* section cw_endpoints, or NULL */
    uint64_t rows_base; /* its address                   */
    Elf_Data *symbols;
    size_t symbol_count;
    size_t symbol_names;
};

/* cw_object_open - CW_E_SYSTEM: not readable as an ELF file with symbols. */
CW_MUST_CHECK cw_status cw_object_open(struct cw_object *o, const char *path);
void cw_object_close(struct cw_object *o);

/* cw_object_symbol - the name of symbol i, or NULL. */
const char *cw_object_symbol(const struct cw_object *o, size_t i, uint64_t *ret_value,
        bool *ret_is_defined);

struct cw_object_table {
    struct cw_owner_endpoint *rows; /* the caller frees */
    size_t count;
    bool has_streams; /* defines cw_stream_data */
};

/*
 * cw_object_table - the endpoint table of a file that is linked, or half-linked.
 *
 * pointer_len  of the machine.  A row is a struct cw_endpoint: handler pointer, max 2, reply_max 2,
 *              kind 1, the rest; its length is that of the symbol that names it.
 *
 * CW_E_FORM    a row has no name, or is none
 * CW_E_SYSTEM  not readable
 */
CW_MUST_CHECK cw_status cw_object_table(const char *path, size_t pointer_len,
        struct cw_object_table *ret_table);

/* cw_object_sizes - bytes of code with constants, and of data; sections named skip are left out. */
CW_MUST_CHECK cw_status cw_object_sizes(const char *path, const char *skip,
        uint32_t *ret_text_len, uint32_t *ret_data_len);

#endif
