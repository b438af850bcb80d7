/* SPDX-License-Identifier: MIT */
#include "deploy/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "deploy/memory.h"

#define SHOW_AFTER_S 1
#define SHOW_EVERY_NS 200000000L

struct crew {
    struct cw_app *app;
    const struct cw_work *work;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool *is_begun;
    bool *is_done;
    size_t begun_count;
    size_t done_count;
    bool is_shown;
};

/* A task that may begin; count: none now. */
static size_t pick(const struct crew *c)
{
    for (size_t i = 0; i < c->work->count; i++) {
        if (!c->is_begun[i] &&
                (c->work->is_due == NULL || c->work->is_due(c->work->ctx, i, c->is_done))) {
            return i;
        }
    }
    return c->work->count;
}

static void *serve(void *ctx)
{
    struct crew *c = ctx;
    (void)pthread_mutex_lock(&c->mutex);
    while (c->begun_count < c->work->count) {
        const size_t i = pick(c);
        if (i == c->work->count) {
            (void)pthread_cond_wait(&c->changed, &c->mutex);
            continue;
        }
        c->is_begun[i] = true;
        c->begun_count++;
        (void)pthread_mutex_unlock(&c->mutex);
        cw_app_begin_step(c->app);
        c->work->run(c->work->ctx, i);
        (void)pthread_mutex_lock(&c->mutex);
        c->is_done[i] = true;
        c->done_count++;
        (void)pthread_cond_broadcast(&c->changed);
    }
    (void)pthread_mutex_unlock(&c->mutex);
    return NULL;
}

/* One line that the next line of output overwrites. */
static void show(struct crew *c, long seconds)
{
    (void)pthread_mutex_lock(&c->app->print_mutex);
    (void)fprintf(stderr, "%s: %zu of %zu done, %ld s\033[K\r", c->work->what, c->done_count,
            c->work->count, seconds);
    (void)pthread_mutex_unlock(&c->app->print_mutex);
    c->is_shown = true;
}

/* The thread that waits for the others tells how far they are. */
static void watch(struct crew *c)
{
    const bool is_seen = isatty(STDERR_FILENO) != 0 && !c->app->options.quiet &&
            !c->app->options.json && !c->app->is_dry;
    struct timespec begun;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    now = begun;
    (void)pthread_mutex_lock(&c->mutex);
    while (c->done_count < c->work->count) {
        if (!is_seen) {
            (void)pthread_cond_wait(&c->changed, &c->mutex);
            continue;
        }
        struct timespec until = {now.tv_sec, now.tv_nsec + SHOW_EVERY_NS};
        if (until.tv_nsec >= 1000000000L) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000L;
        }
        (void)pthread_cond_timedwait(&c->changed, &c->mutex, &until);
        clock_gettime(CLOCK_MONOTONIC, &now);
        const long seconds = (long)(now.tv_sec - begun.tv_sec) - (now.tv_nsec < begun.tv_nsec);
        if (seconds > SHOW_AFTER_S) {
            show(c, seconds);
        }
    }
    (void)pthread_mutex_unlock(&c->mutex);
    if (c->is_shown) {
        (void)fprintf(stderr, "\033[K");
    }
}

void cw_work_run(struct cw_app *app, const struct cw_work *work)
{
    struct crew c = {.app = app, .work = work};
    pthread_t threads[CW_WORK_THREADS];
    size_t count = 0;
    (void)pthread_mutex_init(&c.mutex, NULL);
    pthread_condattr_t clock;
    (void)pthread_condattr_init(&clock);
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&c.changed, &clock);
    (void)pthread_condattr_destroy(&clock);
    c.is_begun = cw_memory_new(work->count + 1, sizeof *c.is_begun);
    c.is_done = cw_memory_new(work->count + 1, sizeof *c.is_done);
    while (count < CW_WORK_THREADS && count < work->count &&
            pthread_create(&threads[count], NULL, serve, &c) == 0) {
        count++;
    }
    if (count == 0) {
        (void)serve(&c); /* one after the other, then */
    } else {
        watch(&c);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    free(c.is_begun);
    free(c.is_done);
    (void)pthread_cond_destroy(&c.changed);
    (void)pthread_mutex_destroy(&c.mutex);
}
