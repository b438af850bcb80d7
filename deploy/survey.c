/* SPDX-License-Identifier: MIT */
#include "deploy/survey.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "deploy/local.h"
#include "deploy/memory.h"
#include "deploy/work.h"

struct surveying {
    struct cw_app *app;
    struct cw_survey *surveys;
};

const char *cw_survey_name(cw_survey_state state)
{
    switch (state) {
    case CW_SURVEY_READY:
        return "ready";
    case CW_SURVEY_STOPPED:
        return "stopped";
    case CW_SURVEY_AWAY:
        return "away";
    case CW_SURVEY_OTHER_KEY:
        return "other key";
    case CW_SURVEY_REFUSES:
        return "refuses";
    case CW_SURVEY_OTHER_TEE:
        return "other tee";
    }
    return "unknown";
}

const char *cw_survey_protection(const struct cw_survey *s)
{
    const json_t *platform = json_object_get(s->hello, "platform");
    const json_t *emulated = json_object_get(platform, "emulated");
    const char *said = json_string_value(json_object_get(platform, "protection"));
    if (s->hello == NULL) {
        return "unknown";
    }
    if (said != NULL && strcmp(said, "none") == 0) {
        return "unprotected";
    }
    return json_is_true(emulated) ? "emulated" : json_is_false(emulated) ? "protected" : "unknown";
}

static long long now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static cw_status find_pin(struct cw_app *app, struct cw_survey *s)
{
    if (s->node->key.value != NULL) {
        for (size_t i = 0; i < 64; i++) {
            s->pin[i] = (char)tolower((unsigned char)s->node->key.value[i]);
        }
        s->is_pin_of_descriptor = true;
        return CW_OK;
    }
    char name[CW_STATE_NAME_CAP + 8];
    snprintf(name, sizeof name, "pin/%s", s->node->name.value);
    const cw_status status = cw_state_fact_get(app->state, name, s->pin, sizeof s->pin);
    return status == CW_E_ABSENT ? CW_OK : status;
}

/* Where to ask; false: nowhere. */
static bool find_address(struct cw_app *app, struct cw_survey *s)
{
    if (!s->node->is_local) {
        snprintf(s->address, sizeof s->address, "%s", s->node->address.value);
        return true;
    }
    struct cw_local local;
    const bool is_running = cw_local_find(app, s->node, &local) == CW_OK;
    if (is_running) {
        snprintf(s->address, sizeof s->address, "%s", local.address);
    } else {
        s->state = CW_SURVEY_STOPPED;
        snprintf(s->why, sizeof s->why, "it is local, and does not run");
        s->remedy = "`causeway apply` starts it";
    }
    cw_local_free(&local);
    return is_running;
}

/* HELLO is in the answer to STATUS, which tells of all deployments when none is named. */
static void ask(struct cw_survey *s, struct cw_nodeclient *client)
{
    static const uint8_t all[CW_DEPLOYMENT_LEN];
    struct cw_node_answer answer;
    const long long from_ms = now_ms();
    if (cw_nodeclient_ask(client, CW_NODE_STATUS, all, sizeof all, &answer) != CW_OK) {
        s->state = CW_SURVEY_AWAY;
        snprintf(s->why, sizeof s->why, "it answers nothing that is of use");
        s->remedy = "look into its log";
        return;
    }
    const long long to_ms = now_ms();
    if (answer.status != CW_OK) {
        s->state = CW_SURVEY_REFUSES;
        cw_nodeclient_text(&answer, s->why, sizeof s->why);
        s->remedy = "its operator starts it with --owner and what `causeway key show` prints";
        return;
    }
    json_error_t error;
    s->status = json_loadb((const char *)answer.bytes, answer.len, 0, &error);
    s->hello = json_object_get(s->status, "node");
    const char *tee = json_string_value(json_object_get(s->hello, "tee"));
    if (tee == NULL || strcmp(tee, s->node->tee.value) != 0) {
        s->state = CW_SURVEY_OTHER_TEE;
        snprintf(s->why, sizeof s->why, "it runs tee \"%.40s\", the descriptor says \"%s\"",
                tee == NULL ? "?" : tee, s->node->tee.value);
        s->remedy = "change the descriptor, or start it with --tee";
    }
    const json_t *time = json_object_get(s->hello, "time_ms");
    if (json_is_integer(time)) {
        s->has_skew = true;
        s->wait_ms = to_ms - from_ms;
        s->skew_ms = json_integer_value(time) - (from_ms + s->wait_ms / 2);
    }
}

static void look(void *ctx, size_t i)
{
    const struct surveying *all = ctx;
    struct cw_app *app = all->app;
    struct cw_survey *s = &all->surveys[i];
    if (!find_address(app, s)) {
        return;
    }
    const uint32_t patience_ms = app->options.timeout_ms < CW_SURVEY_PATIENCE_MS
            ? app->options.timeout_ms
            : CW_SURVEY_PATIENCE_MS;
    struct cw_nodeclient *client = NULL;
    char why[CW_TLS_WHY_CAP];
    if (cw_nodeclient_connect(app->keys.tls, s->node->name.value, s->address, NULL, patience_ms,
                &client, why) != CW_OK) {
        s->state = CW_SURVEY_AWAY;
        snprintf(s->why, sizeof s->why, "%s", why);
        s->remedy = "is causeway-node running there?";
        return;
    }
    snprintf(s->key, sizeof s->key, "%s", cw_nodeclient_peer(client));
    if (s->pin[0] != '\0' && strcmp(s->pin, s->key) != 0) {
        s->state = CW_SURVEY_OTHER_KEY;
        snprintf(s->why, sizeof s->why, "its key is %.16s..., not %.16s...", s->key, s->pin);
        s->remedy = s->is_pin_of_descriptor
                ? "if it was changed on purpose, write the new one into the descriptor (\"key\")"
                : "if it was changed on purpose, `causeway key forget-node` drops the old one";
    } else {
        ask(s, client);
    }
    cw_nodeclient_close(client);
}

cw_status cw_survey_make(struct cw_app *app, struct cw_survey **ret_surveys)
{
    struct surveying all = {app, cw_memory_new(app->d.node_count + 1, sizeof *all.surveys)};
    cw_status status = cw_keys_tls(app->state, &app->keys);
    for (size_t i = 0; i < app->d.node_count && status == CW_OK; i++) {
        all.surveys[i].node = &app->d.nodes[i];
        status = find_pin(app, &all.surveys[i]);
    }
    if (status != CW_OK) {
        cw_survey_free(all.surveys, app->d.node_count);
        return status;
    }
    const struct cw_work work = {
            .count = app->d.node_count,
            .what = "nodes",
            .run = look,
            .ctx = &all,
    };
    cw_work_run(app, &work);
    *ret_surveys = all.surveys;
    return CW_OK;
}

void cw_survey_free(struct cw_survey *surveys, size_t count)
{
    for (size_t i = 0; surveys != NULL && i < count; i++) {
        json_decref(surveys[i].status);
    }
    free(surveys);
}
