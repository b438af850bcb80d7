/* SPDX-License-Identifier: MIT */
/* Rows of modules, connections, links, frames and builds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "deploy/memory.h"
#include "deploy/state_sql.h"
#include "posix/log.h"

static void module_of_row(sqlite3_stmt *row, struct cw_state_module *ret_module)
{
    struct cw_state_module m = {0};
    m.number = (uint32_t)sqlite3_column_int64(row, 0);
    cw_sql_text(row, 1, m.name, sizeof m.name);
    cw_sql_text(row, 2, m.node, sizeof m.node);
    m.life = (uint8_t)sqlite3_column_int(row, 3);
    m.kind = (uint8_t)sqlite3_column_int(row, 4);
    m.session = (uint32_t)sqlite3_column_int64(row, 5);
    cw_sql_bytes(row, 6, m.start, sizeof m.start);
    cw_sql_bytes(row, 7, m.image_hash, sizeof m.image_hash);
    *ret_module = m;
}

static cw_status module_of_name(struct cw_state *s, const char *name, struct cw_state_module *ret_module)
{
    sqlite3_stmt *row = cw_sql_ask(s,
            "SELECT number, name, node, life, kind, session, start, image_hash FROM module "
            "WHERE name = ?",
            "t", name);
    cw_status status = cw_sql_row(s, row);
    if (status == CW_OK) {
        module_of_row(row, ret_module);
    }
    cw_sql_end(s, row);
    if (status != CW_E_ABSENT) {
        return status;
    }
    struct cw_state_module m = {0};
    snprintf(m.name, sizeof m.name, "%s", name);
    status = cw_state_next(s, "module", &m.number);
    if (status == CW_OK) {
        status = cw_state_module_put(s, &m);
    }
    if (status == CW_OK) {
        *ret_module = m;
    }
    return status;
}

cw_status cw_state_module(struct cw_state *s, const char *name, struct cw_state_module *ret_module)
{
    cw_sql_hold(s);
    cw_status status = module_of_name(s, name, ret_module);
    cw_sql_release(s);
    return status;
}

cw_status cw_state_module_put(struct cw_state *s, const struct cw_state_module *m)
{
    return cw_sql_do(s, "INSERT OR REPLACE INTO module VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
            "ittiiibb", (int64_t)m->number, m->name, m->node, (int64_t)m->life, (int64_t)m->kind,
            (int64_t)m->session, m->start, sizeof m->start, m->image_hash, sizeof m->image_hash);
}

cw_status cw_state_modules(struct cw_state *s, struct cw_state_module **ret_modules,
        size_t *ret_count)
{
    struct cw_state_module *modules = NULL;
    size_t count = 0;
    sqlite3_stmt *row = cw_sql_ask(s,
            "SELECT number, name, node, life, kind, session, start, image_hash FROM module "
            "ORDER BY number",
            "");
    cw_status status;
    while ((status = cw_sql_row(s, row)) == CW_OK) {
        modules = cw_memory_grow(modules, count, sizeof *modules);
        module_of_row(row, &modules[count++]);
    }
    cw_sql_end(s, row);
    if (status != CW_E_ABSENT) {
        free(modules);
        return status;
    }
    *ret_modules = modules;
    *ret_count = count;
    return CW_OK;
}

static cw_status endpoint_number(struct cw_state *s, uint32_t module, const char *name,
        uint16_t *ret_number)
{
    sqlite3_stmt *row = cw_sql_ask(s,
            "SELECT number FROM endpoint WHERE module = ? AND name = ?", "it", (int64_t)module,
            name);
    cw_status status = cw_sql_row(s, row);
    int64_t number = status == CW_OK ? sqlite3_column_int64(row, 0) : 0;
    cw_sql_end(s, row);
    if (status == CW_E_ABSENT) {
        char kind[48];
        uint32_t next;
        snprintf(kind, sizeof kind, "endpoint of %u", module);
        status = cw_state_next(s, kind, &next);
        number = next;
        if (status == CW_OK && number > UINT16_MAX) {
            cw_log_error("module %u has used up its endpoint numbers", module);
            status = CW_E_SPACE;
        }
        if (status == CW_OK) {
            status = cw_sql_do(s, "INSERT INTO endpoint VALUES(?, ?, ?)", "iti", (int64_t)module,
                    name, number);
        }
    }
    *ret_number = (uint16_t)number;
    return status;
}

cw_status cw_state_endpoint(struct cw_state *s, uint32_t module, const char *name,
        uint16_t *ret_number)
{
    cw_sql_hold(s);
    cw_status status = endpoint_number(s, module, name, ret_number);
    cw_sql_release(s);
    return status;
}

#define CONNECTION_COLUMNS \
    "conn, name, src_module, dst_module, src_endpoint, dst_endpoint, cipher, mode, limit_log2, " \
    "phase, start, window, event_max, epoch, channel, first, key, src_start, dst_start, src_count, " \
    "src_acked, dst_count"

static void key_place(uint32_t conn, char *ret_where, size_t cap)
{
    snprintf(ret_where, cap, "connection/%u", conn);
}

static cw_status connection_of_row(struct cw_state *s, sqlite3_stmt *row,
        struct cw_state_connection *ret_connection)
{
    struct cw_state_connection c = {0};
    c.conn = (uint32_t)sqlite3_column_int64(row, 0);
    cw_sql_text(row, 1, c.name, sizeof c.name);
    c.src_module = (uint32_t)sqlite3_column_int64(row, 2);
    c.dst_module = (uint32_t)sqlite3_column_int64(row, 3);
    c.src_endpoint = (uint16_t)sqlite3_column_int(row, 4);
    c.dst_endpoint = (uint16_t)sqlite3_column_int(row, 5);
    c.cipher = (uint8_t)sqlite3_column_int(row, 6);
    c.mode = (uint8_t)sqlite3_column_int(row, 7);
    c.limit_log2 = (uint8_t)sqlite3_column_int(row, 8);
    c.phase = (uint8_t)sqlite3_column_int(row, 9);
    c.start = (uint8_t)sqlite3_column_int(row, 10);
    c.window = (uint16_t)sqlite3_column_int(row, 11);
    c.event_max = (uint32_t)sqlite3_column_int64(row, 12);
    c.epoch = (uint32_t)sqlite3_column_int64(row, 13);
    c.channel = (uint32_t)sqlite3_column_int64(row, 14);
    c.first = (uint64_t)sqlite3_column_int64(row, 15);
    uint8_t sealed[CW_KEY_LEN + CW_SECRET_OVERHEAD];
    cw_sql_bytes(row, 16, sealed, sizeof sealed);
    cw_sql_bytes(row, 17, c.src_start, sizeof c.src_start);
    cw_sql_bytes(row, 18, c.dst_start, sizeof c.dst_start);
    c.src_count = (uint64_t)sqlite3_column_int64(row, 19);
    c.src_acked = (uint64_t)sqlite3_column_int64(row, 20);
    c.dst_count = (uint64_t)sqlite3_column_int64(row, 21);
    char where[48];
    key_place(c.conn, where, sizeof where);
    cw_status status = cw_secret_open(s->key, where, sealed, sizeof sealed, c.key);
    if (status != CW_OK) {
        cw_log_error("%s/state.db" CW_AT ": the key of connection \"%s\" does not open: the "
                "state was "
                     "changed",
                s->folder, c.name);
        return CW_E_SYSTEM;
    }
    *ret_connection = c;
    cw_bytes_wipe(&c, sizeof c);
    return CW_OK;
}

cw_status cw_state_connection_find(struct cw_state *s, const char *name,
        struct cw_state_connection *ret_connection)
{
    sqlite3_stmt *row = cw_sql_ask(s,
            "SELECT " CONNECTION_COLUMNS " FROM connection WHERE name = ?", "t", name);
    cw_status status = cw_sql_row(s, row);
    if (status == CW_OK) {
        status = connection_of_row(s, row, ret_connection);
    }
    cw_sql_end(s, row);
    return status;
}

static cw_status connection_of_name(struct cw_state *s, const char *name,
        struct cw_state_connection *ret_connection)
{
    cw_status status = cw_state_connection_find(s, name, ret_connection);
    if (status != CW_E_ABSENT) {
        return status;
    }
    struct cw_state_connection c = {0};
    snprintf(c.name, sizeof c.name, "%s", name);
    status = cw_state_next(s, "connection", &c.conn);
    if (status == CW_OK) {
        status = cw_state_connection_put(s, &c);
    }
    if (status == CW_OK) {
        *ret_connection = c;
    }
    return status;
}

cw_status cw_state_connection(struct cw_state *s, const char *name,
        struct cw_state_connection *ret_connection)
{
    cw_sql_hold(s);
    cw_status status = connection_of_name(s, name, ret_connection);
    cw_sql_release(s);
    return status;
}

cw_status cw_state_connection_put(struct cw_state *s, const struct cw_state_connection *c)
{
    uint8_t sealed[CW_KEY_LEN + CW_SECRET_OVERHEAD];
    char where[48];
    key_place(c->conn, where, sizeof where);
    cw_status status = cw_secret_seal(s->key, where, c->key, sizeof c->key, sealed);
    if (status != CW_OK) {
        return status;
    }
    return cw_sql_do(s,
            "INSERT OR REPLACE INTO connection(" CONNECTION_COLUMNS ") "
            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            "itiiiiiiiiiiiiiibbbiii", (int64_t)c->conn, c->name, (int64_t)c->src_module,
            (int64_t)c->dst_module, (int64_t)c->src_endpoint, (int64_t)c->dst_endpoint,
            (int64_t)c->cipher, (int64_t)c->mode, (int64_t)c->limit_log2, (int64_t)c->phase,
            (int64_t)c->start, (int64_t)c->window, (int64_t)c->event_max, (int64_t)c->epoch, (int64_t)c->channel,
            (int64_t)c->first, sealed, sizeof sealed, c->src_start, sizeof c->src_start,
            c->dst_start, sizeof c->dst_start, (int64_t)c->src_count, (int64_t)c->src_acked,
            (int64_t)c->dst_count);
}

cw_status cw_state_connections(struct cw_state *s, struct cw_state_connection **ret_connections,
        size_t *ret_count)
{
    struct cw_state_connection *connections = NULL;
    size_t count = 0;
    sqlite3_stmt *row = cw_sql_ask(s,
            "SELECT " CONNECTION_COLUMNS " FROM connection ORDER BY conn", "");
    cw_status status;
    while ((status = cw_sql_row(s, row)) == CW_OK) {
        connections = cw_memory_grow(connections, count, sizeof *connections);
        status = connection_of_row(s, row, &connections[count++]);
        if (status != CW_OK) {
            break;
        }
    }
    cw_sql_end(s, row);
    if (status != CW_E_ABSENT) {
        free(connections);
        return status;
    }
    *ret_connections = connections;
    *ret_count = count;
    return CW_OK;
}

cw_status cw_state_connection_drop(struct cw_state *s, uint32_t conn)
{
    cw_status status = cw_sql_do(s, "DELETE FROM outbox WHERE conn = ?", "i", (int64_t)conn);
    return status == CW_OK
            ? cw_sql_do(s, "DELETE FROM connection WHERE conn = ?", "i", (int64_t)conn)
            : status;
}

static cw_status link_between(struct cw_state *s, const char *from, const char *to,
        uint32_t *ret_peer, uint8_t ret_key[static CW_LINK_KEY_LEN])
{
    char where[2 * CW_STATE_NAME_CAP + 16];
    snprintf(where, sizeof where, "link/%s/%s", from, to);
    uint8_t sealed[CW_LINK_KEY_LEN + CW_SECRET_OVERHEAD];
    sqlite3_stmt *row = cw_sql_ask(s,
            "SELECT peer, key FROM link WHERE from_node = ? AND to_node = ?", "tt", from, to);
    cw_status status = cw_sql_row(s, row);
    if (status == CW_OK) {
        *ret_peer = (uint32_t)sqlite3_column_int64(row, 0);
        cw_sql_bytes(row, 1, sealed, sizeof sealed);
    }
    cw_sql_end(s, row);
    if (status == CW_OK) {
        status = cw_secret_open(s->key, where, sealed, sizeof sealed, ret_key);
        return status == CW_OK ? CW_OK : CW_E_SYSTEM;
    }
    if (status != CW_E_ABSENT) {
        return status;
    }
    cw_secret_random(ret_key, CW_LINK_KEY_LEN);
    status = cw_state_next(s, "peer", ret_peer);
    if (status == CW_OK) {
        status = cw_secret_seal(s->key, where, ret_key, CW_LINK_KEY_LEN, sealed);
    }
    if (status == CW_OK) {
        status = cw_sql_do(s, "INSERT INTO link VALUES(?, ?, ?, ?)", "ttib", from, to,
                (int64_t)*ret_peer, sealed, sizeof sealed);
    }
    return status;
}

static bool is_linked(struct cw_state *s, const char *from, const char *to)
{
    sqlite3_stmt *row = cw_sql_ask(s, "SELECT peer FROM link WHERE from_node = ? AND to_node = ?",
            "tt", from, to);
    const bool is_there = cw_sql_row(s, row) == CW_OK;
    cw_sql_end(s, row);
    return is_there;
}

cw_status cw_state_link(struct cw_state *s, const char *from, const char *to, uint32_t *ret_peer,
        uint8_t ret_key[static CW_LINK_KEY_LEN], bool *ret_turned)
{
    cw_sql_hold(s);
    *ret_turned = !is_linked(s, from, to) && is_linked(s, to, from);
    cw_status status = link_between(s, *ret_turned ? to : from, *ret_turned ? from : to, ret_peer,
            ret_key);
    cw_sql_release(s);
    return status;
}

cw_status cw_state_outbox_put(struct cw_state *s, uint32_t conn, uint64_t counter,
        const uint8_t *frame, size_t len)
{
    return cw_sql_do(s, "INSERT INTO outbox VALUES(?, ?, ?)", "iib", (int64_t)conn,
            (int64_t)counter, frame, len);
}

cw_status cw_state_outbox_first(struct cw_state *s, uint32_t conn, uint64_t *ret_counter,
        uint8_t **ret_frame, size_t *ret_len)
{
    sqlite3_stmt *row = cw_sql_ask(s,
            "SELECT counter, frame FROM outbox WHERE conn = ? ORDER BY counter LIMIT 1", "i",
            (int64_t)conn);
    cw_status status = cw_sql_row(s, row);
    if (status == CW_OK) {
        *ret_counter = (uint64_t)sqlite3_column_int64(row, 0);
        *ret_len = (size_t)sqlite3_column_bytes(row, 1);
        *ret_frame = cw_memory_new(*ret_len, 1);
        cw_sql_bytes(row, 1, *ret_frame, *ret_len);
    }
    cw_sql_end(s, row);
    return status;
}

cw_status cw_state_outbox_drop(struct cw_state *s, uint32_t conn, uint64_t below)
{
    return cw_sql_do(s, "DELETE FROM outbox WHERE conn = ? AND counter < ?", "ii", (int64_t)conn,
            (int64_t)below);
}

cw_status cw_state_outbox_count(struct cw_state *s, uint32_t conn, uint64_t *ret_count)
{
    sqlite3_stmt *row = cw_sql_ask(s, "SELECT count(*) FROM outbox WHERE conn = ?", "i",
            (int64_t)conn);
    cw_status status = cw_sql_row(s, row);
    *ret_count = status == CW_OK ? (uint64_t)sqlite3_column_int64(row, 0) : 0;
    cw_sql_end(s, row);
    return status;
}

static void build_place(const char *module, char *ret_where, size_t cap)
{
    snprintf(ret_where, cap, "build/%s", module);
}

/* The bytes of a row, opened; the statement is finalized. */
static cw_status build_of_row(struct cw_state *s, const char *module, sqlite3_stmt *row,
        uint8_t **ret_bytes, size_t *ret_len)
{
    char where[CW_STATE_NAME_CAP + 8];
    build_place(module, where, sizeof where);
    cw_status status = cw_sql_row(s, row);
    if (status == CW_OK) {
        size_t len = (size_t)sqlite3_column_bytes(row, 0);
        if (len < CW_SECRET_OVERHEAD) {
            status = CW_E_ABSENT;
        } else {
            uint8_t *bytes = cw_memory_new(len, 1);
            status = cw_secret_open(s->key, where, sqlite3_column_blob(row, 0), len, bytes);
            *ret_bytes = bytes;
            *ret_len = len - CW_SECRET_OVERHEAD;
            if (status != CW_OK) {
                free(bytes);
                status = CW_E_ABSENT; /* build anew */
            }
        }
    }
    cw_sql_end(s, row);
    return status;
}

cw_status cw_state_build_get(struct cw_state *s, const char *module,
        const uint8_t hash[static 32], uint8_t **ret_bytes, size_t *ret_len)
{
    return build_of_row(s, module,
            cw_sql_ask(s, "SELECT bytes FROM build WHERE module = ? AND hash = ?", "tb", module,
                    hash, (size_t)32),
            ret_bytes, ret_len);
}

cw_status cw_state_build_last(struct cw_state *s, const char *module, uint8_t **ret_bytes,
        size_t *ret_len)
{
    return build_of_row(s, module,
            cw_sql_ask(s, "SELECT bytes FROM build WHERE module = ?", "t", module), ret_bytes,
            ret_len);
}

cw_status cw_state_build_put(struct cw_state *s, const char *module,
        const uint8_t hash[static 32], const uint8_t *bytes, size_t len)
{
    char where[CW_STATE_NAME_CAP + 8];
    build_place(module, where, sizeof where);
    uint8_t *sealed = cw_memory_new(len + CW_SECRET_OVERHEAD, 1);
    cw_status status = cw_secret_seal(s->key, where, bytes, len, sealed);
    if (status == CW_OK) {
        status = cw_sql_do(s, "INSERT OR REPLACE INTO build VALUES(?, ?, ?)", "tbb", module, hash,
                (size_t)32, sealed, len + CW_SECRET_OVERHEAD);
    }
    free(sealed);
    return status;
}

cw_status cw_state_forget(struct cw_state *s)
{
    static const char *const steps[] = {
            "DELETE FROM outbox",
            "DELETE FROM connection",
            "DELETE FROM link",
            "DELETE FROM module",
            "DELETE FROM endpoint",
            "DELETE FROM fact WHERE name NOT LIKE 'pin/%' AND name NOT LIKE 'past/%' "
            "AND name NOT LIKE 'device/%' AND name NOT IN ('lock', 'mark')",
    };
    cw_status status = cw_state_begin(s);
    if (status != CW_OK) {
        return status;
    }
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && status == CW_OK; i++) {
        status = cw_sql_do(s, steps[i], "");
    }
    if (status == CW_OK) {
        return cw_state_commit(s);
    }
    cw_state_rollback(s);
    return status;
}
