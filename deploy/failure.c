/* SPDX-License-Identifier: MIT */
#include "deploy/failure.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/app.h"
#include "deploy/memory.h"
#include "posix/log.h"

struct cw_failures {
    pthread_mutex_t lock;
    json_t *errors;
    json_t *warnings;
};

/* Without the punctuation that binds the parts of a line together. */
static json_t *part(const char *text, size_t len)
{
    while (len > 0 && (strchr(",;: ", *text) != NULL || (*text == '.' && text[1] == ' '))) {
        text++;
        len--;
    }
    char *copy = cw_memory_new(len + 1, 1);
    memcpy(copy, text, len);
    cw_log_unmark(copy);
    json_t *string = json_string(copy);
    free(copy);
    return string;
}

/* {where, what, remedy} of a marked text; a part that it does not have is null. */
static json_t *divide(const char *text)
{
    const char *at = strchr(text, CW_AT[0]);
    const char *what = at == NULL ? text : at + 1;
    const char *remedy = strrchr(what, CW_REMEDY[0]);
    const size_t what_len = remedy == NULL ? strlen(what) : (size_t)(remedy - what);
    return json_pack("{s:o, s:o, s:o}", "where",
            at == NULL ? json_null() : part(text, (size_t)(at - text)), "what",
            part(what, what_len), "remedy",
            remedy == NULL ? json_null() : part(remedy + 1, strlen(remedy + 1)));
}

static void hear(void *ctx, cw_log_level level, const char *text)
{
    struct cw_failures *f = ctx;
    pthread_mutex_lock(&f->lock);
    json_array_append_new(level == CW_LOG_ERROR ? f->errors : f->warnings, divide(text));
    pthread_mutex_unlock(&f->lock);
}

struct cw_failures *cw_failures_listen(void)
{
    struct cw_failures *f = cw_memory_new(1, sizeof *f);
    pthread_mutex_init(&f->lock, NULL);
    f->errors = json_array();
    f->warnings = json_array();
    cw_log_listen(hear, f);
    return f;
}

void cw_failures_add(struct cw_failures *f, const struct cw_mistakes *mistakes)
{
    for (size_t i = 0; i < mistakes->count; i++) {
        const struct cw_mistake *m = &mistakes->items[i];
        char *file = cw_memory_text(mistakes->file);
        cw_log_clean(file, "");
        char *where = m->at.line == 0
                ? cw_memory_text(file)
                : cw_memory_format("%s:%u:%u", file, m->at.line, m->at.column);
        const size_t what_len = m->remedy == NULL ? strlen(m->text) : (size_t)(m->remedy - m->text);
        json_t *error = json_pack("{s:s, s:o, s:o, s:s}", "where", where, "what",
                part(m->text, what_len), "remedy",
                m->remedy == NULL ? json_null() : part(m->remedy, strlen(m->remedy)), "file", file);
        if (m->at.line != 0) {
            json_object_set_new(error, "line", json_integer(m->at.line));
            json_object_set_new(error, "column", json_integer(m->at.column));
        }
        json_array_append_new(f->errors, error);
        free(where);
        free(file);
    }
}

void cw_failures_tell(struct cw_failures *f, struct json_t *object, const char *verb, int exit)
{
    json_t *told = json_pack("{s:b, s:o, s:i}", "ok",
            exit == CW_EXIT_DONE || exit == CW_EXIT_CHANGES, "verb",
            verb == NULL ? json_null() : json_string(verb), "exit", exit);
    if (object != NULL) {
        json_object_update_missing(told, object);
        json_decref(object);
    }
    pthread_mutex_lock(&f->lock);
    json_object_set(told, "errors", f->errors);
    json_object_set(told, "warnings", f->warnings);
    json_dumpf(told, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    pthread_mutex_unlock(&f->lock);
    putchar('\n');
    json_decref(told);
}

void cw_failures_free(struct cw_failures *f)
{
    if (f == NULL) {
        return;
    }
    cw_log_listen(NULL, NULL);
    json_decref(f->errors);
    json_decref(f->warnings);
    pthread_mutex_destroy(&f->lock);
    free(f);
}
