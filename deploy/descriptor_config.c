/* SPDX-License-Identifier: MIT */
/* modules[].config: values of a module's parameters, each as the bytes that the module will see. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/manage.h"
#include "deploy/descriptor.h"
#include "deploy/memory.h"
#include "posix/log.h"

static const struct cw_tree *member(const struct cw_tree *t, const char *key)
{
    for (const struct cw_tree *child = t->first; child != NULL; child = child->next) {
        if (strcmp(child->key, key) == 0) {
            return child;
        }
    }
    return NULL;
}

static void expected(struct cw_mistakes *mistakes, const struct cw_tree *t, const char *path,
        const char *what)
{
    char found[128];
    cw_tree_found(t, found, sizeof found);
    cw_mistakes_add(mistakes, t->at, "%s: found %s" CW_REMEDY ", expected %s", path, found, what);
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

static void take_hex(struct cw_descriptor_config *c, const struct cw_tree *t, const char *path,
        struct cw_mistakes *mistakes)
{
    const size_t len = t->kind == CW_TREE_TEXT ? strlen(t->text) : 1;
    bool is_hex = len % 2 == 0;
    c->bytes = cw_memory_new(len / 2 + 1, 1);
    for (size_t i = 0; is_hex && i < len; i += 2) {
        const int high = digit(t->text[i]);
        const int low = digit(t->text[i + 1]);
        is_hex = high >= 0 && low >= 0;
        c->bytes[c->len++] = (uint8_t)(is_hex ? high << 4 | low : 0);
    }
    if (!is_hex) {
        expected(mistakes, t, path, "an even number of hexadecimal digits, as a text");
    }
}

static void take_number(struct cw_descriptor_config *c, const struct cw_tree *number,
        const struct cw_tree *bytes, const char *path, struct cw_mistakes *mistakes)
{
    if (bytes == NULL || bytes->kind != CW_TREE_NUMBER ||
            (bytes->number != 1 && bytes->number != 2 && bytes->number != 4)) {
        expected(mistakes, bytes == NULL ? number : bytes, path,
                "\"bytes\": 1, 2 or 4 beside \"number\"");
        return;
    }
    const long long end = 1ll << 8 * bytes->number;
    if (number->kind != CW_TREE_NUMBER || number->number < -end / 2 || number->number >= end) {
        expected(mistakes, number, path, "a whole number that fits into its \"bytes\"");
        return;
    }
    c->bytes = cw_memory_new(4, 1);
    for (c->len = 0; c->len < (size_t)bytes->number; c->len++) { /* little-endian, as in modules */
        c->bytes[c->len] = (uint8_t)((unsigned long long)number->number >> 8 * c->len);
    }
}

static void take_value(struct cw_descriptor_config *c, const struct cw_tree *t, const char *path,
        struct cw_mistakes *mistakes)
{
    if (t->kind == CW_TREE_TEXT) {
        c->len = strlen(t->text);
        c->bytes = cw_memory_new(c->len + 1, 1);
        memcpy(c->bytes, t->text, c->len);
        return;
    }
    const bool is_object = t->kind == CW_TREE_OBJECT;
    const struct cw_tree *hex = is_object ? member(t, "hex") : NULL;
    const struct cw_tree *number = is_object ? member(t, "number") : NULL;
    const struct cw_tree *bytes = is_object ? member(t, "bytes") : NULL;
    const struct cw_tree *secret = is_object ? member(t, "secret_file") : NULL;
    if (hex != NULL && t->count == 1) {
        take_hex(c, hex, path, mistakes);
    } else if (secret != NULL && t->count == 1 && secret->kind == CW_TREE_TEXT) {
        c->secret_file = (struct cw_text){secret->text, secret->at};
    } else if (number != NULL && t->count == (bytes == NULL ? 1u : 2u)) {
        take_number(c, number, bytes, path, mistakes);
    } else {
        expected(mistakes, t, path, "a text, {\"hex\": \"...\"}, {\"number\": N, \"bytes\": 1, 2 or "
                                    "4} or {\"secret_file\": \"path\"}");
    }
}

void cw_descriptor_read_config(struct cw_descriptor_module *m, const struct cw_tree *t,
        const char *module_path, struct cw_mistakes *mistakes)
{
    m->config = cw_memory_new(t->count + 1, sizeof *m->config);
    for (const struct cw_tree *child = t->first; child != NULL; child = child->next) {
        struct cw_descriptor_config *c = &m->config[m->config_count++];
        char *path = cw_memory_format("%s.config.%s", module_path, child->key);
        c->at = child->at;
        c->name = (struct cw_text){child->key, child->key_at};
        for (size_t i = 0; i + 1 < m->config_count; i++) {
            if (strcmp(m->config[i].name.value, child->key) == 0) {
                cw_mistakes_add(mistakes, child->key_at, "%s: found again" CW_REMEDY
                        ", expected it once (first in line %u)", path, m->config[i].name.at.line);
            }
        }
        take_value(c, child, path, mistakes);
        if (c->len > CW_CONFIG_MAX) {
            cw_mistakes_add(mistakes, child->at, "%s: found %zu bytes" CW_REMEDY
                    ", expected at most %u", path, c->len, CW_CONFIG_MAX);
        }
        free(path);
    }
}
