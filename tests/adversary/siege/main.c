/* SPDX-License-Identifier: MIT */
/*
 * causeway-siege: a hostile node around real modules, for tests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "posix/args.h"
#include "posix/log.h"
#include "tests/adversary/siege/siege.h"

#define FLOOD 2000u
#define FLOOD_LONG 70000u

static const struct cw_args_option options[] = {
        {"tee", "native|sancus", "what the modules run on (native)"},
        {"sdk", "FOLDER", "what they are built with (build/sdk)"},
        {"stride", "N", "flip every Nth bit only (1)"},
        {"group", "NAME", "only: frames counters flood manage answers splice lives"},
        {"json", NULL, "one object instead of lines"},
        {"long", NULL, "floods that saturate every count"},
        {"plant", NULL, "a genuine message among the attacks: this must fail"},
        {"help", NULL, "this text"},
        {NULL, NULL, NULL},
};

struct wishes {
    const char *tee;
    const char *sdk;
    const char *group;
    uint64_t stride;
    bool json;
    bool is_long;
    bool is_planted;
};

static bool take(void *ctx, size_t index, const char *value)
{
    struct wishes *w = ctx;
    switch (index) {
    case 0:
        w->tee = value;
        return true;
    case 1:
        w->sdk = value;
        return true;
    case 2:
        return cw_args_number("stride", value, 1, UINT32_MAX, &w->stride);
    case 3:
        w->group = value;
        return true;
    case 4:
        w->json = true;
        return true;
    case 5:
        w->is_long = true;
        return true;
    default:
        w->is_planted = true;
        return true;
    }
}

static const struct cw_args_program program = {
        .name = "causeway-siege",
        .usage = "usage: causeway-siege [OPTION...]\n\nStands where a node stands, attacks modules and "
                 "their owner in every way that it knows, and\ncounts what was refused.\n",
        .exits = "Exit status 0: all of it was refused, for the expected reason.",
        .operand = "not expected",
        .options = options,
        .take = take,
};

static void program_folder(char *ret_path, size_t cap)
{
    const ssize_t len = readlink("/proc/self/exe", ret_path, cap - 1);
    if (len <= 0) {
        cw_siege_die("this program does not find itself");
    }
    ret_path[len] = '\0';
    *strrchr(ret_path, '/') = '\0';
}

static void play(struct cw_siege *s, const struct wishes *w)
{
    static const struct {
        const char *name;
        void (*play)(struct cw_siege *s);
    } parts[] = {
            {"frames", cw_siege_frames},
            {"counters", cw_siege_counters},
            {"manage", cw_siege_manage},
            {"answers", cw_siege_answers},
            {"splice", cw_siege_splice},
            {"lives", cw_siege_lives},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (w->group == NULL || strcmp(w->group, parts[i].name) == 0) {
            parts[i].play(s);
        }
    }
    if (w->group == NULL || strcmp(w->group, "flood") == 0) {
        cw_siege_flood(s, w->is_long ? FLOOD_LONG : FLOOD);
    }
}

int main(int argc, char **argv)
{
    static struct cw_ground ground;
    static struct cw_world world;
    static struct cw_siege siege;
    struct wishes wishes = {.tee = "native", .sdk = "build/sdk", .stride = 1};
    char programs[4096];
    cw_log_setup("causeway-siege", CW_LOG_INFO, false);
    const cw_args_verdict verdict = cw_args_read(&program, argc, argv, &wishes);
    if (verdict != CW_ARGS_GO) {
        return verdict == CW_ARGS_ANSWERED ? 0 : 2;
    }
    program_folder(programs, sizeof programs);
    cw_ground_open(&ground, wishes.tee, programs);
    cw_world_open(&world, &ground, wishes.sdk);
    siege.world = &world;
    siege.stride = (unsigned)wishes.stride;
    siege.is_planted = wishes.is_planted;
    play(&siege, &wishes);
    const bool held = cw_siege_report(&siege, wishes.json, wishes.tee);
    cw_world_close(&world);
    cw_ground_close(&ground);
    return held ? 0 : 1;
}
