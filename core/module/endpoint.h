/* SPDX-License-Identifier: MIT */
/*
 * endpoint.h - one row of a module's table of inputs, outputs, requests, handlers and entries.
 *
 * What     The rows are made by the SDK's macros and lie in the section cw_endpoints; a row's
 *          place is the index that SETCONN and CALL use.  The build finds a row's name as the
 *          symbol cw_endpoint_NAME.
 * Trust    TRUSTED; constant, part of the measurement.
 */
#ifndef CW_CORE_MODULE_ENDPOINT_H
#define CW_CORE_MODULE_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/wire/frame.h"

#define CW_KIND_INPUT 1u
#define CW_KIND_OUTPUT 2u
#define CW_KIND_HANDLER 3u
#define CW_KIND_REQUEST 4u /* a source is its sink's kind plus one */
#define CW_KIND_ENTRY 5u
#define CW_KIND_CONFIG 6u /* no way in: the owner sets it by CONFIG */

/* What a handler or an entry answers: bytes[0 .. len) of at most cap. */
struct cw_reply {
    uint8_t *bytes;
    size_t cap;
    size_t len;
};

/* A parameter that the owner sets; before that, in this life, len is 0 and is_set false. */
struct cw_config {
    uint8_t *bytes;
    uint16_t len;
    bool is_set;
};

/* An input has no reply. */
typedef void (*cw_handler_fn)(const uint8_t *data, size_t len, struct cw_reply *reply);

struct cw_channel;
struct cw_endpoint;

/* How the runtime serves this kind; so an image has the code of its own kinds alone.  NULL where
 * nothing comes in: a request's answer comes while the module waits for it. */
typedef cw_status (*cw_serve_fn)(uint16_t entry, const struct cw_endpoint *endpoint,
        struct cw_channel *c, size_t len);

/* cw_serve_config - no entry leads to a parameter; its row names this, so that CONFIG is linked. */
cw_status cw_serve_config(uint16_t entry, const struct cw_endpoint *endpoint,
        struct cw_channel *c, size_t len);

struct cw_endpoint {
    union {
        cw_handler_fn handler;    /* CW_KIND_INPUT, CW_KIND_HANDLER, CW_KIND_ENTRY */
        struct cw_config *config; /* CW_KIND_CONFIG                                */
        const void *none;         /* CW_KIND_OUTPUT, CW_KIND_REQUEST               */
    } call;
    uint16_t max;       /* payload bytes of an event, request or argument   */
    uint16_t reply_max; /* payload bytes of a response or an entry's result */
    uint8_t kind;
    cw_serve_fn serve;
};

#endif
