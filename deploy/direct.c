/* SPDX-License-Identifier: MIT */
#include "deploy/direct.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/channel/channel.h"
#include "deploy/memory.h"
#include "posix/log.h"

struct direct {
    struct cw_app *app;
    const struct cw_descriptor_connection *c;
    struct cw_remote *dst;
    struct cw_state_connection row;
    struct cw_channel channel; /* the owner's end, made from the row */
};

static void make_channel(struct direct *d)
{
    struct cw_setconn setconn;
    uint8_t check[CW_CHECK_LEN];
    cw_app_setconn(&d->row, &setconn);
    setconn.start = CW_SETCONN_CUT;
    setconn.first = d->row.src_count;
    d->channel = (struct cw_channel){0};
    cw_channel_install(&d->channel, &setconn, d->app->deployment, true, check);
    d->channel.acked = d->row.src_acked;
    cw_bytes_wipe(&setconn, sizeof setconn);
}

cw_status cw_direct_check(struct cw_app *app, const char *name, bool request)
{
    const struct cw_descriptor_connection *c = cw_descriptor_connection(&app->d, name);
    if (c != NULL && c->from == NULL && (c->mode == CW_MODE_REQUEST) == request) {
        return CW_OK;
    }
    if (c != NULL && c->from == NULL) {
        cw_log_error("%s" CW_AT ": it takes %s" CW_REMEDY ": use `causeway %s %s`", name,
                request ? "events" : "requests", request ? "send" : "request", name);
        return CW_E_FORM;
    }
    const char **names = cw_memory_new(app->d.connection_count + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < app->d.connection_count; i++) {
        const struct cw_descriptor_connection *other = &app->d.connections[i];
        if (other->from == NULL && (other->mode == CW_MODE_REQUEST) == request) {
            names[count++] = other->name.value;
        }
    }
    cw_app_unknown(app, name, request ? "direct connection to a handler"
                                      : "direct connection to an input",
            names);
    free(names);
    return CW_E_FORM;
}

/* A new epoch: the key is spent, or this state may be an older copy of itself. */
static cw_status rekey(struct direct *d)
{
    bool is_changed;
    cw_status status = cw_remote_ready(d->app, d->dst);
    if (status == CW_OK) {
        status = cw_app_connect(d->app, d->c, &is_changed);
    }
    if (status == CW_OK) {
        status = cw_state_connection_find(d->app->state, d->c->name.value, &d->row);
    }
    return status;
}

static cw_status open_direct(struct cw_app *app, const char *name, bool request, size_t len,
        struct direct *d)
{
    *d = (struct direct){.app = app, .c = cw_descriptor_connection(&app->d, name)};
    cw_status status = cw_direct_check(app, name, request);
    if (status != CW_OK) {
        return status;
    }
    d->dst = &app->remotes[d->c->to - app->d.modules];
    status = cw_state_connection_find(app->state, name, &d->row);
    if (status == CW_E_ABSENT || (status == CW_OK && d->row.epoch == 0)) {
        cw_log_error("connection %s" CW_AT ": it is not made" CW_REMEDY ": `causeway apply` first",
                name);
        return CW_E_STATE;
    }
    if (status == CW_OK && d->row.phase != CW_PHASE_MADE) {
        status = rekey(d);
    }
    if (status != CW_OK) {
        return status;
    }
    if (len > d->row.event_max) {
        cw_log_error("%s" CW_AT ": found a payload of %zu bytes" CW_REMEDY
                     ", expected at most %" PRIu32 ": so many takes \"%s\" of \"%s\"",
                name, len, d->row.event_max,
                request ? d->c->to_handler.value : d->c->to_input.value, d->c->to_module.value);
        return CW_E_FORM;
    }
    make_channel(d);
    return CW_OK;
}

static cw_status absent(const struct direct *d)
{
    cw_log_error("module %s" CW_AT ": it is not loaded" CW_REMEDY ": `causeway apply`", d->c->to_module.value);
    return CW_E_ABSENT;
}

/* Ask for the module's count, and believe it when its tag verifies. */
static cw_status take_ack(struct direct *d)
{
    uint8_t id[4];
    struct cw_writer w = cw_writer_over(id, sizeof id);
    cw_writer_u32(&w, d->row.channel);
    cw_result result;
    const uint8_t *items;
    size_t items_len;
    cw_status status = cw_remote_enter(d->app, d->dst, CW_ENTRY_ACK_MAKE, id, sizeof id, &result,
            &items, &items_len);
    if (status != CW_OK) {
        return status == CW_E_ABSENT ? absent(d) : status;
    }
    size_t len = 0;
    size_t payload_len;
    uint32_t gap;
    uint8_t ack[CW_ACK_LEN];
    const uint8_t *item = cw_remote_item(items, items_len, CW_FRAME_ACK, &len);
    if (item == NULL || len != sizeof ack ||
            cw_channel_unwrap(&d->channel, memcpy(ack, item, len), len, &payload_len, &gap) != CW_OK) {
        cw_log_error("module \"%s\"" CW_AT " does not acknowledge" CW_REMEDY ": it may live "
                "another life, and its "
                     "connections must be made anew: `causeway apply`",
                d->c->to_module.value);
        return CW_E_STATE;
    }
    d->row.src_acked = d->channel.acked;
    d->row.dst_count = d->channel.acked;
    status = cw_state_begin(d->app->state);
    if (status == CW_OK) {
        status = cw_state_connection_put(d->app->state, &d->row);
    }
    if (status == CW_OK) {
        status = cw_state_outbox_drop(d->app->state, d->row.conn, d->row.src_acked);
    }
    if (status == CW_OK) {
        return cw_state_commit(d->app->state);
    }
    cw_state_rollback(d->app->state);
    return status;
}

/* Send what is stored, oldest first, until nothing is left. */
static cw_status flush(struct direct *d)
{
    for (;;) {
        uint64_t counter;
        uint8_t *frame;
        size_t len;
        cw_status status = cw_state_outbox_first(d->app->state, d->row.conn, &counter, &frame,
                &len);
        if (status != CW_OK) {
            return status == CW_E_ABSENT ? CW_OK : status;
        }
        cw_result result;
        const uint8_t *items;
        size_t items_len;
        status = cw_remote_enter(d->app, d->dst, CW_ENTRY_EVENT, frame, len, &result, &items,
                &items_len);
        free(frame);
        if (status != CW_OK) {
            return status == CW_E_ABSENT ? absent(d) : status;
        }
        if (d->row.mode == CW_MODE_STRICT) {
            status = take_ack(d);
        } else if (result != CW_RESULT_DONE) {
            cw_log_error("module \"%s\"" CW_AT " refuses" CW_REMEDY ": `causeway apply` makes "
                    "its connections anew",
                    d->c->to_module.value);
            status = CW_E_STATE;
        } else {
            status = cw_state_outbox_drop(d->app->state, d->row.conn, counter + 1);
        }
        if (status != CW_OK) {
            return status;
        }
        if (d->row.mode == CW_MODE_STRICT && d->row.src_acked <= counter) {
            cw_log_error("module \"%s\"" CW_AT " did not accept event %" PRIu64 " of \"%s\" (it "
                    "counts "
                         "%" PRIu64 ")" CW_REMEDY ": the event is kept, and goes out before the "
                         "next one; "
                         "`causeway status` tells more",
                    d->c->to_module.value, counter, d->c->name.value, d->row.src_acked);
            return CW_E_STATE;
        }
    }
}

/* Seal, and write down what was sealed and that its counter is spent, as one step. */
static cw_status seal(struct direct *d, const uint8_t *payload, size_t len, bool keep,
        uint8_t **ret_frame, size_t *ret_len)
{
    const size_t cap = CW_FRAME_LEN((uint32_t)len);
    uint8_t *frame = cw_memory_new(cap, 1);
    cw_status status = cw_state_mark(d->app->state);
    if (status == CW_OK) {
        status = cw_channel_wrap(&d->channel, payload, len, frame, cap);
    }
    if (status == CW_OK) {
        status = cw_state_begin(d->app->state);
    }
    if (status != CW_OK) {
        free(frame);
        return status;
    }
    const uint64_t counter = d->row.src_count;
    d->row.src_count = d->channel.count;
    status = cw_state_mark_keep(d->app->state);
    if (status == CW_OK) {
        status = cw_state_connection_put(d->app->state, &d->row);
    }
    if (status == CW_OK && keep) {
        status = cw_state_outbox_put(d->app->state, d->row.conn, counter, frame, cap);
    }
    if (status == CW_OK) {
        status = cw_state_commit(d->app->state);
    } else {
        cw_state_rollback(d->app->state);
    }
    if (status != CW_OK) {
        free(frame);
        return status;
    }
    *ret_frame = frame;
    *ret_len = cap;
    return CW_OK;
}

/* A key that is spent is replaced before it is needed. */
static cw_status make_ready(struct direct *d)
{
    if (cw_channel_ready(&d->channel) != CW_E_STATE) {
        return CW_OK;
    }
    cw_status status = rekey(d);
    if (status == CW_OK) {
        make_channel(d);
    }
    return status;
}

cw_status cw_direct_send(struct cw_app *app, const char *name, const uint8_t *payload, size_t len,
        uint64_t *ret_acked)
{
    struct direct d;
    cw_status status = open_direct(app, name, false, len, &d);
    if (status == CW_OK) {
        status = flush(&d); /* what an earlier run sealed and could not deliver */
    }
    if (status == CW_OK) {
        status = make_ready(&d);
    }
    uint8_t *frame = NULL;
    size_t frame_len;
    if (status == CW_OK) {
        status = seal(&d, payload, len, true, &frame, &frame_len);
    }
    if (status == CW_OK) {
        status = flush(&d);
    }
    free(frame);
    *ret_acked = d.row.src_acked;
    cw_bytes_wipe(&d, sizeof d);
    return status;
}

cw_status cw_direct_request(struct cw_app *app, const char *name, const uint8_t *payload,
        size_t len, uint8_t **ret_answer, size_t *ret_len)
{
    struct direct d;
    cw_status status = open_direct(app, name, true, len, &d);
    if (status == CW_OK) {
        status = make_ready(&d);
    }
    uint8_t *frame = NULL;
    size_t frame_len = 0;
    if (status == CW_OK) {
        status = seal(&d, payload, len, false, &frame, &frame_len);
    }
    cw_result result = CW_RESULT_REFUSED;
    const uint8_t *items = NULL;
    size_t items_len = 0;
    if (status == CW_OK) {
        status = cw_remote_enter(app, d.dst, CW_ENTRY_REQUEST, frame, frame_len, &result, &items,
                &items_len);
        status = status == CW_E_ABSENT ? absent(&d) : status;
    }
    free(frame);
    if (status == CW_OK) {
        size_t item_len = 0;
        const uint8_t *item = cw_remote_item(items, items_len, CW_FRAME_RESPONSE, &item_len);
        uint8_t *response = cw_memory_new(item_len, 1);
        size_t answer_len = 0;
        if (item != NULL) {
            memcpy(response, item, item_len);
        }
        uint32_t gap;
        if (item == NULL || cw_channel_unwrap(&d.channel, response, item_len, &answer_len,
                                    &gap) != CW_OK) {
            cw_log_error(result == CW_RESULT_REFUSED
                            ? "module \"%s\" refuses the request: it may live another life; "
                              "`causeway apply` makes its connections anew"
                            : "no authentic answer came from \"%s\": whether its handler ran is "
                              "not known",
                    d.c->to_module.value);
            status = CW_E_STATE;
            free(response);
        } else {
            memmove(response, response + CW_EVENT_HEADER_LEN, answer_len);
            *ret_answer = response;
            *ret_len = answer_len;
        }
    }
    cw_bytes_wipe(&d, sizeof d);
    return status;
}
