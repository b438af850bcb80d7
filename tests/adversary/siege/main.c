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
        {"tee", "TEE", "what the modules run on: native (default) or sancus"},
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
    unsigned stride;
    bool json;
    bool is_long;
    bool is_planted;
};

/* 0: go on; else the exit status plus one */
static int read_arguments(struct wishes *w, int argc, char **argv)
{
    struct cw_args args = cw_args_over(argc, argv);
    const char *value;
    size_t index;
    cw_args_kind kind;
    while ((kind = cw_args_next(&args, options, &index, &value)) != CW_ARGS_END) {
        if (kind != CW_ARGS_OPTION) {
            if (kind == CW_ARGS_OPERAND) {
                cw_log_error("%s: not expected", value);
            }
            return 1 + 2;
        }
        switch (index) {
        case 0:
            w->tee = value;
            break;
        case 1:
            w->sdk = value;
            break;
        case 2:
            w->stride = (unsigned)atoi(value);
            break;
        case 3:
            w->group = value;
            break;
        case 4:
            w->json = true;
            break;
        case 5:
            w->is_long = true;
            break;
        case 6:
            w->is_planted = true;
            break;
        default:
            printf("usage: causeway-siege [OPTION...]\n\nStands where a node stands, attacks modules "
                   "and their owner in every way that it knows, and\ncounts what was refused.  Exit "
                   "status 0: all of it, for the expected reason.\n\n");
            cw_args_print(options);
            return 1 + 0;
        }
    }
    if ((strcmp(w->tee, "native") != 0 && strcmp(w->tee, "sancus") != 0) || w->stride == 0) {
        cw_log_error("expected --tee native or sancus, --stride 1 or more");
        return 1 + 2;
    }
    return 0;
}

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
    const int status = read_arguments(&wishes, argc, argv);
    if (status != 0) {
        return status - 1;
    }
    program_folder(programs, sizeof programs);
    cw_ground_open(&ground, wishes.tee, programs);
    cw_world_open(&world, &ground, wishes.sdk);
    siege.world = &world;
    siege.stride = wishes.stride;
    siege.is_planted = wishes.is_planted;
    play(&siege, &wishes);
    const bool held = cw_siege_report(&siege, wishes.json, wishes.tee);
    cw_world_close(&world);
    cw_ground_close(&ground);
    return held ? 0 : 1;
}
