/* SPDX-License-Identifier: MIT */
/* One module at its node: load, attest, open a session, command. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/bytes.h"
#include "deploy/app.h"
#include "deploy/local.h"
#include "deploy/memory.h"
#include "deploy/secret.h"
#include "posix/log.h"

#define AGAIN_STEP_MS 5
#define LOST_STEP_MS 200
#define LOST_PATIENCE_MS 3000u /* for a module that ended and cannot be loaded: its chip may be back soon */

static const char *name_of(const struct cw_remote *r)
{
    return r->module->name.value;
}

static struct cw_module_name wire_name(const struct cw_app *app, const struct cw_remote *r)
{
    struct cw_module_name name = {.number = r->row.number};
    memcpy(name.deployment, app->deployment, sizeof name.deployment);
    return name;
}

static cw_status client_of(struct cw_app *app, struct cw_remote *r)
{
    return r->client != NULL ? CW_OK : cw_app_client(app, r->node, &r->client);
}

/* --- entries ---------------------------------------- */

/* The answer belongs to the module from now on: others may ask its node meanwhile. */
static void keep_answer(struct cw_remote *r, struct cw_node_answer *answer)
{
    free(r->answer);
    r->answer = cw_memory_new(answer->len + 1, 1);
    if (answer->len > 0) {
        memcpy(r->answer, answer->bytes, answer->len);
    }
    answer->bytes = r->answer;
}

/* ret_is_lost  the module ended, and its node cannot load it again: CW_AGAIN; NULL: that is the end */
static cw_status enter_once(struct cw_app *app, struct cw_remote *r, uint8_t entry,
        const uint8_t *bytes, size_t len, bool *ret_is_lost, cw_result *ret_result,
        const uint8_t **ret_items, size_t *ret_items_len)
{
    const size_t cap = 16 + 4 + len;
    uint8_t *fields = cw_memory_new(cap, 1);
    const struct cw_module_name name = wire_name(app, r);
    struct cw_writer w = cw_writer_over(fields, cap);
    cw_node_put_module(&w, &name);
    cw_writer_u8(&w, entry);
    cw_writer_bytes(&w, "\0\0", 3);
    cw_writer_bytes(&w, bytes, len);
    struct cw_node_answer answer = {0};
    cw_nodeclient_hold(r->client);
    cw_status status = cw_nodeclient_ask(r->client, CW_NODE_ENTER, fields, w.used_len, &answer);
    if (status == CW_OK) {
        keep_answer(r, &answer);
    }
    cw_nodeclient_release(r->client);
    free(fields);
    if (status != CW_OK) {
        return status;
    }
    if (answer.status != CW_OK) {
        char text[1024];
        cw_nodeclient_text(&answer, text, sizeof text);
        if (answer.status == CW_E_STATE && ret_is_lost != NULL) {
            *ret_is_lost = true;
            return CW_AGAIN;
        }
        if (answer.status != CW_E_ABSENT && answer.status != CW_AGAIN) {
            cw_log_error("node %s" CW_AT " cannot enter \"%s\": %s", r->node->name.value,
                    name_of(r), text);
            return CW_E_SYSTEM;
        }
        return answer.status;
    }
    struct cw_reader reader = cw_reader_over(answer.bytes, answer.len);
    const uint8_t result = cw_reader_u8(&reader);
    cw_reader_zero(&reader, 3);
    *ret_items = cw_reader_rest(&reader, ret_items_len);
    cw_reader_expect(&reader, result <= CW_RESULT_PENDING);
    status = cw_reader_finish(&reader);
    if (status != CW_OK) {
        cw_log_error("node %s" CW_AT " answers in a form that is not known", r->node->name.value);
        return CW_E_SYSTEM;
    }
    *ret_result = (cw_result)result;
    return CW_OK;
}

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

cw_status cw_remote_enter(struct cw_app *app, struct cw_remote *r, uint8_t entry,
        const uint8_t *bytes, size_t len, cw_result *ret_result, const uint8_t **ret_items,
        size_t *ret_items_len)
{
    cw_status status = client_of(app, r);
    if (status != CW_OK) {
        return status;
    }
    /* Again means that nothing changed: the module waits for an answer, or for room. */
    for (const uint64_t begun_ms = now_ms();;) {
        const uint64_t waited_ms = now_ms() - begun_ms;
        const bool may_wait = waited_ms < LOST_PATIENCE_MS && waited_ms < app->options.timeout_ms;
        bool is_lost = false;
        status = enter_once(app, r, entry, bytes, len, may_wait ? &is_lost : NULL, ret_result,
                ret_items, ret_items_len);
        const bool again = status == CW_AGAIN ||
                (status == CW_OK && *ret_result == CW_RESULT_AGAIN);
        if (!again) {
            return status;
        }
        if (waited_ms >= app->options.timeout_ms) {
            cw_log_error("module \"%s\"" CW_AT " is busy (it waits for an answer, or one of its "
                    "outputs "
                         "has no room) and did not come free in time",
                    name_of(r));
            return CW_E_STATE;
        }
        const long step_ms = is_lost ? LOST_STEP_MS : AGAIN_STEP_MS;
        nanosleep(&(struct timespec){.tv_nsec = step_ms * 1000000L}, NULL);
    }
}

const uint8_t *cw_remote_item(const uint8_t *items, size_t items_len, uint8_t type,
        size_t *ret_len)
{
    while (items_len >= CW_LINK_HEADER_LEN) {
        struct cw_link_header header;
        if (cw_link_header_decode(items, &header) != CW_OK ||
                header.len > items_len - CW_LINK_HEADER_LEN) {
            return NULL;
        }
        if (header.type == type) {
            *ret_len = header.len;
            return items + CW_LINK_HEADER_LEN;
        }
        items += CW_LINK_HEADER_LEN + header.len;
        items_len -= CW_LINK_HEADER_LEN + header.len;
    }
    return NULL;
}

/* --- loading ---------------------------------------- */

cw_status cw_remote_take_off(struct cw_app *app, struct cw_nodeclient *client,
        const struct cw_module_name *module, const char *called)
{
    uint8_t fields[16];
    struct cw_writer w = cw_writer_over(fields, sizeof fields);
    cw_node_put_module(&w, module);
    for (uint32_t waited_ms = 0;; waited_ms += AGAIN_STEP_MS) {
        struct cw_node_answer answer;
        cw_status status =
                cw_nodeclient_ask(client, CW_NODE_UNLOAD, fields, w.used_len, &answer);
        if (status != CW_OK) {
            return status;
        }
        if (answer.status == CW_OK || answer.status == CW_E_ABSENT) {
            return CW_OK;
        }
        /* Again: it is leaving already, and its place is not free yet. */
        if (answer.status != CW_AGAIN || waited_ms >= app->options.timeout_ms) {
            char text[1024];
            cw_nodeclient_text(&answer, text, sizeof text);
            cw_log_error("node %s" CW_AT " cannot unload \"%s\": %s", cw_nodeclient_name(client),
                    called,
                    text);
            return CW_E_SYSTEM;
        }
        nanosleep(&(struct timespec){.tv_nsec = AGAIN_STEP_MS * 1000000L}, NULL);
    }
}

cw_status cw_remote_unload(struct cw_app *app, struct cw_remote *r)
{
    cw_status status = client_of(app, r);
    if (status == CW_OK) {
        const struct cw_module_name name = wire_name(app, r);
        status = cw_remote_take_off(app, r->client, &name, name_of(r));
    }
    if (status != CW_OK) {
        return status;
    }
    r->row.life = CW_LIFE_ABSENT;
    return cw_state_module_put(app->state, &r->row);
}

cw_status cw_remote_load(struct cw_app *app, struct cw_remote *r)
{
    cw_status status = client_of(app, r);
    if (status != CW_OK) {
        return status;
    }
    r->row.life = CW_LIFE_LOADING;
    snprintf(r->row.node, sizeof r->row.node, "%s", r->node->name.value);
    memcpy(r->row.image_hash, r->image_hash, sizeof r->row.image_hash);
    status = cw_state_module_put(app->state, &r->row);
    if (status != CW_OK) {
        return status;
    }
    const size_t cap = 16 + 2 + CW_STATE_NAME_CAP + r->built.image_len;
    uint8_t *fields = cw_memory_new(cap, 1);
    const struct cw_module_name name = wire_name(app, r);
    struct cw_writer w = cw_writer_over(fields, cap);
    cw_node_put_module(&w, &name);
    cw_node_put_string(&w, name_of(r));
    cw_writer_bytes(&w, r->built.image, r->built.image_len);
    struct cw_node_answer answer;
    status = cw_nodeclient_ask(r->client, CW_NODE_LOAD, fields, w.used_len, &answer);
    free(fields);
    if (status != CW_OK) {
        return status;
    }
    if (answer.status != CW_OK) {
        char text[1024];
        cw_nodeclient_text(&answer, text, sizeof text);
        char *said = cw_local_board_said(app, r->node);
        cw_log_error("node %s" CW_AT " cannot load \"%s\": %s%s%s", r->node->name.value, name_of(r),
                text, said != NULL ? "; its board said last: " : "", said != NULL ? said : "");
        free(said);
        return CW_E_SYSTEM;
    }
    r->row.life = CW_LIFE_LOADED;
    r->is_loaded_now = true;
    status = cw_state_module_put(app->state, &r->row);
    if (status == CW_OK) {
        cw_app_step(app, "load", "%s on %s, %zu bytes", name_of(r), r->node->name.value,
                r->built.image_len);
    }
    return status;
}

/* --- attestation ---------------------------------------- */

/* remedy: "" where the reason tells it */
static cw_status refused(const struct cw_remote *r, const char *reason, const char *remedy)
{
    cw_log_error("module \"%s\"" CW_AT " on %s: evidence refused: %s" CW_REMEDY "%s%s", name_of(r),
            r->node->name.value, reason, remedy[0] == '\0' ? "" : ".  ", remedy);
    return CW_E_DENIED;
}

static cw_status check_policy(const struct cw_app *app, const struct cw_remote *r)
{
    const struct cw_descriptor_policy *policy = &app->d.policy;
    const struct cw_owner_verdict *v = &r->verdict;
    if (!v->is_protected && !cw_descriptor_allows(&policy->allow_unprotected, false)) {
        return refused(r, v->text[0] != '\0' ? v->text : "nothing protects the module there",
                "If that is wanted (tests, development), write \"allow_unprotected\": true into "
                "the descriptor's policy");
    }
    if (v->emulated && !cw_descriptor_allows(&policy->allow_emulated, false)) {
        return refused(r, "the chip is emulated: its host's root sees everything",
                "If that is wanted, write \"allow_emulated\": true into the descriptor's policy");
    }
    if (r->manager.evidence.kind == CW_FRESH_NONE &&
            cw_descriptor_allows(&policy->require_freshness, true)) {
        return refused(r, "it draws nothing fresh at its start, so it can be made to repeat its "
                          "past",
                "Use a chip with a random source or a counter, or write "
                "\"require_freshness\": false into the descriptor's policy");
    }
    return CW_OK;
}

/* Did its platform start at least as often as when this owner saw it last? */
static cw_status check_start(struct cw_app *app, struct cw_remote *r)
{
    const struct cw_owner_verdict *v = &r->verdict;
    const char *node = r->node->name.value;
    const char *accepted = app->options.accept_rollback;
    uint64_t seen = 0;
    if (v->start_count == 0) {
        return CW_OK;
    }
    const cw_status status = cw_state_start(app->state, v->platform, v->start_count, v->start_seed,
            accepted != NULL && strcmp(accepted, node) == 0, &seen);
    if (status != CW_E_REPLAY) {
        return status;
    }
    char reason[256];
    char remedy[256];
    (void)snprintf(reason, sizeof reason,
            "its device shows start %" PRIu64 ", this owner has seen start %" PRIu64
            "%s: an older copy of its flash was put back, and with it older counters and sealed data",
            v->start_count, seen, v->start_count == seen ? ", which was another one" : "");
    (void)snprintf(remedy, sizeof remedy,
            "If that was you, `causeway apply --accept-rollback %.64s` takes the device as it is; else "
            "ask who runs the node, and believe nothing of what the device kept",
            node);
    (void)snprintf(r->verdict.text, sizeof r->verdict.text, "%s: %s", r->node->tee.value, reason);
    r->verdict.genuine = false;
    return refused(r, reason, remedy);
}

/* What its node makes of a module's evidence: a proof that can be checked here. */
static cw_status quote(struct cw_remote *r, const uint8_t *evidence, size_t len,
        uint8_t **ret_proof, size_t *ret_proof_len)
{
    struct cw_node_answer answer = {0};
    struct cw_quote parts;
    cw_nodeclient_hold(r->client);
    cw_status status = cw_nodeclient_ask(r->client, CW_NODE_QUOTE, evidence, len, &answer);
    if (status == CW_OK && answer.status != CW_OK) {
        char text[1024];
        cw_nodeclient_text(&answer, text, sizeof text);
        cw_log_error("node %s" CW_AT " has no quote for \"%s\": %s", r->node->name.value,
                name_of(r), text);
        status = CW_E_SYSTEM;
    } else if (status == CW_OK) {
        struct cw_reader reader = cw_reader_over(answer.bytes, answer.len);
        cw_quote_get(&reader, &parts);
        status = cw_reader_finish(&reader);
        if (status != CW_OK) {
            cw_log_error("node %s" CW_AT " answers in a form that is not known",
                    r->node->name.value);
            status = CW_E_SYSTEM;
        }
    }
    if (status == CW_OK) {
        *ret_proof = cw_memory_new(answer.len, 1);
        memcpy(*ret_proof, answer.bytes, answer.len);
        *ret_proof_len = answer.len;
    }
    cw_nodeclient_release(r->client);
    return status;
}

cw_status cw_remote_attest(struct cw_app *app, struct cw_remote *r)
{
    const struct cw_owner_backend *backend = r->node->backend;
    uint8_t nonce[CW_NONCE_LEN];
    uint8_t attest[CW_ATTEST_LEN];
    cw_secret_random(nonce, sizeof nonce);
    cw_manager_begin(&r->manager, backend->session_dh, nonce, attest);
    r->is_attested = false;
    cw_result result;
    const uint8_t *items;
    size_t items_len;
    cw_status status = cw_remote_enter(app, r, CW_ENTRY_ATTEST, attest, sizeof attest, &result,
            &items, &items_len);
    if (status != CW_OK) {
        return status;
    }
    size_t reply_len = 0;
    const uint8_t *reply = cw_remote_item(items, items_len, CW_FRAME_REPLY, &reply_len);
    uint8_t report[32];
    const uint8_t *proof = NULL;
    size_t proof_len = 0;
    if (result == CW_RESULT_DONE && reply_len > 0 && reply != NULL && reply[0] != CW_VERSION) {
        char reason[96];
        snprintf(reason, sizeof reason,
                "it speaks version %u of the protocol, this program speaks version %u", reply[0],
                CW_VERSION);
        return refused(r, reason,
                "Build it again with the SDK of this program (`causeway destroy`, `causeway "
                "apply`), or use the causeway that it was built with");
    }
    if (result != CW_RESULT_DONE || reply == NULL ||
            cw_manager_evidence(&r->manager, reply, reply_len, report, &proof, &proof_len) !=
                    CW_OK) {
        return refused(r, "what came back is no evidence",
                "Reload it (`causeway destroy`, `causeway apply`), or ask who runs the node");
    }
    uint8_t *quoted = NULL;
    if (backend->needs_quote) {
        if (proof_len == 0 || proof_len > CW_QUOTE_EVIDENCE_MAX) {
            return refused(r, "what came back is no evidence",
                    "Reload it (`causeway destroy`, `causeway apply`), or ask who runs the node");
        }
        status = quote(r, proof, proof_len, &quoted, &proof_len);
        if (status != CW_OK) {
            return status;
        }
        proof = quoted;
    }
    /* A machine that this tool runs is known since it was started. */
    if (backend->has_platform && r->node->is_local &&
            cw_local_identify(app, r->node, r->platform) == CW_OK) {
        r->owner_node.platform = r->platform;
    }
    status = backend->verify(&r->owner_node, &r->built, nonce, r->manager.life,
            backend->session_dh ? report : NULL, proof, proof_len, &r->verdict);
    free(quoted);
    /* Where nothing protects a module nothing can be proved of it either: policy decides. */
    if (status != CW_OK || (!r->verdict.genuine && r->verdict.is_protected)) {
        r->verdict.genuine = false;
        return refused(r,
                r->verdict.text[0] != '\0' ? r->verdict.text : "it is not what was built here",
                backend->has_platform ? ""
                                      : "Another program runs there, or an older image, or another "
                                        "chip than the descriptor names");
    }
    status = check_policy(app, r);
    if (status == CW_OK) {
        status = check_start(app, r);
    }
    r->is_attested = status == CW_OK;
    return status;
}

/* --- session ---------------------------------------- */

/* One message of management and its answer, copied. */
static cw_status manage(struct cw_app *app, struct cw_remote *r, const uint8_t *message,
        size_t len, uint8_t *ret_reply, size_t cap, size_t *ret_len)
{
    cw_result result;
    const uint8_t *items;
    size_t items_len;
    cw_status status = cw_remote_enter(app, r, CW_ENTRY_MANAGE, message, len, &result, &items,
            &items_len);
    if (status == CW_E_ABSENT) {
        cw_log_error("node %s" CW_AT " has lost module \"%s\"" CW_REMEDY
                     "; `causeway apply` loads it anew",
                r->node->name.value, name_of(r));
        return CW_E_SYSTEM;
    }
    if (status != CW_OK) {
        return status;
    }
    const uint8_t *reply = cw_remote_item(items, items_len, CW_FRAME_REPLY, ret_len);
    if (result != CW_RESULT_DONE || reply == NULL || *ret_len > cap) {
        return CW_E_AUTH;
    }
    memcpy(ret_reply, reply, *ret_len);
    return CW_OK;
}

static cw_status no_answer(const struct cw_remote *r)
{
    cw_log_error("module \"%s\"" CW_AT " gave no authentic answer: its node changes messages, or "
            "it began "
                 "another life meanwhile" CW_REMEDY "; `causeway apply` asks again",
            name_of(r));
    return CW_E_AUTH;
}

static cw_status ask(struct cw_app *app, struct cw_remote *r, uint8_t type, const void *body,
        size_t body_len, struct cw_answer *ret_answer)
{
    uint8_t message[CW_MANAGER_CONFIG_MAX];
    uint8_t reply[256];
    size_t len;
    (void)pthread_mutex_lock(&r->mutex); /* commands of a session go one after the other */
    cw_status status = cw_manager_command(&r->manager, type, body, body_len, message, &len);
    size_t reply_len;
    if (status == CW_OK) {
        status = manage(app, r, message, len, reply, sizeof reply, &reply_len);
    }
    if (status == CW_OK) {
        status = cw_manager_answer(&r->manager, type, reply, reply_len, ret_answer);
    }
    (void)pthread_mutex_unlock(&r->mutex);
    cw_bytes_wipe(message, sizeof message);
    const bool is_told = status == CW_OK || status == CW_E_SYSTEM || status == CW_E_STATE;
    return is_told ? status : no_answer(r);
}

cw_status cw_remote_query(struct cw_app *app, struct cw_remote *r)
{
    free(r->channels);
    r->channels = NULL;
    r->channel_count = 0;
    size_t total = 1;
    for (uint16_t i = 0; i < total; i++) {
        struct cw_answer queried;
        const uint8_t body[CW_QUERY_LEN] = {(uint8_t)i, (uint8_t)(i >> 8)};
        cw_status status =
                ask(app, r, CW_MANAGE_QUERY, body, sizeof body, &queried);
        if (status != CW_OK) {
            return status;
        }
        if (queried.status != CW_OK) {
            return no_answer(r);
        }
        total = queried.total;
        if (r->channels == NULL) {
            r->channels = cw_memory_new(total + 1, sizeof *r->channels);
        }
        if (i < total) {
            r->channels[r->channel_count++] = queried;
            status = cw_state_skip(app->state, "channel", queried.channel);
            if (status == CW_OK) {
                status = cw_state_skip(app->state, "connection", queried.conn);
            }
            if (status != CW_OK) {
                return status;
            }
        }
    }
    return CW_OK;
}

cw_status cw_remote_open(struct cw_app *app, struct cw_remote *r)
{
    const struct cw_evidence *e = &r->manager.evidence;
    const uint32_t known = e->session > r->row.session ? e->session : r->row.session;
    if (known == UINT32_MAX) {
        cw_log_error("module \"%s\"" CW_AT " has used up its sessions" CW_REMEDY ": reload it",
                name_of(r));
        return CW_E_SPACE;
    }
    r->is_new_life = r->row.life != CW_LIFE_OPEN || e->state == CW_STATE_UNCLAIMED ||
            memcmp(e->start, r->row.start, sizeof e->start) != 0;
    r->row.session = known + 1;
    cw_status status = cw_state_module_put(app->state, &r->row); /* never the same number twice */
    if (status != CW_OK) {
        return status;
    }
    uint8_t share_secret[CW_DH_LEN];
    uint8_t message[CW_MANAGER_MESSAGE_MAX];
    uint8_t reply[CW_OPENED_LEN];
    size_t len;
    cw_secret_random(share_secret, sizeof share_secret);
    status = cw_manager_open(&r->manager, r->row.session, app->deployment, r->row.number,
            r->built.root_key, app->keys.dh_secret, share_secret, message, &len);
    size_t reply_len;
    if (status == CW_OK) {
        status = manage(app, r, message, len, reply, sizeof reply, &reply_len);
    }
    if (status == CW_OK) {
        status = cw_manager_opened(&r->manager, reply, reply_len);
    }
    cw_bytes_wipe(share_secret, sizeof share_secret);
    if (status != CW_OK) {
        return status == CW_E_SYSTEM || status == CW_E_STATE ? status : no_answer(r);
    }
    r->row.life = CW_LIFE_OPEN;
    r->row.kind = e->kind;
    memcpy(r->row.start, e->start, sizeof r->row.start);
    memcpy(r->row.image_hash, r->image_hash, sizeof r->row.image_hash);
    snprintf(r->row.node, sizeof r->row.node, "%s", r->node->name.value);
    status = cw_state_module_put(app->state, &r->row);
    return status == CW_OK ? cw_remote_query(app, r) : status;
}

cw_status cw_remote_setconn(struct cw_app *app, struct cw_remote *r,
        const struct cw_setconn *setconn, struct cw_answer *ret_answer)
{
    uint8_t body[CW_SETCONN_LEN];
    cw_setconn_bytes(setconn, body);
    cw_status status = ask(app, r, CW_MANAGE_SETCONN, body, sizeof body, ret_answer);
    cw_bytes_wipe(body, sizeof body);
    return status;
}

cw_status cw_remote_configure(struct cw_app *app, struct cw_remote *r, uint16_t local,
        const uint8_t *value, uint16_t len, struct cw_answer *ret_answer)
{
    uint8_t body[CW_CONFIG_HEADER_LEN + CW_CONFIG_MAX] = {
            (uint8_t)local, (uint8_t)(local >> 8), (uint8_t)len, (uint8_t)(len >> 8)};
    memcpy(body + CW_CONFIG_HEADER_LEN, value, len);
    cw_status status = ask(app, r, CW_MANAGE_CONFIG, body,
            CW_CONFIG_HEADER_LEN + (size_t)len + (len & 1u), ret_answer);
    cw_bytes_wipe(body, sizeof body);
    return status;
}

cw_status cw_remote_disable(struct cw_app *app, struct cw_remote *r, uint32_t channel,
        struct cw_answer *ret_answer)
{
    uint8_t body[CW_DISABLE_LEN];
    struct cw_writer w = cw_writer_over(body, sizeof body);
    cw_writer_u32(&w, channel);
    return ask(app, r, CW_MANAGE_DISABLE, body, sizeof body, ret_answer);
}

const struct cw_answer *cw_remote_channel(const struct cw_remote *r, uint32_t conn)
{
    const struct cw_answer *newest = NULL;
    for (size_t i = 0; i < r->channel_count; i++) {
        const struct cw_answer *q = &r->channels[i];
        if (q->conn == conn && (newest == NULL || q->epoch > newest->epoch)) {
            newest = q;
        }
    }
    return newest;
}

cw_status cw_remote_ready(struct cw_app *app, struct cw_remote *r)
{
    cw_status status = cw_remote_recall(app, r);
    if (status == CW_OK && !r->manager.is_open) {
        status = cw_remote_attest(app, r);
        if (status == CW_E_ABSENT) {
            cw_log_error("module \"%s\"" CW_AT " is not loaded" CW_REMEDY ": `causeway apply` "
                    "first", name_of(r));
            return CW_E_ABSENT;
        }
        if (status == CW_OK) {
            status = cw_remote_open(app, r);
        }
    }
    return status;
}

void cw_remote_close(struct cw_remote *r)
{
    cw_owner_built_free(&r->built);
    cw_manager_end(&r->manager);
    cw_bytes_wipe(r->vendor_key, sizeof r->vendor_key);
    free(r->channels);
    r->channels = NULL;
    free(r->answer);
    r->answer = NULL;
    free(r->routes);
    r->routes = NULL;
    free(r->collateral);
    r->collateral = NULL;
    free(r->sdk);
    r->sdk = NULL;
    free(r->allow_status);
    r->allow_status = NULL;
    (void)pthread_mutex_destroy(&r->mutex);
}
