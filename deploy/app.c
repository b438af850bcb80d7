/* SPDX-License-Identifier: MIT */
#include "deploy/app.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/crypto/suite.h"
#include "deploy/local.h"
#include "deploy/memory.h"
#include "deploy/place.h"
#include "deploy/secret.h"
#include "posix/args.h"
#include "posix/file.h"
#include "posix/log.h"

int cw_app_exit(cw_status status)
{
    switch (status) {
    case CW_OK:
        return CW_EXIT_DONE;
    case CW_E_FORM:
        return CW_EXIT_WRONG;
    case CW_E_DENIED:
        return CW_EXIT_REFUSED;
    case CW_AGAIN:
    case CW_E_SHORT:
    case CW_E_AUTH:
    case CW_E_REPLAY:
    case CW_E_STATE:
    case CW_E_ABSENT:
    case CW_E_SPACE:
    case CW_E_SYSTEM:
        return CW_EXIT_FAILED;
    }
    return CW_EXIT_FAILED;
}

const char *cw_status_name(cw_status status)
{
    switch (status) {
    case CW_OK:
        return "done";
    case CW_AGAIN:
        return "busy";
    case CW_E_SHORT:
        return "message too short";
    case CW_E_FORM:
        return "malformed message";
    case CW_E_AUTH:
        return "not authentic";
    case CW_E_REPLAY:
        return "not newer than what it has";
    case CW_E_STATE:
        return "not possible in its present state";
    case CW_E_DENIED:
        return "not allowed";
    case CW_E_ABSENT:
        return "no such endpoint, channel or module";
    case CW_E_SPACE:
        return "no room";
    case CW_E_SYSTEM:
        return "failure of its system";
    }
    return "unknown";
}

const char *cw_cipher_name(uint8_t cipher)
{
    return cipher == CW_CIPHER_AES ? "aes" : "spongent";
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* When this thread's step began: steps of several threads take their time side by side. */
static _Thread_local uint64_t step_ns;

void cw_app_begin_step(struct cw_app *app)
{
    (void)app;
    step_ns = now_ns();
}

void cw_app_step(struct cw_app *app, const char *verb, const char *format, ...)
{
    const uint64_t end_ns = now_ns();
    const double ms = (double)(end_ns - step_ns) / 1e6;
    step_ns = end_ns;
    if (app->is_dry) {
        return; /* nothing is done */
    }
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    const int len = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (len < 0) {
        cw_memory_gone();
    }
    (void)pthread_mutex_lock(&app->print_mutex);
    if (app->options.json) {
        if (app->steps == NULL) {
            app->steps = json_array();
        }
        json_array_append_new(app->steps,
                json_pack("{s:s, s:s+, s:f}", "step", verb, "text", text, "", "ms", ms));
    } else if (!app->options.quiet) {
        const char *bold = app->options.color ? "\033[1m" : "";
        const char *plain = app->options.color ? "\033[0m" : "";
        printf("%9.1f ms  %s%-10s%s %s\n", ms, bold, verb, plain, text);
        fflush(stdout);
    }
    (void)pthread_mutex_unlock(&app->print_mutex);
    free(text);
}

void cw_app_json(struct cw_app *app, struct json_t *object)
{
    json_decref(app->result);
    app->result = object;
}

/* app.json, or app.yaml where only that is there. */
static char *find_descriptor(const struct cw_options *options)
{
    static const char *const names[] = {"app.json", "app.yaml", "app.yml", NULL};
    if (options->descriptor != NULL) {
        return cw_memory_text(options->descriptor);
    }
    for (size_t i = 0; names[i] != NULL; i++) {
        if (cw_file_exists(names[i])) {
            return cw_memory_text(names[i]);
        }
    }
    return cw_memory_text(names[0]);
}

void cw_app_mistakes(struct cw_app *app)
{
    if (app->failures != NULL) {
        cw_failures_add(app->failures, &app->mistakes);
    }
    cw_mistakes_print(&app->mistakes);
}

void cw_app_peek(struct cw_app *app)
{
    app->descriptor_path = find_descriptor(&app->options);
    cw_status status = cw_descriptor_load(app->descriptor_path, cw_owner_backends, &app->mistakes,
            &app->d);
    (void)status;
}

static void widen(int *width, const char *name)
{
    const int len = (int)strlen(name); /* names are ASCII */
    *width = len > *width ? len : *width;
}

static struct cw_widths widths_of(const struct cw_descriptor *d)
{
    struct cw_widths width = {.node = 10, .module = 10, .connection = 20};
    for (size_t i = 0; i < d->node_count; i++) {
        widen(&width.node, d->nodes[i].name.value);
    }
    for (size_t i = 0; i < d->module_count; i++) {
        widen(&width.module, d->modules[i].name.value);
    }
    for (size_t i = 0; i < d->connection_count; i++) {
        widen(&width.connection, d->connections[i].name.value);
    }
    return width;
}

cw_status cw_app_describe(struct cw_app *app)
{
    if (app->clients != NULL) {
        return CW_OK;
    }
    app->descriptor_path = find_descriptor(&app->options);
    cw_status status = cw_descriptor_load(app->descriptor_path, cw_owner_backends, &app->mistakes,
            &app->d);
    if (app->mistakes.count > 0) {
        cw_app_mistakes(app);
    }
    if (status != CW_OK) {
        return CW_E_FORM;
    }
    app->width = widths_of(&app->d);
    app->clients = cw_memory_new(app->d.node_count, sizeof *app->clients);
    app->remotes = cw_memory_new(app->d.module_count, sizeof *app->remotes);
    for (size_t i = 0; i < app->d.module_count; i++) {
        app->remotes[i].module = &app->d.modules[i];
        app->remotes[i].node = app->d.modules[i].node;
        (void)pthread_mutex_init(&app->remotes[i].mutex, NULL);
    }
    return CW_OK;
}

/* The machine that a node's evidence has to come from, and what is held against it. */
static void describe_platform(const struct cw_app *app, struct cw_remote *r)
{
    const struct cw_descriptor_node *n = r->node;
    if (n->platform.value != NULL &&
            cw_hex_get(n->platform.value, r->platform, sizeof r->platform) == CW_OK) {
        r->owner_node.platform = r->platform;
    }
    if (n->collateral.value != NULL) {
        r->collateral = cw_file_join(app->d.folder, n->collateral.value);
        r->owner_node.collateral = r->collateral;
    }
    r->allow_status = cw_memory_new(n->allow_status_count + 1, sizeof *r->allow_status);
    for (size_t i = 0; i < n->allow_status_count; i++) {
        r->allow_status[i] = n->allow_status[i].value;
    }
    r->owner_node.allow_status = r->allow_status;
    r->owner_node.min_evaluation = (uint32_t)n->min_evaluation.value;
}

/* What the backend is told of a node, once its vendor key is known. */
static cw_status describe_node(struct cw_app *app, struct cw_remote *r)
{
    const struct cw_descriptor_node *n = r->node;
    r->owner_node = (struct cw_owner_node){
            .name = n->name.value,
            .tee = n->tee.value,
            .vendor = (uint16_t)n->vendor.value,
            .memory_text = n->memory_text.value,
            .memory_data = n->memory_data.value,
            .chip = n->chip.value == NULL && n->vendor.is_set ? "hardened" : n->chip.value,
    };
    if (n->backend->has_platform) {
        describe_platform(app, r);
    }
    if (n->backend->needs_sdk) {
        r->sdk = cw_place_sdk(app->options.sdk);
        if (r->sdk == NULL) {
            return CW_E_SYSTEM;
        }
        r->owner_node.sdk_dir = r->sdk;
    }
    if (!n->vendor.is_set) {
        return CW_OK;
    }
    cw_status status = n->is_local ? cw_local_vendor_key(app, n, r->vendor_key)
                                   : cw_keys_vendor(app->state, n->name.value, r->vendor_key);
    if (status == CW_OK) {
        r->owner_node.vendor_key = r->vendor_key;
    }
    return status == CW_E_ABSENT ? CW_OK : status; /* the build will ask for it */
}

/* The state was made for one application. */
static cw_status check_application(struct cw_app *app)
{
    char name[CW_STATE_NAME_CAP];
    cw_status status = cw_state_fact_get(app->state, "application", name, sizeof name);
    if (status == CW_E_ABSENT) {
        return cw_state_fact_put(app->state, "application", app->d.name.value);
    }
    if (status == CW_OK && strcmp(name, app->d.name.value) != 0) {
        cw_log_error("%s" CW_AT " belongs to the application \"%s\", but %s describes \"%s\""
                CW_REMEDY ": use --state "
                     "with a folder of its own, or `causeway destroy` first",
                app->state_folder, name, app->descriptor_path, app->d.name.value);
        return CW_E_FORM;
    }
    return status;
}

void cw_app_locate(struct cw_app *app)
{
    if (app->options.state != NULL) {
        app->state_folder = cw_memory_text(app->options.state);
    } else {
        char *path = app->descriptor_path != NULL ? cw_memory_text(app->descriptor_path)
                                                  : find_descriptor(&app->options);
        char *folder = cw_file_folder(path);
        app->state_folder = folder == NULL ? NULL : cw_file_join(folder, ".causeway");
        free(folder);
        free(path);
        if (app->state_folder == NULL) {
            cw_memory_gone();
        }
    }
}

cw_status cw_app_remember(struct cw_app *app)
{
    cw_app_locate(app);
    umask(077); /* what this program leaves behind is the owner's alone */
    const struct cw_state_access access = {
            .key_file = app->options.key_file,
            .passphrase_file = app->options.passphrase_file,
            .is_scratch = app->is_dry,
    };
    cw_status status = cw_state_open(app->state_folder, &access, &app->state);
    if (status == CW_OK) {
        status = cw_state_deployment(app->state, app->deployment);
    }
    if (status == CW_OK) {
        status = cw_keys_open(app->state, &app->keys);
    }
    bool was_copy = false;
    if (status == CW_OK) {
        status = cw_state_settle(app->state, &was_copy);
    }
    if (status == CW_OK && was_copy) {
        cw_log_warn("%s" CW_AT " was restored from a copy, or its last use broke off: direct "
                "connections "
                    "get new keys before they are used",
                app->state_folder);
    }
    if (status == CW_E_DENIED || status == CW_E_FORM) {
        status = CW_E_SYSTEM; /* a key file at fault is no refused evidence */
    }
    return status;
}

cw_status cw_app_open(struct cw_app *app)
{
    cw_status status = cw_app_describe(app);
    if (status == CW_OK) {
        status = cw_app_remember(app);
    }
    if (status == CW_OK) {
        status = check_application(app);
    }
    for (size_t i = 0; i < app->d.module_count && status == CW_OK; i++) {
        struct cw_remote *r = &app->remotes[i];
        status = cw_state_module(app->state, r->module->name.value, &r->row);
        if (status == CW_OK) {
            status = describe_node(app, r);
        }
    }
    return status;
}

void cw_app_close(struct cw_app *app)
{
    if (app->remotes != NULL) {
        for (size_t i = 0; i < app->d.module_count; i++) {
            cw_remote_close(&app->remotes[i]);
        }
    }
    if (app->clients != NULL) {
        for (size_t i = 0; i < app->d.node_count; i++) {
            cw_nodeclient_close(app->clients[i]);
        }
    }
    free(app->remotes);
    free(app->clients);
    cw_keys_close(&app->keys);
    cw_state_close(app->state);
    cw_descriptor_free(&app->d);
    cw_mistakes_free(&app->mistakes);
    json_decref(app->steps);
    json_decref(app->result);
    free(app->descriptor_path);
    free(app->state_folder);
}

void cw_app_unknown(const struct cw_app *app, const char *word, const char *kind,
        const char *const *names)
{
    const char *nearest = cw_args_nearest(word, names);
    char *list = cw_memory_text("");
    for (size_t i = 0; names[i] != NULL && i < 24; i++) {
        char *longer = cw_memory_format("%s%s%s", list, i == 0 ? "" : ", ", names[i]);
        free(list);
        list = longer;
    }
    if (nearest != NULL) {
        cw_log_error("%s" CW_AT ": %s has no such %s" CW_REMEDY "; did you mean \"%s\"?", word,
                app->descriptor_path, kind, nearest);
    } else if (list[0] == '\0') {
        cw_log_error("%s" CW_AT ": %s has no such %s" CW_REMEDY ", and none at all: add one there",
                word, app->descriptor_path, kind);
    } else {
        cw_log_error("%s" CW_AT ": %s has no such %s" CW_REMEDY ", expected one of: %s", word,
                app->descriptor_path, kind, list);
    }
    free(list);
}

struct cw_remote *cw_app_remote(struct cw_app *app, const char *name)
{
    for (size_t i = 0; i < app->d.module_count; i++) {
        if (strcmp(app->remotes[i].module->name.value, name) == 0) {
            return &app->remotes[i];
        }
    }
    const char **names = cw_memory_new(app->d.module_count + 1, sizeof *names);
    for (size_t i = 0; i < app->d.module_count; i++) {
        names[i] = app->d.modules[i].name.value;
    }
    cw_app_unknown(app, name, "module", names);
    free(names);
    return NULL;
}

static void pin_name(const struct cw_descriptor_node *node, char *ret_name, size_t cap)
{
    snprintf(ret_name, cap, "pin/%s", node->name.value);
}

/* HELLO: is it a node of the kind that the descriptor says? */
static cw_status greet(struct cw_app *app, const struct cw_descriptor_node *node,
        struct cw_nodeclient *client)
{
    (void)app;
    struct cw_node_answer answer;
    cw_status status = cw_nodeclient_ask(client, CW_NODE_HELLO, NULL, 0, &answer);
    if (status != CW_OK) {
        return status;
    }
    if (answer.status != CW_OK) {
        char text[1024];
        cw_nodeclient_text(&answer, text, sizeof text);
        cw_log_error("node %s" CW_AT " refuses this owner: %s", node->name.value, text);
        return CW_E_SYSTEM;
    }
    json_error_t error;
    json_t *hello = json_loadb((const char *)answer.bytes, answer.len, 0, &error);
    const char *tee = json_string_value(json_object_get(hello, "tee"));
    if (tee != NULL && strcmp(tee, node->tee.value) != 0) {
        cw_log_error("node %s" CW_AT " at %s runs tee \"%.40s\", but the descriptor says \"%s\" "
                "(line %u)",
                node->name.value, node->address.value, tee, node->tee.value, node->tee.at.line);
        status = CW_E_SYSTEM;
    }
    json_decref(hello);
    return status;
}

cw_status cw_app_address(const struct cw_app *app, const struct cw_descriptor_node *node,
        char *ret_address, size_t cap)
{
    if (!node->is_local) {
        snprintf(ret_address, cap, "%s", node->address.value);
        return CW_OK;
    }
    struct cw_local local;
    const cw_status status = cw_local_find(app, node, &local);
    if (status == CW_OK) {
        snprintf(ret_address, cap, "%s", local.address);
    } else {
        cw_log_error("node %s" CW_AT " is local, and does not run" CW_REMEDY ": `causeway apply` "
                "starts it (log: %s)",
                node->name.value, local.log);
    }
    cw_local_free(&local);
    return status;
}

cw_status cw_app_reach(struct cw_app *app, const struct cw_descriptor_node *node,
        struct cw_nodeclient **slot)
{
    cw_status status = CW_OK;
    char name[CW_STATE_NAME_CAP + 8];
    char pin[CW_TLS_FINGERPRINT_CAP] = "";
    pin_name(node, name, sizeof name);
    if (node->key.value != NULL) {
        for (size_t i = 0; i < 64; i++) {
            const char c = node->key.value[i];
            pin[i] = (char)(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
        }
        pin[64] = '\0';
    } else {
        status = cw_state_fact_get(app->state, name, pin, sizeof pin);
        if (status != CW_OK && status != CW_E_ABSENT) {
            return status;
        }
    }
    char address[sizeof((struct cw_peer *)NULL)->address];
    if (cw_app_address(app, node, address, sizeof address) != CW_OK) {
        return CW_E_SYSTEM;
    }
    char why[CW_TLS_WHY_CAP];
    status = cw_nodeclient_connect(app->keys.tls, node->name.value, address,
            pin[0] == '\0' ? NULL : pin, app->options.timeout_ms, slot, why);
    if (status == CW_E_AUTH && pin[0] != '\0') {
        const bool is_described = node->key.value != NULL;
        cw_log_error("node %s" CW_AT ": %s" CW_REMEDY ".  If its key was changed on purpose: %s%s%s",
                node->name.value, why,
                is_described ? "write the new one into the descriptor (\"key\")"
                             : "`causeway key forget-node ",
                is_described ? "" : node->name.value, is_described ? "" : "` drops the old one");
        return CW_E_SYSTEM;
    }
    if (status != CW_OK) {
        cw_log_error("node %s" CW_AT ": %s" CW_REMEDY ".  Is causeway-node running there?",
                node->name.value, why);
        return CW_E_SYSTEM;
    }
    if (pin[0] == '\0') {
        status = cw_state_fact_put(app->state, name, cw_nodeclient_peer(*slot));
        if (status != CW_OK) {
            return status;
        }
        cw_app_step(app, "pin", "%s: first meeting, its key is pinned from now on: %.16s...",
                node->name.value, cw_nodeclient_peer(*slot));
    }
    status = greet(app, node, *slot);
    if (status != CW_OK) {
        cw_nodeclient_close(*slot);
        *slot = NULL;
    }
    return status;
}

cw_status cw_app_client(struct cw_app *app, const struct cw_descriptor_node *node,
        struct cw_nodeclient **ret_client)
{
    struct cw_nodeclient **slot = &app->clients[node - app->d.nodes];
    cw_status status = CW_OK;
    if (*slot == NULL) {
        status = cw_keys_tls(app->state, &app->keys);
        if (status == CW_OK) {
            status = cw_app_reach(app, node, slot);
        }
    }
    if (status == CW_OK) {
        *ret_client = *slot;
    }
    return status;
}
