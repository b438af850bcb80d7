/* SPDX-License-Identifier: MIT */
/*
 * verb.h - the verbs of the program: how each is called, and what runs.
 *
 * A verb is a file cmd_NAME.c with one function, and a row in main.c.
 */
#ifndef CW_DEPLOY_VERB_H
#define CW_DEPLOY_VERB_H

#include <stddef.h>
#include <stdint.h>

#include "deploy/app.h"
#include "posix/args.h"

#define CW_WORDS_MAX 4u
#define CW_OPTIONS_MAX 64u /* as many as posix/args.h tells apart */

/* What stood on the command line, besides the options that all verbs have. */
struct cw_words {
    const char *operands[CW_WORDS_MAX]; /* without the descriptor */
    size_t count;
    const char *hex; /* payload, three ways; NULL: not given */
    const char *text;
    const char *file;
    const char *out;
    const char *dir; /* demo: where it works; NULL: a folder of its own */
    const char *backup_key; /* backup, restore: a file with what seals it    */
    bool exit_code;  /* plan: 4 when there is something to do                */
    const char *tee; /* new: of its nodes; NULL: native                 */
    bool follow;     /* events: go on until it is ended                  */
    const char *since; /* events: how long ago; NULL: all              */
    bool once;       /* demo: to its end, with the attacks              */
    const struct cw_verb *verb;
    const char *values[CW_OPTIONS_MAX]; /* by the option's row; NULL not given, "" without a value */
};

struct cw_verb {
    const char *name;
    const char *summary;
    const char *operands; /* "[app.json]", as help shows it */
    const char *example;
    const char *takes; /* its own options, separated by blanks */
    size_t least;      /* operands besides the descriptor      */
    size_t most;
    int (*run)(struct cw_app *app, const struct cw_words *words); /* gives an exit status */
    const struct cw_owner_verb *const *own; /* the verbs of a TEE, if this is its name; else NULL */
};

/* What the program knows; app->tables. */
struct cw_tables {
    const struct cw_verb *verbs;          /* ends with {0} */
    const struct cw_args_option *options; /* ends with {0} */
    size_t shared_count;                  /* the first options are those of all verbs */
};

/*
 * cw_verbs_all - the program's verbs and options, and behind them those that TEEs add by their
 * contract (cmd_tee.c): `causeway TEE VERB`.  Both tables live as long as the program.
 */
struct cw_tables cw_verbs_all(const struct cw_tables *program);

int cw_cmd_new(struct cw_app *app, const struct cw_words *words);
int cw_cmd_validate(struct cw_app *app, const struct cw_words *words);
int cw_cmd_build(struct cw_app *app, const struct cw_words *words);
int cw_cmd_plan(struct cw_app *app, const struct cw_words *words);
int cw_cmd_apply(struct cw_app *app, const struct cw_words *words);
int cw_cmd_status(struct cw_app *app, const struct cw_words *words);
int cw_cmd_events(struct cw_app *app, const struct cw_words *words);
int cw_cmd_attest(struct cw_app *app, const struct cw_words *words);
int cw_cmd_call(struct cw_app *app, const struct cw_words *words);
int cw_cmd_send(struct cw_app *app, const struct cw_words *words);
int cw_cmd_request(struct cw_app *app, const struct cw_words *words);
int cw_cmd_destroy(struct cw_app *app, const struct cw_words *words);
int cw_cmd_backup(struct cw_app *app, const struct cw_words *words);
int cw_cmd_restore(struct cw_app *app, const struct cw_words *words);
int cw_cmd_key(struct cw_app *app, const struct cw_words *words);
int cw_cmd_demo(struct cw_app *app, const struct cw_words *words);
int cw_cmd_nodes(struct cw_app *app, const struct cw_words *words);
int cw_cmd_doctor(struct cw_app *app, const struct cw_words *words);
int cw_cmd_completion(struct cw_app *app, const struct cw_words *words);
int cw_cmd_tee(struct cw_app *app, const struct cw_words *words);
int cw_cmd_help(struct cw_app *app, const struct cw_words *words);

/* cw_counts_read - ask all modules: list gets the objects that status shows for connections. */
CW_MUST_CHECK cw_status cw_counts_read(struct cw_app *app, struct json_t *list,
        bool *ret_is_well);

/* cw_words_payload - the bytes that the words give; none: empty.  The caller frees them. */
CW_MUST_CHECK cw_status cw_words_payload(const struct cw_words *words, uint8_t **ret_bytes,
        size_t *ret_len);

/* cw_words_answer - print an answer (text if it is text, else hex), or write it to --out. */
CW_MUST_CHECK cw_status cw_words_answer(struct cw_app *app, const struct cw_words *words,
        const char *what, bool is_authentic, const uint8_t *bytes, size_t len);

#endif
