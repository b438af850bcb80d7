/* SPDX-License-Identifier: MIT */
#include "deploy/local.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "deploy/memory.h"
#include "deploy/place.h"
#include "deploy/secret.h"
#include "posix/daemon.h"
#include "posix/file.h"
#include "posix/log.h"
#include "posix/tool.h"

#define STOP_PATIENCE_MS 6000u /* a node gives its modules 5 seconds */
#define READY_MS 15000u
#define RESET_MS 1000u /* how long a chip's socket may be away */
#define LINE_MAX_LEN 4096u
#define LOG_MAX_LEN (4u << 20)

/* A node on this machine. */
struct place {
    const char *name;
    char *node;  /* folder of causeway-node      */
    char *board; /* folder of the chip's program */
};

static struct place place_of(const struct cw_app *app, const char *name)
{
    return (struct place){
            .name = name,
            .node = cw_memory_format("%s/nodes/%s/node", app->state_folder, name),
            .board = cw_memory_format("%s/nodes/%s/board", app->state_folder, name),
    };
}

static void leave_place(struct place *p)
{
    free(p->node);
    free(p->board);
}

static void free_words(struct cw_tool *tool)
{
    for (size_t i = 0; i < tool->count; i++) {
        free(tool->arguments[i]);
    }
}

/* The text of a small file, or NULL. */
static char *text_of(const char *folder, const char *name, size_t max_len)
{
    char *path = cw_memory_format("%s/%s", folder, name);
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (!cw_file_exists(path) || cw_file_read(path, max_len, &bytes, &len) != CW_OK) {
        bytes = NULL;
    }
    free(path);
    return (char *)bytes;
}

/* The last line of its log, in text, which the caller frees; NULL: there is none. */
static const char *last_line(const char *folder, char **ret_text)
{
    char *text = text_of(folder, "log", LOG_MAX_LEN);
    size_t len = text == NULL ? 0 : strlen(text);
    while (len > 0 && text[len - 1] == '\n') {
        text[--len] = '\0';
    }
    *ret_text = text;
    const char *line = len == 0 ? NULL : strrchr(text, '\n');
    return line != NULL ? line + 1 : len == 0 ? NULL : text;
}

/* What a program said last: why it ended. */
static cw_status tell_end(const struct place *p, const char *folder, const char *what)
{
    char *text;
    const char *line = last_line(folder, &text);
    cw_log_error("node %s" CW_AT ": %s: \"%s\" (%s/log)", p->name, what,
            line == NULL ? "it says nothing" : line, folder);
    free(text);
    return CW_E_SYSTEM;
}

char *cw_local_board_said(const struct cw_app *app, const struct cw_descriptor_node *node)
{
    if (!node->is_local) {
        return NULL;
    }
    struct place p = place_of(app, node->name.value);
    char *text;
    const char *line = last_line(p.board, &text);
    char *said = line == NULL ? NULL : cw_memory_format("%s (%s/log)", line, p.board);
    free(text);
    leave_place(&p);
    return said;
}

/* Until a file that a program makes is there and says enough; false: it ended, or takes too long. */
static bool await(const char *folder, bool (*is_ready)(const char *folder, void *ctx), void *ctx,
        unsigned patience_ms)
{
    const struct timespec moment = {.tv_nsec = 5000000};
    for (unsigned waited_ms = 0; waited_ms < patience_ms; waited_ms += 5) {
        if (is_ready(folder, ctx)) {
            return true;
        }
        if (cw_daemon_pid(folder) == 0) {
            return false;
        }
        (void)nanosleep(&moment, NULL);
    }
    return false;
}

static bool has_socket(const char *folder, void *ctx)
{
    char *path = cw_memory_format("%s/%s", folder, (const char *)ctx);
    const bool is_there = access(path, F_OK) == 0;
    free(path);
    return is_there;
}

struct greeting {
    char address[CW_LOCAL_ADDRESS_CAP];
    char fingerprint[CW_TLS_FINGERPRINT_CAP];
};

/* "ready NAME ADDRESS FINGERPRINT" */
static bool has_greeted(const char *folder, void *ctx)
{
    struct greeting *g = ctx;
    char *line = text_of(folder, "out", LINE_MAX_LEN);
    const bool is_said = line != NULL && strchr(line, '\n') != NULL &&
            sscanf(line, "ready %*s %63s %64s", g->address, g->fingerprint) == 2;
    free(line);
    return is_said;
}

static cw_status start_program(const struct place *p, const char *folder,
        const struct cw_tool *command)
{
    if (command->failed) {
        cw_log_error("node %s" CW_AT ": too many arguments", p->name);
        return CW_E_SYSTEM;
    }
    if (!cw_file_exists(command->arguments[0])) {
        cw_log_error("node %s" CW_AT " is local, but there is no program %s to run it" CW_REMEDY
                ": build or install all "
                     "of Causeway",
                p->name, command->arguments[0]);
        return CW_E_SYSTEM;
    }
    const cw_status status =
            cw_daemon_start(folder, (const char *const *)(uintptr_t)command->arguments);
    if (status == CW_E_STATE) {
        cw_log_error("node %s" CW_AT ": another process is starting it (%s/pid)" CW_REMEDY ": "
                "try again", p->name,
                folder);
    }
    return status == CW_OK ? CW_OK : CW_E_SYSTEM;
}

/* --- the chip ----------------------------------------------------------------------------------- */

static cw_status chip_key(struct cw_app *app, const char *name, uint8_t ret_key[static CW_KEY_LEN])
{
    char *secret = cw_memory_format("chip/%s", name);
    size_t len;
    cw_status status = cw_state_secret_get(app->state, secret, ret_key, CW_KEY_LEN, &len);
    if (status == CW_E_ABSENT) {
        cw_secret_random(ret_key, CW_KEY_LEN);
        status = cw_state_secret_put(app->state, secret, ret_key, CW_KEY_LEN);
    }
    free(secret);
    return status;
}

cw_status cw_local_vendor_key(struct cw_app *app, const struct cw_descriptor_node *node,
        uint8_t ret_key[static CW_KEY_LEN])
{
    uint8_t key[CW_KEY_LEN];
    if (node->backend->local == NULL || node->backend->local->key_file == NULL) {
        return CW_E_ABSENT;
    }
    const cw_status status = chip_key(app, node->name.value, key);
    if (status == CW_OK) {
        node->backend->local->vendor_key(key, (uint16_t)node->vendor.value, ret_key);
    }
    cw_bytes_wipe(key, sizeof key);
    return status;
}

cw_status cw_local_identify(const struct cw_app *app, const struct cw_descriptor_node *node,
        uint8_t ret_platform[static CW_PLATFORM_ID_LEN])
{
    const struct cw_owner_local *local = node->backend->local;
    if (local == NULL || local->identify == NULL) {
        return CW_E_ABSENT;
    }
    struct place p = place_of(app, node->name.value);
    const cw_status status = local->identify(p.board, ret_platform);
    leave_place(&p);
    return status;
}

static struct cw_owner_node describe(const struct cw_descriptor_node *node)
{
    return (struct cw_owner_node){
            .name = node->name.value,
            .tee = node->tee.value,
            .vendor = (uint16_t)node->vendor.value,
            .chip = node->chip.value,
    };
}

static cw_status write_key(struct cw_app *app, const struct place *p, const char *name)
{
    uint8_t key[CW_KEY_LEN];
    char text[2 * CW_KEY_LEN + 2];
    cw_status status = chip_key(app, p->name, key);
    if (status == CW_OK) {
        char *path = cw_memory_format("%s/%s", p->board, name);
        cw_hex_put(key, sizeof key, text);
        (void)strcat(text, "\n");
        status = cw_file_write(path, text, strlen(text), 0600);
        free(path);
    }
    cw_bytes_wipe(key, sizeof key);
    cw_bytes_wipe(text, sizeof text);
    return status;
}

/* What the tee has to lay into the chip's folder before the program runs there. */
static cw_status prepare(const struct cw_app *app, const struct cw_descriptor_node *node,
        const struct place *p)
{
    const struct cw_owner_node described = describe(node);
    char *sdk = cw_place_sdk(app->options.sdk);
    const cw_status status =
            sdk == NULL ? CW_E_ABSENT : node->backend->local->prepare(&described, sdk, p->board);
    free(sdk);
    return status;
}

static cw_status start_board(struct cw_app *app, const struct cw_descriptor_node *node,
        const struct place *p, const struct cw_tool *command)
{
    const struct cw_owner_local *local = node->backend->local;
    cw_status status = local->key_file == NULL ? CW_OK : write_key(app, p, local->key_file);
    if (status == CW_OK && local->prepare != NULL) {
        status = prepare(app, node, p);
    }
    if (status == CW_OK) {
        char *socket = cw_memory_format("%s/%s", p->board, local->socket);
        (void)unlink(socket); /* of one that died */
        free(socket);
        status = start_program(p, p->board, command);
    }
    if (status == CW_OK && !await(p->board, has_socket, (void *)(uintptr_t)local->socket,
                                   READY_MS)) {
        status = tell_end(p, p->board, "its board did not start");
    }
    return status;
}

/* --- one node ----------------------------------------------------------------------------------- */

/* One that was ended on purpose has no `command` any more. */
static cw_status stop_program(const char *folder)
{
    const cw_status status = cw_daemon_stop(folder, STOP_PATIENCE_MS);
    char *command = cw_memory_format("%s/command", folder);
    if (status == CW_OK) {
        (void)unlink(command);
    }
    free(command);
    return status;
}

static cw_status stop_place(const struct place *p)
{
    const cw_status status = stop_program(p->node);
    return status == CW_OK ? stop_program(p->board) : status;
}

/* How both programs are called. */
static cw_status write_commands(struct cw_app *app, const struct cw_descriptor_node *node,
        struct cw_tool *ret_node, struct cw_tool *ret_board)
{
    static const char *const places[] = {"causeway-node", NULL};
    const struct cw_owner_local *local = node->backend->local;
    char *folder = cw_file_program_folder();
    char *program = cw_place_find(places);
    char *sdk = NULL;
    cw_status status = cw_keys_tls(app->state, &app->keys);
    if (status == CW_OK && local != NULL) {
        sdk = cw_place_sdk(app->options.sdk);
        status = sdk == NULL ? CW_E_ABSENT : CW_OK;
    }
    if (status == CW_OK) {
        cw_tool_add(ret_node, "%s", program != NULL ? program : "causeway-node");
        const char *const words[] = {"--name", node->name.value, "--tee", node->tee.value,
                "--listen", "127.0.0.1:0", "--state", ".", "--owner",
                cw_tls_identity_fingerprint(app->keys.tls)};
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            cw_tool_add(ret_node, "%s", words[i]);
        }
    }
    if (status == CW_OK && local != NULL) {
        const struct cw_owner_node described = describe(node);
        cw_tool_add(ret_node, "--platform");
        cw_tool_add(ret_node, "%s", local->platform);
        cw_tool_add(ret_board, "%s/%s", folder != NULL ? folder : ".", local->program);
        local->arguments(&described, sdk, ret_board);
    }
    free(sdk);
    free(program);
    free(folder);
    return status;
}

static bool runs_as(const char *folder, const struct cw_tool *command)
{
    const char *const *words = (const char *const *)(uintptr_t)command->arguments;
    return command->count == 0 ? cw_daemon_pid(folder) == 0
                               : cw_daemon_pid(folder) != 0 && cw_daemon_has(folder, words);
}

static bool has_run(const char *folder)
{
    char *command = cw_memory_format("%s/command", folder);
    const bool is_there = cw_file_exists(command);
    free(command);
    return is_there;
}

/* A chip whose program lives, and which is reached all the same by nobody: it stands still, or is off. */
static bool is_reached(const struct cw_descriptor_node *node, const struct place *p)
{
    const struct cw_owner_local *local = node->backend->local;
    return local == NULL ||
            await(p->board, has_socket, (void *)(uintptr_t)local->socket, RESET_MS);
}

/* Why it is started: for people. */
static const char *reason(const struct cw_descriptor_node *node, const struct place *p)
{
    if (!has_run(p->node)) {
        return "";
    }
    if (cw_daemon_pid(p->node) == 0) {
        return "it had ended";
    }
    if (has_run(p->board) && cw_daemon_pid(p->board) == 0) {
        return "its board had ended";
    }
    return cw_daemon_pid(p->board) == 0 || is_reached(node, p) ? "it was set up otherwise"
                                                               : "its board stood still, or was off";
}

static bool is_current(const struct cw_app *app, const struct cw_descriptor_node *node,
        const struct place *p)
{
    const struct cw_owner_local *local = node->backend->local;
    if (local == NULL || local->is_current == NULL) {
        return true;
    }
    char *sdk = cw_place_sdk(app->options.sdk);
    const bool is_so = sdk != NULL && local->is_current(sdk, p->board);
    free(sdk);
    return is_so;
}

static cw_status start_both(struct cw_app *app, const struct cw_descriptor_node *node,
        const struct place *p, const struct cw_tool *node_command,
        const struct cw_tool *board_command)
{
    struct greeting greeting = {0};
    const char *why = reason(node, p);
    cw_status status = stop_place(p);
    if (status == CW_OK) {
        status = cw_file_make_folder(p->node, 0700);
    }
    if (status == CW_OK && board_command->count > 0) {
        status = cw_file_make_folder(p->board, 0700);
        if (status == CW_OK) {
            status = start_board(app, node, p, board_command);
        }
    }
    if (status == CW_OK) {
        status = start_program(p, p->node, node_command);
    }
    if (status == CW_OK && !await(p->node, has_greeted, &greeting, READY_MS)) {
        status = tell_end(p, p->node, "causeway-node did not start");
    }
    if (status != CW_OK) {
        return status;
    }
    /* Who was started here needs no first meeting. */
    char *pin = cw_memory_format("pin/%s", p->name);
    status = cw_state_fact_put(app->state, pin, greeting.fingerprint);
    free(pin);
    if (status == CW_OK) {
        cw_app_step(app, "start", "%s: a %s node on this machine, process %ld%s%s", p->name,
                node->tee.value, (long)cw_daemon_pid(p->node), why[0] == '\0' ? "" : "; ", why);
    }
    return status;
}

static bool is_right(const struct cw_app *app, const struct cw_descriptor_node *node,
        const struct place *p, const struct cw_tool *node_command,
        const struct cw_tool *board_command)
{
    return runs_as(p->node, node_command) && runs_as(p->board, board_command) &&
            is_reached(node, p) && is_current(app, node, p);
}

const char *cw_local_due(struct cw_app *app, const struct cw_descriptor_node *node)
{
    struct place p = place_of(app, node->name.value);
    struct cw_tool node_command = {0};
    struct cw_tool board_command = {0};
    const char *why = NULL;
    if (cw_daemon_pid(p.node) == 0) {
        why = "it is local, and does not run";
    } else if (write_commands(app, node, &node_command, &board_command) == CW_OK &&
            !is_right(app, node, &p, &node_command, &board_command)) {
        why = reason(node, &p);
    }
    free_words(&node_command);
    free_words(&board_command);
    leave_place(&p);
    return why;
}

static cw_status start(struct cw_app *app, const struct cw_descriptor_node *node)
{
    struct place p = place_of(app, node->name.value);
    struct cw_tool node_command = {0};
    struct cw_tool board_command = {0};
    cw_status status = write_commands(app, node, &node_command, &board_command);
    if (status == CW_OK && !is_right(app, node, &p, &node_command, &board_command)) {
        status = start_both(app, node, &p, &node_command, &board_command);
    }
    free_words(&node_command);
    free_words(&board_command);
    leave_place(&p);
    return status;
}

cw_status cw_local_start(struct cw_app *app)
{
    cw_status status = CW_OK;
    for (size_t i = 0; i < app->d.node_count && status == CW_OK; i++) {
        if (app->d.nodes[i].is_local) {
            status = start(app, &app->d.nodes[i]);
        }
    }
    return status;
}

cw_status cw_local_find(const struct cw_app *app, const struct cw_descriptor_node *node,
        struct cw_local *ret_local)
{
    struct place p = place_of(app, node->name.value);
    struct greeting greeting = {0};
    *ret_local = (struct cw_local){
            .pid = (long)cw_daemon_pid(p.node),
            .board_pid = (long)cw_daemon_pid(p.board),
            .log = cw_memory_format("%s/log", p.node),
    };
    const bool is_up = ret_local->pid != 0 && has_greeted(p.node, &greeting);
    (void)memcpy(ret_local->address, greeting.address, sizeof greeting.address);
    leave_place(&p);
    return is_up ? CW_OK : CW_E_ABSENT;
}

void cw_local_free(struct cw_local *local)
{
    free(local->log);
    local->log = NULL;
}

bool cw_local_has(const struct cw_app *app, const char *name)
{
    struct place p = place_of(app, name);
    const bool is_there = cw_file_exists(p.node);
    leave_place(&p);
    return is_there;
}

/* --- the end ------------------------------------------------------------------------------------ */

static bool is_described(const struct cw_app *app, const char *name)
{
    for (size_t i = 0; i < app->d.node_count; i++) {
        if (app->d.nodes[i].is_local && strcmp(app->d.nodes[i].name.value, name) == 0) {
            return true;
        }
    }
    return false;
}

static cw_status stop(struct cw_app *app, const char *name)
{
    struct place p = place_of(app, name);
    const long pid = (long)cw_daemon_pid(p.node);
    const cw_status status = stop_place(&p);
    if (status == CW_OK && pid != 0) {
        cw_app_step(app, "stop", "%s: its node on this machine has ended", name);
    }
    leave_place(&p);
    return status;
}

cw_status cw_local_stop(struct cw_app *app, bool all)
{
    char *folder = cw_memory_format("%s/nodes", app->state_folder);
    DIR *nodes = opendir(folder);
    free(folder);
    cw_status worst = CW_OK;
    for (struct dirent *entry; nodes != NULL && (entry = readdir(nodes)) != NULL;) {
        if (entry->d_name[0] == '.' || (!all && is_described(app, entry->d_name))) {
            continue;
        }
        const cw_status status = stop(app, entry->d_name);
        worst = status == CW_OK ? worst : status;
    }
    if (nodes != NULL) {
        (void)closedir(nodes);
    }
    return worst;
}
