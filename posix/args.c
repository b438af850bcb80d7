/* SPDX-License-Identifier: MIT */
#include "posix/args.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "posix/log.h"
#include "posix/version.h"

#define WORD_MAX 32u

struct cw_args cw_args_over(int argc, char **argv)
{
    return (struct cw_args){.argv = argv, .argc = argc, .next = 1};
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
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
            unsigned change = above[j - 1] + (lower(a[i - 1]) == lower(b[j - 1]) ? 0u : 1u);
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
    char name[2 * WORD_MAX + 1];
    snprintf(name, sizeof name, "%.*s", (int)name_len, word);
    const char *nearest = cw_args_nearest(name, names);
    if (nearest != NULL) {
        cw_log_error("--%s" CW_AT ": there is no such option" CW_REMEDY "; did you mean --%s?", name,
                nearest);
    } else {
        cw_log_error("--%s" CW_AT ": there is no such option" CW_REMEDY "; --help lists them", name);
    }
    return CW_ARGS_WRONG;
}

/* -j: the long option that begins so, if there is one. */
static cw_args_kind single_hyphen(const char *word, const struct cw_args_option *options)
{
    const struct cw_args_option *o = options;
    while (o->name != NULL && strncmp(o->name, word + 1, strlen(word + 1)) != 0) {
        o++;
    }
    if (o->name != NULL) {
        cw_log_error("%s" CW_AT ": options begin with two hyphens" CW_REMEDY "; did you mean --%s?",
                word, o->name);
    } else {
        cw_log_error("%s" CW_AT ": options begin with two hyphens" CW_REMEDY "; --help lists them",
                word);
    }
    return CW_ARGS_WRONG;
}

bool cw_args_choice(const char *value, size_t index, char *ret_word, size_t cap)
{
    for (; index > 0; index--) {
        value += strcspn(value, "|");
        if (*value == '\0') {
            return false;
        }
        value++;
    }
    snprintf(ret_word, cap, "%.*s", (int)strcspn(value, "|"), value);
    return true;
}

/* "on|off", and no pattern like NAME=on|off */
static bool is_choice(const char *value)
{
    return strchr(value, '|') != NULL &&
            strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-|") == strlen(value);
}

static bool check_choice(const struct cw_args_option *option, const char *given)
{
    char word[WORD_MAX];
    char list[256] = "";
    for (size_t i = 0; cw_args_choice(option->value, i, word, sizeof word); i++) {
        char unused[WORD_MAX];
        if (strcmp(word, given) == 0) {
            return true;
        }
        const bool is_last = !cw_args_choice(option->value, i + 1, unused, sizeof unused);
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : is_last ? " or " : ", ",
                word);
    }
    cw_log_error("--%s" CW_AT ": found \"%s\"" CW_REMEDY ", expected %s", option->name, given, list);
    return false;
}

/* A word goes into messages, names of files and of modules: no control characters. */
static bool is_printable(const char *word)
{
    for (const unsigned char *p = (const unsigned char *)word; *p != '\0';) {
        const unsigned len = cw_log_shown_len(p);
        if (len == 0) {
            char shown[64];
            snprintf(shown, sizeof shown, "%s", word);
            cw_log_clean(shown, "");
            cw_log_error("%s" CW_AT ": found the byte 0x%02x in the word" CW_REMEDY
                         ", expected UTF-8 without control characters",
                    shown, *p);
            return false;
        }
        p += len;
    }
    return true;
}

/* The value of an option, from its own word (behind '=') or from the next one. */
static bool find_value(struct cw_args *a, const struct cw_args_option *option, const char *rest,
        const char **ret_value)
{
    *ret_value = rest;
    if (option->value == NULL) {
        if (rest != NULL) {
            cw_log_error("--%s" CW_AT ": found the value \"%s\"" CW_REMEDY
                         ", expected none: write --%s alone",
                    option->name, rest, option->name);
        }
        return rest == NULL;
    }
    if (rest == NULL && a->next < a->argc) {
        *ret_value = a->argv[a->next++];
        if (strncmp(*ret_value, "--", 2) == 0) {
            cw_log_error("--%s" CW_AT ": found the option \"%s\"" CW_REMEDY
                         ", expected %s (if that is meant: --%s=%s)",
                    option->name, *ret_value, option->value, option->name, *ret_value);
            return false;
        }
    }
    if (*ret_value == NULL) {
        cw_log_error("--%s" CW_AT ": found no value" CW_REMEDY ", expected --%s %s", option->name,
                option->name, option->value);
        return false;
    }
    if ((*ret_value)[0] == '\0' && strcmp(option->value, "TEXT") != 0 &&
            strcmp(option->value, "DIGITS") != 0) {
        cw_log_error("--%s" CW_AT ": found an empty value" CW_REMEDY ", expected %s", option->name,
                option->value);
        return false;
    }
    const bool is_text = strcmp(option->value, "TEXT") == 0;
    return (is_text || is_printable(*ret_value)) &&
            (!is_choice(option->value) || check_choice(option, *ret_value));
}

static bool may_repeat(const struct cw_args_option *option)
{
    const size_t len = option->value == NULL ? 0 : strlen(option->value);
    return len > 3 && strcmp(option->value + len - 3, "...") == 0;
}

static cw_args_kind found(struct cw_args *a, const struct cw_args_option *option, size_t index)
{
    const uint64_t bit = 1ull << (index & 63);
    if ((a->seen & bit) != 0 && !may_repeat(option)) {
        cw_log_error("--%s" CW_AT ": found it twice" CW_REMEDY ", expected it once", option->name);
        return CW_ARGS_WRONG;
    }
    a->seen |= bit;
    return CW_ARGS_OPTION;
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
        return is_printable(word) ? CW_ARGS_OPERAND : CW_ARGS_WRONG;
    }
    if (!is_printable(strncmp(word, "--text=", 7) == 0 ? "" : word)) {
        return CW_ARGS_WRONG;
    }
    if (word[1] != '-') {
        return single_hyphen(word, options);
    }
    word += 2;
    const size_t name_len = strcspn(word, "=");
    for (size_t i = 0; options[i].name != NULL; i++) {
        if (strlen(options[i].name) != name_len || strncmp(options[i].name, word, name_len) != 0) {
            continue;
        }
        *ret_index = i;
        if (!find_value(a, &options[i], word[name_len] == '=' ? word + name_len + 1 : NULL,
                    ret_value)) {
            return CW_ARGS_WRONG;
        }
        return found(a, &options[i], i);
    }
    return unknown(word, name_len, options);
}

void cw_args_print(const struct cw_args_option *options)
{
    for (; options->name != NULL; options++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", options->name, options->value != NULL ? " " : "",
                options->value != NULL ? options->value : "");
        printf("  %-26s %s\n", left, options->help);
    }
}

static void answer_help(const struct cw_args_program *program)
{
    printf("%s\n", program->usage);
    cw_args_print(program->options);
    printf("\n%s\n", program->exits);
}

static void answer_version(const struct cw_args_program *program)
{
    printf("%s " CW_PROGRAM_VERSION, program->name);
    if (program->protocol != 0) {
        printf(", protocol %u", program->protocol);
    }
    printf("\n");
}

cw_args_verdict cw_args_read(const struct cw_args_program *program, int argc, char **argv, void *ctx)
{
    struct cw_args args = cw_args_over(argc, argv);
    const char *value = NULL;
    size_t index = 0;
    for (;;) {
        switch (cw_args_next(&args, program->options, &index, &value)) {
        case CW_ARGS_END:
            return CW_ARGS_GO;
        case CW_ARGS_OPERAND:
            cw_log_error("%s: %s", value, program->operand);
            return CW_ARGS_REFUSED;
        case CW_ARGS_WRONG:
            return CW_ARGS_REFUSED;
        case CW_ARGS_OPTION:
            break;
        }
        if (strcmp(program->options[index].name, "help") == 0) {
            answer_help(program);
            return CW_ARGS_ANSWERED;
        }
        if (strcmp(program->options[index].name, "version") == 0) {
            answer_version(program);
            return CW_ARGS_ANSWERED;
        }
        if (!program->take(ctx, index, value)) {
            return CW_ARGS_REFUSED;
        }
    }
}

bool cw_args_number(const char *option, const char *text, uint64_t low, uint64_t high,
        uint64_t *ret_number)
{
    char *end = NULL;
    errno = 0;
    const bool is_digit = text[0] >= '0' && text[0] <= '9';
    const bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const uint64_t number = is_digit ? strtoull(text, &end, is_hex ? 16 : 10) : 0;
    if (!is_digit || errno != 0 || *end != '\0' || number < low || number > high) {
        cw_log_error("--%s %s: expected a number from %" PRIu64 " to %" PRIu64, option, text, low, high);
        return false;
    }
    *ret_number = number;
    return true;
}
