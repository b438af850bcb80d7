/* SPDX-License-Identifier: MIT */
/*
 * state_sql.h - SQL in one line per statement; private to state*.c.
 *
 * Formats of values, in the order of the question marks: t text, i int64_t, b bytes and size_t.
 */
#ifndef CW_DEPLOY_STATE_SQL_H
#define CW_DEPLOY_STATE_SQL_H

#include <sqlite3.h>

#include "deploy/secret.h"
#include "deploy/state.h"

struct cw_state {
    sqlite3 *db;
    char *folder;
    int lock_fd;
    uint8_t key[CW_SECRET_KEY_LEN];
};

/* cw_sql_ask - a statement that stands before its first row.  NULL: a line was logged. */
sqlite3_stmt *cw_sql_ask(struct cw_state *s, const char *sql, const char *format, ...);

/* cw_sql_row - CW_OK: a row is there.  CW_E_ABSENT: no more.  CW_E_SYSTEM also for NULL. */
CW_MUST_CHECK cw_status cw_sql_row(struct cw_state *s, sqlite3_stmt *statement);

/* cw_sql_do - a statement without rows. */
CW_MUST_CHECK cw_status cw_sql_do(struct cw_state *s, const char *sql, const char *format, ...);

/* Columns, copied; shorter bytes leave the rest as zeros, longer ones are cut. */
void cw_sql_text(sqlite3_stmt *statement, int column, char *ret_text, size_t cap);
void cw_sql_bytes(sqlite3_stmt *statement, int column, uint8_t *ret_bytes, size_t len);

#endif
