/* SPDX-License-Identifier: MIT */
#include "tests/support/vectors.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 63
#define COUNT_MAX 512

struct vector {
    char name[NAME_MAX_LEN + 1];
    uint8_t *bytes;
    size_t len;
};

struct vectors {
    const char *path;
    size_t count;
    struct vector vector[COUNT_MAX];
};

static void fail(const char *path, const char *what, const char *where)
{
    fprintf(stderr, "%s: %s: %s\n", path, what, where);
    abort();
}

static int digit_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, tolower((unsigned char)c));
    return found == NULL ? -1 : (int)(found - digits);
}

/* Hex digits in pairs, with white space anywhere between the pairs. */
static bool hex_decode(const char *text, uint8_t *ret_bytes, size_t *ret_len)
{
    size_t len = 0;
    while (*text != '\0') {
        if (isspace((unsigned char)*text)) {
            text++;
            continue;
        }
        const int high = digit_value(text[0]);
        const int low = high < 0 ? -1 : digit_value(text[1]);
        if (low < 0) {
            return false;
        }
        ret_bytes[len++] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    *ret_len = len;
    return true;
}

static void line_read(struct vectors *v, const char *line)
{
    const char *text = line + strspn(line, " \t");
    if (*text == '#' || *text == '\n' || *text == '\0') {
        return;
    }
    const size_t name_len = strcspn(text, " \t=");
    const char *equals = text + name_len + strspn(text + name_len, " \t");
    if (name_len == 0 || name_len > NAME_MAX_LEN || *equals != '=' || v->count == COUNT_MAX) {
        fail(v->path, "not `name = hex`, or one too many", line);
    }
    struct vector *one = &v->vector[v->count];
    memcpy(one->name, text, name_len);
    one->bytes = malloc(strlen(equals) / 2 + 1);
    if (one->bytes == NULL || !hex_decode(equals + 1, one->bytes, &one->len)) {
        fail(v->path, "not hex", line);
    }
    for (size_t i = 0; i < v->count; i++) {
        if (strcmp(v->vector[i].name, one->name) == 0) {
            fail(v->path, "twice", one->name);
        }
    }
    v->count++;
}

struct vectors *vectors_load(const char *path)
{
    FILE *file = fopen(path, "r");
    struct vectors *v = calloc(1, sizeof *v);
    if (file == NULL || v == NULL) {
        fail(path, "cannot be read", "run tests from the root of the tree");
        exit(EXIT_FAILURE);
    }
    v->path = path;
    char *line = NULL;
    size_t cap = 0;
    bool is_first = true;
    while (getline(&line, &cap, file) >= 0) {
        if (is_first && line[0] != '#') {
            fail(path, "the first line must state the origin", line);
        }
        is_first = false;
        line_read(v, line);
    }
    free(line);
    fclose(file);
    return v;
}

void vectors_free(struct vectors *v)
{
    for (size_t i = 0; i < v->count; i++) {
        free(v->vector[i].bytes);
    }
    free(v);
}

static const struct vector *find(const struct vectors *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++) {
        if (strcmp(v->vector[i].name, name) == 0) {
            return &v->vector[i];
        }
    }
    return NULL;
}

bool vectors_has(const struct vectors *v, const char *format, ...)
{
    char name[NAME_MAX_LEN + 1];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    return find(v, name) != NULL;
}

struct bytes vectors_get(const struct vectors *v, const char *format, ...)
{
    char name[NAME_MAX_LEN + 1];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    const struct vector *one = find(v, name);
    if (one == NULL) {
        fail(v->path, "missing", name);
        exit(EXIT_FAILURE);
    }
    return (struct bytes){one->bytes, one->len};
}
