/* SPDX-License-Identifier: MIT */
/*
 * failure.h - what went wrong, for --json: each error as what, where and what to do.
 *
 * What     Listens to the lines that are logged (posix/log.h) and keeps them; the marks in a line
 *          divide it.  An object with them is the one that --json prints.
 * Trust    OWNER.
 * Calls    Lines come from any thread.
 */
#ifndef CW_DEPLOY_FAILURE_H
#define CW_DEPLOY_FAILURE_H

#include <stdbool.h>

#include "deploy/mistakes.h"

struct json_t;

struct cw_failures; /* private to failure.c */

/* cw_failures_listen - from now on; one at a time in a program. */
struct cw_failures *cw_failures_listen(void);

/* cw_failures_add - mistakes of a file, which are not logged. */
void cw_failures_add(struct cw_failures *f, const struct cw_mistakes *mistakes);

/*
 * cw_failures_tell - put ok, verb, exit, errors and warnings into the object (NULL: a new one),
 * print it on standard output, and release it.
 *
 * verb  NULL: the command line did not get so far
 */
void cw_failures_tell(struct cw_failures *f, struct json_t *object, const char *verb, int exit);

void cw_failures_free(struct cw_failures *f);

#endif
