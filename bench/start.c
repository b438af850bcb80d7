/* SPDX-License-Identifier: MIT */
/*
 * bench-start - what it takes to start `causeway --version`, against a statically linked C program
 * that prints a line, in turns.  Compared is processor time, the clock's is shown beside it.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TURNS 300
#define PATH_CAP 4096

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t ns_of(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_usec * 1000u;
}

/* From spawn to the end of the process: processor time, and by the clock. */
static void start(const posix_spawn_file_actions_t *actions, char *const *words, uint64_t *ret_ns,
        uint64_t *ret_clock_ns)
{
    const uint64_t begin_ns = now_ns();
    pid_t pid;
    int status = -1;
    struct rusage used;
    if (posix_spawn(&pid, words[0], actions, NULL, words, (char *[]){NULL}) != 0 ||
            wait4(pid, &status, 0, &used) != pid || status != 0) {
        fprintf(stderr, "bench-start: %s does not run\n", words[0]);
        exit(1);
    }
    *ret_clock_ns = now_ns() - begin_ns;
    *ret_ns = ns_of(used.ru_utime) + ns_of(used.ru_stime);
}

static double median_ms(uint64_t samples[static TURNS])
{
    qsort(samples, TURNS, sizeof samples[0], compare);
    return (double)samples[TURNS / 2] / 1e6;
}

int main(int argc, char **argv)
{
    (void)argc;
    char folder[PATH_CAP];
    char *programs[2];
    snprintf(folder, sizeof folder, "%s", argv[0]);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        fprintf(stderr, "bench-start: call it by its path\n");
        return 2;
    }
    *slash = '\0';
    if (asprintf(&programs[0], "%s/causeway", folder) < 0 ||
            asprintf(&programs[1], "%s/floor-hello", folder) < 0) {
        return 1;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    static uint64_t samples[2][TURNS];
    static uint64_t clock_samples[2][TURNS];
    for (int i = 0; i < TURNS; i++) {
        for (int which = 0; which < 2; which++) {
            start(&actions,
                    (char *[]){programs[which], which == 0 ? (char[]){"--version"} : NULL, NULL},
                    &samples[which][i], &clock_samples[which][i]);
        }
    }
    const double ours_ms = median_ms(samples[0]);
    const double floor_ms = median_ms(samples[1]);
    printf("RESULT\tcauseway --version, start to end\t%.2f\tms\tstatically linked C program, %.2f;"
           " by the clock %.2f and %.2f\t%.1fx\t<= 5x\n",
            ours_ms, floor_ms, median_ms(clock_samples[0]), median_ms(clock_samples[1]),
            ours_ms / floor_ms);
    free(programs[0]);
    free(programs[1]);
    return 0;
}
