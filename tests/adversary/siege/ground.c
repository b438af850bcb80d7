/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/wire/reader.h"
#include "posix/log.h"
#include "tests/adversary/siege/siege.h"

#define PATIENCE_MS 120000u
#define FIRMWARE "build/sdk/lib/sancus/firmware.elf"

static const struct cw_ground *opened; /* its folder is removed however the program ends */

static void tidy(void)
{
    char command[128];
    if (opened != NULL) {
        (void)snprintf(command, sizeof command, "rm -rf '%s'", opened->folder);
        if (system(command) != 0) {
            cw_log_error("%s stays behind", opened->folder);
        }
    }
}

void cw_siege_die(const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    cw_log_error("%s", line);
    exit(1);
}

static void on_lost(void *ctx, struct cw_node_module *module, const char *why)
{
    (void)ctx;
    (void)module;
    cw_siege_die("a module was lost: %s", why);
}

static void on_interrupt(void *ctx, struct cw_node_module *module, uint16_t endpoint)
{
    (void)ctx;
    (void)module;
    (void)endpoint;
}

static void on_late(uv_timer_t *timer)
{
    (void)timer;
    cw_siege_die("a module did not come back within %u ms", PATIENCE_MS);
}

/* Callbacks stop the loop, or it would go on to wait for what is not to come. */
static void turn(struct cw_ground *g, const bool *flag)
{
    while (!*flag) {
        (void)uv_run(&g->loop, UV_RUN_ONCE);
    }
}

/* What takes longer than PATIENCE_MS ends the program: no case hangs. */
static void wait_for(struct cw_ground *g, const bool *flag)
{
    uv_timer_t timer;
    (void)uv_timer_init(&g->loop, &timer);
    (void)uv_timer_start(&timer, on_late, PATIENCE_MS, 0);
    turn(g, flag);
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(&g->loop, UV_RUN_NOWAIT);
}

static void start_board(struct cw_ground *g, const char *programs)
{
    char program[4096];
    char control[128];
    char counter[128];
    char log[128];
    (void)snprintf(program, sizeof program, "%s/causeway-sancus", programs);
    (void)snprintf(g->uart, sizeof g->uart, "%s/uart", g->folder);
    (void)snprintf(control, sizeof control, "%s/control", g->folder);
    (void)snprintf(counter, sizeof counter, "%s/counter", g->folder);
    (void)snprintf(log, sizeof log, "%s/board.log", g->folder);
    const char *const arguments[] = {program, "--firmware", FIRMWARE, "--uart", g->uart,
            "--control", control, "--counter-file", counter, NULL};
    if (cw_proc_start(&g->board, arguments, log, log) != CW_OK) {
        cw_siege_die("the board does not start");
    }
    for (unsigned i = 0; i < 6000 && access(g->uart, F_OK) != 0; i++) {
        (void)usleep(10000);
    }
}

void cw_ground_open(struct cw_ground *g, const char *tee, const char *programs)
{
    *g = (struct cw_ground){.node = &cw_node_native, .owner = &cw_owner_native};
    (void)strcpy(g->folder, "/tmp/causeway-siege-XXXXXX");
    if (mkdtemp(g->folder) == NULL || uv_loop_init(&g->loop) != 0) {
        cw_siege_die("no folder, or no loop");
    }
    opened = g;
    (void)atexit(tidy);
    g->option = (struct cw_node_option){"uart", g->uart};
    struct cw_node_setup setup = {.loop = &g->loop, .state_dir = g->folder, .lost = on_lost,
            .interrupt = on_interrupt};
    if (strcmp(tee, "sancus") == 0) {
        g->node = &cw_node_sancus;
        g->owner = &cw_owner_sancus;
        start_board(g, programs);
        setup.options = &g->option;
        setup.option_count = 1;
    }
    char why[256];
    if (g->node->open(&setup, &g->platform, why, sizeof why) != CW_OK) {
        cw_siege_die("%s: %s", tee, why);
    }
}

struct ending {
    uv_loop_t *loop;
    bool done;
};

static void on_done(void *ctx)
{
    struct ending *e = ctx;
    e->done = true;
    uv_stop(e->loop);
}

void cw_ground_close(struct cw_ground *g)
{
    struct ending e = {.loop = &g->loop};
    g->node->close(g->platform, on_done, &e);
    turn(g, &e.done);
    (void)uv_loop_close(&g->loop);
    cw_proc_stop(&g->board, 2000);
}

struct loading {
    uv_loop_t *loop;
    bool done;
    struct cw_node_module *module;
    char why[256];
};

static void on_loaded(void *ctx, cw_status status, struct cw_node_module *module, const char *why)
{
    struct loading *l = ctx;
    l->done = true;
    uv_stop(l->loop);
    l->module = status == CW_OK ? module : NULL;
    (void)snprintf(l->why, sizeof l->why, "%s", why != NULL ? why : "");
}

struct cw_node_module *cw_ground_load(struct cw_ground *g, const struct cw_owner_built *built)
{
    struct loading l = {.loop = &g->loop};
    g->node->load(g->platform, "target", built->image, built->image_len, on_loaded, &l);
    wait_for(g, &l.done);
    if (l.module == NULL) {
        cw_siege_die("the target does not load: %s", l.why);
    }
    return l.module;
}

void cw_ground_unload(struct cw_ground *g, struct cw_node_module *module)
{
    struct ending e = {.loop = &g->loop};
    g->node->unload(g->platform, module, on_done, &e);
    wait_for(g, &e.done);
}

struct calling {
    uv_loop_t *loop;
    bool done;
    struct cw_heard *heard;
};

static void on_called(void *ctx, cw_status status, cw_result result, const uint8_t *items,
        size_t items_len)
{
    struct calling *c = ctx;
    c->done = true;
    uv_stop(c->loop);
    c->heard->is_there = status == CW_OK;
    c->heard->result = result;
    c->heard->items_len = items_len;
    if (items_len > sizeof c->heard->items) {
        cw_siege_die("a module left %zu bytes", items_len);
    }
    if (items_len > 0) {
        (void)memcpy(c->heard->items, items, items_len);
    }
}

void cw_ground_enter(struct cw_ground *g, struct cw_node_module *module, unsigned entry,
        const uint8_t *bytes, size_t len, struct cw_heard *ret_heard)
{
    struct calling c = {.loop = &g->loop, .heard = ret_heard};
    g->node->call(g->platform, module, (cw_entry)entry, bytes, len, on_called, &c);
    if (g->node == &cw_node_native) {
        turn(g, &c.done); /* a timer would cost more than the call; a process that dies is told of */
        return;
    }
    wait_for(g, &c.done);
}

const uint8_t *cw_heard_item(const struct cw_heard *heard, cw_frame type, size_t *ret_len)
{
    size_t at = 0;
    while (heard->items_len - at >= CW_LINK_HEADER_LEN) {
        struct cw_link_header header;
        if (cw_link_header_decode(heard->items + at, &header) != CW_OK ||
                header.len > heard->items_len - at - CW_LINK_HEADER_LEN) {
            return NULL;
        }
        if (header.type == type) {
            *ret_len = header.len;
            return heard->items + at + CW_LINK_HEADER_LEN;
        }
        at += CW_LINK_HEADER_LEN + header.len;
    }
    return NULL;
}
