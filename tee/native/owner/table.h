/* SPDX-License-Identifier: MIT */
/*
 * table.h - what a linked or half-linked module says about itself.
 *
 * Trust    OWNER.  Reads what the build has just made.
 */
#ifndef CW_TEE_NATIVE_OWNER_TABLE_H
#define CW_TEE_NATIVE_OWNER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "tee/owner.h"

struct cw_native_table {
    struct cw_owner_endpoint *rows; /* the caller frees */
    size_t count;
    bool has_streams; /* defines cw_stream_data */
};

/*
 * cw_native_table_read - the section cw_endpoints of an x86-64 ELF file with symbols.
 *
 * CW_E_FORM    a row has no name, or is none
 * CW_E_SYSTEM  the file cannot be read
 */
CW_MUST_CHECK cw_status cw_native_table_read(const char *path, struct cw_native_table *ret_table,
        char *ret_why, size_t why_cap);

/* cw_native_table_sizes - bytes of code with constants, and of data but for the outside. */
CW_MUST_CHECK cw_status cw_native_table_sizes(const char *path, uint32_t *ret_text_len,
        uint32_t *ret_data_len);

#endif
