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

/*
 * A program whose words are all options.  Rows called "help" and "version" are answered where they
 * stand; all others are taken.
 */
struct cw_args_program {
    const char *name;
    const char *usage;   /* what --help prints before the options ... */
    const char *exits;   /* ... and behind them                       */
    const char *operand; /* what is said behind a word that is none, as in "WORD: %s" */
    unsigned protocol;   /* told by --version; 0: it speaks none      */
    const struct cw_args_option *options;
    bool (*take)(void *ctx, size_t index, const char *value); /* false: a line was logged */
};

typedef enum cw_args_verdict {
    CW_ARGS_GO,
    CW_ARGS_ANSWERED, /* --help or --version was: leave with 0 */
    CW_ARGS_REFUSED,  /* a line was logged: leave with 2       */
} cw_args_verdict;

/* cw_args_read - the whole command line. */
cw_args_verdict cw_args_read(const struct cw_args_program *program, int argc, char **argv, void *ctx);

/* cw_args_number - decimal, or hex behind "0x"; false: a line was logged. */
bool cw_args_number(const char *option, const char *text, uint64_t low, uint64_t high,
        uint64_t *ret_number);

/* cw_args_choice - the index'th of the words of "on|off", copied; false: there are fewer. */
bool cw_args_choice(const char *value, size_t index, char *ret_word, size_t cap);

/* cw_args_nearest - the word of the list (ends with NULL) most like this one, or NULL. */
const char *cw_args_nearest(const char *word, const char *const *list);

/* cw_args_distance - letters to insert, delete, change or swap; at most 32 letters count. */
unsigned cw_args_distance(const char *a, const char *b);

/* cw_args_print - the rows of a table, for --help, on standard output. */
void cw_args_print(const struct cw_args_option *options);

#endif
