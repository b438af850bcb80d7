/* SPDX-License-Identifier: MIT */
/*
 * Connections: choose an epoch and its key, write them down, make the sink and then the source,
 * and believe it when both confirmed the key.
 *
 * What goes before a new epoch decides how it starts:
 *   continue  both ends live and hold the connection: the count runs on, nothing is lost
 *   cut       an end began another life: the other end's authentic count is the new start, and
 *             what may have been lost is reported
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/channel/channel.h"
#include "core/crypto/suite.h"
#include "deploy/app.h"
#include "deploy/memory.h"
#include "deploy/secret.h"
#include "posix/log.h"

#define LIMIT_SPONGENT 48u
#define LIMIT_AES 32u
#define LIMIT_MAX 62u

struct link {
    struct cw_app *app;
    const struct cw_descriptor_connection *c;
    struct cw_remote *src; /* NULL: the owner */
    struct cw_remote *dst;
    struct cw_state_connection row;
    const struct cw_answer *at_src; /* the newest epoch at that end, or NULL */
    const struct cw_answer *at_dst;
    uint16_t src_local;
    uint16_t dst_local;
    uint8_t limit_log2; /* as configured */
    uint32_t old_channel;
    bool is_first;
    bool is_foreseen; /* the ends were not asked yet: the state and their decisions tell */
    uint64_t lost;
    uint64_t maybe_lost;
    bool is_loss_unknown; /* what the source sealed last is not known */
};

void cw_app_setconn(const struct cw_state_connection *row, struct cw_setconn *ret_setconn)
{
    *ret_setconn = (struct cw_setconn){
            .identity =
                    {
                            .conn = row->conn,
                            .epoch = row->epoch,
                            .src_module = row->src_module,
                            .src_endpoint = row->src_endpoint,
                            .dst_module = row->dst_module,
                            .dst_endpoint = row->dst_endpoint,
                            .cipher = row->cipher,
                            .mode = row->mode,
                    },
            .channel = row->channel,
            .event_max = row->event_max,
            .first = row->first,
            .window = row->window,
            .limit = UINT64_C(1) << row->limit_log2,
            .start = row->start,
    };
    memcpy(ret_setconn->key, row->key, sizeof ret_setconn->key);
}

/* --- what should be, what is ---------------------------------------- */

/* The row as the descriptor wants it, but for epoch and keys; true: it is as it was. */
static cw_status want(struct link *l, bool *ret_is_same)
{
    struct cw_app *app = l->app;
    const struct cw_descriptor_connection *c = l->c;
    struct cw_state_connection *row = &l->row;
    const struct cw_state_connection before = *row;
    const bool request = c->mode == CW_MODE_REQUEST;
    const char *target = request ? c->to_handler.value : c->to_input.value;
    const struct cw_owner_endpoint *sink = cw_remote_endpoint(l->dst, target, &l->dst_local);
    if (sink == NULL) {
        return CW_E_ABSENT;
    }
    row->src_module = l->src == NULL ? 0 : l->src->row.number;
    row->dst_module = l->dst->row.number;
    row->src_endpoint = 0;
    cw_status status =
            cw_state_endpoint(app->state, row->dst_module, target, &row->dst_endpoint);
    if (status == CW_OK && l->src != NULL) {
        const char *source = request ? c->from_request.value : c->from_output.value;
        if (cw_remote_endpoint(l->src, source, &l->src_local) == NULL) {
            return CW_E_ABSENT;
        }
        status = cw_state_endpoint(app->state, row->src_module, source, &row->src_endpoint);
    }
    row->cipher = c->cipher;
    row->mode = c->mode;
    row->window = (uint16_t)(c->window.is_set ? c->window.value : (long long)CW_WINDOW_DEFAULT);
    row->event_max = request && sink->reply_max > sink->max ? sink->reply_max : sink->max;
    l->limit_log2 = (uint8_t)(c->rekey_log2.is_set           ? c->rekey_log2.value
                    : c->cipher == CW_CIPHER_AES ? (long long)LIMIT_AES
                                                 : (long long)LIMIT_SPONGENT);
    *ret_is_same = before.src_module == row->src_module && before.dst_module == row->dst_module &&
            before.src_endpoint == row->src_endpoint && before.dst_endpoint == row->dst_endpoint &&
            before.cipher == row->cipher && before.mode == row->mode &&
            before.window == row->window && before.event_max == row->event_max;
    return status;
}

/* Does this end hold the row's epoch, open? */
static bool holds(const struct link *l, const struct cw_answer *q, bool source)
{
    return q != NULL && q->epoch == l->row.epoch && q->channel == l->row.channel &&
            (q->flags & CW_ANSWER_CLOSED) == 0 &&
            ((q->flags & CW_ANSWER_SOURCE) != 0) == source;
}

static bool is_open(const struct cw_answer *q, bool source)
{
    return q != NULL && (q->flags & CW_ANSWER_CLOSED) == 0 &&
            ((q->flags & CW_ANSWER_SOURCE) != 0) == source;
}

/* The smallest limit, not below the configured one, that leaves half of the counters to spend. */
static uint8_t limit_above(uint8_t configured, uint64_t count)
{
    uint8_t limit = configured;
    while (limit < LIMIT_MAX && (UINT64_C(1) << limit) / 2 < count) {
        limit++;
    }
    return limit;
}

/* Three quarters of the counters are spent, or the descriptor now wants a lower limit. */
static bool needs_rekey(const struct link *l, uint64_t count)
{
    const uint64_t limit = UINT64_C(1) << l->row.limit_log2;
    return count >= limit - limit / 4 || limit_above(l->limit_log2, count) < l->row.limit_log2;
}

static uint64_t source_count(const struct link *l)
{
    return l->src == NULL || l->at_src == NULL ? l->row.src_count : l->at_src->count;
}

/* An owner whose state is older than the module's count must not seal under that key again. */
static bool is_state_behind(const struct link *l)
{
    return l->src == NULL && l->at_dst != NULL && l->at_dst->count > l->row.src_count;
}

/* Does the node of an end have the route, as far as it told? */
static bool is_routed(const struct link *l, const struct cw_remote *r, bool source)
{
    for (size_t i = 0; i < r->route_count; i++) {
        if (r->routes[i].channel == l->row.channel && r->routes[i].is_source == source) {
            return true;
        }
    }
    return !r->is_told;
}

/* --- what to do ---------------------------------------- */

/* How an epoch goes on. */
typedef enum how {
    HOW_KEEP,
    HOW_ROUTE,    /* the keys are right, a node forgot its route */
    HOW_FINISH,   /* an epoch that was begun                     */
    HOW_CONTINUE, /* a new epoch, the count runs on              */
    HOW_CUT,      /* a new epoch, the count is made anew         */
} how;

__attribute__((format(printf, 3, 4))) static void because(struct cw_decision *d, cw_action action,
        const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    d->action = action;
    (void)vsnprintf(d->reason, sizeof d->reason, format, arguments);
    va_end(arguments);
}

/* The end that lives another life than the row's epoch was made for; NULL: none does. */
static const struct cw_remote *reborn(const struct link *l)
{
    const struct cw_remote *ends[] = {l->src, l->dst};
    const uint8_t *starts[] = {l->row.src_start, l->row.dst_start};
    for (size_t i = 0; i < 2; i++) {
        const struct cw_remote *r = ends[i];
        if (r != NULL && ((l->is_foreseen && r->decision.action != CW_ACTION_KEEP) ||
                                 memcmp(starts[i], r->row.start, CW_START_LEN) != 0)) {
            return r;
        }
    }
    return NULL;
}

static how decide_made(const struct link *l, struct cw_decision *ret)
{
    const bool at_dst = l->is_foreseen || holds(l, l->at_dst, false);
    const bool at_src = l->src == NULL || l->is_foreseen || holds(l, l->at_src, true);
    if (!at_dst || !at_src) {
        because(ret, CW_ACTION_REKEY, "module %s does not hold it any more",
                (at_dst ? l->src : l->dst)->module->name.value);
        return HOW_CUT;
    }
    if (is_state_behind(l)) {
        because(ret, CW_ACTION_REKEY, "its module counted more than this state knows of");
        return HOW_CUT;
    }
    if (needs_rekey(l, source_count(l))) {
        because(ret, CW_ACTION_REKEY, "its key is nearly spent, or its limit is lower");
        return HOW_CONTINUE;
    }
    if (!is_routed(l, l->dst, false) || (l->src != NULL && !is_routed(l, l->src, true))) {
        because(ret, CW_ACTION_REPAIR, "a node forgot its route");
        return HOW_ROUTE;
    }
    because(ret, CW_ACTION_KEEP, "%s", "");
    return HOW_KEEP;
}

/* What has to be done, and why; both apply and plan ask here. */
static how decide(const struct link *l, bool is_same, struct cw_decision *ret)
{
    const struct cw_remote *other_life = reborn(l);
    if (l->row.epoch == 0) {
        because(ret, CW_ACTION_CREATE, "it is new");
        return HOW_CUT;
    }
    if (!is_same) {
        because(ret, CW_ACTION_REPLACE, "the descriptor or an endpoint changed");
        return HOW_CUT;
    }
    if (other_life != NULL) {
        because(ret, CW_ACTION_REKEY, "module %s begins another life",
                other_life->module->name.value);
        return HOW_CUT;
    }
    if (l->row.phase == CW_PHASE_NONE) {
        because(ret, CW_ACTION_REKEY,
                "the state was restored or copied, or its last use broke off");
        return HOW_CUT;
    }
    if (l->row.phase == CW_PHASE_MADE) {
        return decide_made(l, ret);
    }
    /* An interrupted epoch is finished, not begun again: both ends said what they hold. */
    const bool continues = l->is_foreseen ||
            (is_open(l->at_dst, false) && (l->src == NULL || is_open(l->at_src, true)));
    if (l->row.start == CW_SETCONN_CUT || continues) {
        because(ret, CW_ACTION_REPAIR, "an earlier run broke off");
        return HOW_FINISH;
    }
    because(ret, CW_ACTION_REKEY, "an earlier run broke off, and an end does not hold it");
    return HOW_CUT;
}

/* --- the route before a rekey ---------------------------------------- */

static cw_status unroute(struct link *l, uint32_t channel)
{
    cw_status status = cw_app_unroute(l->app, l->dst->client, channel);
    if (status == CW_OK && l->src != NULL && l->src->client != l->dst->client) {
        status = cw_app_unroute(l->app, l->src->client, channel);
    }
    return status;
}

static void old_route_name(uint32_t conn, char *ret_name, size_t cap)
{
    snprintf(ret_name, cap, "old-route/%" PRIu32, conn);
}

/* The channel before a rekey stays routed until the sink took a frame under the new key. */
static cw_status end_old_route(struct link *l)
{
    char name[48];
    char text[32];
    old_route_name(l->row.conn, name, sizeof name);
    cw_status status = cw_state_fact_get(l->app->state, name, text, sizeof text);
    if (status != CW_OK) {
        return status == CW_E_ABSENT ? CW_OK : status;
    }
    const uint32_t channel = (uint32_t)strtoul(text, NULL, 10);
    for (size_t i = 0; i < l->dst->channel_count; i++) {
        const struct cw_answer *q = &l->dst->channels[i];
        if (q->channel == channel && (q->flags & CW_ANSWER_CLOSED) == 0 &&
                channel != l->row.channel) {
            return CW_OK;
        }
    }
    status = unroute(l, channel);
    return status == CW_OK ? cw_state_fact_drop(l->app->state, name) : status;
}

/* --- making an epoch ---------------------------------------- */

static cw_status refused_by(const struct link *l, const struct cw_remote *r, cw_status status)
{
    const char *remedy = "";
    if (status == CW_E_SPACE) {
        remedy = ": it holds no more connections, or its input takes less; set \"channels\" of "
                 "the module";
    } else if (status == CW_E_DENIED) {
        remedy = ": its image does not have this cipher, or its freshness does not allow it";
    }
    cw_log_error("connection \"%s\"" CW_AT ": module \"%s\" refuses (%s)%s", l->row.name,
            r->module->name.value, cw_status_name(status), remedy);
    return CW_E_STATE;
}

/* SETCONN at one end; the answer must confirm the key. */
static cw_status set_end(struct link *l, struct cw_remote *r, uint16_t local)
{
    struct cw_setconn setconn;
    struct cw_answer answer;
    uint8_t expected[CW_CHECK_LEN];
    cw_app_setconn(&l->row, &setconn);
    setconn.local = local;
    cw_channel_derive(&setconn, l->app->deployment, "cw1.chk", expected);
    cw_status status = cw_remote_setconn(l->app, r, &setconn, &answer);
    cw_bytes_wipe(&setconn, sizeof setconn);
    if (status != CW_OK) {
        return status;
    }
    if (answer.status != CW_OK) {
        return refused_by(l, r, (cw_status)answer.status);
    }
    if (!cw_bytes_equal(answer.check, expected, sizeof expected)) {
        cw_log_error("connection \"%s\"" CW_AT ": module \"%s\" derived other keys: it was built "
                "from "
                     "another version of the protocol",
                l->row.name, r->module->name.value);
        return CW_E_AUTH;
    }
    return CW_OK;
}

/* Give both ends the row's epoch, where they do not hold it yet. */
static cw_status complete(struct link *l)
{
    const bool at_dst = holds(l, l->at_dst, false);
    const bool at_src = l->src == NULL || holds(l, l->at_src, true);
    uint32_t peer;
    cw_status status = cw_app_link(l->app, l->src, l->dst, &peer);
    if (status == CW_OK) {
        status = cw_app_route(l->app, &l->row, l->dst, peer, false);
    }
    if (status == CW_OK && !at_dst) {
        status = set_end(l, l->dst, l->dst_local);
    }
    if (status == CW_OK && l->src != NULL) {
        status = cw_app_route(l->app, &l->row, l->src, peer, true);
    }
    if (status == CW_OK && !at_src) {
        status = set_end(l, l->src, l->src_local);
    }
    if (status != CW_OK) {
        return status;
    }
    l->row.phase = CW_PHASE_MADE;
    return cw_state_connection_put(l->app->state, &l->row);
}

/* Close what an end still holds of the connection; its final count. */
static cw_status close_end(struct link *l, struct cw_remote *r, bool *ret_known,
        uint64_t *ret_count, uint64_t *ret_acked)
{
    *ret_known = false;
    for (size_t i = 0; i < r->channel_count; i++) {
        struct cw_answer *q = &r->channels[i];
        if (q->conn != l->row.conn) {
            continue;
        }
        if ((q->flags & CW_ANSWER_CLOSED) == 0) {
            struct cw_answer answer;
            cw_status status = cw_remote_disable(l->app, r, q->channel, &answer);
            if (status != CW_OK) {
                return status;
            }
            if (answer.status == CW_OK) {
                q->count = answer.count;
                q->flags |= CW_ANSWER_CLOSED;
            }
        }
        if (!*ret_known || q->count > *ret_count) {
            *ret_count = q->count;
        }
        if (!*ret_known || q->acked > *ret_acked) {
            *ret_acked = q->acked;
        }
        *ret_known = true;
    }
    return CW_OK;
}

/* Where a cut begins, and what it loses. */
static cw_status plan_cut(struct link *l)
{
    bool src_known = l->src == NULL;
    bool dst_known;
    uint64_t src_count = l->row.src_count;
    uint64_t acked = l->row.src_acked;
    uint64_t dst_count = 0;
    uint64_t unused;
    cw_status status = close_end(l, l->dst, &dst_known, &dst_count, &unused);
    if (status == CW_OK && l->src != NULL) {
        status = close_end(l, l->src, &src_known, &src_count, &acked);
    }
    if (status != CW_OK) {
        return status;
    }
    l->lost = 0;
    l->maybe_lost = 0;
    l->is_loss_unknown = false;
    uint64_t first;
    if (src_known && dst_known) {
        first = src_count > dst_count ? src_count : dst_count;
        l->lost = src_count > dst_count ? src_count - dst_count : 0;
    } else if (src_known) {
        const uint64_t seen = acked > l->row.dst_count ? acked : l->row.dst_count;
        first = src_count;
        l->maybe_lost = src_count > seen ? src_count - seen : 0;
    } else if (dst_known) {
        first = dst_count;
        l->lost = l->row.src_count > dst_count ? l->row.src_count - dst_count : 0;
        l->is_loss_unknown = !l->is_first;
    } else {
        first = l->row.src_count > l->row.dst_count ? l->row.src_count : l->row.dst_count;
        l->is_loss_unknown = !l->is_first;
    }
    if (l->row.mode != CW_MODE_STRICT) {
        l->lost = 0; /* gaps belong to these modes */
        l->maybe_lost = 0;
        l->is_loss_unknown = false;
    }
    l->row.first = first;
    l->row.start = CW_SETCONN_CUT;
    return CW_OK;
}

/* Choose a new epoch and write it down before anybody hears of it. */
static cw_status begin_epoch(struct link *l, bool cut)
{
    struct cw_app *app = l->app;
    uint32_t epoch = l->row.epoch;
    if (l->at_src != NULL && l->at_src->epoch > epoch) {
        epoch = l->at_src->epoch;
    }
    if (l->at_dst != NULL && l->at_dst->epoch > epoch) {
        epoch = l->at_dst->epoch;
    }
    l->old_channel = l->row.channel;
    cw_status status = CW_OK;
    uint64_t count = 0;
    if (cut) {
        status = plan_cut(l);
        count = l->row.first;
    } else {
        count = source_count(l);
        l->row.start = CW_SETCONN_CONTINUE;
        l->row.first = count;
    }
    if (status != CW_OK) {
        return status;
    }
    l->row.epoch = epoch + 1;
    l->row.limit_log2 = limit_above(l->limit_log2, count);
    l->row.phase = CW_PHASE_BEGUN;
    cw_secret_random(l->row.key, sizeof l->row.key);
    memcpy(l->row.dst_start, l->dst->row.start, CW_START_LEN);
    if (l->src != NULL) {
        memcpy(l->row.src_start, l->src->row.start, CW_START_LEN);
    }
    status = cw_state_begin(app->state);
    if (status != CW_OK) {
        return status;
    }
    if (l->src == NULL) { /* the owner will seal under this key: a copy of this state must not */
        status = cw_state_mark(app->state);
        if (status == CW_OK) {
            status = cw_state_mark_keep(app->state);
        }
    }
    if (status == CW_OK) {
        status = cw_state_next(app->state, "channel", &l->row.channel);
    }
    if (status == CW_OK && cut) {
        l->row.src_count = l->row.first;
        l->row.src_acked = l->row.first;
        l->row.dst_count = l->row.first;
        status = cw_state_outbox_drop(app->state, l->row.conn, UINT64_MAX >> 1);
    }
    if (status == CW_OK && l->old_channel != 0) {
        char name[48];
        char text[32];
        old_route_name(l->row.conn, name, sizeof name);
        snprintf(text, sizeof text, "%" PRIu32, l->old_channel);
        status = cw_state_fact_put(app->state, name, text);
    }
    if (status == CW_OK) {
        status = cw_state_connection_put(app->state, &l->row);
    }
    if (status == CW_OK) {
        return cw_state_commit(app->state);
    }
    cw_state_rollback(app->state);
    return status;
}

/* --- reporting ---------------------------------------- */

static void report(struct link *l, const char *what)
{
    char loss[192] = "";
    if (l->lost > 0 || l->maybe_lost > 0 || l->is_loss_unknown) {
        int len = snprintf(loss, sizeof loss, "; lost for certain: %" PRIu64, l->lost);
        if (l->maybe_lost > 0) {
            snprintf(loss + len, sizeof loss - (size_t)len,
                    ", outcome unknown: up to %" PRIu64, l->maybe_lost);
        } else if (l->is_loss_unknown) {
            snprintf(loss + len, sizeof loss - (size_t)len,
                    "; what its source sealed besides is not known");
        }
    }
    cw_app_step(l->app, "connect", "%s: %s, %s, epoch %" PRIu32 "%s", l->row.name,
            cw_cipher_name(l->row.cipher), what, l->row.epoch, loss);
}

static void look(struct link *l)
{
    l->at_dst = cw_remote_channel(l->dst, l->row.conn);
    l->at_src = l->src == NULL ? NULL : cw_remote_channel(l->src, l->row.conn);
}

/* Keep what the modules said. */
static cw_status keep_counts(struct link *l)
{
    if (l->at_dst != NULL) {
        l->row.dst_count = l->at_dst->count;
    }
    if (l->src != NULL && l->at_src != NULL) {
        l->row.src_count = l->at_src->count;
        l->row.src_acked = l->at_src->acked;
    }
    return cw_state_connection_put(l->app->state, &l->row);
}

static cw_status make(struct link *l, bool is_same, bool *ret_changed)
{
    struct cw_decision decision;
    cw_status status = CW_OK;
    l->is_first = l->row.epoch == 0;
    const how h = decide(l, is_same, &decision);
    if (h == HOW_KEEP) {
        *ret_changed = false;
        return keep_counts(l);
    }
    if (h == HOW_CONTINUE || h == HOW_CUT) {
        status = begin_epoch(l, h == HOW_CUT);
    }
    if (status == CW_OK) {
        status = complete(l);
    }
    if (status == CW_OK) {
        report(l, h == HOW_CONTINUE ? "rekeyed"
                        : h == HOW_FINISH ? "finished"
                        : h == HOW_ROUTE  ? "routed again"
                        : l->is_first     ? "new"
                                          : "cut and made anew");
    }
    return status;
}

/* The ends of a connection, its row, and what the row should be. */
static cw_status find(struct cw_app *app, const struct cw_descriptor_connection *connection,
        struct link *ret_link, bool *ret_is_same)
{
    struct link *l = ret_link;
    *l = (struct link){.app = app, .c = connection};
    l->dst = &app->remotes[connection->to - app->d.modules];
    l->src = connection->from == NULL ? NULL : &app->remotes[connection->from - app->d.modules];
    cw_status status = cw_state_connection(app->state, connection->name.value, &l->row);
    return status == CW_OK ? want(l, ret_is_same) : status;
}

cw_status cw_app_foresee(struct cw_app *app, const struct cw_descriptor_connection *connection,
        struct cw_decision *ret_decision)
{
    struct link l;
    bool is_same = false;
    cw_status status = find(app, connection, &l, &is_same);
    l.is_foreseen = true;
    if (status == CW_OK) {
        const struct cw_remote *unknown = l.dst->decision.action == CW_ACTION_UNKNOWN ? l.dst
                : l.src != NULL && l.src->decision.action == CW_ACTION_UNKNOWN        ? l.src
                                                                                      : NULL;
        if (unknown != NULL) {
            because(ret_decision, CW_ACTION_UNKNOWN, "module %s cannot be asked",
                    unknown->module->name.value);
        } else {
            (void)decide(&l, is_same, ret_decision);
        }
    }
    cw_bytes_wipe(&l.row, sizeof l.row);
    return status;
}

cw_status cw_app_old_route(struct cw_app *app, uint32_t conn, uint32_t *ret_channel)
{
    char name[48];
    char text[32];
    old_route_name(conn, name, sizeof name);
    *ret_channel = 0;
    cw_status status = cw_state_fact_get(app->state, name, text, sizeof text);
    if (status == CW_OK) {
        *ret_channel = (uint32_t)strtoul(text, NULL, 10);
    }
    return status == CW_E_ABSENT ? CW_OK : status;
}

cw_status cw_app_connect(struct cw_app *app, const struct cw_descriptor_connection *connection,
        bool *ret_changed)
{
    struct link l;
    bool is_same = false;
    *ret_changed = true;
    cw_status status = find(app, connection, &l, &is_same);
    if (status != CW_OK) {
        return status;
    }
    look(&l);
    status = make(&l, is_same, ret_changed);
    if (status == CW_OK && *ret_changed && l.row.start == CW_SETCONN_CUT && l.old_channel != 0) {
        status = unroute(&l, l.old_channel);
        char name[48];
        old_route_name(l.row.conn, name, sizeof name);
        if (status == CW_OK) {
            status = cw_state_fact_drop(app->state, name);
        }
    } else if (status == CW_OK) {
        status = end_old_route(&l);
    }
    cw_bytes_wipe(&l.row, sizeof l.row);
    return status;
}
