/* SPDX-License-Identifier: MIT */
#include "deploy/tree.h"
#include "posix/log.h"

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

static bool looks_like_number(const char *text)
{
    char *end;
    (void)strtod(text, &end);
    return *end == '\0' && strspn(text, "0123456789+-.eE") == strlen(text);
}

/* Plain scalars are numbers, truth values or nothing where they look like it. */
static void classify(struct cw_tree *t, bool is_plain)
{
    t->kind = CW_TREE_TEXT;
    t->is_plain = is_plain;
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
    } else if (looks_like_number(t->text)) {
        t->kind = CW_TREE_OTHER;
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
            refuse(r, t->at, "found a second document" CW_REMEDY ", expected one per file");
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

/* No control characters: texts end up on terminals and in file names. */
static bool is_printable(const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        const unsigned shown = cw_log_shown_len((const unsigned char *)text + i);
        if (shown == 0) {
            return false;
        }
        i += shown;
    }
    return true;
}

static void scalar(struct reading *r, struct fy_event *event, struct cw_place at)
{
    size_t len = 0;
    const char *text = fy_token_get_text(event->scalar.value, &len);
    char *copy = cw_memory_new(len + 1, 1);
    if (text != NULL) {
        memcpy(copy, text, len);
    }
    if (!is_printable(copy, len)) {
        refuse(r, at, "found a control character in a text" CW_REMEDY ", expected printable text");
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
        refuse(r, at, "found an object or a list as a key" CW_REMEDY ", expected a name");
        return;
    }
    if (++r->depth > CW_TREE_DEPTH_MAX) {
        refuse(r, at, "found values nested too deep" CW_REMEDY ", expected at most 16 levels");
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
            refuse(r, at, "found an anchor or a tag" CW_REMEDY ", expected a plain value");
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
        refuse(r, at, "found an alias" CW_REMEDY ", expected a plain value");
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
    struct cw_place at = {1, 1};
    if (error != NULL && error->line >= 1) {
        at = (struct cw_place){(unsigned)error->line, (unsigned)error->column};
    }
    cw_mistakes_add(r->mistakes, at, "this is not %s: %s" CW_REMEDY
                    "; look at indentation (spaces, no tabs), colons, quotes and brackets there",
            language, error == NULL ? "no more is known" : error->msg);
    r->failed = true;
}

/* What to do about a mistake of JSON; at: where the reader stopped, behind what it could not take. */
static const char *json_advice(const char *bytes, size_t at, const json_error_t *error)
{
    const char *near = strstr(error->text, "near ");
    const char token = near != NULL && near[5] == '\'' ? near[6] : '\0';
    size_t i = at > 0 ? at - 1 : 0;
    while (i > 0 && strchr(" \t\r\n", bytes[i - 1]) != NULL) {
        i--;
    }
    const char before = i > 0 ? bytes[i - 1] : '\0';
    if (strstr(error->text, "end of file expected") != NULL) {
        return "; expected nothing behind the closing brace";
    }
    if (strstr(error->text, "end of file") != NULL) {
        return "; the file ends too early: what is not closed?";
    }
    if (strstr(error->text, "newline") != NULL) {
        return "; close the text with \" in its own line";
    }
    if (strstr(error->text, "u0000") != NULL) {
        return "; take the control character out";
    }
    if (strstr(error->text, "Unicode") != NULL) {
        return "; write the character itself";
    }
    if (strstr(error->text, "depth") != NULL) {
        return "; expected at most 16 levels";
    }
    if (strstr(error->text, "too big") != NULL) {
        return "; expected a number of at most 15 digits";
    }
    if (token == '#' || token == '/') {
        return "; JSON has no comments: take it out, or write YAML into app.yaml";
    }
    if (token == '\'') {
        return "; texts and names stand in double quotes";
    }
    if ((token == '}' || token == ']' || token == ',') && before == ',') {
        return "; take out the comma before it";
    }
    if (token == '}' && before == ':') {
        return "; expected a value behind the colon";
    }
    if (token == 'x' && before == '0') {
        return "; write the number with decimal digits";
    }
    if (strstr(error->text, "invalid token") != NULL) {
        return "; expected a text in double quotes, a whole number, true, false, null, { or [";
    }
    return "; is a comma, colon, quote or bracket missing before it?";
}

/* The parser of places takes more than JSON (comments, say); this one does not. */
static bool is_json(struct reading *r, const char *bytes, size_t len)
{
    size_t blank = 0;
    while (blank < len && strchr(" \t\r\n", bytes[blank]) != NULL && bytes[blank] != '\0') {
        blank++;
    }
    if (blank == len) {
        cw_mistakes_add(r->mistakes, (struct cw_place){1, 1},
                "found nothing" CW_REMEDY ", expected an object");
        return false;
    }
    json_error_t error;
    json_t *whole = json_loadb(bytes, len, JSON_DECODE_ANY, &error);
    if (whole == NULL) {
        const struct cw_place at = {error.line < 1 ? 1 : (unsigned)error.line,
                error.column < 1 ? 1 : (unsigned)error.column};
        const size_t position = error.position > 0 && (size_t)error.position <= len
                ? (size_t)error.position
                : 0;
        cw_mistakes_add(r->mistakes, at, "this is not JSON: %s" CW_REMEDY "%s", error.text,
                json_advice(bytes, position, &error));
        return false;
    }
    json_decref(whole);
    return true;
}

/* Bytes that are no text, or that a terminal would obey, are refused before anything parses them. */
static bool is_text(struct reading *r, const char *bytes, size_t len)
{
    struct cw_place at = {1, 1};
    if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        refuse(r, at, "found a byte order mark" CW_REMEDY ", expected UTF-8 without one");
        return false;
    }
    for (size_t i = 0; i < len;) {
        unsigned char one[5] = {0};
        memcpy(one, bytes + i, len - i < 4 ? len - i : 4);
        const unsigned shown = cw_log_shown_len(one);
        if (one[0] == '\n') {
            at = (struct cw_place){at.line + 1, 0};
        } else if (shown == 0 && one[0] != '\t' && one[0] != '\r') {
            cw_mistakes_add(r->mistakes, at, "found the byte 0x%02x, which is no text" CW_REMEDY
                            ", expected UTF-8 without control characters",
                    one[0]);
            return false;
        }
        at.column++;
        i += shown == 0 ? 1 : shown;
    }
    return true;
}

cw_status cw_tree_read(const char *name, const char *bytes, size_t len,
        struct cw_mistakes *mistakes, struct cw_tree **ret_root)
{
    struct reading r = {.mistakes = mistakes};
    size_t name_len = strlen(name);
    r.json = name_len > 5 && strcmp(name + name_len - 5, ".json") == 0;
    *ret_root = NULL;
    if (!is_text(&r, bytes, len) || (r.json && !is_json(&r, bytes, len))) {
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
            refuse(&r, (struct cw_place){1, 1}, "found nothing" CW_REMEDY ", expected an object");
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
        snprintf(ret_text, cap, t->is_plain ? "%.80s" : "\"%.80s\"", t->text);
        break;
    case CW_TREE_NUMBER:
    case CW_TREE_OTHER:
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
