/* SPDX-License-Identifier: MIT */
/*
 * work.h - tasks that wait for tasks, on a few threads, and how far they have come.
 *
 * What     Each task runs once, as soon as what it waits for is done; a task that failed is done
 *          too.  Progress is shown on a terminal when it lasts longer than a second.
 * Trust    OWNER.
 */
#ifndef CW_DEPLOY_WORK_H
#define CW_DEPLOY_WORK_H

#include "deploy/app.h"

#define CW_WORK_THREADS 32u

struct cw_work {
    size_t count;
    const char *what; /* "apply", in front of the progress */

    /* May task i begin?  is_done tells of the others; it holds for good once it is true.  NULL: all may. */
    bool (*is_due)(void *ctx, size_t i, const bool *is_done);
    void (*run)(void *ctx, size_t i);
    void *ctx;
};

/* cw_work_run - all of them; returns when the last is done. */
void cw_work_run(struct cw_app *app, const struct cw_work *work);

#endif
