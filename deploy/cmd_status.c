/* SPDX-License-Identifier: MIT */
/* status and attest: what modules say of themselves, authenticated. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "deploy/local.h"
#include "deploy/memory.h"
#include "deploy/secret.h"
#include "deploy/verb.h"
#include "posix/log.h"

/* How a module was found. */
struct finding {
    cw_status status;
    const char *state;
};

static const char *freshness_name(uint8_t kind)
{
    static const char *const names[] = {"none", "counter", "random"};
    return kind < 3 ? names[kind] : "unknown";
}

static const char *protection_of(const struct cw_remote *r)
{
    if (!r->is_attested) {
        return "-";
    }
    if (!r->verdict.is_protected) {
        return "unprotected";
    }
    return r->verdict.emulated ? "emulated" : "protected";
}

/* Ask one module: evidence, session, all its channels. */
static struct finding inspect(struct cw_app *app, struct cw_remote *r)
{
    struct finding f = {CW_OK, "not loaded"};
    if (r->row.life == CW_LIFE_ABSENT) {
        f.status = CW_E_ABSENT;
        return f;
    }
    f.status = cw_remote_recall(app, r);
    if (f.status != CW_OK) {
        f.state = "not built";
        return f;
    }
    struct cw_nodeclient *client;
    f.status = cw_app_client(app, r->node, &client);
    if (f.status != CW_OK) {
        f.state = "node away";
        return f;
    }
    if (memcmp(r->row.image_hash, r->image_hash, sizeof r->image_hash) != 0) {
        f.status = CW_E_STATE;
        f.state = "other image"; /* the sources changed since apply */
        return f;
    }
    f.status = cw_remote_attest(app, r);
    if (f.status == CW_E_ABSENT) {
        f.state = "gone";
        return f;
    }
    if (f.status != CW_OK) {
        f.state = f.status == CW_E_DENIED ? "refused" : "no answer";
        return f;
    }
    /* A life that nobody opened yet has no channels; opening is for apply. */
    if (r->manager.evidence.state == CW_STATE_UNCLAIMED) {
        f.status = CW_E_STATE;
        f.state = "started anew";
        return f;
    }
    const bool is_disabled = r->manager.evidence.state == CW_STATE_DISABLED;
    const bool is_new = r->row.life != CW_LIFE_OPEN ||
            memcmp(r->manager.evidence.start, r->row.start, CW_START_LEN) != 0;
    f.state = is_disabled ? "disabled" : is_new ? "started anew" : "open";
    if (is_new) {
        f.status = CW_E_STATE;
        return f;
    }
    f.status = cw_remote_open(app, r);
    if (f.status != CW_OK) {
        f.state = "no answer";
    }
    return f;
}

/* --- modules ---------------------------------------- */

/* Is there a module for which somebody answers? */
static bool has_signers(const struct cw_app *app)
{
    for (size_t i = 0; i < app->d.module_count; i++) {
        if (app->remotes[i].is_attested && app->remotes[i].verdict.signer[0] != '\0') {
            return true;
        }
    }
    return false;
}

static const char *signer_of(const struct cw_remote *r)
{
    return r->is_attested ? r->verdict.signer : "";
}

static void print_modules(const struct cw_app *app, const struct finding *findings)
{
    const bool with_signers = has_signers(app);
    printf("%-*s %-*s %-9s %-12s %-17s %s%-13s %7s  %s\n", app->width.module, "MODULE",
            app->width.node, "NODE", "TEE", "PROTECTION", "MEASUREMENT",
            with_signers ? "SIGNER            " : "", "STATE", "SESSION",
            "FRESHNESS");
    for (size_t i = 0; i < app->d.module_count; i++) {
        const struct cw_remote *r = &app->remotes[i];
        char measurement[2 * CW_MEASUREMENT_LEN + 1] = "-";
        if (r->is_built) {
            cw_hex_put(r->built.measurement, CW_MEASUREMENT_LEN, measurement);
        }
        char signer[20] = "";
        if (with_signers) {
            snprintf(signer, sizeof signer, "%-17.16s ", signer_of(r)[0] == '\0' ? "-" : signer_of(r));
        }
        printf("%-*s %-*s %-9s %-12s %-17.16s %s%-13s %7" PRIu32 "  %s%s\n", app->width.module,
                r->module->name.value, app->width.node, r->node->name.value, r->node->tee.value,
                protection_of(r),
                measurement, signer, findings[i].state, r->row.session,
                r->is_attested ? freshness_name(r->manager.evidence.kind) : "-",
                r->module->debug.value != 0 ? ", debug image" : "");
    }
}

static json_t *json_modules(const struct cw_app *app, const struct finding *findings)
{
    json_t *list = json_array();
    for (size_t i = 0; i < app->d.module_count; i++) {
        const struct cw_remote *r = &app->remotes[i];
        char measurement[2 * CW_MEASUREMENT_LEN + 1] = "";
        if (r->is_built) {
            cw_hex_put(r->built.measurement, CW_MEASUREMENT_LEN, measurement);
        }
        json_array_append_new(list,
                json_pack("{s:s, s:I, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:I, s:s, "
                          "s:s, s:b}",
                        "module",
                        r->module->name.value, "number", (json_int_t)r->row.number, "node",
                        r->node->name.value, "tee", r->node->tee.value, "attested",
                        r->is_attested, "protection", protection_of(r), "measurement",
                        measurement, "signer", signer_of(r), "platform",
                        r->is_attested ? r->verdict.platform : "", "emulated",
                        r->is_attested && r->verdict.emulated, "tcb",
                        r->is_attested ? r->verdict.tcb : "", "state", findings[i].state, "session",
                        (json_int_t)r->row.session, "freshness",
                        r->is_attested ? freshness_name(r->manager.evidence.kind) : "unknown",
                        "evidence", r->is_attested ? r->verdict.text : "", "debug",
                        r->module->debug.value != 0));
    }
    return list;
}

/* --- connections ---------------------------------------- */

struct counts {
    struct cw_state_connection row;
    const struct cw_answer *src; /* NULL: no authentic reading */
    const struct cw_answer *dst;
    uint64_t waiting; /* direct: sealed and not acknowledged */
    bool is_direct;
    bool is_read; /* both ends could be asked */
};

static cw_status counts_of(struct cw_app *app, const struct cw_descriptor_connection *c,
        struct counts *ret)
{
    *ret = (struct counts){.is_direct = c->from == NULL};
    cw_status status = cw_state_connection_find(app->state, c->name.value, &ret->row);
    if (status != CW_OK) {
        return status;
    }
    cw_bytes_wipe(ret->row.key, sizeof ret->row.key);
    ret->is_read = app->remotes[c->to - app->d.modules].manager.is_open &&
            (c->from == NULL || app->remotes[c->from - app->d.modules].manager.is_open);
    ret->dst = cw_remote_channel(&app->remotes[c->to - app->d.modules], ret->row.conn);
    if (!ret->is_direct) {
        ret->src = cw_remote_channel(&app->remotes[c->from - app->d.modules], ret->row.conn);
        return CW_OK;
    }
    return cw_state_outbox_count(app->state, ret->row.conn, &ret->waiting);
}

static bool is_there(const struct cw_answer *q, const struct cw_state_connection *row)
{
    return q != NULL && q->epoch == row->epoch && (q->flags & CW_ANSWER_CLOSED) == 0;
}

static const char *connection_state(const struct counts *n)
{
    if (n->row.phase != CW_PHASE_MADE) {
        return "not made";
    }
    if (!n->is_read) {
        return "unknown"; /* an end that cannot be asked */
    }
    if (!is_there(n->dst, &n->row) || (!n->is_direct && !is_there(n->src, &n->row))) {
        return "broken";
    }
    return "open";
}

static const char *mode_name(uint8_t mode)
{
    static const char *const names[] = {"strict", "latest", "request"};
    return mode < 3 ? names[mode] : "unknown";
}

static void count_text(bool is_known, uint64_t count, char *ret_text, size_t cap)
{
    if (is_known) {
        snprintf(ret_text, cap, "%" PRIu64, count);
    } else {
        snprintf(ret_text, cap, "-");
    }
}

static void print_connection(const struct cw_app *app, const struct counts *n)
{
    char sent[24];
    char acked[24];
    char received[24];
    const struct cw_answer *src = n->src;
    const struct cw_answer *dst = n->dst;
    const bool strict = n->row.mode == CW_MODE_STRICT;
    count_text(n->is_direct || src != NULL,
            n->is_direct ? n->row.src_count : src != NULL ? src->count : 0, sent, sizeof sent);
    count_text(strict && (n->is_direct || src != NULL),
            n->is_direct ? n->row.src_acked : src != NULL ? src->acked : 0, acked, sizeof acked);
    count_text(dst != NULL, dst != NULL ? dst->count : 0, received, sizeof received);
    printf("%-*s %-8s %-7s %-8s %5" PRIu32 " %8s %8s %8s %6u %6u %5" PRIu32 " %5u\n",
            app->width.connection, n->row.name,
            cw_cipher_name(n->row.cipher), mode_name(n->row.mode), connection_state(n),
            n->row.epoch, sent, acked, received, dst == NULL ? 0u : dst->refused_auth,
            dst == NULL ? 0u : dst->refused_replay, dst == NULL ? 0u : dst->gaps,
            src == NULL ? 0u : src->dropped);
}

static json_t *json_connection(const struct counts *n)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:b}", "connection", n->row.name,
            "encryption", cw_cipher_name(n->row.cipher), "delivery", mode_name(n->row.mode),
            "state", connection_state(n), "epoch", (json_int_t)n->row.epoch, "channel",
            (json_int_t)n->row.channel, "direct", n->is_direct);
    if (n->is_direct) {
        json_object_set_new(object, "sent", json_integer((json_int_t)n->row.src_count));
        json_object_set_new(object, "acknowledged", json_integer((json_int_t)n->row.src_acked));
        json_object_set_new(object, "waiting", json_integer((json_int_t)n->waiting));
    } else if (n->src != NULL) {
        json_object_set_new(object, "sent", json_integer((json_int_t)n->src->count));
        json_object_set_new(object, "acknowledged", json_integer((json_int_t)n->src->acked));
        json_object_set_new(object, "dropped", json_integer(n->src->dropped));
    }
    if (n->dst != NULL) {
        json_object_set_new(object, "received", json_integer((json_int_t)n->dst->count));
        json_object_set_new(object, "refused_auth", json_integer(n->dst->refused_auth));
        json_object_set_new(object, "refused_replay", json_integer(n->dst->refused_replay));
        json_object_set_new(object, "gaps", json_integer(n->dst->gaps));
    }
    return object;
}

/* Keep the authentic counts: a later restart is measured against them. */
static cw_status keep(struct cw_app *app, const struct counts *n)
{
    struct cw_state_connection row;
    cw_status status = cw_state_connection_find(app->state, n->row.name, &row);
    if (status != CW_OK) {
        return status;
    }
    if (is_there(n->dst, &row)) {
        row.dst_count = n->dst->count;
    }
    if (is_there(n->src, &row)) {
        row.src_count = n->src->count;
        row.src_acked = n->src->acked;
    }
    status = cw_state_connection_put(app->state, &row);
    cw_bytes_wipe(&row, sizeof row);
    return status;
}

static cw_status connections(struct cw_app *app, json_t *list, bool *ret_is_well)
{
    if (!app->options.json && app->d.connection_count > 0) {
        printf("\n%-*s %-8s %-7s %-8s %5s %8s %8s %8s %6s %6s %5s %5s\n", app->width.connection,
                "CONNECTION", "CIPHER", "MODE", "STATE", "EPOCH", "SENT", "ACKED", "RECEIVED",
                "FORGED", "REPLAY", "GAPS", "DROPS");
    }
    for (size_t i = 0; i < app->d.connection_count; i++) {
        struct counts n;
        cw_status status = counts_of(app, &app->d.connections[i], &n);
        if (status == CW_E_ABSENT) {
            snprintf(n.row.name, sizeof n.row.name, "%s", app->d.connections[i].name.value);
            n.row.cipher = app->d.connections[i].cipher;
            n.row.mode = app->d.connections[i].mode;
        } else if (status == CW_OK) {
            status = keep(app, &n);
        }
        if (status != CW_OK && status != CW_E_ABSENT) {
            return status;
        }
        if (strcmp(connection_state(&n), "open") != 0) {
            *ret_is_well = false;
        }
        if (app->options.json) {
            json_array_append_new(list, json_connection(&n));
        } else {
            print_connection(app, &n);
        }
    }
    return CW_OK;
}

cw_status cw_counts_read(struct cw_app *app, json_t *list, bool *ret_is_well)
{
    const bool json = app->options.json;
    for (size_t i = 0; i < app->d.module_count; i++) {
        *ret_is_well = inspect(app, &app->remotes[i]).status == CW_OK && *ret_is_well;
    }
    app->options.json = true; /* into the list */
    const cw_status status = connections(app, list, ret_is_well);
    app->options.json = json;
    return status;
}

/* Of a node that this tool runs: where, and as which process. */
static void add_local(const struct cw_app *app, const struct cw_descriptor_node *node,
        json_t *object)
{
    struct cw_local local;
    if (!node->is_local) {
        return;
    }
    if (cw_local_find(app, node, &local) == CW_OK) {
        json_object_set_new(object, "address", json_string(local.address));
    }
    json_object_set_new(object, "local", json_pack("{s:I, s:I, s:s}", "pid",
            (json_int_t)local.pid, "board_pid", (json_int_t)local.board_pid, "log", local.log));
    cw_local_free(&local);
}

/* What each node says of itself: shown as its word. */
static json_t *nodes(struct cw_app *app)
{
    json_t *list = json_array();
    for (size_t i = 0; i < app->d.node_count; i++) {
        struct cw_node_answer answer;
        json_t *object = json_pack("{s:s, s:s, s:s}", "node", app->d.nodes[i].name.value, "tee",
                app->d.nodes[i].tee.value, "address", app->d.nodes[i].address.value);
        add_local(app, &app->d.nodes[i], object);
        if (app->clients[i] != NULL &&
                cw_nodeclient_ask(app->clients[i], CW_NODE_STATUS, app->deployment,
                        sizeof app->deployment, &answer) == CW_OK &&
                answer.status == CW_OK) {
            json_error_t error;
            json_t *said = json_loadb((const char *)answer.bytes, answer.len, 0, &error);
            if (said != NULL) {
                json_object_set_new(object, "says", said);
            }
        }
        json_object_set_new(object, "reachable", json_boolean(app->clients[i] != NULL));
        json_array_append_new(list, object);
    }
    return list;
}

int cw_cmd_status(struct cw_app *app, const struct cw_words *words)
{
    (void)words;
    cw_status status = cw_app_open(app);
    if (status != CW_OK) {
        return cw_app_exit(status);
    }
    app->options.quiet = true; /* the tables are the result */
    struct finding *findings = cw_memory_new(app->d.module_count, sizeof *findings);
    bool is_well = true;
    bool is_refused = false;
    for (size_t i = 0; i < app->d.module_count; i++) {
        findings[i] = inspect(app, &app->remotes[i]);
        is_well = is_well && findings[i].status == CW_OK;
        is_refused = is_refused || findings[i].status == CW_E_DENIED;
    }
    json_t *list = json_array();
    json_t *modules = app->options.json ? json_modules(app, findings) : NULL;
    if (!app->options.json) {
        print_modules(app, findings);
    }
    status = connections(app, list, &is_well);
    if (app->options.json) {
        cw_app_json(app, json_pack("{s:b, s:o, s:o, s:o}", "ok", is_well && status == CW_OK,
                                 "modules", modules, "connections", list, "nodes", nodes(app)));
    } else {
        json_decref(list);
    }
    free(findings);
    if (status == CW_OK && is_refused) {
        return CW_EXIT_REFUSED;
    }
    return status == CW_OK && !is_well ? CW_EXIT_FAILED : cw_app_exit(status);
}

static cw_status attest_one(struct cw_app *app, struct cw_remote *r, json_t *list)
{
    cw_status status = cw_remote_recall(app, r);
    if (status == CW_OK) {
        status = cw_remote_attest(app, r);
    }
    if (status == CW_E_ABSENT) {
        cw_log_error("module %s" CW_AT ": it is not loaded" CW_REMEDY ": `causeway apply`", r->module->name.value);
    }
    char start[2 * CW_START_LEN + 1];
    cw_hex_put(r->manager.evidence.start, CW_START_LEN, start);
    json_array_append_new(list,
            json_pack("{s:s, s:s, s:b, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:s}", "module",
                    r->module->name.value, "tee", r->node->tee.value, "accepted", status == CW_OK, "protection", protection_of(r), "freshness",
                    freshness_name(r->manager.evidence.kind), "emulated", r->verdict.emulated,
                    "evidence", r->verdict.text, "signer", r->verdict.signer, "platform",
                    r->verdict.platform, "tcb", r->verdict.tcb, "start", start));
    if (status == CW_OK) {
        cw_app_step(app, "attest", "%s: %s; freshness %s", r->module->name.value, r->verdict.text,
                freshness_name(r->manager.evidence.kind));
    }
    return status;
}

int cw_cmd_attest(struct cw_app *app, const struct cw_words *words)
{
    cw_status worst = cw_app_describe(app);
    if (worst != CW_OK) {
        return cw_app_exit(worst);
    }
    if (words->count == 1 && cw_app_remote(app, words->operands[0]) == NULL) {
        return CW_EXIT_WRONG;
    }
    worst = cw_app_open(app);
    if (worst != CW_OK) {
        return cw_app_exit(worst);
    }
    json_t *list = json_array();
    for (size_t i = 0; i < app->d.module_count; i++) {
        struct cw_remote *r = &app->remotes[i];
        if (words->count == 1 && strcmp(r->module->name.value, words->operands[0]) != 0) {
            continue;
        }
        cw_status status = attest_one(app, r, list);
        if (status != CW_OK && worst != CW_E_DENIED) {
            worst = status;
        }
    }
    if (app->options.json) {
        cw_app_json(app, json_pack("{s:b, s:O}", "ok", worst == CW_OK, "modules", list));
    }
    json_decref(list);
    return cw_app_exit(worst);
}
