/* SPDX-License-Identifier: MIT */
/* validate and build: what needs no node. */
#include <jansson.h>
#include <stdio.h>

#include "deploy/secret.h"
#include "deploy/verb.h"

int cw_cmd_validate(struct cw_app *app, const struct cw_words *words)
{
    (void)words;
    const cw_status status = cw_app_describe(app);
    if (status != CW_OK) {
        return cw_app_exit(status);
    }
    if (app->options.json) {
        cw_app_json(app,
                json_pack("{s:b, s:s, s:i, s:i, s:i}", "ok", 1, "name", app->d.name.value, "nodes",
                        (int)app->d.node_count, "modules", (int)app->d.module_count,
                        "connections", (int)app->d.connection_count));
    } else {
        cw_app_step(app, "validate", "%s: %zu nodes, %zu modules, %zu connections",
                app->descriptor_path, app->d.node_count, app->d.module_count,
                app->d.connection_count);
    }
    return CW_EXIT_DONE;
}

int cw_cmd_build(struct cw_app *app, const struct cw_words *words)
{
    (void)words;
    cw_status status = cw_app_open(app);
    if (status == CW_OK) {
        status = cw_app_build(app);
    }
    if (status == CW_OK) {
        status = cw_app_plan(app);
    }
    if (!app->options.json || app->mistakes.count > 0) {
        return cw_app_exit(status);
    }
    json_t *modules = json_array();
    for (size_t i = 0; i < app->d.module_count && status == CW_OK; i++) {
        const struct cw_remote *r = &app->remotes[i];
        char measurement[2 * CW_MEASUREMENT_LEN + 1];
        cw_hex_put(r->built.measurement, CW_MEASUREMENT_LEN, measurement);
        json_array_append_new(modules,
                json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i}", "module", r->module->name.value,
                        "node", r->node->name.value, "tee", r->node->tee.value, "measurement",
                        measurement, "text_bytes", (int)r->built.text_len, "data_bytes",
                        (int)r->built.data_len, "channels", (int)r->built.channels));
    }
    cw_app_json(app, json_pack("{s:b, s:o}", "ok", status == CW_OK, "modules", modules));
    return cw_app_exit(status);
}
