/* SPDX-License-Identifier: MIT */
/*
 * apply: from the descriptor to modules that run, attested and connected.
 *
 *   node        look, decide, tidy up; then each module: load, attest, open a session
 *   connection  when both its nodes are done
 *   settings    of a node's modules, when their connections are made, so that nothing that they
 *               emit is lost
 *
 * All three are tasks that run side by side; what fails is left out, and the rest goes on.
 * Everything that changes a node or a module was written down before, so a run that breaks off
 * anywhere is repeated by the next.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "deploy/change.h"
#include "deploy/local.h"
#include "deploy/memory.h"
#include "deploy/secret.h"
#include "deploy/verb.h"
#include "deploy/work.h"
#include "posix/log.h"

struct apply {
    struct cw_app *app;
    struct cw_change change;
    cw_status *connected; /* per connection: CW_AGAIN: an end is not ready */
    bool *is_changed;
    cw_status *set;       /* per node: its settings                     */
    atomic_size_t *open; /* per node: connections that are not done yet */
};

static cw_status worse(cw_status a, cw_status b)
{
    return a == CW_E_DENIED || b == CW_OK ? a : b;
}

/* --- modules ---------------------------------------- */

static const struct cw_change_node *node_named(const struct apply *a, const char *name)
{
    for (size_t i = 0; i < a->change.node_count; i++) {
        if (strcmp(a->change.nodes[i].node->name.value, name) == 0) {
            return &a->change.nodes[i];
        }
    }
    return NULL;
}

/* Its old node is to take it off, now or when it is back. */
static cw_status leave(const struct apply *a, struct cw_remote *r)
{
    struct cw_app *app = a->app;
    if (node_named(a, r->row.node) == NULL) { /* a local node, which ends with this run */
        r->row.life = CW_LIFE_ABSENT;
        return cw_state_module_put(app->state, &r->row);
    }
    char *fact = cw_memory_format("left/%s/%" PRIu32, r->row.node, r->row.number);
    cw_status status = cw_state_begin(app->state);
    if (status == CW_OK) {
        status = cw_state_fact_put(app->state, fact, r->module->name.value);
        if (status == CW_OK) {
            r->row.life = CW_LIFE_ABSENT;
            status = cw_state_module_put(app->state, &r->row);
        }
        if (status == CW_OK) {
            status = cw_state_commit(app->state);
        } else {
            cw_state_rollback(app->state);
        }
    }
    free(fact);
    return status;
}

static cw_status place(const struct apply *a, struct cw_remote *r)
{
    struct cw_app *app = a->app;
    const bool is_elsewhere =
            r->row.life != CW_LIFE_ABSENT && strcmp(r->row.node, r->node->name.value) != 0;
    cw_status status = is_elsewhere ? leave(a, r) : CW_OK;
    if (status == CW_OK && (r->row.life != CW_LIFE_ABSENT || r->says != NULL)) {
        status = cw_remote_unload(app, r);
    }
    if (status == CW_OK) {
        status = cw_remote_load(app, r);
    }
    if (status == CW_OK) {
        status = cw_remote_attest(app, r);
        if (status == CW_E_ABSENT) {
            cw_log_error("node %s" CW_AT " has no module \"%s\", though it was loaded" CW_REMEDY
                                   ": apply once more; its log may say why",
                    r->node->name.value,
                    r->module->name.value);
            status = CW_E_SYSTEM;
        }
    }
    return status;
}

/* Ends of connections that no connection of the descriptor has. */
static cw_status close_unwanted(struct apply *a, struct cw_remote *r)
{
    cw_status status = CW_OK;
    for (size_t i = 0; i < r->channel_count && status == CW_OK; i++) {
        struct cw_answer *q = &r->channels[i];
        struct cw_answer answer;
        if ((q->flags & CW_ANSWER_CLOSED) == 0 && !cw_change_is_wanted(&a->change, q->conn)) {
            status = cw_remote_disable(a->app, r, q->channel, &answer);
            q->flags |= CW_ANSWER_CLOSED;
        }
    }
    return status;
}

static cw_status carry_out(struct apply *a, struct cw_remote *r)
{
    cw_status status = CW_OK;
    switch (r->decision.action) {
    case CW_ACTION_UNKNOWN:
        return r->seen == CW_SEEN_REFUSED ? CW_E_DENIED : CW_E_SYSTEM;
    case CW_ACTION_CREATE:
    case CW_ACTION_REPLACE:
        status = place(a, r);
        break;
    case CW_ACTION_KEEP:
    case CW_ACTION_REPAIR:
    case CW_ACTION_REKEY:
    case CW_ACTION_END:
        break;
    }
    if (status == CW_OK) {
        status = cw_remote_open(a->app, r);
    }
    if (status == CW_OK) {
        cw_app_step(a->app, "attest", "%s: %s%s", r->module->name.value, r->verdict.text,
                r->is_new_life ? "" : "; same life as before");
        status = close_unwanted(a, r);
    }
    if (status == CW_OK) {
        status = cw_app_configure(a->app, r);
    }
    r->is_ready = status == CW_OK;
    return status;
}

/* Where it was, for the day when the descriptor does not say it any more. */
static cw_status remember_node(struct cw_app *app, const struct cw_change_node *n)
{
    char *fact = cw_memory_format("node/%s", n->node->name.value);
    char *text = cw_memory_format("%s %s", n->node->tee.value, n->node->address.value);
    cw_status status = n->is_former || n->node->is_local || cw_state_fact_is(app->state, fact, text)
            ? CW_OK
            : cw_state_fact_put(app->state, fact, text);
    free(fact);
    free(text);
    return status;
}

static void work_on_node(struct apply *a, struct cw_change_node *n)
{
    cw_status status = cw_change_look(&a->change, n);
    if (status == CW_OK) {
        status = remember_node(a->app, n);
    }
    if (status == CW_OK) {
        status = cw_change_sweep(&a->change, n);
    }
    for (size_t i = 0; i < a->app->d.module_count; i++) {
        struct cw_remote *r = &a->app->remotes[i];
        if (r->node == n->node) {
            status = worse(status, carry_out(a, r));
        }
    }
    n->status = status;
}

/* --- tasks ---------------------------------------- */

static const struct cw_descriptor *descriptor_of(const struct apply *a)
{
    return &a->app->d;
}

static size_t node_index(const struct apply *a, const struct cw_descriptor_module *m)
{
    return (size_t)(m->node - descriptor_of(a)->nodes);
}

static size_t task_of_connection(const struct apply *a, size_t i)
{
    return a->change.node_count + i;
}

/* One more or one less connection to be made at the nodes of its ends. */
static void count_open(struct apply *a, const struct cw_descriptor_connection *c, bool more)
{
    const struct cw_descriptor_module *ends[] = {c->to, c->from};
    for (size_t i = 0; i < 2; i++) {
        if (ends[i] != NULL && more) {
            atomic_fetch_add(&a->open[node_index(a, ends[i])], 1);
        } else if (ends[i] != NULL) {
            atomic_fetch_sub(&a->open[node_index(a, ends[i])], 1);
        }
    }
}

static bool is_due(void *ctx, size_t i, const bool *is_done)
{
    const struct apply *a = ctx;
    const struct cw_descriptor *d = descriptor_of(a);
    if (i < a->change.node_count) {
        return true;
    }
    if (i < task_of_connection(a, d->connection_count)) {
        const struct cw_descriptor_connection *c = &d->connections[i - a->change.node_count];
        return is_done[node_index(a, c->to)] &&
                (c->from == NULL || is_done[node_index(a, c->from)]);
    }
    const size_t node = i - task_of_connection(a, d->connection_count);
    return is_done[node] && atomic_load(&a->open[node]) == 0;
}

static void connect_one(struct apply *a, size_t i)
{
    const struct cw_descriptor_connection *c = &a->app->d.connections[i];
    const struct cw_remote *dst = &a->app->remotes[c->to - a->app->d.modules];
    const struct cw_remote *src =
            c->from == NULL ? NULL : &a->app->remotes[c->from - a->app->d.modules];
    a->connected[i] = dst->is_ready && (src == NULL || src->is_ready)
            ? cw_app_connect(a->app, c, &a->is_changed[i])
            : CW_AGAIN;
    count_open(a, c, false);
}

static void set_all(struct apply *a, size_t node)
{
    for (size_t i = 0; i < a->app->d.module_count; i++) {
        struct cw_remote *r = &a->app->remotes[i];
        if (r->node == &a->app->d.nodes[node] && r->is_ready) {
            a->set[node] = worse(a->set[node], cw_settings_make(&a->change, r));
        }
    }
}

static void run_task(void *ctx, size_t i)
{
    struct apply *a = ctx;
    if (i < a->change.node_count) {
        work_on_node(a, &a->change.nodes[i]);
    } else if (i < task_of_connection(a, a->app->d.connection_count)) {
        connect_one(a, i - a->change.node_count);
    } else {
        set_all(a, i - task_of_connection(a, a->app->d.connection_count));
    }
}

/* --- what is over ---------------------------------------- */

/* Was everything done that concerns this module?  Others than the descriptor's were swept. */
static bool is_settled(const struct apply *a, uint32_t number)
{
    for (size_t i = 0; i < a->app->d.module_count; i++) {
        if (a->app->remotes[i].row.number == number) {
            return a->app->remotes[i].is_ready;
        }
    }
    return true;
}

static cw_status forget_connections(struct apply *a)
{
    struct cw_app *app = a->app;
    struct cw_state_connection *rows;
    size_t count;
    cw_status status = cw_state_connections(app->state, &rows, &count);
    if (status != CW_OK) {
        return status;
    }
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        if (cw_descriptor_connection(&app->d, rows[i].name) != NULL ||
                !is_settled(a, rows[i].src_module) || !is_settled(a, rows[i].dst_module)) {
            continue;
        }
        status = cw_state_connection_drop(app->state, rows[i].conn);
        if (status == CW_OK) {
            cw_app_step(app, "disconnect", "%s: it is not in the descriptor any more",
                    rows[i].name);
        }
    }
    cw_bytes_wipe(rows, count * sizeof *rows);
    free(rows);
    return status;
}

/* Modules that the descriptor does not have: their nodes were swept, or cannot be reached. */
static cw_status forget_modules(struct apply *a)
{
    struct cw_app *app = a->app;
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
        const struct cw_change_node *n = node_named(a, rows[i].node);
        /* Local nodes that the descriptor does not have were stopped, with all that ran there. */
        const bool is_swept = n != NULL ? n->is_reached && n->says != NULL : true;
        if (is_swept || app->options.force) {
            rows[i].life = CW_LIFE_ABSENT;
            status = cw_state_module_put(app->state, &rows[i]);
        }
    }
    free(rows);
    return status;
}

/* Former nodes that cannot be reached are forgotten when the owner says so. */
static cw_status forget_nodes(struct apply *a)
{
    cw_status worst = CW_OK;
    for (size_t i = 0; i < a->change.node_count; i++) {
        struct cw_change_node *n = &a->change.nodes[i];
        if (!n->is_former) {
            continue;
        }
        if (!n->is_reached && a->app->options.force) {
            cw_log_warn("node %s" CW_AT " is forgotten" CW_REMEDY ": what was left there may run "
                    "on, but nobody listens "
                        "to it",
                    n->node->name.value);
            n->says = json_object();
            n->status = cw_change_sweep(&a->change, n);
        } else if (!n->is_reached) {
            cw_log_error("modules were left on node %s, which the descriptor does not have any "
                         "more and which cannot be reached" CW_REMEDY ": start it, or forget it by "
                         "`causeway apply --force`",
                    n->node->name.value);
        }
        worst = worse(worst, n->status);
    }
    return worst;
}

/* --- the whole ---------------------------------------- */

/* What is left to do, in one line; the causes were told where they were found. */
static cw_status sum_up(struct apply *a)
{
    struct cw_app *app = a->app;
    cw_status worst = CW_OK;
    size_t modules = 0;
    size_t connections = 0;
    size_t unchanged = 0;
    for (size_t i = 0; i < app->d.node_count; i++) {
        worst = worse(worst, worse(a->change.nodes[i].status, a->set[i]));
    }
    for (size_t i = 0; i < app->d.module_count; i++) {
        modules += app->remotes[i].is_ready ? 0u : 1u;
    }
    for (size_t i = 0; i < app->d.connection_count; i++) {
        connections += a->connected[i] == CW_OK ? 0u : 1u;
        unchanged += a->connected[i] == CW_OK && !a->is_changed[i] ? 1u : 0u;
        worst = a->connected[i] == CW_AGAIN ? worst : worse(worst, a->connected[i]);
    }
    if (unchanged > 0) {
        cw_app_step(app, "connect", "%zu connection%s as before", unchanged,
                unchanged == 1 ? "" : "s");
    }
    if (modules > 0 || connections > 0) {
        cw_log_error("%zu of %zu modules and %zu of %zu connections are not as the descriptor says"
                     "; the rest is" CW_REMEDY ".  When the causes above are gone, `causeway apply` "
                     "does what is left",
                modules, app->d.module_count, connections, app->d.connection_count);
        worst = worst == CW_OK ? CW_E_SYSTEM : worst;
    }
    return worst;
}

static cw_status carry_all(struct apply *a)
{
    struct cw_app *app = a->app;
    const size_t fixed = app->d.connection_count + app->d.node_count;
    a->connected = cw_memory_new(app->d.connection_count + 1, sizeof *a->connected);
    a->is_changed = cw_memory_new(app->d.connection_count + 1, sizeof *a->is_changed);
    a->set = cw_memory_new(app->d.node_count + 1, sizeof *a->set);
    a->open = cw_memory_new(app->d.node_count + 1, sizeof *a->open);
    for (size_t i = 0; i < app->d.connection_count; i++) {
        count_open(a, &app->d.connections[i], true);
    }
    const struct cw_work work = {.count = a->change.node_count + fixed,
            .what = "apply",
            .is_due = is_due,
            .run = run_task,
            .ctx = a};
    cw_work_run(app, &work);
    cw_status status = worse(forget_nodes(a), sum_up(a));
    status = worse(status, forget_connections(a));
    status = worse(status, cw_local_stop(app, false));
    status = worse(status, forget_modules(a));
    if (status == CW_OK && a->change.is_restored) {
        status = cw_state_fact_drop(app->state, "restored");
    }
    free(a->connected);
    free(a->is_changed);
    free(a->set);
    free(a->open);
    return status;
}

/* --accept-rollback NODE */
static bool names_a_node(const struct cw_app *app)
{
    const char *name = app->options.accept_rollback;
    bool is_there = name == NULL;
    for (size_t i = 0; i < app->d.node_count && !is_there; i++) {
        is_there = strcmp(app->d.nodes[i].name.value, name) == 0;
    }
    if (!is_there) {
        cw_log_error("--accept-rollback" CW_AT ": found \"%s\", which no node is called" CW_REMEDY
                     ", expected a node of %s",
                name, app->descriptor_path);
    }
    return is_there;
}

static cw_status apply(struct cw_app *app)
{
    struct apply a = {.app = app};
    cw_status status = cw_app_describe(app);
    if (status == CW_OK && !names_a_node(app)) {
        status = CW_E_FORM;
    }
    if (status == CW_OK) {
        status = cw_app_open(app);
    }
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
        const cw_status started = cw_local_start(app);
        status = cw_change_open(app, &a.change);
        if (status == CW_OK) {
            status = worse(carry_all(&a), started);
        }
        cw_change_close(&a.change);
    }
    return status;
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
