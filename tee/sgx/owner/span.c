/* SPDX-License-Identifier: MIT */
#include "tee/sgx/owner/span.h"

#include <string.h>

struct cursor {
    const char *next;
    const char *end;
};

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_white(struct cursor *c)
{
    while (c->next < c->end && is_white(*c->next)) {
        c->next++;
    }
}

static bool take(struct cursor *c, char wanted)
{
    skip_white(c);
    if (c->next == c->end || *c->next != wanted) {
        return false;
    }
    c->next++;
    return true;
}

/* Past a string, whose opening quote is next. */
static bool skip_string(struct cursor *c)
{
    c->next++;
    while (c->next < c->end) {
        char at = *c->next++;
        if (at == '"') {
            return true;
        }
        if (at == '\\' && c->next < c->end) {
            c->next++;
        }
    }
    return false;
}

/* Past a value: to the comma or bracket that ends it. */
static bool skip_value(struct cursor *c)
{
    size_t depth = 0;
    while (c->next < c->end) {
        char at = *c->next;
        if (at == '"') {
            if (!skip_string(c)) {
                return false;
            }
            continue;
        }
        if (depth == 0 && (at == ',' || at == '}' || at == ']')) {
            return true;
        }
        depth += at == '{' || at == '[';
        depth -= at == '}' || at == ']';
        c->next++;
    }
    return false;
}

void cw_span_trim(const char **text, size_t *len)
{
    while (*len > 0 && is_white(**text)) {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && is_white((*text)[*len - 1])) {
        (*len)--;
    }
}

bool cw_span_member(const char *text, size_t len, const char *key, const char **ret_value,
        size_t *ret_len)
{
    struct cursor c = {text, text + len};
    size_t key_len = strlen(key);
    if (!take(&c, '{')) {
        return false;
    }
    do {
        skip_white(&c);
        const char *name = c.next;
        if (c.next == c.end || *c.next != '"' || !skip_string(&c)) {
            return false;
        }
        bool is_key = (size_t)(c.next - name) == key_len + 2 && memcmp(name + 1, key, key_len) == 0;
        if (!take(&c, ':')) {
            return false;
        }
        const char *value = c.next;
        if (!skip_value(&c)) {
            return false;
        }
        if (is_key) {
            size_t value_len = (size_t)(c.next - value);
            cw_span_trim(&value, &value_len);
            *ret_value = value;
            *ret_len = value_len;
            return true;
        }
    } while (take(&c, ','));
    return false;
}
