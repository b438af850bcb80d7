/* SPDX-License-Identifier: MIT */
#include "deploy/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "posix/log.h"

_Noreturn void cw_memory_gone(void)
{
    cw_log_error("there is no more memory");
    exit(1);
}

void *cw_memory_new(size_t count, size_t len)
{
    void *bytes = calloc(count == 0 ? 1 : count, len);
    if (bytes == NULL) {
        cw_memory_gone();
    }
    return bytes;
}

void *cw_memory_grow(void *items, size_t count, size_t len)
{
    if (items != NULL && (count & (count - 1)) != 0) {
        return items;
    }
    items = reallocarray(items, count == 0 ? 1 : 2 * count, len);
    if (items == NULL) {
        cw_memory_gone();
    }
    return items;
}

char *cw_memory_text(const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL) {
        cw_memory_gone();
    }
    return copy;
}

char *cw_memory_format(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int len = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (len < 0) {
        cw_memory_gone();
    }
    return text;
}
