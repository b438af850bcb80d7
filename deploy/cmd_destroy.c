/* SPDX-License-Identifier: MIT */
/* destroy: end all sessions, unload all modules, forget the deployment. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/local.h"
#include "deploy/memory.h"
#include "deploy/verb.h"
#include "posix/log.h"

/* A local node that does not run has no modules. */
static bool is_gone_with_node(struct cw_app *app, const struct cw_remote *r)
{
    struct cw_local local;
    if (!r->node->is_local || strcmp(r->row.node, r->node->name.value) != 0) {
        return false;
    }
    const bool is_gone = cw_local_find(app, r->node, &local) == CW_E_ABSENT;
    cw_local_free(&local);
    return is_gone;
}

/* Disable it in its own name where it can be asked; unload it in any case. */
static cw_status end_module(struct cw_app *app, struct cw_remote *r)
{
    if (r->row.life == CW_LIFE_ABSENT) {
        return CW_OK;
    }
    if (is_gone_with_node(app, r)) {
        r->row.life = CW_LIFE_ABSENT;
        return cw_state_module_put(app->state, &r->row);
    }
    cw_status status = cw_app_client(app, r->node, &r->client);
    if (status != CW_OK) {
        return status;
    }
    bool is_disabled = false;
    if (cw_remote_recall(app, r) == CW_OK && cw_remote_attest(app, r) == CW_OK &&
            cw_remote_open(app, r) == CW_OK) {
        struct cw_answer answer;
        is_disabled = cw_remote_disable(app, r, CW_DISABLE_ALL, &answer) == CW_OK &&
                answer.status == CW_OK;
    }
    status = cw_remote_unload(app, r);
    if (status == CW_OK) {
        cw_app_step(app, "destroy", "%s: %sunloaded", r->module->name.value,
                is_disabled ? "disabled by its own word, " : "");
    }
    return status;
}

int cw_cmd_destroy(struct cw_app *app, const struct cw_words *words)
{
    (void)words;
    cw_status status = cw_app_open(app);
    if (status != CW_OK) {
        return cw_app_exit(status);
    }
    cw_status worst = CW_OK;
    for (size_t i = 0; i < app->d.module_count; i++) {
        status = end_module(app, &app->remotes[i]);
        if (status != CW_OK && app->options.force) {
            cw_log_warn("module \"%s\" is forgotten; it may still run at %s",
                    app->remotes[i].module->name.value, app->remotes[i].node->name.value);
        } else if (status != CW_OK) {
            worst = status;
        }
    }
    if (worst == CW_OK) {
        worst = cw_local_stop(app, true);
    }
    if (worst == CW_OK) {
        worst = cw_state_forget(app->state);
    } else {
        cw_log_error("not all modules could be ended; --force forgets them");
    }
    if (worst == CW_OK) {
        cw_app_step(app, "destroy", "%s: forgotten; keys and pins are kept", app->d.name.value);
    }
    if (app->options.json) {
        cw_app_json(app, json_pack("{s:b}", "ok", worst == CW_OK));
    }
    return cw_app_exit(worst);
}
