/* SPDX-License-Identifier: MIT */
/*
 * log.h - lines for people on standard error.
 *
 * What     One line per call: "program: what was tried, on which object, what to do".  Never
 *          given a secret.  Control bytes of foreign text are shown as '?'.
 * Trust    neutral.
 * Calls    From any thread; a line is written at once.
 */
#ifndef CW_POSIX_LOG_H
#define CW_POSIX_LOG_H

#include <stdbool.h>
#include <stddef.h>

typedef enum cw_log_level {
    CW_LOG_ERROR = 0,
    CW_LOG_WARN,
    CW_LOG_INFO,
    CW_LOG_DEBUG,
} cw_log_level;

/*
 * Marks in the text of an error, which no reader sees: what stands before CW_AT is where it is,
 * what stands behind CW_REMEDY is what to do.  "--hex" CW_AT ": found \"g\"" CW_REMEDY ", expected..."
 */
#define CW_AT "\x1d"
#define CW_REMEDY "\x1e"

/* cw_log_setup - program: in front of every line; lines above level are dropped. */
void cw_log_setup(const char *program, cw_log_level level, bool color);

/* cw_log_json - from now on each line is an object {time, program, level, text}. */
void cw_log_json(bool on);

/* cw_log_listen - errors and warnings are also given to hear, with their marks.  NULL: no more. */
void cw_log_listen(void (*hear)(void *ctx, cw_log_level level, const char *text), void *ctx);

/*
 * cw_log_catch - errors go nowhere but into ret_text, the first of them, with its marks; NULL: no
 * more.  For one thread at a time.
 */
void cw_log_catch(char *ret_text, size_t cap);

/*
 * cw_log_clean - make foreign text harmless on a terminal: control characters but those of kept
 * (say CW_AT CW_REMEDY), and what is not UTF-8, become '?'.  The length stays.
 */
void cw_log_clean(char *text, const char *kept);

/*
 * cw_log_shown_len - bytes of the UTF-8 character at p, in a text that ends with a zero byte; 0: a
 * control character, one that turns the direction of text, or no UTF-8.
 */
unsigned cw_log_shown_len(const unsigned char *p);

/* cw_log_shorten - of words beyond 300 bytes only the first 100 and "..." are left. */
void cw_log_shorten(char *text);

/* cw_log_unmark - take the marks out. */
void cw_log_unmark(char *text);

__attribute__((format(printf, 2, 3))) void cw_log(cw_log_level level, const char *format, ...);

#define cw_log_error(...) cw_log(CW_LOG_ERROR, __VA_ARGS__)
#define cw_log_warn(...) cw_log(CW_LOG_WARN, __VA_ARGS__)
#define cw_log_info(...) cw_log(CW_LOG_INFO, __VA_ARGS__)
#define cw_log_debug(...) cw_log(CW_LOG_DEBUG, __VA_ARGS__)

#endif
