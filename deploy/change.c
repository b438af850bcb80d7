/* SPDX-License-Identifier: MIT */
#include "deploy/change.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "deploy/local.h"
#include "deploy/memory.h"
#include "deploy/secret.h"
#include "posix/log.h"

const char *cw_action_name(cw_action action)
{
    switch (action) {
    case CW_ACTION_KEEP:
        return "keep";
    case CW_ACTION_CREATE:
        return "create";
    case CW_ACTION_REPAIR:
        return "repair";
    case CW_ACTION_REPLACE:
        return "replace";
    case CW_ACTION_REKEY:
        return "rekey";
    case CW_ACTION_END:
        return "end";
    case CW_ACTION_UNKNOWN:
        return "unknown";
    }
    return "unknown";
}

/* --- what is known before anybody is asked ---------------------------------------- */

static cw_status know_connections(struct cw_change *change)
{
    struct cw_app *app = change->app;
    struct cw_state_connection *rows;
    size_t count;
    cw_status status = cw_state_connections(app->state, &rows, &count);
    if (status != CW_OK) {
        return status;
    }
    change->known = cw_memory_new(count, sizeof *change->known);
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        struct cw_change_known *k = &change->known[change->known_count++];
        *k = (struct cw_change_known){.conn = rows[i].conn, .channels = {rows[i].channel}};
        k->is_wanted = cw_descriptor_connection(&app->d, rows[i].name) != NULL;
        status = cw_app_old_route(app, rows[i].conn, &k->channels[1]);
    }
    cw_bytes_wipe(rows, count * sizeof *rows);
    free(rows);
    return status;
}

static bool has_node(const struct cw_change *change, const char *name)
{
    for (size_t i = 0; i < change->node_count; i++) {
        if (strcmp(change->nodes[i].node->name.value, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A node that the descriptor does not have any more, as the state kept it: "TEE ADDRESS". */
static cw_status add_former(struct cw_change *change, const char *name)
{
    if (has_node(change, name) || cw_local_has(change->app, name)) {
        return CW_OK;
    }
    char *fact = cw_memory_format("node/%s", name);
    char text[CW_STATE_NAME_CAP];
    cw_status status = cw_state_fact_get(change->app->state, fact, text, sizeof text);
    free(fact);
    char *address = status == CW_OK ? strchr(text, ' ') : NULL;
    if (address == NULL) {
        return status == CW_E_ABSENT ? CW_OK : status;
    }
    *address++ = '\0';
    struct cw_descriptor_node *node = cw_memory_new(1, sizeof *node);
    node->name.value = cw_memory_text(name);
    node->tee.value = cw_memory_text(text);
    node->address.value = cw_memory_text(address);
    change->nodes = cw_memory_grow(change->nodes, change->node_count, sizeof *change->nodes);
    change->nodes[change->node_count++] =
            (struct cw_change_node){.node = node, .is_former = true, .status = CW_AGAIN};
    return CW_OK;
}

/* Where modules were left: rows that are not in the descriptor, and modules that moved away. */
static cw_status know_former_nodes(struct cw_change *change)
{
    struct cw_state_module *rows;
    size_t count;
    cw_status status = cw_state_modules(change->app->state, &rows, &count);
    if (status != CW_OK) {
        return status;
    }
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        if (rows[i].life != CW_LIFE_ABSENT) {
            status = add_former(change, rows[i].node);
        }
    }
    free(rows);
    struct cw_state_fact *left;
    if (status == CW_OK) {
        status = cw_state_facts(change->app->state, "left/", &left, &count);
    }
    if (status != CW_OK) {
        return status;
    }
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        char *slash = strrchr(left[i].name, '/');
        if (slash != NULL) {
            *slash = '\0';
            status = add_former(change, left[i].name);
        }
    }
    free(left);
    return status;
}

cw_status cw_change_open(struct cw_app *app, struct cw_change *ret_change)
{
    struct cw_change *change = ret_change;
    *change = (struct cw_change){.app = app};
    (void)pthread_mutex_init(&change->mutex, NULL);
    for (size_t i = 0; i < app->d.node_count; i++) {
        change->nodes = cw_memory_grow(change->nodes, change->node_count, sizeof *change->nodes);
        change->nodes[change->node_count++] =
                (struct cw_change_node){.node = &app->d.nodes[i], .status = CW_AGAIN};
    }
    char text[8];
    change->is_restored = cw_state_fact_get(app->state, "restored", text, sizeof text) == CW_OK;
    cw_status status = cw_keys_tls(app->state, &app->keys);
    if (status == CW_OK) {
        status = know_connections(change);
    }
    if (status == CW_OK) {
        status = know_former_nodes(change);
    }
    for (size_t i = 0; i < change->node_count; i++) {
        struct cw_change_node *n = &change->nodes[i];
        n->client = n->is_former ? &n->own_client : &app->clients[i];
    }
    return status;
}

void cw_change_close(struct cw_change *change)
{
    for (size_t i = 0; i < change->node_count; i++) {
        struct cw_change_node *n = &change->nodes[i];
        json_decref(n->says);
        cw_nodeclient_close(n->own_client);
        if (n->is_former) {
            free((void *)(uintptr_t)n->node->name.value);
            free((void *)(uintptr_t)n->node->tee.value);
            free((void *)(uintptr_t)n->node->address.value);
            free(n->node);
        }
    }
    for (size_t i = 0; i < change->app->d.module_count; i++) {
        change->app->remotes[i].says = NULL;
    }
    free(change->nodes);
    free(change->known);
    free(change->ends);
    (void)pthread_mutex_destroy(&change->mutex);
}

bool cw_change_is_wanted(const struct cw_change *change, uint32_t conn)
{
    for (size_t i = 0; i < change->known_count; i++) {
        if (change->known[i].conn == conn) {
            return change->known[i].is_wanted;
        }
    }
    return false;
}

static bool is_route_wanted(const struct cw_change *change, uint32_t channel)
{
    for (size_t i = 0; i < change->known_count; i++) {
        const struct cw_change_known *k = &change->known[i];
        if (k->is_wanted && (k->channels[0] == channel || k->channels[1] == channel)) {
            return true;
        }
    }
    return false;
}

/* --- looking ---------------------------------------- */

static cw_status ask_status(struct cw_nodeclient *client,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN], struct cw_node_answer *ret_answer)
{
    return cw_nodeclient_ask(client, CW_NODE_STATUS, deployment, CW_DEPLOYMENT_LEN, ret_answer);
}

static cw_status listen_to(struct cw_change *change, struct cw_change_node *n)
{
    static const uint8_t all[CW_DEPLOYMENT_LEN];
    struct cw_node_answer answer;
    cw_status status = ask_status(*n->client, all, &answer);
    if (status == CW_OK && answer.status == CW_E_SPACE) {
        status = ask_status(*n->client, change->app->deployment, &answer);
    }
    if (status != CW_OK) {
        return status;
    }
    json_error_t error;
    n->says = answer.status != CW_OK
            ? NULL
            : json_loadb((const char *)answer.bytes, answer.len, 0, &error);
    if (n->says == NULL) {
        cw_log_warn("node %s" CW_AT " does not say what it has" CW_REMEDY ": what may be left "
                "there is not tidied up",
                n->node->name.value);
    }
    return CW_OK;
}

static uint32_t number_of(const json_t *object, const char *key)
{
    const json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 && value <= UINT32_MAX ? (uint32_t)value : 0;
}

static bool is_ours(const struct cw_app *app, const json_t *module)
{
    char text[2 * CW_DEPLOYMENT_LEN + 1];
    const char *said = json_string_value(json_object_get(module, "deployment"));
    cw_hex_put(app->deployment, CW_DEPLOYMENT_LEN, text);
    return said != NULL && strcmp(said, text) == 0;
}

/* What the node says of the modules that belong there. */
static void note_module(struct cw_remote *r, const json_t *module)
{
    const json_t *routes = json_object_get(module, "routes");
    r->says = module;
    free(r->routes);
    r->routes = cw_memory_new(json_array_size(routes) + 1, sizeof *r->routes);
    r->route_count = 0;
    r->is_told = true;
    for (size_t i = 0; i < json_array_size(routes); i++) {
        const json_t *route = json_array_get(routes, i);
        const char *role = json_string_value(json_object_get(route, "role"));
        r->routes[r->route_count++] = (struct cw_remote_route){number_of(route, "channel"),
                role != NULL && strcmp(role, "source") == 0};
    }
}

static struct cw_remote *remote_of(const struct cw_change *change, const struct cw_change_node *n,
        uint32_t number)
{
    struct cw_app *app = change->app;
    for (size_t i = 0; i < app->d.module_count && !change->is_destroying; i++) {
        if (app->remotes[i].row.number == number && app->remotes[i].node == n->node) {
            return &app->remotes[i];
        }
    }
    return NULL;
}

static void note_modules(struct cw_change *change, struct cw_change_node *n)
{
    const json_t *modules = json_object_get(n->says, "modules");
    for (size_t i = 0; i < json_array_size(modules); i++) {
        const json_t *module = json_array_get(modules, i);
        struct cw_remote *r = is_ours(change->app, module)
                ? remote_of(change, n, number_of(module, "number"))
                : NULL;
        if (r != NULL) {
            note_module(r, module);
        }
    }
}

static void look_at(struct cw_app *app, struct cw_remote *r)
{
    const bool is_here = r->row.life != CW_LIFE_ABSENT &&
            strcmp(r->row.node, r->node->name.value) == 0 &&
            memcmp(r->row.image_hash, r->image_hash, sizeof r->image_hash) == 0;
    r->seen = CW_SEEN_NOTHING;
    if (!is_here) {
        return;
    }
    switch (cw_remote_attest(app, r)) {
    case CW_OK:
        r->seen = CW_SEEN_LIFE;
        return;
    case CW_E_ABSENT:
        r->seen = CW_SEEN_ABSENT;
        return;
    case CW_E_DENIED:
        r->seen = CW_SEEN_REFUSED;
        return;
    case CW_AGAIN:
    case CW_E_SHORT:
    case CW_E_FORM:
    case CW_E_AUTH:
    case CW_E_REPLAY:
    case CW_E_STATE:
    case CW_E_SPACE:
    case CW_E_SYSTEM:
        r->seen = CW_SEEN_SILENT;
        return;
    }
}

/* --- deciding ---------------------------------------- */

__attribute__((format(printf, 3, 4))) static void because(struct cw_remote *r, cw_action action,
        const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    r->decision.action = action;
    (void)vsnprintf(r->decision.reason, sizeof r->decision.reason, format, arguments);
    va_end(arguments);
}

/* What was loaded lives: is it the life that the state knows? */
static void decide_living(struct cw_remote *r)
{
    const struct cw_evidence *e = &r->manager.evidence;
    if (e->state == CW_STATE_DISABLED) {
        because(r, CW_ACTION_REPLACE, "it is disabled");
    } else if (r->row.life != CW_LIFE_OPEN) {
        because(r, CW_ACTION_REPAIR, "an earlier run broke off");
    } else if (e->state == CW_STATE_UNCLAIMED ||
            memcmp(e->start, r->row.start, sizeof e->start) != 0) {
        because(r, CW_ACTION_REPAIR, "it began another life: a new session, and new connections");
    } else {
        because(r, CW_ACTION_KEEP, "%s", "");
    }
}

static void decide(const struct cw_change *change, struct cw_remote *r)
{
    /* A restored state may be older than what runs: what is not proved is loaded anew. */
    if (change->is_restored && (r->seen == CW_SEEN_REFUSED ||
                                       (r->seen == CW_SEEN_LIFE && !r->verdict.genuine))) {
        because(r, CW_ACTION_REPLACE, "the state was restored, and nothing proves what runs there");
        return;
    }
    switch (r->seen) {
    case CW_SEEN_SILENT:
        because(r, CW_ACTION_UNKNOWN, "node %s cannot be asked", r->node->name.value);
        return;
    case CW_SEEN_REFUSED:
        because(r, CW_ACTION_UNKNOWN, "its evidence is refused");
        return;
    case CW_SEEN_ABSENT:
        because(r, CW_ACTION_REPLACE, "node %s has lost it", r->node->name.value);
        return;
    case CW_SEEN_LIFE:
        decide_living(r);
        return;
    case CW_SEEN_NOTHING:
        break;
    }
    if (r->row.life == CW_LIFE_ABSENT) {
        because(r, CW_ACTION_CREATE, "it is not loaded");
    } else if (strcmp(r->row.node, r->node->name.value) != 0) {
        because(r, CW_ACTION_REPLACE, "it moves here from node %.100s", r->row.node);
    } else {
        because(r, CW_ACTION_REPLACE, "its image changed");
    }
}

bool cw_change_is_down(const struct cw_change *change, const struct cw_change_node *n)
{
    struct cw_local local;
    if (!n->node->is_local) {
        return false;
    }
    const bool is_down = cw_local_find(change->app, n->node, &local) == CW_E_ABSENT;
    cw_local_free(&local);
    return is_down;
}

/* Before anything is started: what will be there then. */
static cw_status foresee_start(struct cw_change *change, struct cw_change_node *n)
{
    n->status = CW_OK;
    for (size_t i = 0; i < change->app->d.module_count; i++) {
        struct cw_remote *r = &change->app->remotes[i];
        if (r->node == n->node) {
            r->seen = r->row.life == CW_LIFE_ABSENT ? CW_SEEN_NOTHING : CW_SEEN_ABSENT;
            decide(change, r);
        }
    }
    return CW_OK;
}

cw_status cw_change_look(struct cw_change *change, struct cw_change_node *n)
{
    struct cw_app *app = change->app;
    n->start_why = app->is_dry && n->node->is_local ? cw_local_due(app, n->node) : NULL;
    if (n->start_why != NULL) {
        return foresee_start(change, n);
    }
    cw_status status = cw_app_reach(app, n->node, n->client);
    if (status == CW_OK) {
        status = listen_to(change, n);
    }
    n->is_reached = status == CW_OK;
    n->status = status;
    note_modules(change, n);
    for (size_t i = 0; i < app->d.module_count; i++) {
        struct cw_remote *r = &app->remotes[i];
        if (r->node == n->node && !change->is_destroying) {
            r->client = n->is_reached ? *n->client : NULL;
            r->seen = CW_SEEN_SILENT;
            if (n->is_reached) {
                look_at(app, r);
            }
            decide(change, r);
        }
    }
    return status;
}

/* --- ending what should not be there ---------------------------------------- */

static void write_down(struct cw_change *change, const struct cw_change_node *n, const char *kind,
        const char *name, const char *reason)
{
    (void)pthread_mutex_lock(&change->mutex);
    change->ends = cw_memory_grow(change->ends, change->end_count, sizeof *change->ends);
    struct cw_change_end *end = &change->ends[change->end_count++];
    *end = (struct cw_change_end){.kind = kind};
    snprintf(end->name, sizeof end->name, "%s", name);
    snprintf(end->node, sizeof end->node, "%s", n->node->name.value);
    snprintf(end->reason, sizeof end->reason, "%s", reason);
    (void)pthread_mutex_unlock(&change->mutex);
}

/* Why a module of this deployment is not wanted on this node; NULL: it is. */
static const char *module_reason(const struct cw_change *change, const struct cw_change_node *n,
        uint32_t number)
{
    if (change->is_destroying) {
        return "the deployment ends";
    }
    if (remote_of(change, n, number) != NULL) {
        return NULL;
    }
    for (size_t i = 0; i < change->app->d.module_count; i++) {
        if (change->app->remotes[i].row.number == number) {
            return "it moved to another node";
        }
    }
    return "it is not in the descriptor any more";
}

/* A deployment that this state ended, with modules that could not be reached then? */
static bool is_past(const struct cw_change *change, const char *deployment)
{
    char unused[8];
    char *fact = cw_memory_format("past/%s", deployment);
    const bool is = change->is_restored ||
            cw_state_fact_get(change->app->state, fact, unused, sizeof unused) == CW_OK;
    free(fact);
    return is;
}

static cw_status end_module(struct cw_change *change, struct cw_change_node *n,
        const json_t *module, const char *reason)
{
    const char *said = json_string_value(json_object_get(module, "name"));
    const char *deployment = json_string_value(json_object_get(module, "deployment"));
    char called[CW_STATE_NAME_CAP];
    struct cw_module_name name = {.number = number_of(module, "number")};
    snprintf(called, sizeof called, "%s", said != NULL ? said : "?");
    if (deployment == NULL ||
            cw_hex_get(deployment, name.deployment, sizeof name.deployment) != CW_OK) {
        return CW_OK; /* it says nothing that could be asked for */
    }
    if (change->app->is_dry) {
        write_down(change, n, "module", called, reason);
        return CW_OK;
    }
    cw_status status = cw_remote_take_off(change->app, *n->client, &name, called);
    if (status == CW_OK) {
        cw_app_step(change->app, "unload", "%s from %s: %s", called, n->node->name.value, reason);
    }
    return status;
}

static cw_status sweep_routes(struct cw_change *change, struct cw_change_node *n,
        const struct cw_remote *r)
{
    cw_status status = CW_OK;
    for (size_t i = 0; i < r->route_count && status == CW_OK; i++) {
        if (is_route_wanted(change, r->routes[i].channel)) {
            continue;
        }
        char called[CW_STATE_NAME_CAP];
        snprintf(called, sizeof called, "channel %" PRIu32 " of %.64s", r->routes[i].channel,
                r->module->name.value);
        if (change->app->is_dry) {
            write_down(change, n, "route", called, "no connection has it");
        } else {
            status = cw_app_unroute(change->app, *n->client, r->routes[i].channel);
        }
    }
    return status;
}

static cw_status sweep_module(struct cw_change *change, struct cw_change_node *n,
        const json_t *module)
{
    const char *deployment = json_string_value(json_object_get(module, "deployment"));
    if (!is_ours(change->app, module)) {
        if (deployment != NULL && is_past(change, deployment)) {
            return end_module(change, n, module, "its deployment is over");
        }
        n->foreign_count++;
        return CW_OK;
    }
    const uint32_t number = number_of(module, "number");
    const char *reason = module_reason(change, n, number);
    const struct cw_remote *r = remote_of(change, n, number);
    return reason != NULL || r == NULL ? end_module(change, n, module, reason)
                                       : sweep_routes(change, n, r);
}

/* Whatever was left on this node is off now, or the node does not have it. */
static cw_status forget_left(struct cw_change *change, const struct cw_change_node *n)
{
    char *beginning = cw_memory_format("left/%s/", n->node->name.value);
    struct cw_state_fact *left;
    size_t count;
    cw_status status = cw_state_facts(change->app->state, beginning, &left, &count);
    if (status == CW_OK) {
        for (size_t i = 0; i < count && status == CW_OK; i++) {
            char *name = cw_memory_format("%s%s", beginning, left[i].name);
            status = cw_state_fact_drop(change->app->state, name);
            free(name);
        }
        free(left);
    }
    free(beginning);
    return status;
}

cw_status cw_change_sweep(struct cw_change *change, struct cw_change_node *n)
{
    const json_t *modules = json_object_get(n->says, "modules");
    cw_status worst = CW_OK;
    for (size_t i = 0; i < json_array_size(modules); i++) {
        const cw_status status = sweep_module(change, n, json_array_get(modules, i));
        worst = status == CW_OK ? worst : status;
    }
    if (n->foreign_count > 0) {
        cw_log_warn("node %s" CW_AT " has %zu module%s of other deployments of this owner"
                CW_REMEDY ": they were made "
                    "with another state, and are left alone",
                n->node->name.value, n->foreign_count, n->foreign_count == 1 ? "" : "s");
    }
    return worst == CW_OK && n->says != NULL ? forget_left(change, n) : worst;
}
