/* SPDX-License-Identifier: MIT */
/* nodes: what each node of the descriptor says of itself. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/memory.h"
#include "deploy/survey.h"
#include "deploy/verb.h"
#include "posix/log.h"

/* A text of the hello, harmless; "-": it is not there. */
static char *said(const struct cw_survey *s, const char *field)
{
    const json_t *platform = json_object_get(s->hello, "platform");
    const json_t *value = json_object_get(strcmp(field, "chip") == 0 ? platform : s->hello, field);
    char *text = json_is_string(value)
            ? cw_memory_format("%.60s", json_string_value(value))
            : json_is_integer(value)
            ? cw_memory_format("%lld", (long long)json_integer_value(value))
            : cw_memory_text("-");
    cw_log_clean(text, "");
    return text;
}

static void print_node(const struct cw_app *app, const struct cw_survey *s)
{
    char *chip = said(s, "chip");
    char *version = said(s, "version");
    char *owners = said(s, "owners");
    char modules[48] = "-";
    if (s->status != NULL) {
        snprintf(modules, sizeof modules, "%zu of %lld",
                json_array_size(json_object_get(s->status, "modules")),
                (long long)json_integer_value(json_object_get(s->status, "modules_of_all")));
    }
    char pin[32] = "not pinned";
    if (s->pin[0] != '\0') {
        snprintf(pin, sizeof pin, "%.16s...", s->pin);
    }
    printf("%-*s %-22s %-9s %-9s %-18.18s %-11s %-7s %-9s %-6s %s\n", app->width.node,
            s->node->name.value,
            s->address[0] == '\0' ? s->node->address.value : s->address, cw_survey_name(s->state),
            s->node->tee.value, chip, cw_survey_protection(s), version, modules, owners, pin);
    free(chip);
    free(version);
    free(owners);
}

/* The modules of this owner, without what `status` tells. */
static json_t *modules_of(const struct cw_survey *s)
{
    json_t *list = json_array();
    size_t i;
    json_t *module;
    json_array_foreach (json_object_get(s->status, "modules"), i, module) {
        json_array_append_new(list,
                json_pack("{s:O?, s:O?, s:O?, s:O?, s:O?}", "name",
                        json_object_get(module, "name"), "number",
                        json_object_get(module, "number"), "deployment",
                        json_object_get(module, "deployment"), "state",
                        json_object_get(module, "state"), "restarts",
                        json_object_get(module, "restarts")));
    }
    return list;
}

static json_t *json_node(const struct cw_survey *s)
{
    json_t *object = json_pack("{s:s, s:s, s:b, s:s, s:s, s:b, s:s, s:s*, s:s*, s:s, s:o}", "node",
            s->node->name.value, "address",
            s->address[0] == '\0' ? s->node->address.value : s->address, "local",
            s->node->is_local, "tee", s->node->tee.value, "state", cw_survey_name(s->state),
            "reachable", s->state != CW_SURVEY_AWAY && s->state != CW_SURVEY_STOPPED,
            "protection", cw_survey_protection(s), "key", s->key[0] == '\0' ? NULL : s->key,
            "pinned_key", s->pin[0] == '\0' ? NULL : s->pin, "pinned_by",
            s->pin[0] == '\0'          ? "nobody"
                    : s->is_pin_of_descriptor ? "descriptor"
                                              : "state",
            "modules", modules_of(s));
    static const char *const fields[] = {"version", "protocol", "owners", "platform"};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        json_t *value = json_object_get(s->hello, fields[i]);
        if (value != NULL) {
            json_object_set(object, fields[i], value);
        }
    }
    if (s->status != NULL) {
        json_object_set(object, "modules_of_all", json_object_get(s->status, "modules_of_all"));
    }
    if (s->has_skew) {
        json_object_set_new(object, "clock_skew_ms", json_integer(s->skew_ms));
    }
    return object;
}

int cw_cmd_nodes(struct cw_app *app, const struct cw_words *words)
{
    (void)words;
    app->is_dry = true; /* it looks only */
    struct cw_survey *surveys = NULL;
    cw_status status = cw_app_open(app);
    if (status == CW_OK) {
        status = cw_survey_make(app, &surveys);
    }
    if (status != CW_OK) {
        return cw_app_exit(status);
    }
    json_t *list = json_array();
    bool is_well = true;
    if (!app->options.json) {
        printf("%-*s %-22s %-9s %-9s %-18s %-11s %-7s %-9s %-6s %s\n", app->width.node, "NODE",
                "ADDRESS", "STATE", "TEE", "CHIP", "PROTECTION", "VERSION", "MODULES", "OWNERS", "PINNED KEY");
    }
    for (size_t i = 0; i < app->d.node_count; i++) {
        const struct cw_survey *s = &surveys[i];
        is_well = is_well && s->state == CW_SURVEY_READY;
        if (app->options.json) {
            json_array_append_new(list, json_node(s));
        } else {
            print_node(app, s);
        }
    }
    (void)fflush(stdout);
    for (size_t i = 0; i < app->d.node_count; i++) {
        if (surveys[i].state != CW_SURVEY_READY) {
            cw_log_error("node %s" CW_AT ": %s" CW_REMEDY "; %s", surveys[i].node->name.value,
                    surveys[i].why, surveys[i].remedy);
        }
    }
    if (app->options.json) {
        cw_app_json(app, json_pack("{s:O}", "nodes", list));
    } else if (!app->options.quiet) {
        puts("what a node says of itself is its word; `causeway attest` shows what is proved");
    }
    json_decref(list);
    cw_survey_free(surveys, app->d.node_count);
    return is_well ? CW_EXIT_DONE : CW_EXIT_FAILED;
}
