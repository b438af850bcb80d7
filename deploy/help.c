/* SPDX-License-Identifier: MIT */
#include "deploy/help.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "posix/log.h"
#include "posix/version.h"

#define VERBS_MAX 64u

const struct cw_verb *cw_help_find(const struct cw_tables *tables, const char *name)
{
    const char *names[VERBS_MAX + 1] = {0};
    for (size_t i = 0; tables->verbs[i].name != NULL && i < VERBS_MAX; i++) {
        if (strcmp(tables->verbs[i].name, name) == 0) {
            return &tables->verbs[i];
        }
        names[i] = tables->verbs[i].name;
    }
    const char *nearest = cw_args_nearest(name, names);
    if (nearest != NULL) {
        cw_log_error("%s" CW_AT ": there is no such verb" CW_REMEDY "; did you mean \"%s\"?", name,
                nearest);
    } else {
        cw_log_error("%s" CW_AT ": there is no such verb" CW_REMEDY
                     "; `causeway --help` lists them",
                name);
    }
    return NULL;
}

bool cw_help_takes(const struct cw_verb *verb, const char *option)
{
    const size_t len = strlen(option);
    for (const char *at = verb->takes; at != NULL && *at != '\0';) {
        const size_t word = strcspn(at, " ");
        if (word == len && strncmp(at, option, len) == 0) {
            return true;
        }
        at += word + (at[word] == ' ' ? 1 : 0);
    }
    return false;
}

void cw_help_refuse(const struct cw_tables *tables, const struct cw_verb *verb,
        const char *option)
{
    if (verb == NULL) {
        cw_log_error("--%s" CW_AT ": found it before the verb" CW_REMEDY
                     ", expected it behind: causeway VERB --%s",
                option, option);
        return;
    }
    char takers[256] = "";
    for (const struct cw_verb *other = tables->verbs; other->name != NULL; other++) {
        const size_t used = strlen(takers);
        if (cw_help_takes(other, option)) {
            snprintf(takers + used, sizeof takers - used, "%s%s", used == 0 ? "" : ", ",
                    other->name);
        }
    }
    cw_log_error("--%s" CW_AT ": it is no option of %s" CW_REMEDY
                 ", but of %s; `causeway %s --help` lists its own",
            option, verb->name, takers, verb->name);
}

static void print_option(const struct cw_args_option *option)
{
    const struct cw_args_option one[] = {*option, {0}};
    cw_args_print(one);
}

void cw_help_all(const struct cw_tables *tables)
{
    printf("usage: causeway VERB [app.json] [options]\n\n"
           "Builds, deploys, attests and connects the modules that a descriptor names.\n\nverbs\n");
    for (const struct cw_verb *verb = tables->verbs; verb->name != NULL; verb++) {
        printf("  %-10s %s\n  %-10s   %s\n", verb->name, verb->summary, "", verb->example);
    }
    printf("\noptions\n");
    for (size_t i = 0; i < tables->shared_count; i++) {
        print_option(&tables->options[i]);
    }
    printf("\nexit status: 0 done, 1 failed, 2 wrong use or wrong descriptor, 3 evidence refused,\n"
           "4 plan --exit-code: there is something to do\n"
           "`causeway help VERB` and causeway(1) tell more.\n");
}

/* What a TEE adds: each of its verbs, and the options that are its own. */
static void print_own(const struct cw_verb *tee)
{
    printf("usage: causeway %s VERB [options]\n\nverbs\n", tee->name);
    for (size_t i = 0; tee->own[i] != NULL; i++) {
        const struct cw_owner_verb *v = tee->own[i];
        char words[48];
        snprintf(words, sizeof words, "%s %s", v->name, v->operands);
        printf("  %-14s %s\n", words, v->summary);
    }
    printf("\nexamples\n");
    for (size_t i = 0; tee->own[i] != NULL; i++) {
        printf("  %s\n", tee->own[i]->example);
    }
    for (size_t i = 0; tee->own[i] != NULL; i++) {
        const struct cw_owner_verb *v = tee->own[i];
        if (v->options != NULL) {
            printf("\noptions of %s\n", v->name);
            cw_args_print(v->options);
        }
    }
    printf("\noptions\n");
}

void cw_help_one(const struct cw_tables *tables, const struct cw_verb *verb)
{
    if (verb->own != NULL) {
        print_own(verb);
        for (size_t i = 0; i < tables->shared_count; i++) {
            print_option(&tables->options[i]);
        }
        return;
    }
    printf("usage: causeway %s%s%s [options]\n\n%s.\n\nexample\n  %s\n\noptions\n", verb->name,
            verb->operands[0] == '\0' ? "" : " ", verb->operands, verb->summary, verb->example);
    for (size_t i = tables->shared_count; tables->options[i].name != NULL; i++) {
        if (cw_help_takes(verb, tables->options[i].name)) {
            print_option(&tables->options[i]);
        }
    }
    for (size_t i = 0; i < tables->shared_count; i++) {
        print_option(&tables->options[i]);
    }
}

static json_t *json_options(const struct cw_tables *tables, const struct cw_verb *verb)
{
    json_t *list = json_array();
    for (size_t i = 0; tables->options[i].name != NULL; i++) {
        const struct cw_args_option *o = &tables->options[i];
        if (verb == NULL ? i < tables->shared_count : cw_help_takes(verb, o->name)) {
            json_array_append_new(list, json_pack("{s:s, s:s?, s:s}", "option", o->name, "value",
                                                o->value, "help", o->help));
        }
    }
    return list;
}

static json_t *json_verb(const struct cw_tables *tables, const struct cw_verb *verb)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", verb->name, "summary", verb->summary,
            "operands", verb->operands, "example", verb->example, "options",
            json_options(tables, verb));
}

static void tell(struct cw_app *app, const struct cw_verb *one)
{
    if (!app->options.json) {
        if (one == NULL) {
            cw_help_all(app->tables);
        } else {
            cw_help_one(app->tables, one);
        }
        return;
    }
    json_t *verbs = json_array();
    for (const struct cw_verb *v = app->tables->verbs; v->name != NULL; v++) {
        if (one == NULL || v == one) {
            json_array_append_new(verbs, json_verb(app->tables, v));
        }
    }
    cw_app_json(app, json_pack("{s:s, s:o, s:o}", "version", CW_PROGRAM_VERSION, "verbs", verbs,
                             "options", json_options(app->tables, NULL)));
}

int cw_cmd_help(struct cw_app *app, const struct cw_words *words)
{
    const struct cw_verb *verb =
            words->count == 0 ? NULL : cw_help_find(app->tables, words->operands[0]);
    if (words->count > 0 && verb == NULL) {
        return CW_EXIT_WRONG;
    }
    tell(app, verb);
    return CW_EXIT_DONE;
}
