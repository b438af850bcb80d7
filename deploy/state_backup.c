/* SPDX-License-Identifier: MIT */
/*
 * A backup is one file, sealed by a passphrase of its own:
 *
 *   header   "causeway-backup 1 LENGTH scrypt LOG2_N R P SALT\n"; bound into what follows
 *   sealed   [LENGTH] as in secret.h: the state's key 32, then the database
 *
 * The copy is SQLite's own, so it is consistent.  What comes back is older than what it describes:
 * every key that this owner or an unfinished run may have used since is given up before the copy
 * takes the state's place.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "deploy/memory.h"
#include "deploy/passphrase.h"
#include "deploy/state_sql.h"
#include "posix/file.h"
#include "posix/log.h"

#define FORMAT 1u
#define HEADER_CAP 192u
#define FILE_MAX (1u << 30)
#define WORD "causeway-backup"

/* --- the sealed file ---------------------------------------- */

/* Seal plain, which is [CW_SECRET_KEY_LEN] and more, behind a header. */
static cw_status write_sealed(const char *path, const char *passphrase, const uint8_t *plain,
        size_t len)
{
    const struct cw_kdf kdf = cw_kdf_new();
    uint8_t key[CW_SECRET_KEY_LEN];
    char parameters[CW_KDF_TEXT_CAP];
    char header[HEADER_CAP];
    cw_kdf_put(&kdf, parameters);
    const int header_len = snprintf(header, sizeof header, WORD " %u %zu %s\n", FORMAT,
            len + CW_SECRET_OVERHEAD, parameters);
    uint8_t *file = cw_memory_new((size_t)header_len + len + CW_SECRET_OVERHEAD, 1);
    memcpy(file, header, (size_t)header_len);
    cw_status status = cw_kdf_key(&kdf, passphrase, key);
    if (status == CW_OK) {
        status = cw_secret_seal(key, header, plain, len, file + header_len);
    }
    if (status == CW_OK) {
        status = cw_file_write(path, file, (size_t)header_len + len + CW_SECRET_OVERHEAD, 0600);
    }
    cw_bytes_wipe(key, sizeof key);
    free(file);
    return status;
}

static cw_status check_header(const char *path, const char *header, size_t file_len,
        struct cw_kdf *ret_kdf)
{
    unsigned format = 0;
    size_t len = 0;
    int at = 0;
    const size_t header_len = strlen(header);
    if (sscanf(header, WORD " %3u %10zu %n", &format, &len, &at) < 1) {
        cw_log_error("%s" CW_AT " is no backup of causeway" CW_REMEDY ": name one", path);
        return CW_E_FORM;
    }
    if (format != FORMAT) {
        cw_log_error("%s" CW_AT " is a backup of format %u, this program reads format %u" CW_REMEDY
                     ": use the causeway that wrote it",
                path, format, FORMAT);
        return CW_E_FORM;
    }
    char parameters[HEADER_CAP];
    snprintf(parameters, sizeof parameters, "%.*s", (int)(header_len - (size_t)at - 1),
            header + at);
    if (at == 0 || cw_kdf_get(parameters, ret_kdf) != CW_OK) {
        cw_log_error("%s" CW_AT " was changed: its first line is none of a backup" CW_REMEDY
                     ": use another copy",
                path);
        return CW_E_FORM;
    }
    if (file_len - header_len != len) {
        cw_log_error("%s" CW_AT " has %zu bytes behind its first line, expected %zu: it was cut "
                     "short, or something was added" CW_REMEDY "; use another copy",
                path, file_len - header_len, len);
        return CW_E_FORM;
    }
    return CW_OK;
}

static cw_status open_sealed(const char *path, const char *passphrase, const uint8_t *file,
        size_t file_len, uint8_t **ret_plain, size_t *ret_len)
{
    char header[HEADER_CAP] = "";
    struct cw_kdf kdf;
    uint8_t key[CW_SECRET_KEY_LEN];
    const uint8_t *end = memchr(file, '\n', file_len < HEADER_CAP ? file_len : HEADER_CAP - 1);
    if (end != NULL) {
        memcpy(header, file, (size_t)(end - file) + 1);
    }
    cw_status status = check_header(path, header, file_len, &kdf);
    if (status == CW_OK) {
        status = cw_kdf_key(&kdf, passphrase, key);
    }
    if (status != CW_OK) {
        return status;
    }
    const size_t sealed_len = file_len - strlen(header);
    uint8_t *plain = cw_memory_new(sealed_len + 1, 1);
    status = sealed_len < CW_SECRET_OVERHEAD + CW_SECRET_KEY_LEN
            ? CW_E_AUTH
            : cw_secret_open(key, header, file + strlen(header), sealed_len, plain);
    cw_bytes_wipe(key, sizeof key);
    if (status != CW_OK) {
        cw_log_error("%s" CW_AT " does not open: the passphrase is wrong, or the file was changed"
                     CW_REMEDY "; nothing was restored: try another passphrase or copy",
                path);
        free(plain);
        return CW_E_DENIED;
    }
    *ret_plain = plain;
    *ret_len = sealed_len - CW_SECRET_OVERHEAD;
    return CW_OK;
}

/* --- backup ---------------------------------------- */

cw_status cw_state_backup(struct cw_state *s, const char *path, const char *passphrase,
        size_t *ret_len)
{
    sqlite3 *copy = NULL;
    uint8_t *image = NULL;
    sqlite3_int64 len = 0;
    cw_sql_hold(s);
    cw_status status = sqlite3_open(":memory:", &copy) == SQLITE_OK ? cw_state_copy(s->db, copy)
                                                                    : CW_E_SYSTEM;
    cw_sql_release(s);
    if (status == CW_OK) {
        image = sqlite3_serialize(copy, "main", &len, 0);
    }
    if (image == NULL || len < 100 || len > FILE_MAX) {
        cw_log_error("%s/state.db" CW_AT ": cannot be copied: %s" CW_REMEDY
                     ": is there memory enough?",
                s->folder, copy != NULL ? sqlite3_errmsg(copy) : "no memory");
        status = CW_E_SYSTEM;
    } else {
        image[18] = 1; /* of the file format: no write-ahead log beside this copy */
        image[19] = 1;
        const size_t plain_len = CW_SECRET_KEY_LEN + (size_t)len;
        uint8_t *plain = cw_memory_new(plain_len, 1);
        memcpy(plain, s->key, CW_SECRET_KEY_LEN);
        memcpy(plain + CW_SECRET_KEY_LEN, image, (size_t)len);
        status = write_sealed(path, passphrase, plain, plain_len);
        cw_bytes_wipe(plain, plain_len);
        free(plain);
        *ret_len = (size_t)len;
    }
    sqlite3_free(image);
    sqlite3_close(copy);
    return status;
}

/* --- restore ---------------------------------------- */

static char *path_in(const char *folder, const char *name)
{
    char *path = cw_file_join(folder, name);
    if (path == NULL) {
        cw_memory_gone();
    }
    return path;
}

/* Nothing that was sealed since may be sealed again, and nothing on a node is what it was. */
static const char give_up[] =
        "BEGIN IMMEDIATE;"
        "UPDATE connection SET phase = 0 WHERE src_module = 0 OR phase = 1;"
        "DELETE FROM fact WHERE name = 'mark' OR name LIKE 'serve/%';"
        "INSERT OR REPLACE INTO fact VALUES('restored', '1');"
        "COMMIT;";

static bool is_whole(sqlite3 *db)
{
    sqlite3_stmt *row = NULL;
    const bool is = sqlite3_prepare_v2(db, "PRAGMA quick_check", -1, &row, NULL) == SQLITE_OK &&
            sqlite3_step(row) == SQLITE_ROW &&
            strcmp((const char *)sqlite3_column_text(row, 0), "ok") == 0;
    sqlite3_finalize(row);
    return is;
}

static cw_status prepare(const char *path, bool *ret_has_passphrase)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;
    cw_status status = CW_E_SYSTEM;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK && is_whole(db) &&
            sqlite3_exec(db, "PRAGMA synchronous = FULL", NULL, NULL, NULL) == SQLITE_OK &&
            sqlite3_exec(db, give_up, NULL, NULL, NULL) == SQLITE_OK &&
            sqlite3_prepare_v2(db, "SELECT 1 FROM fact WHERE name = 'lock'", -1, &row, NULL) ==
                    SQLITE_OK) {
        *ret_has_passphrase = sqlite3_step(row) == SQLITE_ROW;
        status = CW_OK;
    } else {
        cw_log_error("%s" CW_AT ": %s" CW_REMEDY ": use another backup", path,
                db != NULL ? sqlite3_errmsg(db) : "no memory");
    }
    sqlite3_finalize(row);
    sqlite3_close(db);
    return status;
}

/* The key file: as it is if it is this key; another one only when forced. */
static cw_status put_key(const char *path, const uint8_t key[static CW_SECRET_KEY_LEN], bool force)
{
    char text[2 * CW_SECRET_KEY_LEN + 2];
    cw_hex_put(key, CW_SECRET_KEY_LEN, text);
    text[2 * CW_SECRET_KEY_LEN] = '\n';
    uint8_t *there = NULL;
    size_t len = 0;
    cw_status status = cw_file_read(path, 4096, &there, &len);
    if (status == CW_OK && !force &&
            (len < 2 * CW_SECRET_KEY_LEN || memcmp(there, text, 2 * CW_SECRET_KEY_LEN) != 0)) {
        cw_log_error("%s" CW_AT ": this key file is another state's" CW_REMEDY
                     ": name another one by --key-file, or overwrite it by --force",
                path);
        status = CW_E_STATE;
    } else if (status == CW_OK || status == CW_E_ABSENT) {
        status = cw_file_write(path, text, 2 * CW_SECRET_KEY_LEN + 1, 0600);
    }
    if (there != NULL) {
        cw_bytes_wipe(there, len);
    }
    free(there);
    cw_bytes_wipe(text, sizeof text);
    return status;
}

/* A log beside a database that is not its own would be played into it. */
static void remove_old(const char *folder)
{
    static const char *const names[] = {"state.db-wal", "state.db-shm", "mark"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = path_in(folder, names[i]);
        (void)unlink(path);
        free(path);
    }
}

static cw_status put(const char *folder, const struct cw_state_restore *how, const uint8_t *plain,
        size_t len)
{
    char *fresh = cw_memory_format("%s/state.db.%ld.new", folder, (long)getpid());
    char *database = path_in(folder, "state.db");
    char *key = cw_state_key_path(folder, how->key_file);
    bool has_passphrase = false;
    cw_status status = cw_file_write(fresh, plain + CW_SECRET_KEY_LEN, len - CW_SECRET_KEY_LEN,
            0600);
    if (status == CW_OK) {
        status = prepare(fresh, &has_passphrase);
    }
    if (status == CW_OK && !has_passphrase) {
        status = put_key(key, plain, how->force);
    }
    if (status == CW_OK) {
        remove_old(folder);
        if (rename(fresh, database) != 0) {
            cw_log_error("%s" CW_AT ": %s" CW_REMEDY ": is the folder yours?", database,
                    strerror(errno));
            status = CW_E_SYSTEM;
        }
    }
    if (status != CW_OK) {
        (void)unlink(fresh);
    }
    free(fresh);
    free(database);
    free(key);
    return status;
}

cw_status cw_state_restore(const char *folder, const char *path, const char *passphrase,
        const struct cw_state_restore *how)
{
    uint8_t *file = NULL;
    uint8_t *plain = NULL;
    size_t file_len = 0;
    size_t len = 0;
    int lock = -1;
    char *database = path_in(folder, "state.db");
    cw_status status = cw_file_read(path, FILE_MAX + HEADER_CAP, &file, &file_len);
    if (status == CW_E_ABSENT) {
        cw_log_error("%s" CW_AT ": there is no such file" CW_REMEDY ": name the backup", path);
    }
    if (status == CW_OK) {
        status = open_sealed(path, passphrase, file, file_len, &plain, &len);
    }
    if (status == CW_OK) {
        status = cw_file_make_folder(folder, 0700);
    }
    if (status == CW_OK) {
        status = cw_state_lock(folder, &lock);
    }
    if (status == CW_OK && cw_file_exists(database) && !how->force) {
        cw_log_error("%s" CW_AT " holds a state already" CW_REMEDY ": restore into another folder "
                     "by --state, or overwrite it by --force",
                folder);
        status = CW_E_STATE;
    }
    if (status == CW_OK) {
        status = put(folder, how, plain, len);
    }
    if (lock >= 0) {
        close(lock);
    }
    if (plain != NULL) {
        cw_bytes_wipe(plain, len);
    }
    free(plain);
    free(file);
    free(database);
    return status;
}
