/* SPDX-License-Identifier: MIT */
#include "deploy/mistakes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/memory.h"
#include "posix/log.h"

void cw_mistakes_add(struct cw_mistakes *m, struct cw_place at, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int len = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (len < 0) {
        cw_memory_gone();
    }
    m->items = cw_memory_grow(m->items, m->count, sizeof *m->items);
    cw_log_shorten(text);
    cw_log_clean(text, CW_REMEDY);
    char *mark = strrchr(text, CW_REMEDY[0]);
    if (mark != NULL) {
        memmove(mark, mark + 1, strlen(mark));
    }
    m->items[m->count++] = (struct cw_mistake){at, text, mark};
}

static int by_place(const void *a, const void *b)
{
    const struct cw_mistake *x = a;
    const struct cw_mistake *y = b;
    if (x->at.line != y->at.line) {
        return x->at.line < y->at.line ? -1 : 1;
    }
    if (x->at.column != y->at.column) {
        return x->at.column < y->at.column ? -1 : 1;
    }
    return strcmp(x->text, y->text);
}

void cw_mistakes_sort(struct cw_mistakes *m)
{
    if (m->count == 0) {
        return;
    }
    qsort(m->items, m->count, sizeof *m->items, by_place);
    size_t kept = 1;
    for (size_t i = 1; i < m->count; i++) {
        if (by_place(&m->items[i], &m->items[kept - 1]) == 0) {
            free(m->items[i].text);
            continue;
        }
        m->items[kept++] = m->items[i];
    }
    m->count = kept;
}

void cw_mistakes_print(const struct cw_mistakes *m)
{
    char *file = cw_memory_text(m->file);
    cw_log_clean(file, "");
    for (size_t i = 0; i < m->count; i++) {
        const struct cw_mistake *mistake = &m->items[i];
        if (mistake->at.line == 0) {
            fprintf(stderr, "%s: %s\n", file, mistake->text);
        } else {
            fprintf(stderr, "%s:%u:%u: %s\n", file, mistake->at.line, mistake->at.column,
                    mistake->text);
        }
    }
    free(file);
}

void cw_mistakes_free(struct cw_mistakes *m)
{
    for (size_t i = 0; i < m->count; i++) {
        free(m->items[i].text);
    }
    free(m->items);
    m->items = NULL;
    m->count = 0;
}
