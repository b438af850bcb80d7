/* SPDX-License-Identifier: MIT */
/*
 * bench-drive - one window of events going round between two modules that `causeway apply` made.
 *
 *   bench-drive STATE MODULE IN_FLIGHT MS NODE_PID...      run in the folder of app.json
 *
 * Prints two numbers, nanoseconds per round: by the clock, and of processors spent in the nodes
 * and their modules.  Both counts of the window are read over one session, so that nothing but
 * the events runs between them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/wire/reader.h"
#include "core/wire/writer.h"
#include "deploy/app.h"
#include "posix/log.h"

#define WARM_MS 30u

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void rest(uint32_t ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static void fail(const char *what)
{
    cw_log_error("%s", what);
    exit(1);
}

/* Time on a processor of a process and its children. */
static uint64_t cpu_ns(const char *pid)
{
    char path[64];
    uint64_t sum_ns = 0;
    snprintf(path, sizeof path, "/proc/%.20s/schedstat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%" SCNu64, &sum_ns) != 1) {
        fail("no such process, or a kernel without schedstat");
    }
    (void)fclose(file);
    snprintf(path, sizeof path, "/proc/%.20s/task/%.20s/children", pid, pid);
    file = fopen(path, "r");
    char child[20];
    while (file != NULL && fscanf(file, "%19s", child) == 1) {
        sum_ns += cpu_ns(child);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return sum_ns;
}

static uint64_t cpu_of_all_ns(char *const *pids, int count)
{
    uint64_t sum_ns = 0;
    for (int i = 0; i < count; i++) {
        sum_ns += cpu_ns(pids[i]);
    }
    return sum_ns;
}

/* An entry of the module; what it answers as a number, and when. */
static uint64_t call(struct cw_app *app, struct cw_remote *r, const char *entry,
        const uint32_t *arguments, size_t count, uint64_t *ret_at_ns)
{
    uint16_t index = 0;
    if (cw_remote_endpoint(r, entry, &index) == NULL) {
        fail("the module lacks an entry");
    }
    uint8_t in[4 + 8];
    struct cw_writer w = cw_writer_over(in, sizeof in);
    cw_writer_u16(&w, index);
    cw_writer_u16(&w, 0);
    for (size_t i = 0; i < count; i++) {
        cw_writer_u32(&w, arguments[i]);
    }
    cw_result result;
    const uint8_t *items;
    size_t len;
    if (cw_remote_enter(app, r, CW_ENTRY_CALL, in, w.used_len, &result, &items, &len) != CW_OK ||
            result != CW_RESULT_DONE) {
        fail("the module refuses a call");
    }
    *ret_at_ns = now_ns();
    const uint8_t *reply = cw_remote_item(items, len, CW_FRAME_REPLY, &len);
    struct cw_reader reader = cw_reader_over(reply, reply == NULL ? 0 : len);
    return len == 4 ? cw_reader_u32(&reader) : 0;
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fprintf(stderr, "usage: bench-drive STATE MODULE IN_FLIGHT MS NODE_PID...\n");
        return 2;
    }
    cw_log_setup("bench-drive", CW_LOG_WARN, false);
    struct cw_app app = {.options = {.state = argv[1], .quiet = true, .timeout_ms = 20000}};
    if (cw_app_open(&app) != CW_OK) {
        return 1;
    }
    struct cw_remote *r = cw_app_remote(&app, argv[2]);
    if (r == NULL || cw_remote_recall(&app, r) != CW_OK) {
        return 1;
    }
    const uint32_t in_flight = (uint32_t)strtoul(argv[3], NULL, 10);
    const uint32_t window_ms = (uint32_t)strtoul(argv[4], NULL, 10);
    uint64_t begin_ns;
    uint64_t end_ns;
    uint64_t ignored;
    call(&app, r, "start", (uint32_t[]){UINT32_MAX, in_flight}, 2, &ignored);
    rest(WARM_MS);
    const uint64_t before = call(&app, r, "returned", NULL, 0, &begin_ns);
    const uint64_t cpu_before_ns = cpu_of_all_ns(argv + 5, argc - 5);
    rest(window_ms);
    const uint64_t cpu_after_ns = cpu_of_all_ns(argv + 5, argc - 5);
    const uint64_t after = call(&app, r, "returned", NULL, 0, &end_ns);
    call(&app, r, "start", (uint32_t[]){0, 0}, 2, &ignored);
    cw_app_close(&app);
    if (after <= before) {
        fail("no event came back");
    }
    const double rounds = (double)(after - before);
    printf("%.1f %.1f\n", (double)(end_ns - begin_ns) / rounds,
            (double)(cpu_after_ns - cpu_before_ns) / rounds);
    return 0;
}
