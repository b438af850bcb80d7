/* SPDX-License-Identifier: MIT */
/* destroy: end all sessions, unload all modules, forget the deployment; all nodes at once. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/change.h"
#include "deploy/local.h"
#include "deploy/memory.h"
#include "deploy/secret.h"
#include "deploy/verb.h"
#include "deploy/work.h"
#include "posix/log.h"

/*
 * Have it disabled in its own name, where it can be asked; it is unloaded in any case.
 *
 * CW_OK      it said so; or it is not there, or is not what was built last, so that nobody here can
 *            tell its evidence: its node's word must do
 * otherwise  what its node brought is not its word; a line was printed
 */
static cw_status disable(struct cw_app *app, struct cw_remote *r)
{
    struct cw_answer answer;
    if (cw_remote_recall(app, r) != CW_OK ||
            memcmp(r->row.image_hash, r->image_hash, sizeof r->image_hash) != 0) {
        return CW_OK;
    }
    cw_status status = cw_remote_attest(app, r);
    status = status == CW_OK ? cw_remote_open(app, r) : status;
    status = status == CW_OK ? cw_remote_disable(app, r, CW_DISABLE_ALL, &answer) : status;
    if (status == CW_OK && answer.status == CW_OK) {
        cw_app_step(app, "disable", "%s: by its own word", r->module->name.value);
    }
    return status == CW_E_ABSENT ? CW_OK : status;
}

/* What is on a node as far as the state knows; the caller frees it. */
static cw_status rows_on(struct cw_app *app, const char *node, struct cw_state_module **ret_rows,
        size_t *ret_count)
{
    size_t all = 0;
    *ret_count = 0;
    cw_status status = cw_state_modules(app->state, ret_rows, &all);
    for (size_t i = 0; i < all && status == CW_OK; i++) {
        const struct cw_state_module *row = &(*ret_rows)[i];
        if (row->life != CW_LIFE_ABSENT && strcmp(row->node, node) == 0) {
            (*ret_rows)[(*ret_count)++] = *row;
        }
    }
    return status;
}

static cw_status forget_rows(struct cw_app *app, const char *node)
{
    struct cw_state_module *rows = NULL;
    size_t count;
    cw_status status = rows_on(app, node, &rows, &count);
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        rows[i].life = CW_LIFE_ABSENT;
        status = cw_state_module_put(app->state, &rows[i]);
    }
    free(rows);
    return status;
}

/* A node that does not say what it has is told one by one. */
static cw_status unload_rows(struct cw_change *change, struct cw_change_node *n)
{
    struct cw_app *app = change->app;
    struct cw_state_module *rows = NULL;
    size_t count;
    cw_status status = rows_on(app, n->node->name.value, &rows, &count);
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        struct cw_module_name name = {.number = rows[i].number};
        memcpy(name.deployment, app->deployment, sizeof name.deployment);
        status = cw_remote_take_off(app, *n->client, &name, rows[i].name);
    }
    free(rows);
    return status;
}

static void end_node(void *ctx, size_t index)
{
    struct cw_change *change = ctx;
    struct cw_app *app = change->app;
    struct cw_change_node *n = &change->nodes[index];
    if (cw_change_is_down(change, n)) { /* with all that ran there */
        n->status = forget_rows(app, n->node->name.value);
        return;
    }
    cw_status status = cw_change_look(change, n);
    cw_status own_word = CW_OK;
    for (size_t i = 0; i < app->d.module_count && status == CW_OK; i++) {
        struct cw_remote *r = &app->remotes[i];
        if (r->node == n->node && r->row.life != CW_LIFE_ABSENT &&
                strcmp(r->row.node, n->node->name.value) == 0) {
            r->client = *n->client;
            const cw_status said = disable(app, r);
            own_word = own_word == CW_OK ? said : own_word;
        }
    }
    if (status == CW_OK) {
        status = n->says != NULL ? cw_change_sweep(change, n) : unload_rows(change, n);
    }
    status = status == CW_OK ? own_word : status;
    if (status == CW_OK) {
        status = forget_rows(app, n->node->name.value);
    }
    n->status = status;
}

/* Those that cannot be reached, and with which something would be left behind. */
static cw_status judge(struct cw_change *change)
{
    struct cw_app *app = change->app;
    cw_status worst = CW_OK;
    bool is_left = false;
    for (size_t i = 0; i < change->node_count; i++) {
        const struct cw_change_node *n = &change->nodes[i];
        struct cw_state_module *rows = NULL;
        size_t count;
        const cw_status status = rows_on(app, n->node->name.value, &rows, &count);
        free(rows);
        if (status != CW_OK) {
            return status;
        }
        if (n->status == CW_OK || (!n->is_former && !n->is_reached && count == 0)) {
            continue;
        }
        is_left = true;
        if (app->options.force) {
            cw_log_warn("what runs at node %s is forgotten; it is ended when this owner applies "
                        "to that node again",
                    n->node->name.value);
        } else {
            worst = n->status;
        }
    }
    if (is_left && worst == CW_OK) {
        char text[2 * CW_DEPLOYMENT_LEN + 1];
        cw_hex_put(app->deployment, CW_DEPLOYMENT_LEN, text);
        char *fact = cw_memory_format("past/%s", text);
        worst = cw_state_fact_put(app->state, fact, "");
        free(fact);
    }
    return worst;
}

static cw_status destroy(struct cw_app *app)
{
    struct cw_change change = {.is_destroying = false};
    cw_status status = cw_app_open(app);
    if (status != CW_OK) {
        return status;
    }
    status = cw_change_open(app, &change);
    change.is_destroying = true;
    if (status == CW_OK) {
        const struct cw_work work = {.count = change.node_count,
                .what = "destroy",
                .run = end_node,
                .ctx = &change};
        cw_work_run(app, &work);
        status = judge(&change);
    }
    cw_change_close(&change);
    if (status == CW_OK) {
        status = cw_local_stop(app, true);
    }
    if (status == CW_OK) {
        status = cw_state_forget(app->state);
    } else {
        cw_log_error("not all modules could be ended" CW_REMEDY "; --force forgets them");
    }
    if (status == CW_OK) {
        cw_app_step(app, "destroy", "%s: forgotten; keys and pins are kept", app->d.name.value);
    }
    return status;
}

int cw_cmd_destroy(struct cw_app *app, const struct cw_words *words)
{
    (void)words;
    const cw_status status = destroy(app);
    if (app->options.json && app->mistakes.count == 0) {
        cw_app_json(app, json_pack("{s:b}", "ok", status == CW_OK));
    }
    return cw_app_exit(status);
}
