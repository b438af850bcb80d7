/* SPDX-License-Identifier: MIT */
/* plan: what apply would do, and why; it looks and decides as apply does, and stops there. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "deploy/change.h"
#include "deploy/memory.h"
#include "deploy/verb.h"
#include "deploy/work.h"
#include "posix/log.h"

#define ACTION_COUNT (CW_ACTION_UNKNOWN + 1u)

struct plan {
    struct cw_app *app;
    struct cw_change change;
    struct cw_decision *connections;
    size_t *settings; /* per module */
    size_t counts[ACTION_COUNT];
    size_t setting_count;
    bool is_change;
};

static void look(void *ctx, size_t i)
{
    struct plan *p = ctx;
    struct cw_change_node *n = &p->change.nodes[i];
    if (cw_change_look(&p->change, n) == CW_OK && n->is_reached) {
        n->status = cw_change_sweep(&p->change, n);
    }
}

/* Connections that the descriptor does not have any more. */
static cw_status foresee_ends(struct plan *p)
{
    struct cw_change *change = &p->change;
    struct cw_state_connection *rows;
    size_t count;
    cw_status status = cw_state_connections(p->app->state, &rows, &count);
    if (status != CW_OK) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        if (cw_descriptor_connection(&p->app->d, rows[i].name) != NULL) {
            continue;
        }
        change->ends = cw_memory_grow(change->ends, change->end_count, sizeof *change->ends);
        struct cw_change_end *end = &change->ends[change->end_count++];
        *end = (struct cw_change_end){.kind = "connection"};
        snprintf(end->name, sizeof end->name, "%s", rows[i].name);
        snprintf(end->reason, sizeof end->reason, "it is not in the descriptor any more");
    }
    cw_bytes_wipe(rows, count * sizeof *rows);
    free(rows);
    return CW_OK;
}

static cw_status foresee(struct plan *p)
{
    struct cw_app *app = p->app;
    cw_status status = CW_OK;
    for (size_t i = 0; i < app->d.connection_count && status == CW_OK; i++) {
        status = cw_app_foresee(app, &app->d.connections[i], &p->connections[i]);
        p->counts[p->connections[i].action]++;
    }
    for (size_t i = 0; i < app->d.module_count && status == CW_OK; i++) {
        struct cw_remote *r = &app->remotes[i];
        p->counts[r->decision.action]++;
        if (r->decision.action != CW_ACTION_UNKNOWN) {
            status = cw_settings_foresee(&p->change, r, &p->settings[i]);
            p->setting_count += p->settings[i];
        }
    }
    if (status == CW_OK) {
        status = foresee_ends(p);
    }
    p->counts[CW_ACTION_END] += p->change.end_count;
    return status;
}

static bool has_changes(const struct plan *p)
{
    size_t count = p->setting_count;
    for (size_t i = 0; i < p->change.node_count; i++) {
        count += p->change.nodes[i].start_why != NULL ? 1u : 0u;
    }
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        count += i == CW_ACTION_KEEP ? 0 : p->counts[i];
    }
    return count > 0;
}

/* --- telling ---------------------------------------- */

static void print_one(const char *action, const char *kind, const char *name, const char *node,
        const char *reason)
{
    printf("%-8s %-11s %s%s%s%s%s\n", action, kind, name, node[0] != '\0' ? " on " : "", node,
            reason[0] != '\0' ? ": " : "", reason);
}

static void print_plan(const struct plan *p)
{
    const struct cw_app *app = p->app;
    for (size_t i = 0; i < p->change.node_count; i++) {
        if (p->change.nodes[i].start_why != NULL) {
            print_one("start", "node", p->change.nodes[i].node->name.value, "",
                    p->change.nodes[i].start_why);
        }
    }
    for (size_t i = 0; i < app->d.module_count; i++) {
        const struct cw_remote *r = &app->remotes[i];
        print_one(cw_action_name(r->decision.action), "module", r->module->name.value,
                r->node->name.value, r->decision.reason);
        if (p->settings[i] > 0) {
            char what[64];
            snprintf(what, sizeof what, "%zu to be told to its node", p->settings[i]);
            print_one("set", "settings", r->module->name.value, r->node->name.value, what);
        }
    }
    for (size_t i = 0; i < app->d.connection_count; i++) {
        print_one(cw_action_name(p->connections[i].action), "connection",
                app->d.connections[i].name.value, "", p->connections[i].reason);
    }
    for (size_t i = 0; i < p->change.end_count; i++) {
        const struct cw_change_end *end = &p->change.ends[i];
        print_one("end", end->kind, end->name, end->node, end->reason);
    }
    const size_t *n = p->counts;
    printf("plan: %zu to create, %zu to replace, %zu to repair, %zu to rekey, %zu to end, %zu to "
           "set, %zu to keep, %zu unknown\n",
            n[CW_ACTION_CREATE], n[CW_ACTION_REPLACE], n[CW_ACTION_REPAIR], n[CW_ACTION_REKEY],
            n[CW_ACTION_END], p->setting_count, n[CW_ACTION_KEEP], n[CW_ACTION_UNKNOWN]);
}

static json_t *json_plan(const struct plan *p)
{
    const struct cw_app *app = p->app;
    json_t *modules = json_array();
    json_t *connections = json_array();
    json_t *ends = json_array();
    json_t *nodes = json_array();
    json_t *counts = json_object();
    for (size_t i = 0; i < app->d.module_count; i++) {
        const struct cw_remote *r = &app->remotes[i];
        json_array_append_new(modules,
                json_pack("{s:s, s:s, s:s, s:s, s:I}", "module", r->module->name.value, "node",
                        r->node->name.value, "action", cw_action_name(r->decision.action),
                        "reason", r->decision.reason, "settings", (json_int_t)p->settings[i]));
    }
    for (size_t i = 0; i < app->d.connection_count; i++) {
        json_array_append_new(connections,
                json_pack("{s:s, s:s, s:s}", "connection", app->d.connections[i].name.value,
                        "action", cw_action_name(p->connections[i].action), "reason",
                        p->connections[i].reason));
    }
    for (size_t i = 0; i < p->change.end_count; i++) {
        const struct cw_change_end *end = &p->change.ends[i];
        json_array_append_new(ends,
                json_pack("{s:s, s:s, s:s, s:s}", "kind", end->kind, "name", end->name, "node",
                        end->node, "reason", end->reason));
    }
    for (size_t i = 0; i < p->change.node_count; i++) {
        const struct cw_change_node *n = &p->change.nodes[i];
        json_array_append_new(nodes,
                json_pack("{s:s, s:b, s:b, s:b}", "node", n->node->name.value, "reached",
                        (int)n->is_reached, "starts", (int)(n->start_why != NULL), "in_descriptor",
                        (int)!n->is_former));
    }
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        json_object_set_new(counts, cw_action_name((cw_action)i),
                json_integer((json_int_t)p->counts[i]));
    }
    json_object_set_new(counts, "set", json_integer((json_int_t)p->setting_count));
    return json_pack("{s:b, s:b, s:o, s:o, s:o, s:o, s:o}", "ok", 1, "changes", (int)p->is_change,
            "nodes", nodes, "modules", modules, "connections", connections, "ends", ends, "counts",
            counts);
}

static cw_status make(struct plan *p)
{
    struct cw_app *app = p->app;
    cw_status status = cw_app_open(app);
    if (status == CW_OK) {
        status = cw_app_build(app);
    }
    if (status == CW_OK) {
        status = cw_app_plan(app);
    }
    if (status != CW_OK) {
        return status;
    }
    p->connections = cw_memory_new(app->d.connection_count + 1, sizeof *p->connections);
    p->settings = cw_memory_new(app->d.module_count + 1, sizeof *p->settings);
    status = cw_change_open(app, &p->change);
    if (status == CW_OK) {
        const struct cw_work work = {.count = p->change.node_count,
                .what = "plan",
                .run = look,
                .ctx = p};
        cw_work_run(app, &work);
        status = foresee(p);
    }
    p->is_change = has_changes(p);
    if (status == CW_OK && app->options.json) {
        cw_app_json(app, json_plan(p));
    } else if (status == CW_OK) {
        print_plan(p);
    }
    cw_change_close(&p->change);
    return status;
}

int cw_cmd_plan(struct cw_app *app, const struct cw_words *words)
{
    struct plan p = {.app = app};
    app->is_dry = true;
    const cw_status status = make(&p);
    free(p.connections);
    free(p.settings);
    if (status != CW_OK && app->options.json && app->mistakes.count == 0) {
        cw_app_json(app, json_pack("{s:b}", "ok", 0));
    }
    return status == CW_OK && words->exit_code && p.is_change ? CW_EXIT_CHANGES
                                                                    : cw_app_exit(status);
}
