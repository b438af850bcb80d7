/* SPDX-License-Identifier: MIT */
/*
 * Opening a state: the lock, the database, the key.
 *
 * Implementation notes.  The key is 32 random bytes.  They stand in a key file; or, where there is
 * a passphrase, sealed by what scrypt makes of it in the fact "lock": so whether a state has a
 * passphrase, and everything that is sealed, change in one transaction.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "deploy/memory.h"
#include "deploy/passphrase.h"
#include "deploy/state_sql.h"
#include "posix/file.h"
#include "posix/log.h"

#define SCHEMA_VERSION 1
#define LOCK_FACT_CAP 256
#define LOCK_WAIT_MS 10000
#define LOCK_STEP_MS 20

static const char schema[] =
        "CREATE TABLE fact(name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE secret(name TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE number(kind TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE module(number INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL,"
        "  node TEXT NOT NULL, life INTEGER NOT NULL, kind INTEGER NOT NULL,"
        "  session INTEGER NOT NULL, start BLOB NOT NULL, image_hash BLOB NOT NULL);"
        "CREATE TABLE endpoint(module INTEGER, name TEXT, number INTEGER NOT NULL,"
        "  PRIMARY KEY(module, name)) WITHOUT ROWID;"
        "CREATE TABLE connection(conn INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL,"
        "  src_module INTEGER, dst_module INTEGER, src_endpoint INTEGER, dst_endpoint INTEGER,"
        "  cipher INTEGER, mode INTEGER, limit_log2 INTEGER, phase INTEGER, start INTEGER,"
        "  window INTEGER,"
        "  event_max INTEGER, epoch INTEGER, channel INTEGER, first INTEGER, key BLOB,"
        "  src_start BLOB, dst_start BLOB, src_count INTEGER, src_acked INTEGER,"
        "  dst_count INTEGER);"
        "CREATE TABLE link(from_node TEXT, to_node TEXT, peer INTEGER NOT NULL, key BLOB NOT NULL,"
        "  PRIMARY KEY(from_node, to_node)) WITHOUT ROWID;"
        "CREATE TABLE outbox(conn INTEGER, counter INTEGER, frame BLOB NOT NULL,"
        "  PRIMARY KEY(conn, counter)) WITHOUT ROWID;"
        "CREATE TABLE build(module TEXT PRIMARY KEY, hash BLOB NOT NULL, bytes BLOB NOT NULL);";

/* One process at a time; another one is given a while to end. */
cw_status cw_state_lock(const char *folder, int *ret_fd)
{
    char *path = cw_file_join(folder, "lock");
    const int fd = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    free(path);
    if (fd < 0) {
        cw_log_error("cannot lock %s" CW_AT ": %s" CW_REMEDY "%s", folder, strerror(errno),
                errno == EACCES || errno == EROFS
                        ? ": every verb writes there; be its user, and let it be writable"
                        : "");
        return CW_E_SYSTEM;
    }
    for (int waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited_ms += LOCK_STEP_MS) {
        if (waited_ms >= LOCK_WAIT_MS) {
            char pid[32] = "";
            ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
            pid[n > 0 ? n : 0] = '\0';
            cw_log_error("another causeway (process %s) works with %s" CW_REMEDY ": wait for its "
                    "end",
                    pid[0] == '\0' ? "unknown" : pid, folder);
            close(fd);
            return CW_E_STATE;
        }
        nanosleep(&(struct timespec){.tv_nsec = LOCK_STEP_MS * 1000000L}, NULL);
    }
    char pid[32];
    int len = snprintf(pid, sizeof pid, "%ld", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)len, 0) != len) {
        cw_log_debug("cannot write the process id into %s/lock", folder);
    }
    *ret_fd = fd;
    return CW_OK;
}

static cw_status run_sql(struct cw_state *s, const char *sql, const char *what)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? CW_OK
                                                                   : cw_sql_complain(s, what);
}

static cw_status make_schema(struct cw_state *s)
{
    cw_status status = cw_state_begin(s);
    if (status != CW_OK) {
        return status;
    }
    char version[64];
    snprintf(version, sizeof version, "PRAGMA user_version = %d", SCHEMA_VERSION);
    status = run_sql(s, schema, "cannot make the tables");
    if (status == CW_OK) {
        status = run_sql(s, version, "cannot make the tables");
    }
    if (status == CW_OK) {
        return cw_state_commit(s);
    }
    cw_state_rollback(s);
    return status;
}

static cw_status check_version(struct cw_state *s)
{
    sqlite3_stmt *statement = cw_sql_ask(s, "PRAGMA user_version", "");
    cw_status status = cw_sql_row(s, statement);
    const int version = status == CW_OK ? sqlite3_column_int(statement, 0) : 0;
    cw_sql_end(s, statement);
    if (status == CW_OK && version == 0) {
        return make_schema(s);
    }
    if (status == CW_OK && version != SCHEMA_VERSION) {
        cw_log_error("%s/state.db" CW_AT " has version %d, this program reads version %d: %s",
                s->folder,
                version, SCHEMA_VERSION,
                version > SCHEMA_VERSION
                        ? "a newer causeway wrote it; use that one"
                        : "use the causeway that wrote it");
        return CW_E_FORM;
    }
    return status;
}

cw_status cw_state_copy(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *copy = sqlite3_backup_init(to, "main", from, "main");
    if (copy == NULL) {
        return CW_E_SYSTEM;
    }
    const int result = sqlite3_backup_step(copy, -1);
    return sqlite3_backup_finish(copy) == SQLITE_OK && result == SQLITE_DONE ? CW_OK : CW_E_SYSTEM;
}

/* A copy in memory; the file stays as it is, to the byte. */
static cw_status open_scratch(struct cw_state *s, const char *path)
{
    sqlite3 *file = NULL;
    cw_status status = CW_OK;
    if (sqlite3_open_v2(":memory:", &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
            SQLITE_OK) {
        return cw_sql_complain(s, "cannot open");
    }
    if (path != NULL) {
        const bool is_open = sqlite3_open_v2(path, &file, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK;
        (void)sqlite3_db_config(file, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        status = is_open ? cw_state_copy(file, s->db) : CW_E_SYSTEM;
        if (status != CW_OK) {
            cw_log_error("%s" CW_AT ": cannot read: %s", path, sqlite3_errmsg(is_open ? s->db :
                    file));
        }
        sqlite3_close(file);
    }
    return status;
}

static cw_status open_database(struct cw_state *s)
{
    char *path = cw_file_join(s->folder, "state.db");
    if (path == NULL) {
        cw_memory_gone();
    }
    cw_status status = CW_OK;
    if (s->is_scratch) {
        status = open_scratch(s, cw_file_exists(path) ? path : NULL);
    } else if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
            SQLITE_OK) {
        status = cw_sql_complain(s, "cannot open");
    } else {
        status = run_sql(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;", "cannot open");
    }
    free(path);
    if (status == CW_OK) {
        status = run_sql(s,
                "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;",
                "cannot open");
    }
    return status == CW_OK ? check_version(s) : status;
}

/* --- the key ---------------------------------------- */

static const char known[] = "causeway"; /* what "check" seals */

/* Was anything sealed yet? */
static cw_status is_new(struct cw_state *s, bool *ret_is_new)
{
    sqlite3_stmt *row = cw_sql_ask(s, "SELECT 1 FROM secret WHERE name = 'check'", "");
    cw_status status = cw_sql_row(s, row);
    cw_sql_end(s, row);
    *ret_is_new = status == CW_E_ABSENT;
    return status == CW_E_ABSENT ? CW_OK : status;
}

/* The fact "lock": PARAMETERS SEALED-KEY. */
static cw_status put_lock(struct cw_state *s, const char *passphrase,
        const uint8_t key[static CW_SECRET_KEY_LEN])
{
    const struct cw_kdf kdf = cw_kdf_new();
    uint8_t lock_key[CW_SECRET_KEY_LEN];
    uint8_t sealed[CW_SECRET_KEY_LEN + CW_SECRET_OVERHEAD];
    char parameters[CW_KDF_TEXT_CAP];
    char hex[2 * sizeof sealed + 1];
    char text[LOCK_FACT_CAP];
    cw_kdf_put(&kdf, parameters);
    cw_status status = cw_kdf_key(&kdf, passphrase, lock_key);
    if (status == CW_OK) {
        status = cw_secret_seal(lock_key, "lock", key, CW_SECRET_KEY_LEN, sealed);
    }
    cw_bytes_wipe(lock_key, sizeof lock_key);
    if (status != CW_OK) {
        return status;
    }
    cw_hex_put(sealed, sizeof sealed, hex);
    snprintf(text, sizeof text, "%s %s", parameters, hex);
    return cw_state_fact_put(s, "lock", text);
}

static cw_status open_lock(struct cw_state *s, const char *passphrase, char *text)
{
    struct cw_kdf kdf;
    uint8_t lock_key[CW_SECRET_KEY_LEN];
    uint8_t sealed[CW_SECRET_KEY_LEN + CW_SECRET_OVERHEAD];
    char *hex = strrchr(text, ' ');
    if (hex != NULL) {
        *hex++ = '\0';
    }
    if (hex == NULL || cw_hex_get(hex, sealed, sizeof sealed) != CW_OK ||
            cw_kdf_get(text, &kdf) != CW_OK) {
        cw_log_error("%s/state.db" CW_AT ": what its passphrase opens was changed" CW_REMEDY ": "
                "restore a backup",
                s->folder);
        return CW_E_FORM;
    }
    cw_status status = cw_kdf_key(&kdf, passphrase, lock_key);
    if (status == CW_OK) {
        status = cw_secret_open(lock_key, "lock", sealed, sizeof sealed, s->key);
        if (status != CW_OK) {
            cw_log_error("%s" CW_AT ": the passphrase is wrong" CW_REMEDY "; give the right one",
                    s->folder);
            status = CW_E_DENIED;
        }
    }
    cw_bytes_wipe(lock_key, sizeof lock_key);
    return status;
}

static cw_status ask_lock(struct cw_state *s, const struct cw_state_access *access, char *text)
{
    char *passphrase = NULL;
    cw_status status = cw_passphrase_read(access->passphrase_file, s->folder, "passphrase-file",
            false, &passphrase);
    if (status == CW_OK) {
        status = open_lock(s, passphrase, text);
    }
    cw_passphrase_end(passphrase);
    return status;
}

static cw_status new_lock(struct cw_state *s, const char *passphrase_file)
{
    char *passphrase = NULL;
    cw_status status = cw_passphrase_read(passphrase_file, s->folder, "passphrase-file", true,
            &passphrase);
    if (status == CW_OK) {
        cw_secret_random(s->key, sizeof s->key);
        status = put_lock(s, passphrase, s->key);
    }
    cw_passphrase_end(passphrase);
    return status;
}

char *cw_state_key_path(const char *folder, const char *key_file)
{
    char *path = key_file != NULL ? cw_memory_text(key_file) : cw_file_join(folder, "key");
    if (path == NULL) {
        cw_memory_gone();
    }
    return path;
}

static cw_status take_key_file(struct cw_state *s, const struct cw_state_access *access, bool fresh)
{
    if (fresh && s->is_scratch) {
        cw_secret_random(s->key, sizeof s->key);
        return CW_OK;
    }
    char *path = cw_state_key_path(s->folder, access->key_file);
    cw_status status = CW_OK;
    if (!fresh && !cw_file_exists(path)) {
        cw_log_error("%s" CW_AT " is sealed, and its key file %s is not there" CW_REMEDY ": put "
                "it back, name it by "
                     "--key-file, or `causeway restore` a backup",
                s->folder, path);
        status = CW_E_FORM;
    } else {
        status = cw_secret_key_load(path, s->key);
    }
    free(path);
    return status;
}

static cw_status take_key(struct cw_state *s, const struct cw_state_access *access)
{
    char lock[LOCK_FACT_CAP];
    bool fresh = false;
    cw_status status = is_new(s, &fresh);
    if (status != CW_OK) {
        return status;
    }
    status = cw_state_fact_get(s, "lock", lock, sizeof lock);
    s->has_passphrase = status == CW_OK;
    if (status == CW_OK) {
        return ask_lock(s, access, lock);
    }
    if (status != CW_E_ABSENT) {
        return status;
    }
    if (access->passphrase_file == NULL) {
        return take_key_file(s, access, fresh);
    }
    if (!fresh) {
        cw_log_error("%s" CW_AT " has a key file, no passphrase" CW_REMEDY ": leave "
                "--passphrase-file out, or change it "
                     "by `causeway key passphrase`",
                s->folder);
        return CW_E_FORM;
    }
    s->has_passphrase = true;
    return new_lock(s, access->passphrase_file);
}

/* The key must be the one that sealed this state. */
static cw_status check_key(struct cw_state *s)
{
    char text[sizeof known];
    size_t len;
    cw_status status =
            cw_state_secret_get(s, "check", (uint8_t *)text, sizeof text, &len);
    if (status == CW_E_ABSENT) {
        return cw_state_secret_put(s, "check", known, sizeof known);
    }
    return status;
}

/* --- another key ---------------------------------------- */

struct sealed_column {
    const char *select; /* rowid-like text key, where it is sealed for, sealed bytes */
    const char *update;
};

/* Everything that is sealed, and the places that are bound into it.  A + makes SQLite sort first,
 * so that no row is met again when it was changed. */
static const struct sealed_column sealed_columns[] = {
        {"SELECT name, name, sealed FROM secret ORDER BY +name",
                "UPDATE secret SET sealed = ? WHERE name = ?"},
        {"SELECT conn, 'connection/' || conn, key FROM connection ORDER BY +conn",
                "UPDATE connection SET key = ? WHERE conn = ?"},
        {"SELECT peer, 'link/' || from_node || '/' || to_node, key FROM link ORDER BY +peer",
                "UPDATE link SET key = ? WHERE peer = ?"},
        {"SELECT module, 'build/' || module, bytes FROM build ORDER BY +module",
                "UPDATE build SET bytes = ? WHERE module = ?"},
};

/* One sealed value under the new key; len is as before. */
static cw_status seal_again(struct cw_state *s, sqlite3_stmt *row, const char *update,
        const uint8_t key[static CW_SECRET_KEY_LEN])
{
    const char *where = (const char *)sqlite3_column_text(row, 1);
    const size_t len = (size_t)sqlite3_column_bytes(row, 2);
    uint8_t *plain = cw_memory_new(len, 1);
    uint8_t *sealed = cw_memory_new(len, 1);
    cw_status status =
            cw_secret_open(s->key, where, sqlite3_column_blob(row, 2), len, plain);
    if (status == CW_OK) {
        status = cw_secret_seal(key, where, plain, len - CW_SECRET_OVERHEAD, sealed);
    } else {
        cw_log_error("%s/state.db" CW_AT ": what is sealed as %s does not open: the state was "
                "changed",
                s->folder, where);
        status = CW_E_SYSTEM;
    }
    if (status == CW_OK) {
        status = cw_sql_do(s, update, "bt", sealed, len, (const char *)sqlite3_column_text(row, 0));
    }
    cw_bytes_wipe(plain, len);
    free(plain);
    free(sealed);
    return status;
}

static cw_status seal_all_again(struct cw_state *s, const uint8_t key[static CW_SECRET_KEY_LEN])
{
    for (size_t i = 0; i < sizeof sealed_columns / sizeof *sealed_columns; i++) {
        sqlite3_stmt *row = cw_sql_ask(s, sealed_columns[i].select, "");
        cw_status status;
        while ((status = cw_sql_row(s, row)) == CW_OK) {
            status = seal_again(s, row, sealed_columns[i].update, key);
            if (status != CW_OK) {
                break;
            }
        }
        cw_sql_end(s, row);
        if (status != CW_E_ABSENT) {
            return status;
        }
    }
    return CW_OK;
}

static cw_status change_key(struct cw_state *s, const char *passphrase,
        const uint8_t key[static CW_SECRET_KEY_LEN])
{
    cw_status status = cw_state_begin(s);
    if (status != CW_OK) {
        return status;
    }
    status = seal_all_again(s, key);
    if (status == CW_OK) {
        status = passphrase != NULL ? put_lock(s, passphrase, key)
                                    : cw_state_fact_drop(s, "lock");
    }
    if (status != CW_OK) {
        cw_state_rollback(s);
        return status;
    }
    status = cw_state_commit(s);
    if (status == CW_OK) {
        memcpy(s->key, key, CW_SECRET_KEY_LEN);
        s->has_passphrase = passphrase != NULL;
        /* What the old key opens stays nowhere. */
        status = run_sql(s, "PRAGMA wal_checkpoint(TRUNCATE)", "cannot tidy up");
    }
    return status;
}

cw_status cw_state_use_passphrase(struct cw_state *s, const char *passphrase)
{
    uint8_t key[CW_SECRET_KEY_LEN];
    cw_secret_random(key, sizeof key);
    cw_status status = change_key(s, passphrase, key);
    cw_bytes_wipe(key, sizeof key);
    return status;
}

cw_status cw_state_use_key_file(struct cw_state *s, const char *path)
{
    uint8_t key[CW_SECRET_KEY_LEN];
    cw_status status = cw_secret_key_load(path, key); /* on the disk before it is needed */
    if (status == CW_OK) {
        status = change_key(s, NULL, key);
    }
    cw_bytes_wipe(key, sizeof key);
    return status;
}

bool cw_state_has_passphrase(const struct cw_state *s)
{
    return s->has_passphrase;
}

/* --- open and close ---------------------------------------- */

static cw_status open_folder(struct cw_state *s)
{
    if (s->is_scratch && !cw_file_exists(s->folder)) {
        return CW_OK;
    }
    cw_status status = cw_file_make_folder(s->folder, 0700);
    if (status == CW_OK) {
        status = cw_state_lock(s->folder, &s->lock_fd);
    }
    if (status == CW_OK && !s->is_scratch) {
        cw_file_remove_unfinished(s->folder);
    }
    return status;
}

cw_status cw_state_open(const char *folder, const struct cw_state_access *access,
        struct cw_state **ret_state)
{
    const struct cw_state_access plain = {0};
    if (access == NULL) {
        access = &plain;
    }
    struct cw_state *s = cw_memory_new(1, sizeof *s);
    s->folder = cw_memory_text(folder);
    s->lock_fd = -1;
    s->is_scratch = access->is_scratch;
    pthread_mutexattr_t attributes;
    (void)pthread_mutexattr_init(&attributes);
    (void)pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    (void)pthread_mutex_init(&s->mutex, &attributes);
    (void)pthread_mutexattr_destroy(&attributes);
    cw_status status = open_folder(s);
    if (status == CW_OK) {
        status = open_database(s);
    }
    if (status == CW_OK) {
        status = take_key(s, access);
    }
    if (status == CW_OK) {
        status = check_key(s);
    }
    if (status != CW_OK) {
        cw_state_close(s);
        return status;
    }
    *ret_state = s;
    return CW_OK;
}

void cw_state_let_go(struct cw_state *s)
{
    if (s->is_scratch && s->lock_fd >= 0) {
        close(s->lock_fd);
        s->lock_fd = -1;
    }
}

void cw_state_close(struct cw_state *s)
{
    if (s == NULL) {
        return;
    }
    sqlite3_close(s->db);
    if (s->lock_fd >= 0) {
        close(s->lock_fd);
    }
    (void)pthread_mutex_destroy(&s->mutex);
    cw_bytes_wipe(s->key, sizeof s->key);
    free(s->folder);
    free(s);
}
