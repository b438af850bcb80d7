/* SPDX-License-Identifier: MIT */
/*
 * file.h - whole files, folders, and where the program itself lies.
 *
 * Trust    neutral.
 * Memory   What a function returns in a pointer is the caller's to free().
 * Errors   CW_E_SYSTEM: a line was logged.  CW_E_ABSENT: no such file, nothing was logged.
 */
#ifndef CW_POSIX_FILE_H
#define CW_POSIX_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

/*
 * cw_file_read - all bytes of a regular file, and a zero byte behind them.
 *
 * CW_E_SPACE  longer than max_len (a line was logged)
 */
CW_MUST_CHECK cw_status cw_file_read(const char *path, size_t max_len, uint8_t **ret_bytes,
        size_t *ret_len);

/* cw_file_write - replace a file as a whole, durably: all of it is there, or what was before. */
CW_MUST_CHECK cw_status cw_file_write(const char *path, const void *bytes, size_t len,
        unsigned mode);

/* Bytes of a file, from a place on. */
struct cw_file_part {
    uint64_t at;
    const void *bytes;
    size_t len;
};

/*
 * cw_file_write_parts - the same of parts with holes between them, which read as zeros and take no room.
 *
 * file_len  of the whole file; all parts lie in it
 * replace   false: a file that is there stays
 *
 * CW_E_STATE  it is there, and stays; nothing was logged
 */
CW_MUST_CHECK cw_status cw_file_write_parts(const char *path, const struct cw_file_part *parts,
        size_t count, uint64_t file_len, unsigned mode, bool replace);

/* cw_file_remove_unfinished - what a cw_file_write in this folder left when its process was killed. */
void cw_file_remove_unfinished(const char *folder);

/*
 * cw_file_check_private - is it a regular file of this user that nobody else can read or write?
 *
 * CW_E_DENIED  it is not: a line with the remedy was logged
 */
CW_MUST_CHECK cw_status cw_file_check_private(const char *path);

/* cw_file_make_folder - with all folders above; one that exists is left as it is. */
CW_MUST_CHECK cw_status cw_file_make_folder(const char *path, unsigned mode);

bool cw_file_exists(const char *path);

/* cw_file_is_full - is there no room left where path is? */
bool cw_file_is_full(const char *path);

/* cw_file_join - "folder/name", or name where it is absolute.  NULL: no memory. */
char *cw_file_join(const char *folder, const char *name);

/* cw_file_folder - the folder that holds path ("." for a bare name).  NULL: no memory. */
char *cw_file_folder(const char *path);

/* cw_file_program_folder - where the running program lies.  NULL: unknown. */
char *cw_file_program_folder(void);

#endif
