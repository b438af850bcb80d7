/* SPDX-License-Identifier: MIT */
/* apply: from the descriptor to modules that run, attested and connected. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/module/endpoint.h"
#include "deploy/local.h"
#include "deploy/memory.h"
#include "deploy/secret.h"
#include "deploy/verb.h"
#include "posix/log.h"

static const struct cw_descriptor_node *node_named(const struct cw_app *app, const char *name)
{
    for (size_t i = 0; i < app->d.node_count; i++) {
        if (strcmp(app->d.nodes[i].name.value, name) == 0) {
            return &app->d.nodes[i];
        }
    }
    return NULL;
}

/* Take a module off a node that it left; a node that is gone is warned of. */
static cw_status leave(struct cw_app *app, struct cw_state_module *row)
{
    const struct cw_descriptor_module gone = {.name.value = row->name};
    struct cw_remote r = {.module = &gone, .row = *row, .node = node_named(app, row->node)};
    cw_status status = CW_OK;
    if (r.node == NULL) {
        if (cw_local_has(app, row->node)) { /* which ends with this apply */
            row->life = CW_LIFE_ABSENT;
            return cw_state_module_put(app->state, row);
        }
        cw_log_warn("module \"%s\" ran on node \"%s\", which the descriptor does not have any "
                    "more: it may run on, but nobody listens to it",
                row->name, row->node);
        row->life = CW_LIFE_ABSENT;
        return cw_state_module_put(app->state, row);
    }
    status = cw_remote_unload(app, &r);
    if (status == CW_OK) {
        *row = r.row;
        cw_app_step(app, "unload", "%s from %s", row->name, row->node);
    }
    return status;
}

/* Modules that are not there, or are not what was built, are loaded; all nodes work at once. */
static cw_status load(struct cw_app *app)
{
    bool *is_posted = cw_memory_new(app->d.module_count, sizeof *is_posted);
    cw_status status = CW_OK;
    for (size_t i = 0; i < app->d.module_count && status == CW_OK; i++) {
        struct cw_remote *r = &app->remotes[i];
        status = cw_app_client(app, r->node, &r->client);
        if (status == CW_OK && r->row.life != CW_LIFE_ABSENT &&
                strcmp(r->row.node, r->node->name.value) != 0) {
            status = leave(app, &r->row); /* the descriptor moved it */
        }
        if (status != CW_OK) {
            break;
        }
        const bool is_other = r->row.life != CW_LIFE_ABSENT &&
                memcmp(r->row.image_hash, r->image_hash, sizeof r->image_hash) != 0;
        status = is_other ? CW_E_ABSENT : cw_remote_attest(app, r);
        if (status == CW_OK && r->manager.evidence.state == CW_STATE_DISABLED) {
            status = CW_E_ABSENT;
        }
        if (status != CW_E_ABSENT) {
            continue;
        }
        r->is_attested = false;
        status = r->row.life == CW_LIFE_ABSENT ? CW_OK : cw_remote_unload(app, r);
        if (status == CW_OK) {
            is_posted[i] = true;
        }
    }
    size_t posted = 0;
    for (size_t i = 0; i < app->d.module_count && status == CW_OK; i++) {
        if (is_posted[i]) {
            status = cw_remote_load_post(app, &app->remotes[i]);
            posted = i + 1;
        }
    }
    for (size_t i = 0; i < posted && status == CW_OK; i++) {
        if (is_posted[i]) {
            status = cw_remote_load_take(app, &app->remotes[i]);
        }
    }
    free(is_posted);
    return status;
}

static cw_status attest(struct cw_app *app)
{
    for (size_t i = 0; i < app->d.module_count; i++) {
        struct cw_remote *r = &app->remotes[i];
        cw_status status = r->is_attested ? CW_OK : cw_remote_attest(app, r);
        if (status == CW_E_ABSENT) {
            cw_log_error("node %s has no module \"%s\", though it was loaded", r->node->name.value,
                    r->module->name.value);
            return CW_E_SYSTEM;
        }
        if (status == CW_OK) {
            status = cw_remote_open(app, r);
        }
        if (status != CW_OK) {
            return status;
        }
        cw_app_step(app, "attest", "%s: %s%s", r->module->name.value, r->verdict.text,
                r->is_new_life ? "" : "; same life as before");
    }
    return CW_OK;
}

/* Connections that the descriptor does not have any more. */
static cw_status drop_connections(struct cw_app *app)
{
    struct cw_state_connection *rows;
    size_t count;
    cw_status status = cw_state_connections(app->state, &rows, &count);
    if (status != CW_OK) {
        return status;
    }
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        if (cw_descriptor_connection(&app->d, rows[i].name) == NULL) {
            status = cw_app_disconnect(app, &rows[i]);
        }
    }
    cw_bytes_wipe(rows, count * sizeof *rows);
    free(rows);
    return status;
}

/* Modules that the descriptor does not have any more. */
static cw_status drop_modules(struct cw_app *app)
{
    struct cw_state_module *rows;
    size_t count;
    cw_status status = cw_state_modules(app->state, &rows, &count);
    if (status != CW_OK) {
        return status;
    }
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        if (rows[i].life == CW_LIFE_ABSENT || cw_descriptor_module(&app->d, rows[i].name) != NULL) {
            continue;
        }
        status = leave(app, &rows[i]);
    }
    free(rows);
    return status;
}

/* A setting at a node that holds for one life of a module: made once per life. */
static cw_status set_once(struct cw_app *app, struct cw_remote *r, const char *fact,
        const char *value, cw_node_request type, const uint8_t *fields, size_t len,
        const char *what)
{
    char start[2 * CW_START_LEN + 1];
    cw_hex_put(r->row.start, CW_START_LEN, start);
    char *text = cw_memory_format("%s %s", start, value);
    cw_status status = CW_OK;
    if (r->is_new_life || !cw_state_fact_is(app->state, fact, text)) {
        struct cw_node_answer answer;
        status = cw_nodeclient_ask(r->client, type, fields, len, &answer);
        if (status == CW_OK && answer.status != CW_OK) {
            char said[1024];
            cw_nodeclient_text(&answer, said, sizeof said);
            cw_log_error("node %s: %s: %s", r->node->name.value, what, said);
            status = CW_E_SYSTEM;
        }
        if (status == CW_OK) {
            status = cw_state_fact_put(app->state, fact, text);
        }
        if (status == CW_OK) {
            cw_app_step(app, "set", "%s", what);
        }
    }
    free(text);
    return status;
}

static cw_status set_periodic(struct cw_app *app)
{
    cw_status status = CW_OK;
    for (size_t i = 0; i < app->d.periodic_count && status == CW_OK; i++) {
        const struct cw_descriptor_periodic *p = &app->d.periodic[i];
        struct cw_remote *r = &app->remotes[p->module - app->d.modules];
        uint16_t index = 0;
        if (cw_remote_endpoint(r, p->entry.value, &index) == NULL) {
            return CW_E_ABSENT;
        }
        uint8_t fields[32];
        struct cw_module_name name = {.number = r->row.number};
        memcpy(name.deployment, app->deployment, sizeof name.deployment);
        struct cw_writer w = cw_writer_over(fields, sizeof fields);
        cw_node_put_module(&w, &name);
        cw_writer_u16(&w, index);
        cw_writer_u16(&w, 0);
        cw_writer_u32(&w, (uint32_t)p->every_ms.value);
        char *fact = cw_memory_format("periodic/%s/%s", r->module->name.value, p->entry.value);
        char *value = cw_memory_format("%lld", p->every_ms.value);
        char *what = cw_memory_format("%s.%s every %lld ms", r->module->name.value,
                p->entry.value, p->every_ms.value);
        status = set_once(app, r, fact, value, CW_NODE_PERIODIC, fields, w.used_len, what);
        free(fact);
        free(value);
        free(what);
    }
    return status;
}

static cw_status set_serve(struct cw_app *app)
{
    cw_status status = CW_OK;
    for (size_t i = 0; i < app->d.module_count && status == CW_OK; i++) {
        struct cw_remote *r = &app->remotes[i];
        char *fact = cw_memory_format("serve/%s", r->module->name.value);
        const char *address = r->module->serve.value == NULL ? "" : r->module->serve.value;
        char unused[512];
        if (address[0] != '\0' ||
                cw_state_fact_get(app->state, fact, unused, sizeof unused) == CW_OK) {
            uint8_t fields[512];
            struct cw_module_name name = {.number = r->row.number};
            memcpy(name.deployment, app->deployment, sizeof name.deployment);
            struct cw_writer w = cw_writer_over(fields, sizeof fields);
            cw_node_put_module(&w, &name);
            cw_node_put_string(&w, address);
            char *what = cw_memory_format("%s serves %s", r->module->name.value,
                    address[0] == '\0' ? "nobody any more" : address);
            status = set_once(app, r, fact, address, CW_NODE_SERVE, fields, w.used_len, what);
            free(what);
        }
        free(fact);
    }
    return status;
}

static cw_status connect_all(struct cw_app *app)
{
    size_t unchanged = 0;
    cw_status status = drop_connections(app);
    for (size_t i = 0; i < app->d.connection_count && status == CW_OK; i++) {
        bool is_changed;
        status = cw_app_connect(app, &app->d.connections[i], &is_changed);
        unchanged += is_changed ? 0u : 1u;
    }
    if (status == CW_OK && unchanged > 0) {
        cw_app_step(app, "connect", "%zu connection%s as before", unchanged,
                unchanged == 1 ? "" : "s");
    }
    return status;
}

static cw_status apply(struct cw_app *app)
{
    cw_status status = cw_app_open(app);
    if (status == CW_OK) {
        cw_app_step(app, "validate", "%s: %zu nodes, %zu modules, %zu connections",
                app->descriptor_path, app->d.node_count, app->d.module_count,
                app->d.connection_count);
        status = cw_app_build(app);
    }
    if (status == CW_OK) {
        status = cw_app_plan(app);
    }
    if (status == CW_OK) {
        status = cw_local_start(app);
    }
    if (status == CW_OK) {
        status = load(app);
    }
    if (status == CW_OK) {
        status = attest(app);
    }
    if (status == CW_OK) {
        status = connect_all(app);
    }
    if (status == CW_OK) {
        status = drop_modules(app);
    }
    if (status == CW_OK) {
        status = set_periodic(app);
    }
    if (status == CW_OK) {
        status = set_serve(app);
    }
    return status == CW_OK ? cw_local_stop(app, false) : status;
}

int cw_cmd_apply(struct cw_app *app, const struct cw_words *words)
{
    (void)words;
    const cw_status status = apply(app);
    if (app->options.json && app->mistakes.count == 0) {
        cw_app_json(app, json_pack("{s:b}", "ok", status == CW_OK));
    }
    return cw_app_exit(status);
}
