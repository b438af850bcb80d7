/* SPDX-License-Identifier: MIT */
/*
 * spongent.c - SPONGENT in software against naive code, in one run.
 *
 * Versions take turns in short batches; each figure is the median of its batches, so that a noisy
 * neighbour hits all alike.  Every line: RESULT, name, value, unit, what it is compared with, how
 * many times faster, target; separated by tabs.
 */
#include "core/crypto/spongent.h"
#include "core/crypto/spongent_permute.h"
#include "core/crypto/spongent_portable.h"
#include "tests/support/naive_spongent.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TURNS 31u
#define TEXT_LEN 3082u /* a module of 3,074 bytes and its four bounds */

static uint8_t state[CW_SPONGENT_STATE336_LEN];
static uint8_t text[TEXT_LEN];
static uint8_t tag[CW_SPONGENT_TAG_LEN];
static const uint8_t key[CW_SPONGENT_KEY_LEN] = {1, 2, 3};
static const uint8_t nonce[8] = {7};

static void naive336(void) { naive_spongent_permute(128, state); }
static void naive176(void) { naive_spongent_permute(64, state); }
static void portable336(void) { cw_spongent_portable336(state); }
static void portable176(void) { cw_spongent_portable176(state); }
static void chosen336(void) { cw_spongent_permute336(state); }

static void naive_event(void)
{
    naive_spongent_wrap(128, key, nonce, sizeof nonce, text, 18, text, tag);
}

static void chosen_event(void)
{
    cw_spongent_wrap(key, nonce, sizeof nonce, text, 18, text, tag);
}

static void naive_module_key(void)
{
    naive_spongent_wrap(128, key, text, sizeof text, NULL, 0, NULL, tag);
}

static void chosen_module_key(void)
{
    cw_spongent_mac(key, text, sizeof text, tag);
}

struct version {
    const char *name;
    void (*run)(void);
    unsigned batch;
    unsigned turns;
    int reference; /* index of what it is compared with, or -1 */
    const char *target;
    uint64_t sample[TURNS];
};

static struct version versions[] = {
    {"spongent336.naive", naive336, 10, TURNS, -1, "-", {0}},
    {"spongent336.chosen", chosen336, 500, TURNS, 0, ">= 25 (stretch 50)", {0}},
    {"spongent336.portable", portable336, 150, TURNS, 0, "-", {0}},
    {"spongent176.naive", naive176, 40, TURNS, -1, "-", {0}},
    {"spongent176.portable", portable176, 500, TURNS, 3, "-", {0}},
    {"spongewrap.naive.event-16-bytes", naive_event, 1, TURNS, -1, "-", {0}},
    {"spongewrap.chosen.event-16-bytes", chosen_event, 20, TURNS, 5, "-", {0}},
    {"spongewrap.naive.module-key-3-KB", naive_module_key, 1, 3, -1, "-", {0}},
    {"spongewrap.chosen.module-key-3-KB", chosen_module_key, 1, TURNS, 7, "value < 20000000", {0}},
};
#define VERSIONS (sizeof versions / sizeof versions[0])

static uint64_t now_ns(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0) {
        perror("bench-spongent: clock_gettime");
        exit(EXIT_FAILURE);
    }
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void turn(struct version *v, unsigned index)
{
    const uint64_t start = now_ns();
    for (unsigned i = 0; i < v->batch; i++) {
        v->run();
    }
    v->sample[index] = (now_ns() - start) / v->batch;
}

static int sample_compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t median(const struct version *v)
{
    return v->sample[v->turns / 2];
}

int main(void)
{
    for (size_t v = 0; v < VERSIONS; v++) {
        versions[v].run(); /* warms the caches */
    }
    for (unsigned i = 0; i < TURNS; i++) {
        for (size_t v = 0; v < VERSIONS; v++) {
            if (i < versions[v].turns) {
                turn(&versions[v], i);
            }
        }
    }
    for (size_t v = 0; v < VERSIONS; v++) {
        qsort(versions[v].sample, versions[v].turns, sizeof versions[v].sample[0], sample_compare);
    }
    for (size_t i = 0; i < VERSIONS; i++) {
        const struct version *v = &versions[i];
        if (v->reference < 0) {
            printf("RESULT\t%s\t%" PRIu64 "\tns\t-\t-\t%s\n", v->name, median(v), v->target);
            continue;
        }
        const struct version *reference = &versions[v->reference];
        printf("RESULT\t%s\t%" PRIu64 "\tns\t%s\t%.1f\t%s\n", v->name, median(v),
                reference->name, (double)median(reference) / (double)median(v), v->target);
    }
    return 0;
}
