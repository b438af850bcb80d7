/* SPDX-License-Identifier: MIT */
/* Opening, locking, and what is kept by name. */
#include "deploy/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "deploy/memory.h"
#include "deploy/state_sql.h"
#include "posix/file.h"
#include "posix/log.h"

#define SCHEMA_VERSION 1
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

static cw_status complain(struct cw_state *s, const char *what)
{
    cw_log_error("%s/state.db: %s: %s", s->folder, what, sqlite3_errmsg(s->db));
    return CW_E_SYSTEM;
}

static void bind(sqlite3_stmt *statement, const char *format, va_list arguments)
{
    for (int i = 1; format[i - 1] != '\0'; i++) {
        if (format[i - 1] == 't') {
            sqlite3_bind_text(statement, i, va_arg(arguments, const char *), -1,
                    SQLITE_TRANSIENT);
        } else if (format[i - 1] == 'i') {
            sqlite3_bind_int64(statement, i, va_arg(arguments, int64_t));
        } else {
            const void *bytes = va_arg(arguments, const void *);
            size_t len = va_arg(arguments, size_t);
            sqlite3_bind_blob64(statement, i, bytes, len, SQLITE_TRANSIENT);
        }
    }
}

static sqlite3_stmt *prepare(struct cw_state *s, const char *sql, const char *format,
        va_list arguments)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) != SQLITE_OK) {
        complain(s, "cannot ask");
        return NULL;
    }
    bind(statement, format, arguments);
    return statement;
}

sqlite3_stmt *cw_sql_ask(struct cw_state *s, const char *sql, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    sqlite3_stmt *statement = prepare(s, sql, format, arguments);
    va_end(arguments);
    return statement;
}

cw_status cw_sql_row(struct cw_state *s, sqlite3_stmt *statement)
{
    if (statement == NULL) {
        return CW_E_SYSTEM;
    }
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        return CW_OK;
    }
    return result == SQLITE_DONE ? CW_E_ABSENT : complain(s, "cannot read or write");
}

cw_status cw_sql_do(struct cw_state *s, const char *sql, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    sqlite3_stmt *statement = prepare(s, sql, format, arguments);
    va_end(arguments);
    cw_status status = cw_sql_row(s, statement);
    sqlite3_finalize(statement);
    return status == CW_E_ABSENT ? CW_OK : status;
}

void cw_sql_text(sqlite3_stmt *statement, int column, char *ret_text, size_t cap)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    snprintf(ret_text, cap, "%s", text == NULL ? "" : (const char *)text);
}

void cw_sql_bytes(sqlite3_stmt *statement, int column, uint8_t *ret_bytes, size_t len)
{
    const void *bytes = sqlite3_column_blob(statement, column);
    size_t have = (size_t)sqlite3_column_bytes(statement, column);
    memset(ret_bytes, 0, len);
    if (bytes != NULL) {
        memcpy(ret_bytes, bytes, have < len ? have : len);
    }
}

/* One process at a time; another one is given a while to end. */
static cw_status take_lock(struct cw_state *s)
{
    char *path = cw_file_join(s->folder, "lock");
    s->lock_fd = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    free(path);
    if (s->lock_fd < 0) {
        cw_log_error("cannot lock %s: %s", s->folder, strerror(errno));
        return CW_E_SYSTEM;
    }
    for (int waited_ms = 0; flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0; waited_ms += LOCK_STEP_MS) {
        if (waited_ms >= LOCK_WAIT_MS) {
            char pid[32] = "";
            ssize_t n = pread(s->lock_fd, pid, sizeof pid - 1, 0);
            pid[n > 0 ? n : 0] = '\0';
            cw_log_error("another causeway (process %s) works with %s: wait for its end",
                    pid[0] == '\0' ? "unknown" : pid, s->folder);
            return CW_E_STATE;
        }
        nanosleep(&(struct timespec){.tv_nsec = LOCK_STEP_MS * 1000000L}, NULL);
    }
    char pid[32];
    int len = snprintf(pid, sizeof pid, "%ld", (long)getpid());
    if (ftruncate(s->lock_fd, 0) != 0 || pwrite(s->lock_fd, pid, (size_t)len, 0) != len) {
        cw_log_debug("cannot write the process id into %s/lock", s->folder);
    }
    return CW_OK;
}

static cw_status make_schema(struct cw_state *s)
{
    cw_status status = cw_state_begin(s);
    if (status != CW_OK) {
        return status;
    }
    char version[64];
    snprintf(version, sizeof version, "PRAGMA user_version = %d", SCHEMA_VERSION);
    if (sqlite3_exec(s->db, schema, NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(s->db, version, NULL, NULL, NULL) != SQLITE_OK) {
        status = complain(s, "cannot make the tables");
        cw_state_rollback(s);
        return status;
    }
    return cw_state_commit(s);
}

static cw_status open_database(struct cw_state *s)
{
    char *path = cw_file_join(s->folder, "state.db");
    if (path == NULL) {
        cw_memory_gone();
    }
    int result = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    free(path);
    if (result != SQLITE_OK) {
        return complain(s, "cannot open");
    }
    if (sqlite3_exec(s->db,
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                "PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;",
                NULL, NULL, NULL) != SQLITE_OK) {
        return complain(s, "cannot open");
    }
    sqlite3_stmt *statement = cw_sql_ask(s, "PRAGMA user_version", "");
    cw_status status = cw_sql_row(s, statement);
    int version = status == CW_OK ? sqlite3_column_int(statement, 0) : 0;
    sqlite3_finalize(statement);
    if (status == CW_OK && version == 0) {
        return make_schema(s);
    }
    if (status == CW_OK && version != SCHEMA_VERSION) {
        cw_log_error("%s/state.db has version %d, this program reads %d: use the program that "
                     "wrote it",
                s->folder, version, SCHEMA_VERSION);
        return CW_E_FORM;
    }
    return status;
}

/* The key must be the one that sealed this state. */
static cw_status check_key(struct cw_state *s)
{
    static const char known[] = "causeway";
    char text[sizeof known];
    size_t len;
    cw_status status =
            cw_state_secret_get(s, "check", (uint8_t *)text, sizeof text, &len);
    if (status == CW_E_ABSENT) {
        return cw_state_secret_put(s, "check", known, sizeof known);
    }
    return status;
}

cw_status cw_state_open(const char *folder, const char *key_file, struct cw_state **ret_state)
{
    struct cw_state *s = cw_memory_new(1, sizeof *s);
    s->folder = cw_memory_text(folder);
    s->lock_fd = -1;
    cw_status status = cw_file_make_folder(folder, 0700);
    if (status == CW_OK) {
        status = take_lock(s);
    }
    if (status == CW_OK) {
        char *path = key_file != NULL ? cw_memory_text(key_file) : cw_file_join(folder, "key");
        status = cw_secret_key_load(path, s->key);
        free(path);
    }
    if (status == CW_OK) {
        status = open_database(s);
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

void cw_state_close(struct cw_state *s)
{
    if (s == NULL) {
        return;
    }
    sqlite3_close(s->db);
    if (s->lock_fd >= 0) {
        close(s->lock_fd);
    }
    cw_bytes_wipe(s->key, sizeof s->key);
    free(s->folder);
    free(s);
}

const char *cw_state_folder(const struct cw_state *s)
{
    return s->folder;
}

cw_status cw_state_begin(struct cw_state *s)
{
    return cw_sql_do(s, "BEGIN IMMEDIATE", "");
}

cw_status cw_state_commit(struct cw_state *s)
{
    return cw_sql_do(s, "COMMIT", "");
}

void cw_state_rollback(struct cw_state *s)
{
    (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

cw_status cw_state_secret_get(struct cw_state *s, const char *name, uint8_t *ret_bytes, size_t cap,
        size_t *ret_len)
{
    sqlite3_stmt *statement = cw_sql_ask(s, "SELECT sealed FROM secret WHERE name = ?", "t", name);
    cw_status status = cw_sql_row(s, statement);
    if (status == CW_OK) {
        size_t len = (size_t)sqlite3_column_bytes(statement, 0);
        if (len < CW_SECRET_OVERHEAD || len - CW_SECRET_OVERHEAD > cap) {
            status = CW_E_SPACE;
        } else {
            status = cw_secret_open(s->key, name, sqlite3_column_blob(statement, 0), len,
                    ret_bytes);
            *ret_len = len - CW_SECRET_OVERHEAD;
        }
        if (status != CW_OK) {
            cw_log_error("%s: the key file is not the one that sealed this state (or the state "
                         "was changed): use the right one by --key-file",
                    s->folder);
            status = CW_E_DENIED;
        }
    }
    sqlite3_finalize(statement);
    return status;
}

cw_status cw_state_secret_put(struct cw_state *s, const char *name, const void *bytes, size_t len)
{
    uint8_t *sealed = cw_memory_new(len + CW_SECRET_OVERHEAD, 1);
    cw_status status = cw_secret_seal(s->key, name, bytes, len, sealed);
    if (status == CW_OK) {
        status = cw_sql_do(s, "INSERT OR REPLACE INTO secret VALUES(?, ?)", "tb", name, sealed,
                len + CW_SECRET_OVERHEAD);
    }
    free(sealed);
    return status;
}

cw_status cw_state_fact_get(struct cw_state *s, const char *name, char *ret_text, size_t cap)
{
    sqlite3_stmt *statement = cw_sql_ask(s, "SELECT text FROM fact WHERE name = ?", "t", name);
    cw_status status = cw_sql_row(s, statement);
    if (status == CW_OK) {
        status = (size_t)sqlite3_column_bytes(statement, 0) < cap ? CW_OK : CW_E_SPACE;
        if (status == CW_OK) {
            cw_sql_text(statement, 0, ret_text, cap);
        }
    }
    sqlite3_finalize(statement);
    return status;
}

cw_status cw_state_fact_put(struct cw_state *s, const char *name, const char *text)
{
    return cw_sql_do(s, "INSERT OR REPLACE INTO fact VALUES(?, ?)", "tt", name, text);
}

cw_status cw_state_fact_drop(struct cw_state *s, const char *name)
{
    return cw_sql_do(s, "DELETE FROM fact WHERE name = ?", "t", name);
}

bool cw_state_fact_is(struct cw_state *s, const char *name, const char *text)
{
    size_t cap = strlen(text) + 1;
    char *have = cw_memory_new(cap, 1);
    bool is = cw_state_fact_get(s, name, have, cap) == CW_OK && strcmp(have, text) == 0;
    free(have);
    return is;
}

cw_status cw_state_next(struct cw_state *s, const char *kind, uint32_t *ret_number)
{
    sqlite3_stmt *statement = cw_sql_ask(s,
            "INSERT INTO number VALUES(?, 2) ON CONFLICT(kind) DO UPDATE SET next = next + 1 "
            "RETURNING next - 1",
            "t", kind);
    cw_status status = cw_sql_row(s, statement);
    int64_t number = status == CW_OK ? sqlite3_column_int64(statement, 0) : 0;
    if (status == CW_OK) {
        status = cw_sql_row(s, statement); /* to its end, so that it takes effect */
        status = status == CW_E_ABSENT ? CW_OK : status;
    }
    sqlite3_finalize(statement);
    if (status == CW_OK && (number < 1 || number >= UINT32_MAX)) {
        cw_log_error("all numbers of the kind \"%s\" are used up", kind);
        return CW_E_SPACE;
    }
    *ret_number = (uint32_t)number;
    return status;
}

cw_status cw_state_skip(struct cw_state *s, const char *kind, uint32_t number)
{
    return cw_sql_do(s,
            "INSERT INTO number VALUES(?, ?) ON CONFLICT(kind) DO UPDATE SET next = "
            "max(next, excluded.next)",
            "ti", kind, (int64_t)number + 1);
}

cw_status cw_state_deployment(struct cw_state *s,
        uint8_t ret_deployment[static CW_DEPLOYMENT_LEN])
{
    char text[2 * CW_DEPLOYMENT_LEN + 1];
    cw_status status = cw_state_fact_get(s, "deployment", text, sizeof text);
    if (status == CW_E_ABSENT) {
        cw_secret_random(ret_deployment, CW_DEPLOYMENT_LEN);
        cw_hex_put(ret_deployment, CW_DEPLOYMENT_LEN, text);
        return cw_state_fact_put(s, "deployment", text);
    }
    return status == CW_OK ? cw_hex_get(text, ret_deployment, CW_DEPLOYMENT_LEN) : status;
}
