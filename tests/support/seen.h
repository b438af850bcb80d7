/* SPDX-License-Identifier: MIT */
/*
 * seen.h - a module on a node's backend, as a test sees it: what came back, on the test's own loop.
 */
#ifndef CW_TESTS_SUPPORT_SEEN_H
#define CW_TESTS_SUPPORT_SEEN_H

#include <uv.h>

#include "tee/node.h"

#define SEEN_ITEMS_MAX (256u << 10)

struct seen {
    struct cw_node_module *module;
    bool answered, is_lost;
    cw_status status;
    cw_result result;
    uint32_t served;
    char why[400];
    size_t len;
    uint8_t items[SEEN_ITEMS_MAX];
};

/* The test opens and closes it; each callback below stops it. */
extern uv_loop_t seen_loop;

/* Callbacks of the backend; ctx: a struct seen, whose call is answered once. */
void seen_loaded(void *ctx, cw_status status, struct cw_node_module *module, const char *why);
void seen_called(void *ctx, cw_status status, cw_result result, const uint8_t *items, size_t len);
void seen_called_many(void *ctx, cw_status status, uint32_t served, cw_result result,
        const uint8_t *items, size_t len);

/* seen_done - ctx: a bool. */
void seen_done(void *ctx);

/* seen_until - run the loop until it is set; the program is ended after two minutes. */
void seen_until(const bool *flag);

#endif
