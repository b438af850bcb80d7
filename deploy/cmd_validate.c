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

/* "198 of 512", or "-" where nothing is known. */
static void stack_text(const struct cw_owner_built *b, char *ret_text, size_t cap)
{
    if (b->stack_len == 0) {
        snprintf(ret_text, cap, "-");
    } else if (b->stack_cap == 0) {
        snprintf(ret_text, cap, "%u", b->stack_len);
    } else {
        snprintf(ret_text, cap, "%u of %u", b->stack_len, b->stack_cap);
    }
}

/* Sizes in bytes; what a node has left is that behind its last module. */
static void print_modules(const struct cw_app *app)
{
    printf("\n%-*s %-*s %-9s %8s %8s %12s %10s  %s\n", app->width.module, "MODULE",
            app->width.node, "NODE", "TEE", "TEXT", "DATA", "STACK", "IMAGE", "FINGERPRINT");
    for (size_t i = 0; i < app->d.module_count; i++) {
        const struct cw_remote *r = &app->remotes[i];
        const struct cw_owner_built *b = &r->built;
        char stack[32];
        stack_text(b, stack, sizeof stack);
        printf("%-*s %-*s %-9s %8u %8u %12s %10zu  %s\n", app->width.module,
                r->module->name.value, app->width.node, r->node->name.value, r->node->tee.value,
                b->text_len, b->data_len, stack, b->image_len, b->fingerprint);
    }
    for (size_t i = 0; i < app->d.node_count; i++) {
        const struct cw_owner_built *last = NULL;
        for (size_t j = 0; j < app->d.module_count; j++) {
            const struct cw_remote *r = &app->remotes[j];
            last = r->node == &app->d.nodes[i] && r->built.stack_cap != 0 ? &r->built : last;
        }
        if (last != NULL) {
            printf("node %s has %u bytes of program memory and %u bytes of RAM left\n",
                    app->d.nodes[i].name.value, last->text_left, last->data_left);
        }
    }
}

static json_t *json_module(const struct cw_remote *r)
{
    const struct cw_owner_built *b = &r->built;
    char measurement[2 * CW_MEASUREMENT_LEN + 1];
    cw_hex_put(b->measurement, CW_MEASUREMENT_LEN, measurement);
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:i}", "module",
            r->module->name.value, "node", r->node->name.value, "tee", r->node->tee.value,
            "measurement", measurement, "fingerprint", b->fingerprint, "text_bytes",
            (json_int_t)b->text_len, "data_bytes", (json_int_t)b->data_len, "image_bytes",
            (json_int_t)b->image_len, "channels", (int)b->channels);
    json_object_set_new(object, "stack_bytes",
            b->stack_len == 0 ? json_null() : json_integer((json_int_t)b->stack_len));
    if (b->stack_cap != 0) {
        json_object_set_new(object, "stack_room_bytes", json_integer((json_int_t)b->stack_cap));
        json_object_set_new(object, "text_left_bytes", json_integer((json_int_t)b->text_left));
        json_object_set_new(object, "data_left_bytes", json_integer((json_int_t)b->data_left));
    }
    return object;
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
    if (status == CW_OK && !app->options.json && !app->options.quiet) {
        print_modules(app);
    }
    if (!app->options.json || app->mistakes.count > 0) {
        return cw_app_exit(status);
    }
    json_t *modules = json_array();
    for (size_t i = 0; i < app->d.module_count && status == CW_OK; i++) {
        json_array_append_new(modules, json_module(&app->remotes[i]));
    }
    cw_app_json(app, json_pack("{s:b, s:o}", "ok", status == CW_OK, "modules", modules));
    return cw_app_exit(status);
}
