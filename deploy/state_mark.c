/* SPDX-License-Identifier: MIT */
/*
 * Whoever restores a backup has a state whose counters were spent since.  The database remembers
 * a file beside it by what a restored or copied file does not have: its inode and the time of its
 * last change, which the system sets and nobody else.  A crash between mark and commit looks the
 * same, and is treated the same: new keys.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "deploy/memory.h"
#include "deploy/state_sql.h"
#include "posix/file.h"
#include "posix/log.h"

#define MARK_LEN 16u
#define MARK_TEXT_CAP 160u

/* Which file the mark is now; CW_E_ABSENT: there is none. */
static cw_status look(struct cw_state *s, char ret_text[static MARK_TEXT_CAP])
{
    char *path = cw_file_join(s->folder, "mark");
    struct stat st;
    uint8_t *content = NULL;
    size_t len = 0;
    cw_status status = path == NULL ? CW_E_SYSTEM : cw_file_read(path, 64, &content, &len);
    if (status == CW_OK && (len != 2 * MARK_LEN || stat(path, &st) != 0)) {
        status = CW_E_ABSENT;
    }
    if (status == CW_OK) {
        snprintf(ret_text, MARK_TEXT_CAP, "%s %ju %jd.%09ld", (const char *)content,
                (uintmax_t)st.st_ino, (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
    }
    free(content);
    free(path);
    return status;
}

cw_status cw_state_mark(struct cw_state *s)
{
    if (s->is_scratch) {
        return CW_OK;
    }
    uint8_t random[MARK_LEN];
    char text[2 * MARK_LEN + 1];
    cw_secret_random(random, sizeof random);
    cw_hex_put(random, sizeof random, text);
    char *path = cw_file_join(s->folder, "mark");
    if (path == NULL) {
        cw_memory_gone();
    }
    cw_status status = cw_file_write(path, text, 2 * MARK_LEN, 0600);
    free(path);
    return status;
}

cw_status cw_state_mark_keep(struct cw_state *s)
{
    if (s->is_scratch) {
        return CW_OK;
    }
    char text[MARK_TEXT_CAP];
    cw_status status = look(s, text);
    return status == CW_OK ? cw_state_fact_put(s, "mark", text) : status;
}

static cw_status is_copy(struct cw_state *s, bool *ret_is_copy)
{
    char kept[MARK_TEXT_CAP];
    char now[MARK_TEXT_CAP];
    *ret_is_copy = false;
    cw_status status = cw_state_fact_get(s, "mark", kept, sizeof kept);
    if (status == CW_E_ABSENT) {
        return CW_OK; /* nothing was sealed yet */
    }
    if (status != CW_OK) {
        return status;
    }
    status = look(s, now);
    if (status == CW_OK || status == CW_E_ABSENT) {
        *ret_is_copy = status == CW_E_ABSENT || strcmp(kept, now) != 0;
        return CW_OK;
    }
    return status;
}

cw_status cw_state_settle(struct cw_state *s, bool *ret_was_copy)
{
    cw_status status = is_copy(s, ret_was_copy);
    if (status != CW_OK || !*ret_was_copy) {
        return status;
    }
    status = cw_state_mark(s);
    if (status == CW_OK) {
        status = cw_state_begin(s);
    }
    if (status != CW_OK) {
        return status;
    }
    status = cw_sql_do(s, "UPDATE connection SET phase = 0 WHERE src_module = 0 OR phase = 1", "");
    if (status == CW_OK) {
        status = cw_state_mark_keep(s);
    }
    if (status == CW_OK) {
        return cw_state_commit(s);
    }
    cw_state_rollback(s);
    return status;
}
