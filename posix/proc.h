/* SPDX-License-Identifier: MIT */
/*
 * proc.h - programs that this one starts, watches and ends.
 *
 * What     A child gets /dev/null as its input, files as its output, and ends when this program
 *          does, however it ends.  Only what was started here can be ended here.
 * Trust    neutral.
 * Calls    From one thread: a child's life hangs on the thread that started it.
 */
#ifndef CW_POSIX_PROC_H
#define CW_POSIX_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/status.h"

struct cw_proc {
    pid_t pid;  /* 0: not running */
    int pid_fd;
    int exit_status; /* as a shell shows it: 128 + signal when one ended it */
};

/*
 * cw_proc_start - run arguments[0] (a path) with arguments, which end with NULL.
 *
 * out_path, err_path  written anew, and may be the same
 *
 * CW_E_SYSTEM  a line was logged
 */
CW_MUST_CHECK cw_status cw_proc_start(struct cw_proc *ret_proc, const char *const *arguments,
        const char *out_path, const char *err_path);

/* cw_proc_wait - until it ended.  CW_AGAIN: it did not within timeout_ms. */
CW_MUST_CHECK cw_status cw_proc_wait(struct cw_proc *p, uint32_t timeout_ms);

bool cw_proc_is_running(struct cw_proc *p);

/* cw_proc_stop - SIGTERM, and SIGKILL after patience_ms.  Nothing for one that does not run. */
void cw_proc_stop(struct cw_proc *p, uint32_t patience_ms);

#endif
