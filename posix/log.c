/* SPDX-License-Identifier: MIT */
#include "posix/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_CAP 4096

static const char *log_program = "causeway";
static cw_log_level log_level = CW_LOG_INFO;
static bool log_color;
static bool log_json;

void cw_log_setup(const char *program, cw_log_level level, bool color)
{
    log_program = program;
    log_level = level;
    log_color = color;
}

static void (*log_hear)(void *ctx, cw_log_level level, const char *text);
static void *log_hear_ctx;

void cw_log_listen(void (*hear)(void *ctx, cw_log_level level, const char *text), void *ctx)
{
    log_hear = hear;
    log_hear_ctx = ctx;
}

static char *log_caught;
static size_t log_caught_cap;

void cw_log_catch(char *ret_text, size_t cap)
{
    log_caught = ret_text;
    log_caught_cap = cap;
    if (ret_text != NULL) {
        ret_text[0] = '\0';
    }
}

unsigned cw_log_shown_len(const unsigned char *p)
{
    if (p[0] < 0x80) {
        return p[0] >= 0x20 && p[0] != 0x7f;
    }
    const unsigned len = p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3
            : p[0] >= 0xf0 && p[0] < 0xf5                                        ? 4
                                                                                 : 0;
    for (unsigned i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    const bool is_control = len == 2 && p[0] == 0xc2 && p[1] < 0xa0;
    const bool is_long = len > 2 && (p[0] & 0x0f) == 0 && p[1] < (len == 3 ? 0xa0 : 0x90);
    const bool is_surrogate = len == 3 && p[0] == 0xed && p[1] >= 0xa0;
    const bool is_beyond = len == 4 && p[0] == 0xf4 && p[1] >= 0x90;
    const bool turns = len == 3 && p[0] == 0xe2 && /* U+202A..E, U+2066..9: direction of text */
            ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
                    (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
    return is_control || is_long || is_surrogate || is_beyond || turns ? 0 : len;
}

void cw_log_clean(char *text, const char *kept)
{
    unsigned char *p = (unsigned char *)text;
    while (*p != '\0') {
        const unsigned len = cw_log_shown_len(p);
        if (len == 0 && strchr(kept, *p) == NULL) {
            *p = '?';
        }
        p += len == 0 ? 1 : len;
    }
}

void cw_log_shorten(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        const size_t word = strcspn(from, " " CW_AT CW_REMEDY);
        size_t kept = word > 300 ? 100 : word;
        while (kept < word && kept > 90 && ((unsigned char)from[kept] & 0xc0) == 0x80) {
            kept--; /* not inside a character */
        }
        memmove(to, from, kept);
        to += kept;
        if (kept < word) {
            memcpy(to, "...", 3);
            to += 3;
            if (from[word - 1] == '"') {
                *to++ = '"';
            }
        }
        from += word;
        while (*from == ' ' || *from == CW_AT[0] || *from == CW_REMEDY[0]) {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

void cw_log_unmark(char *text)
{
    char *to = text;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p != CW_AT[0] && *p != CW_REMEDY[0]) {
            *to++ = *p;
        }
    }
    *to = '\0';
}

void cw_log_json(bool on)
{
    log_json = on;
}

static const char *level_name(cw_log_level level)
{
    switch (level) {
    case CW_LOG_ERROR:
        return "error";
    case CW_LOG_WARN:
        return "warning";
    case CW_LOG_INFO:
        return "info";
    case CW_LOG_DEBUG:
        return "debug";
    }
    return "";
}

/* text is in a JSON string afterwards: quotes and what is not ASCII are shown as '?' or \'. */
static int print_json(char *ret_line, size_t cap, cw_log_level level, char *text)
{
    for (char *p = text; *p != '\0'; p++) {
        const unsigned char c = (unsigned char)*p;
        if (c == '"') {
            *p = '\'';
        } else if (c < 0x20 || c == '\\' || c >= 0x7f) {
            *p = '?';
        }
    }
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return snprintf(ret_line, cap,
            "{\"time\":%lld.%03ld,\"program\":\"%s\",\"level\":\"%s\",\"text\":\"%s\"}\n",
            (long long)now.tv_sec, now.tv_nsec / 1000000, log_program, level_name(level), text);
}

static const char *mark(cw_log_level level)
{
    switch (level) {
    case CW_LOG_ERROR:
        return log_color ? "\033[31merror:\033[0m " : "error: ";
    case CW_LOG_WARN:
        return log_color ? "\033[33mwarning:\033[0m " : "warning: ";
    case CW_LOG_INFO:
        return "";
    case CW_LOG_DEBUG:
        return "debug: ";
    }
    return "";
}

void cw_log(cw_log_level level, const char *format, ...)
{
    if (level > log_level) {
        return;
    }
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int len = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (len < 0) {
        return;
    }
    cw_log_shorten(text);
    if (strlen(text) >= LINE_CAP) {
        text[LINE_CAP - 1] = '\0';
    }
    cw_log_clean(text, "\n\t" CW_AT CW_REMEDY);
    if (log_caught != NULL && level == CW_LOG_ERROR) {
        if (log_caught[0] == '\0') {
            snprintf(log_caught, log_caught_cap, "%s", text);
        }
        free(text);
        return;
    }
    if (log_hear != NULL && level <= CW_LOG_WARN) {
        log_hear(log_hear_ctx, level, text);
    }
    cw_log_unmark(text);
    char line[LINE_CAP + 128];
    len = log_json ? print_json(line, sizeof line, level, text)
                   : snprintf(line, sizeof line, "%s: %s%s\n", log_program, mark(level), text);
    if (len > 0) {
        size_t line_len = (size_t)len < sizeof line ? (size_t)len : sizeof line - 1;
        ssize_t written = write(STDERR_FILENO, line, line_len);
        (void)written; /* nobody is left to tell */
    }
    free(text);
}
