/* SPDX-License-Identifier: MIT */
#include "deploy/tree.h"

#include <jansson.h>
#include <libfyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/memory.h"

struct reading {
    struct cw_mistakes *mistakes;
    struct cw_tree *root;
    struct cw_tree *open; /* the object or list being filled */
    char *key;            /* read, and its value not yet     */
    struct cw_place key_at;
    unsigned depth;
    bool json;
    bool failed;
};

static struct cw_place place_of(const struct fy_mark *mark)
{
    if (mark == NULL) {
        return (struct cw_place){0, 0};
    }
    return (struct cw_place){(unsigned)mark->line + 1, (unsigned)mark->column + 1};
}

static bool parse_integer(const char *text, long long *ret_number)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    int base = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X') ? 16 : 10;
    const char *from = base == 16 ? digits + 2 : digits;
    size_t len = strlen(from);
    size_t legal = strspn(from, base == 16 ? "0123456789abcdefABCDEF" : "0123456789");
    if (len == 0 || legal != len || len > 15) {
        return false;
    }
    long long number = strtoll(from, NULL, base);
    *ret_number = text[0] == '-' ? -number : number;
    return true;
}

/* Plain scalars are numbers, truth values or nothing where they look like it. */
static void classify(struct cw_tree *t, bool is_plain)
{
    t->kind = CW_TREE_TEXT;
    if (!is_plain) {
        return;
    }
    if (strcmp(t->text, "true") == 0 || strcmp(t->text, "false") == 0) {
        t->kind = CW_TREE_BOOL;
        t->number = t->text[0] == 't' ? 1 : 0;
    } else if (t->text[0] == '\0' || strcmp(t->text, "null") == 0 || strcmp(t->text, "~") == 0) {
        t->kind = CW_TREE_NULL;
    } else if (parse_integer(t->text, &t->number)) {
        t->kind = CW_TREE_NUMBER;
    }
}

static void refuse(struct reading *r, struct cw_place at, const char *text)
{
    cw_mistakes_add(r->mistakes, at, "%s", text);
    r->failed = true;
}

/* Put a value where it belongs: the root, an item of a list, or under the key read last. */
static void place(struct reading *r, struct cw_tree *t)
{
    t->parent = r->open;
    t->key = r->key;
    t->key_at = r->key == NULL ? t->at : r->key_at;
    r->key = NULL;
    if (r->open == NULL) {
        if (r->root != NULL) {
            refuse(r, t->at, "found a second document, expected one per file");
            cw_tree_free(t);
            return;
        }
        r->root = t;
        return;
    }
    if (r->open->last == NULL) {
        r->open->first = t;
    } else {
        r->open->last->next = t;
    }
    r->open->last = t;
    r->open->count++;
}

static void scalar(struct reading *r, struct fy_event *event, struct cw_place at)
{
    size_t len = 0;
    const char *text = fy_token_get_text(event->scalar.value, &len);
    char *copy = cw_memory_new(len + 1, 1);
    if (text != NULL) {
        memcpy(copy, text, len);
    }
    if (strlen(copy) != len) {
        refuse(r, at, "found a zero byte in a text");
    }
    if (r->open != NULL && r->open->kind == CW_TREE_OBJECT && r->key == NULL) {
        r->key = copy;
        r->key_at = at;
        return;
    }
    struct cw_tree *t = cw_memory_new(1, sizeof *t);
    t->at = at;
    t->text = copy;
    enum fy_scalar_style style = event->scalar.value == NULL
            ? FYSS_PLAIN
            : fy_token_scalar_style(event->scalar.value);
    classify(t, style == FYSS_PLAIN);
    place(r, t);
}

static void begin(struct reading *r, cw_tree_kind kind, struct cw_place at)
{
    if (r->open != NULL && r->open->kind == CW_TREE_OBJECT && r->key == NULL) {
        refuse(r, at, "found an object or a list as a key, expected a name");
        return;
    }
    if (++r->depth > CW_TREE_DEPTH_MAX) {
        refuse(r, at, "found values nested too deep");
        return;
    }
    struct cw_tree *t = cw_memory_new(1, sizeof *t);
    t->kind = kind;
    t->at = at;
    place(r, t);
    r->open = t;
}

static void end(struct reading *r)
{
    if (r->open != NULL) {
        r->open = r->open->parent;
        r->depth--;
    }
}

static bool is_quoted(const struct fy_event *event)
{
    if (event->scalar.value == NULL) {
        return false;
    }
    const enum fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
    return style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
}

static void take(struct reading *r, struct fy_event *event)
{
    struct cw_place at = place_of(fy_event_start_mark(event));
    if (event->type == FYET_SCALAR && is_quoted(event) && at.column > 1) {
        at.column--; /* the parser's mark is behind the quote */
    }
    switch (event->type) {
    case FYET_SCALAR:
        if (event->scalar.anchor != NULL || event->scalar.tag != NULL) {
            refuse(r, at, "found an anchor or a tag, expected a plain value");
        }
        scalar(r, event, at);
        break;
    case FYET_MAPPING_START:
        begin(r, CW_TREE_OBJECT, at);
        break;
    case FYET_SEQUENCE_START:
        begin(r, CW_TREE_LIST, at);
        break;
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        end(r);
        break;
    case FYET_ALIAS:
        refuse(r, at, "found an alias, expected a plain value");
        break;
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_START:
    case FYET_DOCUMENT_END:
        break;
    }
}

/* The first thing that the parser complained of. */
static void refuse_syntax(struct reading *r, struct fy_diag *diag)
{
    void *position = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &position);
    const char *language = r->json ? "JSON" : "YAML";
    if (error == NULL) {
        cw_mistakes_add(r->mistakes, (struct cw_place){0, 0}, "this is not %s", language);
    } else {
        struct cw_place at = {(unsigned)error->line, (unsigned)error->column};
        if (error->line < 1) {
            at = (struct cw_place){0, 0};
        }
        cw_mistakes_add(r->mistakes, at, "this is not %s: %s", language, error->msg);
    }
    r->failed = true;
}

/* The parser of places takes more than JSON (comments, say); this one does not. */
static bool is_json(struct reading *r, const char *bytes, size_t len)
{
    json_error_t error;
    json_t *whole = json_loadb(bytes, len, JSON_DECODE_ANY, &error);
    if (whole == NULL) {
        const struct cw_place at = {error.line < 1 ? 1 : (unsigned)error.line,
                error.column < 1 ? 1 : (unsigned)error.column};
        cw_mistakes_add(r->mistakes, at, "this is not JSON: %s", error.text);
        return false;
    }
    json_decref(whole);
    return true;
}

cw_status cw_tree_read(const char *name, const char *bytes, size_t len,
        struct cw_mistakes *mistakes, struct cw_tree **ret_root)
{
    struct reading r = {.mistakes = mistakes};
    size_t name_len = strlen(name);
    r.json = name_len > 5 && strcmp(name + name_len - 5, ".json") == 0;
    *ret_root = NULL;
    if (r.json && !is_json(&r, bytes, len)) {
        return CW_E_FORM;
    }
    struct fy_diag *diag = fy_diag_create(&(struct fy_diag_cfg){.level = FYET_MAX});
    if (diag == NULL) {
        cw_memory_gone();
    }
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg cfg = {
            .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG |
                    (r.json ? FYPCF_JSON_FORCE : FYPCF_JSON_NONE),
            .diag = diag,
    };
    struct fy_parser *parser = fy_parser_create(&cfg);
    if (parser == NULL || fy_parser_set_string(parser, bytes, len) != 0) {
        cw_memory_gone();
    }
    struct fy_event *event = fy_parser_parse(parser);
    while (event != NULL && !r.failed) {
        take(&r, event);
        fy_parser_event_free(parser, event);
        event = fy_parser_parse(parser);
    }
    if (event != NULL) {
        fy_parser_event_free(parser, event);
    } else if (fy_parser_get_stream_error(parser) || (r.root == NULL && !r.failed)) {
        if (r.root == NULL && !fy_parser_get_stream_error(parser)) {
            refuse(&r, (struct cw_place){1, 1}, "found nothing, expected an object");
        } else {
            refuse_syntax(&r, diag);
        }
    }
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    free(r.key);
    if (r.failed) {
        cw_tree_free(r.root);
        return CW_E_FORM;
    }
    *ret_root = r.root;
    return CW_OK;
}

void cw_tree_found(const struct cw_tree *t, char *ret_text, size_t cap)
{
    switch (t->kind) {
    case CW_TREE_OBJECT:
        snprintf(ret_text, cap, "an object");
        break;
    case CW_TREE_LIST:
        snprintf(ret_text, cap, "a list");
        break;
    case CW_TREE_TEXT:
        snprintf(ret_text, cap, "\"%.80s\"", t->text);
        break;
    case CW_TREE_NUMBER:
    case CW_TREE_BOOL:
        snprintf(ret_text, cap, "%.80s", t->text);
        break;
    case CW_TREE_NULL:
        snprintf(ret_text, cap, "nothing");
        break;
    }
}

void cw_tree_free(struct cw_tree *root)
{
    struct cw_tree *t = root;
    while (t != NULL) {
        /* Down to a leaf, then up again: no recursion over a foreign depth. */
        if (t->first != NULL) {
            struct cw_tree *child = t->first;
            t->first = child->next;
            child->parent = t;
            t = child;
            continue;
        }
        struct cw_tree *up = t == root ? NULL : t->parent;
        free(t->key);
        free(t->text);
        free(t);
        t = up;
    }
}
