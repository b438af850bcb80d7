/* SPDX-License-Identifier: MIT */
/*
 * tool.h - run a program of the toolchain and keep its words.
 *
 * Trust    neutral.
 * Calls    Blocks until the program ended.
 */
#ifndef CW_POSIX_TOOL_H
#define CW_POSIX_TOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/status.h"

/* A command line that grows; what does not fit is remembered and refused by cw_tool_run. */
#define CW_TOOL_ARGUMENT_MAX 160u

struct cw_tool {
    char *arguments[CW_TOOL_ARGUMENT_MAX + 1];
    size_t count;
    bool failed;
    int kept; /* a descriptor that the program and its children inherit; 0: none */
};

/* cw_tool_add - one argument, formatted as by printf. */
void cw_tool_add(struct cw_tool *tool, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/*
 * cw_tool_run - run it, and free the command line.
 *
 * log_path   takes the program's output
 * ret_why    [why_cap] bytes: on failure the beginning of what it printed
 *
 * CW_E_DENIED  the program refused its input
 * CW_E_SYSTEM  it could not be run
 */
CW_MUST_CHECK cw_status cw_tool_run(struct cw_tool *tool, const char *log_path, char *ret_why,
        size_t why_cap);

/* cw_tool_is_there - is a program of this name on PATH? */
bool cw_tool_is_there(const char *name);

#endif
