/* SPDX-License-Identifier: MIT */
/* What only the built images can tell of a descriptor: endpoints, their kinds, their sizes. */
#include <stdio.h>
#include <string.h>

#include "core/module/endpoint.h"
#include "deploy/app.h"
#include "posix/args.h"
#include "posix/log.h"

static const char *kind_name(uint8_t kind)
{
    static const char *const names[] = {"nothing", "an input", "an output", "a request",
            "a handler", "an entry", "a config"};
    return kind < 7 ? names[kind] : "unknown";
}

const struct cw_owner_endpoint *cw_remote_endpoint(const struct cw_remote *r, const char *name,
        uint16_t *ret_index)
{
    for (size_t i = 0; i < r->built.endpoint_count; i++) {
        if (strcmp(r->built.endpoints[i].name, name) == 0) {
            *ret_index = (uint16_t)i;
            return &r->built.endpoints[i];
        }
    }
    return NULL;
}

/* The endpoint that a field names, of the kind that the field wants; NULL after a mistake. */
static const struct cw_owner_endpoint *check(struct cw_app *app, const struct cw_remote *r,
        const struct cw_text *field, uint8_t kind, const char *what)
{
    uint16_t index;
    const struct cw_owner_endpoint *e = cw_remote_endpoint(r, field->value, &index);
    if (e != NULL && e->kind == kind) {
        return e;
    }
    if (e != NULL) {
        cw_mistakes_add(&app->mistakes, field->at,
                "%s: found \"%s\", which is %s of \"%s\"" CW_REMEDY ", expected %s", what, field->value,
                kind_name(e->kind), r->module->name.value, kind_name(kind));
        return NULL;
    }
    const char *names[256];
    size_t count = 0;
    for (size_t i = 0; i < r->built.endpoint_count && count < 255; i++) {
        if (r->built.endpoints[i].kind == kind) {
            names[count++] = r->built.endpoints[i].name;
        }
    }
    names[count] = NULL;
    const char *nearest = cw_args_nearest(field->value, names);
    cw_mistakes_add(&app->mistakes, field->at,
            "%s: found \"%s\", but \"%s\" has no such endpoint" CW_REMEDY ", expected %s%s%s%s", what,
            field->value, r->module->name.value, kind_name(kind),
            nearest == NULL ? "" : " (did you mean \"", nearest == NULL ? "" : nearest,
            nearest == NULL ? "" : "\"?)");
    return NULL;
}

static const struct cw_remote *remote_of(const struct cw_app *app,
        const struct cw_descriptor_module *m)
{
    return &app->remotes[m - app->d.modules];
}

static void check_connection(struct cw_app *app, size_t i)
{
    const struct cw_descriptor_connection *c = &app->d.connections[i];
    char what[64];
    const struct cw_owner_endpoint *source = NULL;
    const bool request = c->mode == CW_MODE_REQUEST;
    if (c->from != NULL) {
        snprintf(what, sizeof what, "connections[%zu].%s", i,
                request ? "from_request" : "from_output");
        source = check(app, remote_of(app, c->from), request ? &c->from_request : &c->from_output,
                request ? CW_KIND_REQUEST : CW_KIND_OUTPUT, what);
    }
    snprintf(what, sizeof what, "connections[%zu].%s", i, request ? "to_handler" : "to_input");
    const struct cw_owner_endpoint *target = check(app, remote_of(app, c->to),
            request ? &c->to_handler : &c->to_input, request ? CW_KIND_HANDLER : CW_KIND_INPUT,
            what);
    if (source != NULL && target != NULL && request && source->reply_max < target->reply_max) {
        cw_mistakes_add(&app->mistakes, c->to_handler.at,
                "%s: found a handler that may answer %u bytes, but \"%s\" of \"%s\" takes %u" CW_REMEDY ": "
                "declare the same in both",
                what, target->reply_max, c->from_request.value, c->from_module.value,
                source->reply_max);
    }
}

cw_status cw_app_plan(struct cw_app *app)
{
    for (size_t i = 0; i < app->d.connection_count; i++) {
        check_connection(app, i);
    }
    for (size_t i = 0; i < app->d.periodic_count; i++) {
        const struct cw_descriptor_periodic *p = &app->d.periodic[i];
        char what[64];
        snprintf(what, sizeof what, "periodic_events[%zu].entry", i);
        (void)check(app, remote_of(app, p->module), &p->entry, CW_KIND_ENTRY, what);
    }
    for (size_t i = 0; i < app->d.module_count; i++) {
        const struct cw_remote *r = &app->remotes[i];
        const size_t ends = cw_descriptor_ends(&app->d, r->module);
        if (ends > r->built.channels) {
            cw_mistakes_add(&app->mistakes, r->module->at,
                    "modules[%zu]: found %zu ends of connections, but the image of \"%s\" has "
                    "room for %u" CW_REMEDY ": set \"channels\"",
                    i, ends, r->module->name.value, r->built.channels);
        }
        for (size_t j = 0; j < r->module->config_count; j++) {
            const struct cw_descriptor_config *config = &r->module->config[j];
            char what[64];
            snprintf(what, sizeof what, "modules[%zu].config", i);
            const struct cw_owner_endpoint *e =
                    check(app, r, &config->name, CW_KIND_CONFIG, what);
            if (e != NULL && config->len > e->max) {
                cw_mistakes_add(&app->mistakes, config->at,
                        "modules[%zu].config.%s: found %zu bytes, but \"%s\" takes %u" CW_REMEDY
                        ": CW_CONFIG(%s, %zu)", i, config->name.value, config->len,
                        r->module->name.value, e->max, config->name.value, config->len);
            }
        }
        if (r->module->on_interrupt.value != NULL) {
            char what[64];
            snprintf(what, sizeof what, "modules[%zu].on_interrupt", i);
            (void)check(app, r, &r->module->on_interrupt, CW_KIND_ENTRY, what);
        }
    }
    if (app->mistakes.count == 0) {
        return CW_OK;
    }
    cw_mistakes_sort(&app->mistakes);
    cw_app_mistakes(app);
    return CW_E_FORM;
}
