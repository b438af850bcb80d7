/* SPDX-License-Identifier: MIT */
/*
 * completion: scripts for shells, written from the tables of verbs and options, so that they say
 * what the program knows; and the names of a descriptor, which those scripts ask for.
 */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/help.h"
#include "deploy/memory.h"
#include "deploy/verb.h"
#include "posix/log.h"

#define WORD_CAP 64u

/* What a shell offers for a value or an operand, from how help calls it. */
typedef enum offer {
    OFFER_NOTHING,
    OFFER_WORDS, /* "on|off", "show | add-vendor NODE": the words in lower case */
    OFFER_FILES,
    OFFER_FOLDERS,
} offer;

static offer offer_of(const char *value)
{
    if (value == NULL || value[0] == '\0') {
        return OFFER_NOTHING;
    }
    if (strncmp(value, "FILE", 4) == 0) {
        return OFFER_FILES;
    }
    if (strncmp(value, "DIR", 3) == 0) {
        return OFFER_FOLDERS;
    }
    return islower((unsigned char)value[0]) && strchr(value, '|') != NULL ? OFFER_WORDS
                                                                          : OFFER_NOTHING;
}

/* The next word of a pattern like "show | add-vendor NODE [app.json]"; false: the end. */
static bool next_word(const char **at, char ret_word[static WORD_CAP])
{
    *at += strspn(*at, " |[]");
    const size_t len = strcspn(*at, " |[]");
    snprintf(ret_word, WORD_CAP, "%.*s", (int)len, *at);
    *at += len;
    return len > 0;
}

static bool mentions(const char *pattern, const char *word)
{
    char other[WORD_CAP];
    while (next_word(&pattern, other)) {
        if (strcmp(other, word) == 0) {
            return true;
        }
    }
    return false;
}

/* What operands mean: names that are asked for at the moment of completion. */
static const struct {
    const char *word;
    const char *kind;
} kinds[] = {
        {"MODULE", "modules"},
        {"NAME", "connections"},
        {"NODE", "nodes"},
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

static void put_names(FILE *out, const struct cw_verb *verbs)
{
    for (const struct cw_verb *v = verbs; v->name != NULL; v++) {
        fprintf(out, "%s%s", v == verbs ? "" : " ", v->name);
    }
}

/* The literal words of a verb's operands. */
static void put_literals(FILE *out, const struct cw_tables *t, const struct cw_verb *verb)
{
    const char *at = verb->operands;
    char word[WORD_CAP];
    while (next_word(&at, word)) {
        if (islower((unsigned char)word[0]) && strcmp(word, "app.json") != 0) {
            fprintf(out, "%s ", word);
        }
    }
    if (mentions(verb->operands, "VERB")) {
        put_names(out, t->verbs);
    }
}

static void put_options(FILE *out, const struct cw_tables *t, const struct cw_verb *verb)
{
    for (size_t i = 0; t->options[i].name != NULL; i++) {
        if (i < t->shared_count || (verb != NULL && cw_help_takes(verb, t->options[i].name))) {
            fprintf(out, "--%s ", t->options[i].name);
        }
    }
}

static void put_choices(FILE *out, const char *value)
{
    char word[WORD_CAP];
    for (size_t i = 0; cw_args_choice(value, i, word, sizeof word); i++) {
        fprintf(out, "%s%s", i == 0 ? "" : " ", word);
    }
}

/* The options whose values are completed alike, as a pattern of `case`; false: there are none. */
static bool put_pattern(FILE *out, const struct cw_tables *t, offer which)
{
    bool is_first = true;
    for (const struct cw_args_option *o = t->options; o->name != NULL; o++) {
        if (o->value != NULL && offer_of(o->value) == which) {
            fprintf(out, "%s--%s", is_first ? "" : " | ", o->name);
            is_first = false;
        }
    }
    return !is_first;
}

static void put_all_valued(FILE *out, const struct cw_tables *t)
{
    bool is_first = true;
    for (const struct cw_args_option *o = t->options; o->name != NULL; o++) {
        if (o->value != NULL) {
            fprintf(out, "%s--%s", is_first ? "" : " | ", o->name);
            is_first = false;
        }
    }
}

/* In single quotes of a shell. */
static void put_quoted(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        fputs(*text == '\'' ? "'\\''" : (char[]){*text, '\0'}, out);
    }
}

/* --- bash ---------------------------------------- */

static void put_bash_values(FILE *out, const struct cw_tables *t)
{
    fputs("    case $prev in\n", out);
    for (const struct cw_args_option *o = t->options; o->name != NULL; o++) {
        if (offer_of(o->value) == OFFER_WORDS) {
            fprintf(out, "    --%s) words='", o->name);
            put_choices(out, o->value);
            fputs("' ;;\n", out);
        }
    }
    static const struct {
        offer offer;
        const char *action;
    } rest[] = {
            {OFFER_FILES, "_causeway_paths -f; return"},
            {OFFER_FOLDERS, "_causeway_paths -d; return"},
            {OFFER_NOTHING, "return"},
    };
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) {
        char *pattern = NULL;
        size_t len = 0;
        FILE *memory = open_memstream(&pattern, &len);
        const bool is_any = put_pattern(memory, t, rest[i].offer);
        fclose(memory);
        if (is_any) {
            fprintf(out, "    %s) %s ;;\n", pattern, rest[i].action);
        }
        free(pattern);
    }
    fputs("    esac\n", out);
}

static void put_bash(FILE *out, const struct cw_tables *t)
{
    fputs("# bash completion of causeway; made by `causeway completion bash`\n"
          "_causeway_paths() {\n"
          "    compopt -o filenames 2>/dev/null\n"
          "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n"
          "}\n"
          "_causeway() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    local verb='' words='' kinds='' takes_files='' descriptor=() i kind name found=()\n"
          "    COMPREPLY=()\n"
          "    if [[ $cur == = ]]; then\n"
          "        cur=''\n"
          "    elif [[ $prev == = ]]; then\n"
          "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
          "    fi\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        case ${COMP_WORDS[i]} in\n        ",
            out);
    put_all_valued(out, t);
    fputs(")\n            [[ ${COMP_WORDS[i + 1]:-} == = ]] && ((i += 1))\n            ((i += 1))\n"
          "            ;;\n"
          "        -*) ;;\n"
          "        *.json | *.yaml | *.yml) descriptor=(\"${COMP_WORDS[i]}\") ;;\n"
          "        *) [[ -n $verb ]] || verb=${COMP_WORDS[i]} ;;\n"
          "        esac\n"
          "    done\n",
            out);
    put_bash_values(out, t);
    fputs("    if [[ -z $words ]]; then\n        case $verb in\n        '') words='", out);
    put_names(out, t->verbs);
    fputc(' ', out);
    put_options(out, t, NULL);
    fputs("' ;;\n", out);
    for (const struct cw_verb *v = t->verbs; v->name != NULL; v++) {
        fprintf(out, "        %s)\n            words='", v->name);
        put_literals(out, t, v);
        fputc(' ', out);
        put_options(out, t, v);
        fputs("'\n", out);
        for (size_t i = 0; i < KIND_COUNT; i++) {
            if (mentions(v->operands, kinds[i].word)) {
                fprintf(out, "            kinds='%s'\n", kinds[i].kind);
            }
        }
        if (mentions(v->operands, "FILE")) {
            fputs("            takes_files=any\n", out);
        } else if (mentions(v->operands, "app.json")) {
            fputs("            takes_files=descriptor\n", out);
        }
        fputs("            ;;\n", out);
    }
    fputs("        esac\n"
          "    fi\n"
          "    mapfile -t found < <(compgen -W \"$words\" -- \"$cur\")\n"
          "    for kind in $kinds; do\n"
          "        while IFS= read -r name; do\n"
          "            [[ $name == \"$cur\"* ]] && found+=(\"$name\")\n"
          "        done < <(\"$1\" completion \"$kind\" \"${descriptor[@]}\" 2>/dev/null)\n"
          "    done\n"
          "    if [[ -n $takes_files && $cur != -* ]]; then\n"
          "        while IFS= read -r name; do\n"
          "            [[ $takes_files == any || -d $name || $name == *.json || $name == *.yaml ||\n"
          "                $name == *.yml ]] && found+=(\"$name\")\n"
          "        done < <(compgen -f -- \"$cur\")\n"
          "        compopt -o filenames 2>/dev/null\n"
          "    fi\n"
          "    COMPREPLY=(\"${found[@]}\")\n"
          "}\n"
          "complete -F _causeway causeway\n",
            out);
}

/* --- zsh ---------------------------------------- */

static void put_zsh_item(FILE *out, const char *name, const char *help)
{
    fprintf(out, "            '%s:", name);
    put_quoted(out, help);
    fputs("'\n", out);
}

static void put_zsh_verb(FILE *out, const struct cw_tables *t, const struct cw_verb *v)
{
    fprintf(out, "    (%s)\n        options=(\n", v->name);
    for (size_t i = 0; t->options[i].name != NULL; i++) {
        if (i < t->shared_count || cw_help_takes(v, t->options[i].name)) {
            char name[WORD_CAP];
            snprintf(name, sizeof name, "--%s", t->options[i].name);
            put_zsh_item(out, name, t->options[i].help);
        }
    }
    fputs("        )\n        names=(", out);
    put_literals(out, t, v);
    fputs(")\n", out);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (mentions(v->operands, kinds[i].word)) {
            fprintf(out, "        names+=(${(f)\"$($words[1] completion %s $descriptor "
                         "2>/dev/null)\"})\n",
                    kinds[i].kind);
        }
    }
    fputs("        [[ $cur == -* ]] && _describe -o option options\n"
          "        (( $#names )) && compadd -a names\n",
            out);
    if (mentions(v->operands, "FILE")) {
        fputs("        [[ $cur == -* ]] || _files\n", out);
    } else if (mentions(v->operands, "app.json")) {
        fputs("        [[ $cur == -* ]] || _files -g '*.(json|yaml|yml)'\n", out);
    }
    fputs("        ;;\n", out);
}

static void put_zsh(FILE *out, const struct cw_tables *t)
{
    fputs("#compdef causeway\n# zsh completion of causeway; made by `causeway completion zsh`\n"
          "_causeway() {\n"
          "    local cur=$words[CURRENT] prev=$words[CURRENT-1] verb='' i\n"
          "    local -a options names verbs descriptor\n"
          "    for (( i = 2; i < CURRENT; i++ )); do\n"
          "        case $words[i] in\n        (",
            out);
    put_all_valued(out, t);
    fputs(") (( i++ )) ;;\n"
          "        (-*) ;;\n"
          "        (*.json | *.yaml | *.yml) descriptor=($words[i]) ;;\n"
          "        (*) [[ -n $verb ]] || verb=$words[i] ;;\n"
          "        esac\n"
          "    done\n"
          "    case $prev in\n",
            out);
    for (const struct cw_args_option *o = t->options; o->name != NULL; o++) {
        const offer what = offer_of(o->value);
        if (o->value == NULL) {
            continue;
        }
        fprintf(out, "    (--%s) ", o->name);
        if (what == OFFER_WORDS) {
            fputs("compadd ", out);
            put_choices(out, o->value);
            fputs("; ", out);
        }
        fputs(what == OFFER_FILES ? "_files; " : what == OFFER_FOLDERS ? "_files -/; " : "", out);
        fputs("return ;;\n", out);
    }
    fputs("    esac\n    case $verb in\n    ('')\n        verbs=(\n", out);
    for (const struct cw_verb *v = t->verbs; v->name != NULL; v++) {
        put_zsh_item(out, v->name, v->summary);
    }
    fputs("        )\n        _describe verb verbs\n        ;;\n", out);
    for (const struct cw_verb *v = t->verbs; v->name != NULL; v++) {
        put_zsh_verb(out, t, v);
    }
    fputs("    esac\n"
          "}\n"
          "if [[ $funcstack[1] == _causeway ]]; then\n"
          "    _causeway \"$@\"\n"
          "else\n"
          "    compdef _causeway causeway\n"
          "fi\n",
            out);
}

/* --- fish ---------------------------------------- */

static void put_fish_option(FILE *out, const struct cw_args_option *o, const char *condition)
{
    fprintf(out, "complete -c causeway %s -l %s", condition, o->name);
    const offer what = offer_of(o->value);
    if (what == OFFER_WORDS) {
        fputs(" -x -a '", out);
        put_choices(out, o->value);
        fputc('\'', out);
    } else if (o->value != NULL) {
        fputs(what == OFFER_FILES         ? " -r -F"
                        : what == OFFER_FOLDERS ? " -x -a '(__fish_complete_directories)'"
                                                : " -x",
                out);
    }
    fputs(" -d '", out);
    put_quoted(out, o->help);
    fputs("'\n", out);
}

static void put_fish_verb(FILE *out, const struct cw_tables *t, const struct cw_verb *v)
{
    char condition[128];
    snprintf(condition, sizeof condition, "-n '__fish_seen_subcommand_from %s'", v->name);
    fprintf(out, "complete -c causeway -n __fish_use_subcommand -a %s -d '", v->name);
    put_quoted(out, v->summary);
    fputs("'\n", out);
    fprintf(out, "complete -c causeway %s -a '", condition);
    put_literals(out, t, v);
    fputs("'\n", out);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (mentions(v->operands, kinds[i].word)) {
            fprintf(out, "complete -c causeway %s -a '(causeway completion %s 2>/dev/null)'\n",
                    condition, kinds[i].kind);
        }
    }
    if (mentions(v->operands, "FILE")) {
        fprintf(out, "complete -c causeway %s -F\n", condition);
    } else if (mentions(v->operands, "app.json")) {
        fprintf(out, "complete -c causeway %s -k -a '(__fish_complete_suffix .json; "
                     "__fish_complete_suffix .yaml)'\n",
                condition);
    }
    for (size_t i = t->shared_count; t->options[i].name != NULL; i++) {
        if (cw_help_takes(v, t->options[i].name)) {
            put_fish_option(out, &t->options[i], condition);
        }
    }
}

static void put_fish(FILE *out, const struct cw_tables *t)
{
    fputs("# fish completion of causeway; made by `causeway completion fish`\n"
          "complete -c causeway -f\n",
            out);
    for (size_t i = 0; i < t->shared_count; i++) {
        put_fish_option(out, &t->options[i], "");
    }
    for (const struct cw_verb *v = t->verbs; v->name != NULL; v++) {
        put_fish_verb(out, t, v);
    }
}

/* --- names ---------------------------------------- */

/* A shell sees them: only what is a name, though the descriptor may be wrong in any way. */
static void add_name(json_t *list, const struct cw_text *name)
{
    static const char legal[] =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    if (name->value != NULL && name->value[0] != '\0' && name->value[0] != '-' &&
            name->value[strspn(name->value, legal)] == '\0') {
        json_array_append_new(list, json_string(name->value));
    }
}

static json_t *names_of(struct cw_app *app, const char *kind)
{
    json_t *list = json_array();
    cw_app_peek(app);
    for (size_t i = 0; i < app->d.module_count && strcmp(kind, "modules") == 0; i++) {
        add_name(list, &app->d.modules[i].name);
    }
    for (size_t i = 0; i < app->d.node_count && strcmp(kind, "nodes") == 0; i++) {
        add_name(list, &app->d.nodes[i].name);
    }
    for (size_t i = 0; i < app->d.connection_count && strcmp(kind, "connections") == 0; i++) {
        if (app->d.connections[i].direct.is_set && app->d.connections[i].direct.value != 0) {
            add_name(list, &app->d.connections[i].name);
        }
    }
    return list;
}

static int tell_names(struct cw_app *app, const char *kind)
{
    json_t *list = names_of(app, kind);
    size_t i;
    json_t *name;
    if (app->options.json) {
        cw_app_json(app, json_pack("{s:O}", "names", list));
    } else {
        json_array_foreach (list, i, name) {
            puts(json_string_value(name));
        }
    }
    json_decref(list);
    return CW_EXIT_DONE;
}

int cw_cmd_completion(struct cw_app *app, const struct cw_words *words)
{
    static const struct {
        const char *shell;
        void (*put)(FILE *out, const struct cw_tables *t);
    } shells[] = {{"bash", put_bash}, {"zsh", put_zsh}, {"fish", put_fish}};
    static const char *const expected[] = {"bash", "zsh", "fish", "modules", "connections", "nodes",
            NULL};
    const char *what = words->operands[0];
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(what, shells[i].shell) != 0) {
            continue;
        }
        char *script = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&script, &len);
        if (out == NULL) {
            cw_memory_gone();
        }
        shells[i].put(out, app->tables);
        if (fclose(out) != 0) {
            cw_memory_gone();
        }
        if (app->options.json) {
            cw_app_json(app, json_pack("{s:s, s:s}", "shell", what, "script", script));
        } else {
            fputs(script, stdout);
        }
        free(script);
        return CW_EXIT_DONE;
    }
    for (size_t i = 3; expected[i] != NULL; i++) {
        if (strcmp(what, expected[i]) == 0) {
            return tell_names(app, what);
        }
    }
    const char *nearest = cw_args_nearest(what, expected);
    cw_log_error("completion %s" CW_AT ": there is no such shell" CW_REMEDY
                 ", expected bash, zsh or fish%s%s%s",
            what, nearest == NULL ? "" : " (did you mean \"", nearest == NULL ? "" : nearest,
            nearest == NULL ? "" : "\"?)");
    return CW_EXIT_WRONG;
}
