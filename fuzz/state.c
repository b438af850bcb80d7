/* SPDX-License-Identifier: MIT */
/*
 * state.c - the owner's state as a file that somebody else wrote: any value in any row.
 *
 * Input    changes: which 1, type 1 (integer, text, bytes, bytes of the database), length 1, value.
 * Holds    a state opens or is refused; what it gives is terminated text, and counts that are true.
 * Plant    deploy/state.c s/memcpy(ret_bytes, bytes, have < len ? have : len)/memcpy(ret_bytes, bytes, have)/
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "deploy/state.h"
#include "fuzz/input.h"
#include "posix/log.h"

static const char *const changes[] = {
        "UPDATE fact SET text = ?", "UPDATE fact SET name = ?", "UPDATE secret SET sealed = ?",
        "UPDATE number SET next = ?", "UPDATE module SET name = ?", "UPDATE module SET node = ?",
        "UPDATE module SET session = ?", "UPDATE module SET start = ?",
        "UPDATE module SET image_hash = ?", "UPDATE module SET number = ?",
        "UPDATE endpoint SET number = ?", "UPDATE connection SET name = ?",
        "UPDATE connection SET key = ?", "UPDATE connection SET phase = ?",
        "UPDATE connection SET cipher = ?", "UPDATE connection SET src_start = ?",
        "UPDATE connection SET first = ?", "UPDATE connection SET conn = ?",
        "UPDATE link SET key = ?", "UPDATE link SET peer = ?", "UPDATE outbox SET frame = ?",
        "UPDATE outbox SET counter = ?", "UPDATE build SET bytes = ?", "UPDATE build SET hash = ?",
        "INSERT INTO module SELECT number + 1, ?, node, life, kind, session, start, image_hash "
        "FROM module",
};

static char folder[] = "/dev/shm/cw-fuzz-XXXXXX";
static char database[sizeof folder + 16];
static uint8_t *base;
static size_t base_len;

static void drop(const char *name)
{
    char path[sizeof folder + 32];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)unlink(path);
}

static void clean(void)
{
    static const char *const names[] = {
            "state.db", "state.db-wal", "state.db-shm", "state.db-journal", "mark", "lock", "key"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        drop(names[i]);
    }
    (void)rmdir(folder);
}

/* A state with a row of each kind. */
static void make_base(void)
{
    struct cw_state *s = NULL;
    struct cw_state_module module;
    struct cw_state_connection connection;
    uint8_t bytes[64] = {1, 2, 3};
    uint16_t number;
    uint32_t peer;
    bool turned;
    FUZZ_HOLDS(mkdtemp(folder) != NULL);
    snprintf(database, sizeof database, "%s/state.db", folder);
    FUZZ_HOLDS(atexit(clean) == 0 && cw_state_open(folder, NULL, &s) == CW_OK);
    FUZZ_HOLDS(cw_state_begin(s) == CW_OK);
    FUZZ_HOLDS(cw_state_deployment(s, bytes) == CW_OK);
    FUZZ_HOLDS(cw_state_module(s, "button", &module) == CW_OK);
    FUZZ_HOLDS(cw_state_module_put(s, &module) == CW_OK);
    FUZZ_HOLDS(cw_state_endpoint(s, module.number, "pressed", &number) == CW_OK);
    FUZZ_HOLDS(cw_state_connection(s, "init", &connection) == CW_OK);
    FUZZ_HOLDS(cw_state_connection_put(s, &connection) == CW_OK);
    FUZZ_HOLDS(cw_state_link(s, "a", "b", &peer, bytes, &turned) == CW_OK);
    FUZZ_HOLDS(cw_state_outbox_put(s, connection.conn, 7, bytes, 40) == CW_OK);
    FUZZ_HOLDS(cw_state_secret_put(s, "vendor/n", bytes, 16) == CW_OK);
    FUZZ_HOLDS(cw_state_fact_put(s, "fact", "text") == CW_OK);
    FUZZ_HOLDS(cw_state_build_put(s, "button", bytes, bytes, sizeof bytes) == CW_OK);
    FUZZ_HOLDS(cw_state_commit(s) == CW_OK);
    cw_state_close(s);
    int fd = open(database, O_RDONLY | O_CLOEXEC);
    struct stat about;
    FUZZ_HOLDS(fd >= 0 && fstat(fd, &about) == 0 && about.st_size > 0);
    base_len = (size_t)about.st_size;
    base = malloc(base_len);
    FUZZ_HOLDS(base != NULL && read(fd, base, base_len) == (ssize_t)base_len);
    close(fd);
}

static void write_base(struct fuzz_input *in)
{
    int fd = open(database, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    drop("state.db-wal");
    drop("state.db-shm");
    drop("mark");
    FUZZ_HOLDS(fd >= 0 && write(fd, base, base_len) == (ssize_t)base_len);
    if (in != NULL) {
        size_t at = (size_t)fuzz_u16(in) % base_len;
        (void)!pwrite(fd, in->next, in->left_len, (off_t)at);
    }
    close(fd);
}

static void change(sqlite3 *db, const char *sql, unsigned type, struct fuzz_input *value)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK) {
        if (type == 0) {
            (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)fuzz_u64(value));
        } else if (type == 1) {
            (void)sqlite3_bind_text(statement, 1, (const char *)value->next, (int)value->left_len,
                    SQLITE_STATIC);
        } else {
            (void)sqlite3_bind_blob(statement, 1, value->next, (int)value->left_len, SQLITE_STATIC);
        }
        (void)sqlite3_step(statement);
    }
    (void)sqlite3_finalize(statement);
}

/* Everything that the tool reads. */
static void read_all(struct cw_state *s)
{
    struct cw_state_module *modules = NULL;
    struct cw_state_connection *connections = NULL;
    struct cw_state_fact *facts = NULL;
    struct cw_state_connection one;
    uint8_t *bytes = NULL;
    uint8_t secret[64];
    uint64_t counter;
    uint32_t peer;
    size_t count = 0;
    size_t len = 0;
    bool turned;
    if (cw_state_modules(s, &modules, &count) == CW_OK) {
        for (size_t i = 0; i < count; i++) {
            FUZZ_HOLDS(strnlen(modules[i].name, sizeof modules[i].name) < sizeof modules[i].name);
            FUZZ_HOLDS(strnlen(modules[i].node, sizeof modules[i].node) < sizeof modules[i].node);
        }
        free(modules);
    }
    if (cw_state_connections(s, &connections, &count) == CW_OK) {
        for (size_t i = 0; i < count; i++) {
            FUZZ_HOLDS(strnlen(connections[i].name, sizeof one.name) < sizeof one.name);
        }
        free(connections);
    }
    if (cw_state_facts(s, "", &facts, &count) == CW_OK) {
        free(facts);
    }
    (void)!cw_state_connection_find(s, "init", &one);
    (void)!cw_state_link(s, "a", "b", &peer, secret, &turned);
    if (cw_state_secret_get(s, "vendor/n", secret, sizeof secret, &len) == CW_OK) {
        FUZZ_HOLDS(len <= sizeof secret);
    }
    if (cw_state_outbox_first(s, 1, &counter, &bytes, &len) == CW_OK) {
        free(bytes);
    }
    if (cw_state_build_last(s, "button", &bytes, &len) == CW_OK) {
        free(bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    struct fuzz_input in = {input, input_len};
    const struct cw_state_access scratch = {.is_scratch = true};
    struct cw_state *s = NULL;
    sqlite3 *db = NULL;
    if (base == NULL) {
        make_base();
    }
    write_base(NULL);
    if (sqlite3_open(database, &db) == SQLITE_OK) {
        (void)sqlite3_exec(db, "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY", NULL, NULL,
                NULL);
    }
    for (int i = 0; i < 8 && in.left_len > 0; i++) {
        uint8_t which = fuzz_u8(&in);
        unsigned type = fuzz_u8(&in) % 4;
        size_t len;
        uint8_t *bytes = fuzz_own(&in, fuzz_u8(&in), &len);
        struct fuzz_input value = {bytes, len};
        if (type == 3) {
            (void)sqlite3_close(db);
            db = NULL;
            write_base(&value);
        } else if (db != NULL) {
            change(db, changes[which % (sizeof changes / sizeof *changes)], type, &value);
        }
        free(bytes);
    }
    (void)sqlite3_close(db);
    if (cw_state_open(folder, &scratch, &s) == CW_OK) {
        read_all(s);
        cw_state_close(s);
    }
    return 0;
}
