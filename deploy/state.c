/* SPDX-License-Identifier: MIT */
/* SQL, transactions, and what is kept by name. */
#include "deploy/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/memory.h"
#include "deploy/state_sql.h"
#include "posix/file.h"
#include "posix/log.h"

cw_status cw_sql_complain(struct cw_state *s, const char *what)
{
    cw_log_error("%s/state.db" CW_AT ": %s: %s%s", s->folder, what, sqlite3_errmsg(s->db),
            cw_file_is_full(s->folder) ? CW_REMEDY "; the disk is full: make room there, then the "
                                         "same again"
                                       : "");
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

void cw_sql_hold(struct cw_state *s)
{
    (void)pthread_mutex_lock(&s->mutex);
}

void cw_sql_release(struct cw_state *s)
{
    (void)pthread_mutex_unlock(&s->mutex);
}

/* Whoever asks has the database to itself until cw_sql_end. */
static sqlite3_stmt *prepare(struct cw_state *s, const char *sql, const char *format,
        va_list arguments)
{
    cw_sql_hold(s);
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) != SQLITE_OK) {
        (void)cw_sql_complain(s, "cannot ask");
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

void cw_sql_end(struct cw_state *s, sqlite3_stmt *statement)
{
    sqlite3_finalize(statement);
    cw_sql_release(s);
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
    return result == SQLITE_DONE ? CW_E_ABSENT : cw_sql_complain(s, "cannot read or write");
}

cw_status cw_sql_do(struct cw_state *s, const char *sql, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    sqlite3_stmt *statement = prepare(s, sql, format, arguments);
    va_end(arguments);
    cw_status status = cw_sql_row(s, statement);
    cw_sql_end(s, statement);
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

const char *cw_state_folder(const struct cw_state *s)
{
    return s->folder;
}

cw_status cw_state_begin(struct cw_state *s)
{
    cw_sql_hold(s);
    cw_status status = cw_sql_do(s, "BEGIN IMMEDIATE", "");
    if (status != CW_OK) {
        cw_sql_release(s);
    }
    return status;
}

cw_status cw_state_commit(struct cw_state *s)
{
    cw_status status = cw_sql_do(s, "COMMIT", "");
    if (status == CW_OK) {
        cw_sql_release(s);
    } else {
        cw_state_rollback(s);
    }
    return status;
}

void cw_state_rollback(struct cw_state *s)
{
    (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    cw_sql_release(s);
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
            cw_log_error("%s" CW_AT ": the key is not the one that sealed this state (or the "
                    "state was "
                         "changed)" CW_REMEDY ": use the right one by --key-file",
                    s->folder);
            status = CW_E_DENIED;
        }
    }
    cw_sql_end(s, statement);
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
    cw_sql_end(s, statement);
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

cw_status cw_state_facts(struct cw_state *s, const char *beginning,
        struct cw_state_fact **ret_facts, size_t *ret_count)
{
    struct cw_state_fact *facts = NULL;
    size_t count = 0;
    sqlite3_stmt *row = cw_sql_ask(s,
            "SELECT substr(name, length(?1) + 1), text FROM fact "
            "WHERE substr(name, 1, length(?1)) = ?1",
            "t", beginning);
    cw_status status;
    while ((status = cw_sql_row(s, row)) == CW_OK) {
        facts = cw_memory_grow(facts, count, sizeof *facts);
        cw_sql_text(row, 0, facts[count].name, sizeof facts[count].name);
        cw_sql_text(row, 1, facts[count].text, sizeof facts[count].text);
        count++;
    }
    cw_sql_end(s, row);
    if (status != CW_E_ABSENT) {
        free(facts);
        return status;
    }
    *ret_facts = facts;
    *ret_count = count;
    return CW_OK;
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
    cw_sql_end(s, statement);
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
