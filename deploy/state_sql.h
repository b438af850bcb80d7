/* SPDX-License-Identifier: MIT */
/*
 * state_sql.h - SQL in one line per statement; private to state*.c.
 *
 * Formats of values, in the order of the question marks: t text, i int64_t, b bytes and size_t.
 */
#ifndef CW_DEPLOY_STATE_SQL_H
#define CW_DEPLOY_STATE_SQL_H

#include <pthread.h>
#include <sqlite3.h>

#include "deploy/secret.h"
#include "deploy/state.h"

struct cw_state {
    sqlite3 *db;
    char *folder;
    int lock_fd;
    bool has_passphrase;
    bool is_scratch;       /* a copy in memory: nothing is kept           */
    pthread_mutex_t mutex; /* recursive; from begin to commit, from ask to end */
    uint8_t key[CW_SECRET_KEY_LEN];
};

/* Several statements that belong together, without a transaction. */
void cw_sql_hold(struct cw_state *s);
void cw_sql_release(struct cw_state *s);

/*
 * cw_sql_ask - a statement that stands before its first row.  NULL: a line was logged.  Other
 * threads wait until cw_sql_end, which must follow in either case.
 */
sqlite3_stmt *cw_sql_ask(struct cw_state *s, const char *sql, const char *format, ...);
void cw_sql_end(struct cw_state *s, sqlite3_stmt *statement);

/* cw_sql_row - CW_OK: a row is there.  CW_E_ABSENT: no more.  CW_E_SYSTEM also for NULL. */
CW_MUST_CHECK cw_status cw_sql_row(struct cw_state *s, sqlite3_stmt *statement);

/* cw_sql_do - a statement without rows. */
CW_MUST_CHECK cw_status cw_sql_do(struct cw_state *s, const char *sql, const char *format, ...);

/* cw_state_lock - one process at a time works with a folder; held until *ret_fd is closed. */
CW_MUST_CHECK cw_status cw_state_lock(const char *folder, int *ret_fd);

/* cw_state_copy - a consistent copy of a database. */
CW_MUST_CHECK cw_status cw_state_copy(sqlite3 *from, sqlite3 *to);

/* cw_sql_complain - log what SQLite says; CW_E_SYSTEM. */
cw_status cw_sql_complain(struct cw_state *s, const char *what);

/* Columns, copied; shorter bytes leave the rest as zeros, longer ones are cut. */
void cw_sql_text(sqlite3_stmt *statement, int column, char *ret_text, size_t cap);
void cw_sql_bytes(sqlite3_stmt *statement, int column, uint8_t *ret_bytes, size_t len);

#endif
