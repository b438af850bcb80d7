/* SPDX-License-Identifier: MIT */
/* send, request and call: what an owner says to a module. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "core/module/endpoint.h"
#include "core/wire/writer.h"
#include "deploy/direct.h"
#include "deploy/memory.h"
#include "deploy/verb.h"
#include "posix/log.h"

/* The words are held against the descriptor before anything is opened or made. */
static cw_status open_for(struct cw_app *app, const char *connection, bool request)
{
    cw_status status = cw_app_describe(app);
    if (status == CW_OK) {
        status = cw_direct_check(app, connection, request);
    }
    return status == CW_OK ? cw_app_open(app) : status;
}

int cw_cmd_send(struct cw_app *app, const struct cw_words *words)
{
    uint8_t *payload;
    size_t len;
    cw_status status = cw_words_payload(words, &payload, &len);
    if (status != CW_OK) {
        return cw_app_exit(status);
    }
    uint64_t acked = 0;
    status = open_for(app, words->operands[0], false);
    if (status == CW_OK) {
        status = cw_direct_send(app, words->operands[0], payload, len, &acked);
    }
    free(payload);
    if (status == CW_OK && app->options.json) {
        cw_app_json(app, json_pack("{s:b, s:I}", "ok", 1, "acknowledged", (json_int_t)acked));
    } else if (status == CW_OK) {
        const struct cw_descriptor_connection *c =
                cw_descriptor_connection(&app->d, words->operands[0]);
        if (c->mode == CW_MODE_STRICT) {
            cw_app_step(app, "send", "%s: accepted; events so far: %" PRIu64, words->operands[0],
                    acked);
        } else {
            cw_app_step(app, "send", "%s: delivered, as its node says", words->operands[0]);
        }
    }
    return cw_app_exit(status);
}

int cw_cmd_request(struct cw_app *app, const struct cw_words *words)
{
    uint8_t *payload;
    size_t len;
    cw_status status = cw_words_payload(words, &payload, &len);
    if (status != CW_OK) {
        return cw_app_exit(status);
    }
    uint8_t *answer = NULL;
    size_t answer_len = 0;
    status = open_for(app, words->operands[0], true);
    if (status == CW_OK) {
        status = cw_direct_request(app, words->operands[0], payload, len, &answer, &answer_len);
    }
    free(payload);
    if (status == CW_OK) {
        status = cw_words_answer(app, words, words->operands[0], true, answer, answer_len);
    }
    free(answer);
    return cw_app_exit(status);
}

/* The entry's index: from the image, which says what is there. */
static cw_status find_entry(struct cw_app *app, struct cw_remote *r, const char *name,
        uint16_t *ret_index)
{
    cw_status status = cw_remote_recall(app, r);
    if (status != CW_OK) {
        return status;
    }
    const struct cw_owner_endpoint *e = cw_remote_endpoint(r, name, ret_index);
    if (e != NULL && e->kind == CW_KIND_ENTRY) {
        return CW_OK;
    }
    char *list = cw_memory_text("");
    for (size_t i = 0; i < r->built.endpoint_count; i++) {
        if (r->built.endpoints[i].kind == CW_KIND_ENTRY) {
            char *longer = cw_memory_format("%s%s%s", list, list[0] == '\0' ? "" : ", ",
                    r->built.endpoints[i].name);
            free(list);
            list = longer;
        }
    }
    cw_log_error("%s" CW_AT ": module \"%s\" has no such entry" CW_REMEDY ", expected one of: %s",
            name, r->module->name.value, list[0] == '\0' ? "none, it has no entries" : list);
    free(list);
    return CW_E_FORM;
}

static cw_status call(struct cw_app *app, const struct cw_words *words, const uint8_t *payload,
        size_t len)
{
    cw_status status = cw_app_describe(app);
    if (status != CW_OK) {
        return status;
    }
    struct cw_remote *r = cw_app_remote(app, words->operands[0]);
    if (r == NULL) {
        return CW_E_FORM;
    }
    uint16_t index = 0;
    status = cw_app_open(app);
    if (status != CW_OK) {
        return status;
    }
    status = find_entry(app, r, words->operands[1], &index);
    if (status != CW_OK) {
        return status;
    }
    uint8_t *in = cw_memory_new(4 + len, 1);
    struct cw_writer w = cw_writer_over(in, 4 + len);
    cw_writer_u16(&w, index);
    cw_writer_u16(&w, 0);
    cw_writer_bytes(&w, payload, len);
    cw_result result;
    const uint8_t *items;
    size_t items_len;
    status = cw_remote_enter(app, r, CW_ENTRY_CALL, in, 4 + len, &result, &items, &items_len);
    free(in);
    if (status == CW_E_ABSENT) {
        cw_log_error("module %s" CW_AT ": it is not loaded" CW_REMEDY ": `causeway apply`", words->operands[0]);
        return status;
    }
    if (status != CW_OK) {
        return status;
    }
    size_t reply_len = 0;
    const uint8_t *reply = cw_remote_item(items, items_len, CW_FRAME_REPLY, &reply_len);
    if (result != CW_RESULT_DONE || reply == NULL) {
        cw_log_error("module %s" CW_AT ": it refuses the call" CW_REMEDY
                     ": is the argument longer than \"%s\" takes?",
                words->operands[0], words->operands[1]);
        return CW_E_STATE;
    }
    return cw_words_answer(app, words, words->operands[1], false, reply, reply_len);
}

int cw_cmd_call(struct cw_app *app, const struct cw_words *words)
{
    uint8_t *payload;
    size_t len;
    cw_status status = cw_words_payload(words, &payload, &len);
    if (status == CW_OK) {
        status = call(app, words, payload, len);
        free(payload);
    }
    return cw_app_exit(status);
}
