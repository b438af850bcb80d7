/* SPDX-License-Identifier: MIT */
/* demo: three boards, nodes and a hostile network on this machine. */
#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/demo.h"
#include "deploy/memory.h"
#include "deploy/verb.h"

static void summary(struct cw_app *app, const struct cw_demo *d, bool is_kept)
{
    if (d->json) {
        json_t *object = json_pack("{s:i, s:i, s:O}", "held", (int)d->held_count, "failed",
                (int)d->failed_count, "steps", d->steps);
        if (is_kept && d->folder != NULL) {
            json_object_set_new(object, "folder", json_string(d->folder));
        }
        cw_app_json(app, object);
        return;
    }
    cw_demo_say(d, "%s%u steps held, %u failed%s%s", d->failed_count == 0 ? "" : "FAILED: ",
            d->held_count, d->failed_count,
            d->failed_count == 0 ? "" : "; everything is kept for you in ",
            d->failed_count == 0 ? "" : d->folder);
    cw_demo_say(d, "chips are emulated: they prove function, not protection from this machine's "
                   "root");
}

static int remove_one(const char *path, const struct stat *what, int kind, struct FTW *place)
{
    (void)what;
    (void)kind;
    (void)place;
    return remove(path);
}

static void let_go(struct cw_demo *d)
{
    json_decref(d->steps);
    free(d->folder);
    free(d->programs);
    free(d->self);
    free(d->example);
    free(d->firmware);
    free(d->normal);
    free(d->flash);
    free(d->descriptor);
    free(d->certificate);
    free(d->url);
}

int cw_cmd_demo(struct cw_app *app, const struct cw_words *words)
{
    struct cw_demo *d = cw_memory_new(1, sizeof *d);
    d->json = app->options.json;
    d->color = app->options.color;
    d->is_kept = words->dir != NULL;
    d->folder = words->dir == NULL ? NULL : cw_memory_text(words->dir);
    cw_demo_watch_signals();
    bool is_up = cw_demo_set_up(d);
    if (is_up && words->once) {
        is_up = cw_demo_presses(d);
    }
    if (!is_up) {
        cw_demo_broken(d);
    } else if (words->once) {
        cw_demo_attack(d);
    } else if (!cw_demo_live(d)) {
        cw_demo_broken(d);
    }
    cw_demo_stop(d);
    const bool is_kept = d->is_kept || d->failed_count != 0;
    if (!is_kept && d->folder != NULL) {
        (void)nftw(d->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    if (words->once || d->failed_count != 0) {
        summary(app, d, is_kept);
    }
    const int result = d->failed_count == 0 ? CW_EXIT_DONE : CW_EXIT_FAILED;
    let_go(d);
    free(d);
    return result;
}
