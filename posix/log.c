/* SPDX-License-Identifier: MIT */
#include "posix/log.h"

#include <stdarg.h>
#include <stdio.h>
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
    char text[LINE_CAP];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (len < 0) {
        return;
    }
    for (char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
            *p = '?';
        }
    }
    char line[LINE_CAP + 128];
    len = log_json ? print_json(line, sizeof line, level, text)
                   : snprintf(line, sizeof line, "%s: %s%s\n", log_program, mark(level), text);
    if (len > 0) {
        size_t line_len = (size_t)len < sizeof line ? (size_t)len : sizeof line - 1;
        ssize_t written = write(STDERR_FILENO, line, line_len);
        (void)written; /* nobody is left to tell */
    }
}
