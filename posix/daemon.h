/* SPDX-License-Identifier: MIT */
/*
 * daemon.h - programs that outlive this one, each in a folder of its own.
 *
 * What     The folder holds `pid`, on which the program keeps a record lock as long as it lives,
 *          `command`, and what it printed: `out` and `log`.  The lock is the truth: the kernel
 *          says who holds it, it ends with its holder, and a number in a file is never believed.
 *          So no stranger that got the same process number is ever taken for it, or ended.
 * Trust    neutral.
 * Errors   CW_E_SYSTEM: a line was logged.
 */
#ifndef CW_POSIX_DAEMON_H
#define CW_POSIX_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/status.h"

/*
 * cw_daemon_start - run arguments[0] (a path), which then works in the folder.
 *
 * folder     exists
 * arguments  end with NULL
 *
 * CW_E_STATE  one runs there already; nothing was logged
 */
CW_MUST_CHECK cw_status cw_daemon_start(const char *folder, const char *const *arguments);

/* cw_daemon_pid - who runs there; 0: nobody. */
pid_t cw_daemon_pid(const char *folder);

/* cw_daemon_has - was it started with exactly these arguments? */
bool cw_daemon_has(const char *folder, const char *const *arguments);

/*
 * cw_daemon_stop - SIGTERM, and SIGKILL after patience_ms.  Nothing where nobody runs.
 *
 * CW_E_SYSTEM  it could not be ended
 */
CW_MUST_CHECK cw_status cw_daemon_stop(const char *folder, uint32_t patience_ms);

#endif
