/* SPDX-License-Identifier: MIT */
/* Verbs that a TEE adds by its contract (tee/owner.h): `causeway TEE VERB WORDS`. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/help.h"
#include "deploy/memory.h"
#include "deploy/place.h"
#include "deploy/verb.h"
#include "posix/log.h"

#define VERBS_MAX 64u

static struct cw_verb all_verbs[VERBS_MAX + 1];
static struct cw_args_option all_options[CW_OPTIONS_MAX + 1];

static size_t option_row(const char *name)
{
    size_t i = 0;
    while (all_options[i].name != NULL && strcmp(all_options[i].name, name) != 0) {
        i++;
    }
    return i;
}

static void add_option(const struct cw_args_option *option)
{
    const size_t row = option_row(option->name);
    if (row < CW_OPTIONS_MAX && all_options[row].name == NULL) {
        all_options[row] = *option;
    }
}

/* "inspect FILE | verify QUOTE", "option option" and the like, of all verbs of a TEE. */
static struct cw_verb row_of(const struct cw_owner_backend *backend)
{
    char *names = cw_memory_text("");
    char *operands = cw_memory_text("");
    char *takes = cw_memory_text("");
    for (size_t i = 0; backend->verbs[i] != NULL; i++) {
        const struct cw_owner_verb *v = backend->verbs[i];
        char *more = cw_memory_format("%s%s%s", names, i == 0 ? "" : ", ", v->name);
        free(names);
        names = more;
        more = cw_memory_format("%s%s%s%s%s", operands, i == 0 ? "" : " | ", v->name,
                v->operands[0] == '\0' ? "" : " ", v->operands);
        free(operands);
        operands = more;
        for (const struct cw_args_option *o = v->options; o != NULL && o->name != NULL; o++) {
            more = cw_memory_format("%s%s%s", takes, takes[0] == '\0' ? "" : " ", o->name);
            free(takes);
            takes = more;
            add_option(o);
        }
    }
    char *summary = cw_memory_format("what this TEE adds: %s", names);
    free(names);
    return (struct cw_verb){.name = backend->name, .summary = summary, .operands = operands,
            .example = backend->verbs[0]->example, .takes = takes, .least = 1,
            .most = CW_WORDS_MAX, .run = cw_cmd_tee, .own = backend->verbs};
}

struct cw_tables cw_verbs_all(const struct cw_tables *program)
{
    size_t count = 0;
    for (; program->verbs[count].name != NULL && count < VERBS_MAX; count++) {
        all_verbs[count] = program->verbs[count];
    }
    for (size_t i = 0; program->options[i].name != NULL && i < CW_OPTIONS_MAX; i++) {
        all_options[i] = program->options[i];
    }
    for (size_t i = 0; cw_owner_backends[i] != NULL && count < VERBS_MAX; i++) {
        if (cw_owner_backends[i]->verbs != NULL && cw_owner_backends[i]->verbs[0] != NULL) {
            all_verbs[count++] = row_of(cw_owner_backends[i]);
        }
    }
    return (struct cw_tables){all_verbs, all_options, program->shared_count};
}

static const struct cw_owner_verb *find(const struct cw_verb *tee, const char *name)
{
    const char *names[VERBS_MAX + 1] = {0};
    for (size_t i = 0; tee->own[i] != NULL && i < VERBS_MAX; i++) {
        if (strcmp(tee->own[i]->name, name) == 0) {
            return tee->own[i];
        }
        names[i] = tee->own[i]->name;
    }
    const char *nearest = cw_args_nearest(name, names);
    cw_log_error("%s %s" CW_AT ": there is no such verb" CW_REMEDY "%s%s%s; `causeway %s --help` "
                 "lists them",
            tee->name, name, nearest == NULL ? "" : "; did you mean \"",
            nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?", tee->name);
    return NULL;
}

static bool has_option(const struct cw_owner_verb *verb, const char *name, size_t *ret_row)
{
    for (size_t i = 0; verb->options != NULL && verb->options[i].name != NULL; i++) {
        if (strcmp(verb->options[i].name, name) == 0) {
            *ret_row = i;
            return true;
        }
    }
    return false;
}

/* The values in the order of the verb's own rows; false: an option is another verb's. */
static bool sort_values(const struct cw_words *words, const struct cw_owner_verb *verb,
        const char *ret_values[static CW_OPTIONS_MAX])
{
    for (size_t i = 0; i < CW_OPTIONS_MAX; i++) {
        size_t row = 0;
        if (words->values[i] == NULL) {
            continue;
        }
        if (!has_option(verb, all_options[i].name, &row)) {
            cw_log_error("--%s" CW_AT ": it is no option of %s %s" CW_REMEDY
                         "; `causeway %s --help` lists its own",
                    all_options[i].name, words->verb->name, verb->name, words->verb->name);
            return false;
        }
        ret_values[row] = words->values[i];
    }
    return true;
}

int cw_cmd_tee(struct cw_app *app, const struct cw_words *words)
{
    const struct cw_owner_verb *verb = find(words->verb, words->operands[0]);
    const size_t count = words->count - 1;
    if (verb == NULL) {
        return CW_EXIT_WRONG;
    }
    if (count < verb->least || count > verb->most) {
        cw_log_error("%s %s" CW_AT ": found %zu word%s" CW_REMEDY ", expected: causeway %s %s%s%s",
                words->verb->name, verb->name, count, count == 1 ? "" : "s", words->verb->name,
                verb->name, verb->operands[0] == '\0' ? "" : " ", verb->operands);
        return CW_EXIT_WRONG;
    }
    const char *values[CW_OPTIONS_MAX] = {0};
    if (!sort_values(words, verb, values)) {
        return CW_EXIT_WRONG;
    }
    char *sdk = verb->needs_sdk ? cw_place_sdk(app->options.sdk) : NULL;
    if (verb->needs_sdk && sdk == NULL) {
        return CW_EXIT_FAILED;
    }
    const struct cw_owner_call call = {.operands = words->operands + 1, .operand_count = count,
            .values = values, .sdk_dir = sdk, .json = app->options.json};
    json_t *result = NULL;
    const cw_status status = verb->run(&call, &result);
    free(sdk);
    if (app->options.json && result != NULL) {
        cw_app_json(app, json_pack("{s:o}", verb->name, result));
    }
    return cw_app_exit(status);
}
