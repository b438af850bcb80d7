/* SPDX-License-Identifier: MIT */
/*
 * args.h - the words of a command line, one after the other.
 *
 * What     Options are --name, --name VALUE, --name=VALUE; "--" ends them; all else is an
 *          operand.  A value that begins with "--" needs the form with '='.  An option that stands
 *          there twice is wrong unless its value ends with "...".  Values are not empty, but for
 *          those called TEXT or DIGITS.
 *          Does no heavy work, so that `--version` is fast.
 * Trust    neutral.
 * Memory   Values point into argv.
 *
 *     struct cw_args args = cw_args_over(argc, argv);
 *     while ((kind = cw_args_next(&args, options, &index, &value)) != CW_ARGS_END) ...
 */
#ifndef CW_POSIX_ARGS_H
#define CW_POSIX_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cw_args_option {
    const char *name;  /* without "--"; a table ends with NULL */
    const char *value; /* what its value is called in help: "DIR", "NODE..." (it may stand there
                          several times), "on|off" (one of these); NULL: it takes none */
    const char *help;  /* one line */
};

struct cw_args {
    char **argv;
    int argc;
    int next;
    bool only_operands; /* "--" was seen */
    uint64_t seen;      /* rows of the table that were; tables have at most 64 */
};

typedef enum cw_args_kind {
    CW_ARGS_END,
    CW_ARGS_OPTION,  /* *ret_index: its row; *ret_value: its value or NULL */
    CW_ARGS_OPERAND, /* *ret_value: the word                               */
    CW_ARGS_WRONG,   /* a line that says what is wrong was logged          */
} cw_args_kind;

/* cw_args_over - argv[0] is skipped. */
struct cw_args cw_args_over(int argc, char **argv);

cw_args_kind cw_args_next(struct cw_args *a, const struct cw_args_option *options,
        size_t *ret_index, const char **ret_value);

/* cw_args_choice - the index'th of the words of "on|off", copied; false: there are fewer. */
bool cw_args_choice(const char *value, size_t index, char *ret_word, size_t cap);

/* cw_args_nearest - the word of the list (ends with NULL) most like this one, or NULL. */
const char *cw_args_nearest(const char *word, const char *const *list);

/* cw_args_distance - letters to insert, delete, change or swap; at most 32 letters count. */
unsigned cw_args_distance(const char *a, const char *b);

/* cw_args_print - the rows of a table, for --help, on standard output. */
void cw_args_print(const struct cw_args_option *options);

#endif
