/* SPDX-License-Identifier: MIT */
/* What a node keeps for a module besides its connections: periodic entries, where it serves. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/change.h"
#include "deploy/memory.h"
#include "deploy/secret.h"
#include "posix/log.h"

/* One pass over the settings of a module. */
struct pass {
    struct cw_change *change;
    struct cw_remote *r;
    size_t changed_count;
};

static cw_status set(struct pass *p, cw_node_request type, const uint8_t *fields, size_t len,
        const char *what)
{
    p->changed_count++;
    if (p->change->app->is_dry) {
        return CW_OK;
    }
    struct cw_node_answer answer;
    cw_nodeclient_hold(p->r->client);
    cw_status status = cw_nodeclient_ask(p->r->client, type, fields, len, &answer);
    if (status == CW_OK && answer.status != CW_OK) {
        char said[1024];
        cw_nodeclient_text(&answer, said, sizeof said);
        cw_log_error("node %s" CW_AT ": %s: %s", p->r->node->name.value, what, said);
        status = CW_E_SYSTEM;
    }
    cw_nodeclient_release(p->r->client);
    if (status == CW_OK) {
        cw_app_step(p->change->app, "set", "%s", what);
    }
    return status;
}

static struct cw_writer begin(const struct pass *p, uint8_t *fields, size_t cap)
{
    struct cw_module_name name = {.number = p->r->row.number};
    memcpy(name.deployment, p->change->app->deployment, sizeof name.deployment);
    struct cw_writer w = cw_writer_over(fields, cap);
    cw_node_put_module(&w, &name);
    return w;
}

/* --- periodic entries: the node says which it calls, and how often ----------------------- */

static cw_status set_every(struct pass *p, uint16_t endpoint, uint32_t every_ms, const char *what)
{
    uint8_t fields[32];
    struct cw_writer w = begin(p, fields, sizeof fields);
    cw_writer_u16(&w, endpoint);
    cw_writer_u16(&w, 0);
    cw_writer_u32(&w, every_ms);
    return set(p, CW_NODE_PERIODIC, fields, w.used_len, what);
}

/* How often the node calls an entry; 0: never. */
static long long said_every(const struct pass *p, uint16_t endpoint)
{
    const bool is_same = p->r->says != NULL && !p->r->is_loaded_now &&
            p->r->decision.action != CW_ACTION_REPLACE;
    const json_t *list = is_same ? json_object_get(p->r->says, "periodic") : NULL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        if (json_integer_value(json_object_get(one, "endpoint")) == endpoint) {
            return json_integer_value(json_object_get(one, "every_ms"));
        }
    }
    return 0;
}

static cw_status set_wanted(struct pass *p)
{
    const struct cw_descriptor *d = &p->change->app->d;
    cw_status status = CW_OK;
    for (size_t i = 0; i < d->periodic_count && status == CW_OK; i++) {
        const struct cw_descriptor_periodic *periodic = &d->periodic[i];
        uint16_t index = 0;
        if (periodic->module != p->r->module) {
            continue;
        }
        if (cw_remote_endpoint(p->r, periodic->entry.value, &index) == NULL) {
            return CW_E_ABSENT;
        }
        if (said_every(p, index) == periodic->every_ms.value) {
            continue;
        }
        char *what = cw_memory_format("%s.%s every %lld ms", p->r->module->name.value,
                periodic->entry.value, periodic->every_ms.value);
        status = set_every(p, index, (uint32_t)periodic->every_ms.value, what);
        free(what);
    }
    return status;
}

static bool is_wanted(const struct pass *p, json_int_t endpoint)
{
    const struct cw_descriptor *d = &p->change->app->d;
    for (size_t i = 0; i < d->periodic_count; i++) {
        uint16_t index = 0;
        if (d->periodic[i].module == p->r->module &&
                cw_remote_endpoint(p->r, d->periodic[i].entry.value, &index) != NULL &&
                index == endpoint) {
            return true;
        }
    }
    return false;
}

static cw_status end_unwanted(struct pass *p)
{
    const json_t *list = p->r->is_loaded_now || p->r->decision.action == CW_ACTION_REPLACE
            ? NULL
            : json_object_get(p->r->says, "periodic");
    cw_status status = CW_OK;
    for (size_t i = 0; i < json_array_size(list) && status == CW_OK; i++) {
        const json_int_t endpoint =
                json_integer_value(json_object_get(json_array_get(list, i), "endpoint"));
        if (endpoint < 0 || endpoint > UINT16_MAX || is_wanted(p, endpoint)) {
            continue;
        }
        char *what = cw_memory_format("%s: endpoint %d is not called any more",
                p->r->module->name.value, (int)endpoint);
        status = set_every(p, (uint16_t)endpoint, 0, what);
        free(what);
    }
    return status;
}

/* --- where it serves: once per life and address --------------------------------------------- */

static cw_status serve_at(struct pass *p, const char *address)
{
    uint8_t fields[512];
    struct cw_writer w = begin(p, fields, sizeof fields);
    cw_node_put_string(&w, address);
    char *what = cw_memory_format("%s serves %s", p->r->module->name.value,
            address[0] == '\0' ? "nobody any more" : address);
    cw_status status = set(p, CW_NODE_SERVE, fields, w.used_len, what);
    free(what);
    return status;
}

static cw_status set_serve(struct pass *p)
{
    struct cw_app *app = p->change->app;
    const char *address = p->r->module->serve.value == NULL ? "" : p->r->module->serve.value;
    char start[2 * CW_START_LEN + 1];
    char before[512] = "";
    char *fact = cw_memory_format("serve/%s", p->r->module->name.value);
    cw_hex_put(p->r->row.start, CW_START_LEN, start);
    char *text = cw_memory_format("%s %s", start, address);
    cw_status status = cw_state_fact_get(app->state, fact, before, sizeof before);
    const bool was_set = status == CW_OK;
    const bool same_life = was_set && strncmp(before, start, strlen(start)) == 0;
    status = status == CW_E_ABSENT ? CW_OK : status;
    const bool is_kept = p->r->decision.action == CW_ACTION_KEEP && strcmp(before, text) == 0;
    if (status == CW_OK && !is_kept && (address[0] != '\0' || was_set)) {
        if (same_life && before[strlen(start) + 1] != '\0' && strcmp(before, text) != 0) {
            status = serve_at(p, "");
        }
        if (status == CW_OK && address[0] != '\0') {
            status = serve_at(p, address);
        }
        if (status == CW_OK) {
            status = address[0] != '\0' ? cw_state_fact_put(app->state, fact, text)
                                        : cw_state_fact_drop(app->state, fact);
        }
    }
    free(fact);
    free(text);
    return status;
}

/* --- both ---------------------------------------- */

static cw_status run(struct pass *p)
{
    cw_status status = end_unwanted(p);
    if (status == CW_OK) {
        status = set_wanted(p);
    }
    return status == CW_OK ? set_serve(p) : status;
}

cw_status cw_settings_make(struct cw_change *change, struct cw_remote *r)
{
    struct pass p = {.change = change, .r = r};
    return run(&p);
}

cw_status cw_settings_foresee(struct cw_change *change, struct cw_remote *r, size_t *ret_count)
{
    struct pass p = {.change = change, .r = r};
    cw_status status = run(&p);
    *ret_count = p.changed_count;
    return status;
}
