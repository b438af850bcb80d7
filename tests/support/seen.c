/* SPDX-License-Identifier: MIT */
#include "tests/support/seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

uv_loop_t seen_loop;

void seen_loaded(void *ctx, cw_status status, struct cw_node_module *module, const char *why)
{
    struct seen *s = ctx;
    s->answered = true;
    uv_stop(&seen_loop);
    s->status = status;
    s->module = module;
    (void)snprintf(s->why, sizeof s->why, "%s", why != NULL ? why : "");
}

void seen_called(void *ctx, cw_status status, cw_result result, const uint8_t *items, size_t len)
{
    struct seen *s = ctx;
    assert_false(s->answered);
    assert_true(len <= sizeof s->items);
    s->answered = true;
    uv_stop(&seen_loop);
    s->status = status;
    s->result = result;
    s->len = len;
    if (len > 0) {
        (void)memcpy(s->items, items, len);
    }
}

void seen_called_many(void *ctx, cw_status status, uint32_t served, cw_result result,
        const uint8_t *items, size_t len)
{
    ((struct seen *)ctx)->served = served;
    seen_called(ctx, status, result, items, len);
}

void seen_done(void *ctx)
{
    *(bool *)ctx = true;
    uv_stop(&seen_loop);
}

void seen_until(const bool *flag)
{
    (void)alarm(120);
    while (!*flag) {
        (void)uv_run(&seen_loop, UV_RUN_ONCE);
    }
    (void)alarm(0);
}
