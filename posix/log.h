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

typedef enum cw_log_level {
    CW_LOG_ERROR = 0,
    CW_LOG_WARN,
    CW_LOG_INFO,
    CW_LOG_DEBUG,
} cw_log_level;

/* cw_log_setup - program: in front of every line; lines above level are dropped. */
void cw_log_setup(const char *program, cw_log_level level, bool color);

/* cw_log_json - from now on each line is an object {time, program, level, text}. */
void cw_log_json(bool on);

__attribute__((format(printf, 2, 3))) void cw_log(cw_log_level level, const char *format, ...);

#define cw_log_error(...) cw_log(CW_LOG_ERROR, __VA_ARGS__)
#define cw_log_warn(...) cw_log(CW_LOG_WARN, __VA_ARGS__)
#define cw_log_info(...) cw_log(CW_LOG_INFO, __VA_ARGS__)
#define cw_log_debug(...) cw_log(CW_LOG_DEBUG, __VA_ARGS__)

#endif
