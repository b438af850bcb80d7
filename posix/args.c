/* SPDX-License-Identifier: MIT */
#include "posix/args.h"

#include <stdio.h>
#include <string.h>

#include "posix/log.h"

#define WORD_MAX 32u

struct cw_args cw_args_over(int argc, char **argv)
{
    return (struct cw_args){.argv = argv, .argc = argc, .next = 1};
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned cw_args_distance(const char *a, const char *b)
{
    unsigned rows[3][WORD_MAX + 1];
    size_t a_len = strnlen(a, WORD_MAX);
    size_t b_len = strnlen(b, WORD_MAX);
    for (unsigned j = 0; j <= b_len; j++) {
        rows[0][j] = j;
    }
    for (unsigned i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i - 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            unsigned change = above[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u);
            row[j] = least(change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
            }
        }
    }
    return rows[a_len % 3][b_len];
}

const char *cw_args_nearest(const char *word, const char *const *list)
{
    const char *nearest = NULL;
    unsigned best = (unsigned)(strnlen(word, WORD_MAX) / 3 + 2);
    for (; *list != NULL; list++) {
        unsigned distance = cw_args_distance(word, *list);
        if (distance < best) {
            best = distance;
            nearest = *list;
        }
    }
    return nearest;
}

static cw_args_kind unknown(const char *word, size_t name_len, const struct cw_args_option *options)
{
    const char *names[64];
    size_t count = 0;
    for (; options->name != NULL && count < 63; options++) {
        names[count++] = options->name;
    }
    names[count] = NULL;
    char name[WORD_MAX + 1];
    snprintf(name, sizeof name, "%.*s", (int)name_len, word);
    const char *nearest = cw_args_nearest(name, names);
    if (nearest != NULL) {
        cw_log_error("there is no option --%s; did you mean --%s?", name, nearest);
    } else {
        cw_log_error("there is no option --%s; --help lists them", name);
    }
    return CW_ARGS_WRONG;
}

cw_args_kind cw_args_next(struct cw_args *a, const struct cw_args_option *options,
        size_t *ret_index, const char **ret_value)
{
    if (a->next >= a->argc) {
        return CW_ARGS_END;
    }
    const char *word = a->argv[a->next++];
    if (!a->only_operands && strcmp(word, "--") == 0) {
        a->only_operands = true;
        return cw_args_next(a, options, ret_index, ret_value);
    }
    if (a->only_operands || word[0] != '-' || word[1] == '\0') {
        *ret_value = word;
        return CW_ARGS_OPERAND;
    }
    if (word[1] != '-') {
        cw_log_error("%s: options begin with two hyphens; --help lists them", word);
        return CW_ARGS_WRONG;
    }
    word += 2;
    size_t name_len = strcspn(word, "=");
    for (size_t i = 0; options[i].name != NULL; i++) {
        if (strlen(options[i].name) != name_len || strncmp(options[i].name, word, name_len) != 0) {
            continue;
        }
        bool has_value = word[name_len] == '=';
        *ret_index = i;
        *ret_value = has_value ? word + name_len + 1 : NULL;
        if (options[i].value == NULL && has_value) {
            cw_log_error("--%s takes no value", options[i].name);
            return CW_ARGS_WRONG;
        }
        if (options[i].value != NULL && !has_value) {
            if (a->next >= a->argc) {
                cw_log_error("--%s needs %s", options[i].name, options[i].value);
                return CW_ARGS_WRONG;
            }
            *ret_value = a->argv[a->next++];
        }
        return CW_ARGS_OPTION;
    }
    return unknown(word, name_len, options);
}

void cw_args_print(const struct cw_args_option *options)
{
    for (; options->name != NULL; options++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", options->name, options->value != NULL ? " " : "",
                options->value != NULL ? options->value : "");
        printf("  %-24s %s\n", left, options->help);
    }
}
