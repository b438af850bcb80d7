/* SPDX-License-Identifier: MIT */
/* doctor: what this machine, the state and the nodes need, and what to install or run. */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/bytes.h"
#include "deploy/doctor.h"
#include "deploy/memory.h"
#include "deploy/verb.h"
#include "posix/file.h"
#include "posix/log.h"

#define SKEW_MAX_MS 10000

static const char *const level_names[] = {"ok", "warning", "error"};

void cw_doctor_say(struct cw_doctor *d, cw_doctor_level level, const char *check,
        const char *remedy, const char *format, ...)
{
    static const char *const colors[] = {"\033[32m", "\033[33m", "\033[31m"};
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    const int len = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (len < 0) {
        cw_memory_gone();
    }
    cw_log_clean(text, "");
    d->counts[level]++;
    if (d->app->options.json) {
        json_array_append_new(d->checks,
                json_pack("{s:s, s:s, s:s, s:s?}", "check", check, "status", level_names[level],
                        "text", text, "remedy", remedy));
    } else if (level != CW_DOCTOR_OK || !d->app->options.quiet) {
        const bool color = d->app->options.color;
        printf("%s%-8s%s %-11s %s%s%s\n", color ? colors[level] : "", level_names[level],
                color ? "\033[0m" : "", check, text, remedy == NULL ? "" : "; ",
                remedy == NULL ? "" : remedy);
    }
    free(text);
}

/* A line that was meant for standard error. */
static void say_caught(struct cw_doctor *d, const char *check, char *caught)
{
    char *mark = strrchr(caught, CW_REMEDY[0]);
    char *remedy = NULL;
    if (mark != NULL) {
        *mark = '\0';
        remedy = mark + 1 + strspn(mark + 1, ",;: ");
        cw_log_unmark(remedy);
    }
    cw_log_unmark(caught);
    cw_doctor_say(d, CW_DOCTOR_ERROR, check, remedy, "%s", caught);
}

bool cw_doctor_uses(const struct cw_doctor *d, const char *tee)
{
    for (size_t i = 0; d->is_described && i < d->app->d.node_count; i++) {
        if (strcmp(d->app->d.nodes[i].tee.value, tee) == 0) {
            return true;
        }
    }
    return false;
}

static void look_at_descriptor(struct cw_doctor *d)
{
    struct cw_app *app = d->app;
    cw_app_peek(app);
    if (!cw_file_exists(app->descriptor_path) && app->options.descriptor == NULL) {
        cw_doctor_say(d, CW_DOCTOR_OK, "descriptor", NULL,
                "none in this folder: only the machine is looked at");
        return;
    }
    if (app->mistakes.count > 0) {
        cw_doctor_say(d, CW_DOCTOR_ERROR, "descriptor", "`causeway validate` shows all",
                "%s: mistakes: %zu; the first: line %u: %s", app->descriptor_path,
                app->mistakes.count, app->mistakes.items[0].at.line, app->mistakes.items[0].text);
        return;
    }
    d->is_described = true;
    cw_doctor_say(d, CW_DOCTOR_OK, "descriptor", NULL,
            "%s: %zu nodes, %zu modules, %zu connections", app->descriptor_path, app->d.node_count,
            app->d.module_count, app->d.connection_count);
}

/* Is a file or folder open to others? */
static void look_at_mode(struct cw_doctor *d, const char *folder, const char *name)
{
    char *path = name == NULL ? cw_memory_text(folder) : cw_file_join(folder, name);
    struct stat st;
    if (path != NULL && lstat(path, &st) == 0 && (st.st_mode & 077) != 0) {
        char *remedy = cw_memory_format("chmod %s '%s'", name == NULL ? "700" : "600", path);
        cw_doctor_say(d, CW_DOCTOR_ERROR, "state", remedy, "%s is open to others (mode %03o)", path,
                (unsigned)st.st_mode & 0777u);
        free(remedy);
    }
    free(path);
}

static void look_at_state(struct cw_doctor *d)
{
    struct cw_app *app = d->app;
    char caught[1024];
    if (!d->is_described) {
        return;
    }
    char *folder = app->options.state != NULL ? cw_memory_text(app->options.state) : NULL;
    if (folder == NULL) {
        char *beside = cw_file_folder(app->descriptor_path);
        folder = cw_file_join(beside, ".causeway");
        free(beside);
    }
    if (!cw_file_exists(folder)) {
        cw_doctor_say(d, CW_DOCTOR_OK, "state", NULL, "%s: none yet; the first apply makes it",
                folder);
        free(folder);
        return;
    }
    look_at_mode(d, folder, NULL);
    look_at_mode(d, folder, "state.db");
    app->is_dry = true;
    cw_log_catch(caught, sizeof caught);
    const cw_status status = cw_app_remember(app);
    cw_log_catch(NULL, 0);
    d->is_state_open = status == CW_OK;
    if (status == CW_OK) {
        cw_doctor_say(d, CW_DOCTOR_OK, "state", NULL, "%s opens", folder);
    } else {
        say_caught(d, "state", caught);
    }
    free(folder);
}

static void look_at_vendor_keys(struct cw_doctor *d)
{
    for (size_t i = 0; d->is_described && i < d->app->d.node_count; i++) {
        const struct cw_descriptor_node *n = &d->app->d.nodes[i];
        uint8_t key[CW_KEY_LEN];
        if (!n->vendor.is_set || n->is_local) {
            continue;
        }
        const bool is_there = d->is_state_open &&
                cw_keys_vendor(d->app->state, n->name.value, key) == CW_OK;
        cw_bytes_wipe(key, sizeof key);
        if (is_there) {
            cw_doctor_say(d, CW_DOCTOR_OK, "vendor key", NULL, "node %s: imported", n->name.value);
        } else {
            char *remedy =
                    cw_memory_format("`causeway key add-vendor %s --file FILE`", n->name.value);
            cw_doctor_say(d, CW_DOCTOR_ERROR, "vendor key", remedy, "node %s: not imported",
                    n->name.value);
            free(remedy);
        }
    }
}

static void look_at_node(struct cw_doctor *d, const struct cw_survey *s)
{
    switch (s->state) {
    case CW_SURVEY_READY:
        cw_doctor_say(d, CW_DOCTOR_OK, "node", NULL, "%s at %s is ready: %s, %s", s->node->name.value,
                s->address, s->node->tee.value, cw_survey_protection(s));
        break;
    case CW_SURVEY_STOPPED:
        cw_doctor_say(d, CW_DOCTOR_OK, "node", NULL, "%s is local, and does not run yet: apply "
                                                     "starts it",
                s->node->name.value);
        break;
    case CW_SURVEY_AWAY:
    case CW_SURVEY_OTHER_KEY:
    case CW_SURVEY_REFUSES:
    case CW_SURVEY_OTHER_TEE:
        cw_doctor_say(d, CW_DOCTOR_ERROR, "node", s->remedy, "%s at %s: %s", s->node->name.value,
                s->address, s->why);
        break;
    }
    const long long skew_ms = s->skew_ms < 0 ? -s->skew_ms : s->skew_ms;
    if (s->has_skew && skew_ms > SKEW_MAX_MS + s->wait_ms) {
        cw_doctor_say(d, CW_DOCTOR_WARNING, "clock", "`timedatectl set-ntp true` on both",
                "node %s: its clock differs by %lld s: lines of logs will not line up",
                s->node->name.value, skew_ms / 1000);
    }
}

static void look_at_nodes(struct cw_doctor *d)
{
    if (!d->is_described) {
        return;
    }
    char caught[1024];
    cw_log_catch(caught, sizeof caught);
    cw_status status = CW_OK;
    if (!d->is_state_open) { /* a state of the moment: its key is nobody's */
        d->app->is_dry = true;
        cw_state_close(d->app->state);
        d->app->state = NULL;
        status = cw_state_open("/nonexistent/causeway",
                &(struct cw_state_access){.is_scratch = true}, &d->app->state);
    }
    if (status == CW_OK) {
        status = cw_survey_make(d->app, &d->surveys);
    }
    cw_log_catch(NULL, 0);
    if (status != CW_OK) {
        say_caught(d, "node", caught);
        return;
    }
    for (size_t i = 0; i < d->app->d.node_count; i++) {
        struct cw_survey *s = &d->surveys[i];
        if (s->state == CW_SURVEY_REFUSES && !d->is_state_open) {
            cw_doctor_say(d, CW_DOCTOR_OK, "node", NULL, "%s at %s answers; whether it serves this "
                                                         "owner shows once there is a state",
                    s->node->name.value, s->address);
            continue;
        }
        look_at_node(d, s);
    }
}

int cw_cmd_doctor(struct cw_app *app, const struct cw_words *words)
{
    (void)words;
    struct cw_doctor d = {.app = app, .checks = json_array()};
    look_at_descriptor(&d);
    cw_doctor_machine(&d);
    look_at_state(&d);
    look_at_vendor_keys(&d);
    look_at_nodes(&d);
    cw_doctor_ports(&d);
    if (app->options.json) {
        cw_app_json(app, json_pack("{s:O, s:i, s:i}", "checks", d.checks, "warning_count",
                                 (int)d.counts[CW_DOCTOR_WARNING], "error_count",
                                 (int)d.counts[CW_DOCTOR_ERROR]));
    } else if (!app->options.quiet) {
        printf("%zu ok, %zu warnings, %zu errors\n", d.counts[CW_DOCTOR_OK],
                d.counts[CW_DOCTOR_WARNING], d.counts[CW_DOCTOR_ERROR]);
    }
    cw_survey_free(d.surveys, app->d.node_count);
    json_decref(d.checks);
    return d.counts[CW_DOCTOR_ERROR] == 0 ? CW_EXIT_DONE : CW_EXIT_FAILED;
}
