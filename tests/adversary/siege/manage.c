/* SPDX-License-Identifier: MIT */
/* OPEN and commands: bent, replayed, delayed, of other sessions, modules and owners. */
#include <string.h>

#include "core/wire/writer.h"
#include "tests/adversary/siege/siege.h"

#define FAR 1000000u /* a seq that no look reaches */

struct aim {
    struct cw_siege *siege;
    struct cw_mate *mate;
    struct cw_snapshot before;
};

static const struct cw_forecast silent = {CW_FATE_UNCOUNTED, 0};

static void at_manage(void *ctx, const uint8_t *bytes, size_t len, const char *what)
{
    struct aim *a = ctx;
    cw_siege_try(a->siege, a->mate, &a->before, CW_ENTRY_MANAGE, bytes, len, silent, what);
}

static void bend_at(struct cw_siege *s, struct cw_mate *m, const struct cw_bytes *genuine)
{
    struct aim a = {.siege = s, .mate = m};
    cw_siege_look(s->world, m, &a.before);
    cw_siege_bend(s, genuine, at_manage, &a);
}

/* Deliver what was sealed with a seq of its own, and go on from there. */
static void obey(struct cw_world *w, struct cw_mate *m, uint8_t type, const struct cw_bytes *message,
        struct cw_answer *ret_answer)
{
    struct cw_heard heard;
    size_t len = 0;
    (void)memcpy(&m->session.seq, message->bytes + 8, sizeof m->session.seq);
    cw_ground_enter(w->ground, m->module, CW_ENTRY_MANAGE, message->bytes, message->len, &heard);
    const uint8_t *item = cw_heard_item(&heard, CW_FRAME_REPLY, &len);
    struct cw_bytes answer = {.len = len};
    if (item == NULL || len > sizeof answer.bytes) {
        cw_siege_die("a genuine command of type %u is not obeyed", type);
    }
    (void)memcpy(answer.bytes, item, len);
    if (cw_manager_answer(&m->session, type, answer.bytes, len, ret_answer) != CW_OK ||
            ret_answer->status != CW_OK) {
        cw_siege_die("a genuine command of type %u gets status %u", type, ret_answer->status);
    }
}

static void open_is_bent(struct cw_siege *s, struct cw_mate *m)
{
    struct cw_bytes evidence;
    struct cw_bytes open;
    struct cw_bytes opened;
    struct cw_mate shadow = *m; /* the session that is open stays so until OPEN is delivered */
    cw_world_attest(s->world, &shadow, &evidence);
    if (!cw_world_open_message(&shadow, m->sessions + 1, m->built->root_key, m->owner->secret,
                &open)) {
        cw_siege_die("no OPEN");
    }
    cw_siege_group(s, "OPEN: bits, lengths");
    bend_at(s, m, &open);
    struct cw_heard heard;
    cw_ground_enter(s->world->ground, m->module, CW_ENTRY_MANAGE, open.bytes, open.len, &heard);
    const uint8_t *item = cw_heard_item(&heard, CW_FRAME_REPLY, &opened.len);
    if (item == NULL || cw_manager_opened(&shadow.session, item, opened.len) != CW_OK) {
        cw_siege_die("the genuine OPEN is not taken");
    }
    *m = shadow;
    m->sessions++;
    cw_siege_group(s, "OPEN: replayed, of a stranger, with another number");
    bend_at(s, m, &(struct cw_bytes){0});
    struct aim a = {.siege = s, .mate = m};
    cw_siege_look(s->world, m, &a.before);
    at_manage(&a, open.bytes, open.len, "the OPEN that was taken, again");
    for (unsigned round = 0; round < 16; round++) {
        uint8_t secret[CW_DH_LEN];
        cw_world_random(secret, sizeof secret);
        shadow = *m;
        cw_world_attest(s->world, &shadow, &evidence);
        if (cw_world_open_message(&shadow, m->sessions + 1 + round, secret, secret, &open)) {
            at_manage(&a, open.bytes, open.len, "OPEN of somebody without the key");
        }
        const uint32_t number = round < 8 ? m->sessions - round % m->sessions : 0;
        shadow = *m;
        cw_world_attest(s->world, &shadow, &evidence);
        if (cw_world_open_message(&shadow, number, m->built->root_key, m->owner->secret, &open)) {
            at_manage(&a, open.bytes, open.len, "OPEN with a number that is not above the last");
        }
    }
}

/* A sealed command with a far seq: bent, then obeyed, then brought again. */
static void command_is_bent(struct cw_siege *s, struct cw_mate *m, uint8_t type, const void *body,
        size_t len, const char *group)
{
    struct cw_bytes message;
    struct cw_answer answer;
    cw_siege_group(s, group);
    cw_world_seal(m, type, m->session.seq + FAR, body, len, &message);
    bend_at(s, m, &message);
    obey(s->world, m, type, &message, &answer);
    struct aim a = {.siege = s, .mate = m};
    cw_siege_look(s->world, m, &a.before);
    at_manage(&a, message.bytes, message.len, "a command that was obeyed, again");
}

/* What is held back until a later one was obeyed is dead: a query is a fence. */
static void delayed(struct cw_siege *s, struct cw_mate *m)
{
    cw_siege_group(s, "commands: delayed behind a query, older sessions, of another module or owner");
    struct aim a = {.siege = s, .mate = m};
    struct cw_bytes held[3];
    uint8_t body[CW_SETCONN_LEN];
    const struct cw_setconn next = cw_world_renew(s->world, &s->world->ties[0], true);
    cw_setconn_bytes(&next, body);
    const uint32_t all = CW_DISABLE_ALL;
    const uint8_t index[CW_QUERY_LEN] = {0};
    cw_world_seal(m, CW_MANAGE_SETCONN, m->session.seq + 1, body, sizeof body, &held[0]);
    cw_world_seal(m, CW_MANAGE_DISABLE, m->session.seq + 2, &all, sizeof all, &held[1]);
    cw_world_seal(m, CW_MANAGE_QUERY, m->session.seq + 3, index, sizeof index, &held[2]);
    m->session.seq += 3;
    cw_siege_look(s->world, m, &a.before); /* queries */
    for (size_t i = 0; i < 3; i++) {
        at_manage(&a, held[i].bytes, held[i].len, "a command held back behind a query");
    }
    /* The same to all other modules, and theirs to this one. */
    cw_world_seal(m, CW_MANAGE_DISABLE, m->session.seq + FAR, &all, sizeof all, &held[0]);
    for (size_t i = 0; i < s->world->mate_count; i++) {
        struct cw_mate *other = &s->world->mates[i];
        if (other == m) {
            continue;
        }
        struct aim b = {.siege = s, .mate = other};
        cw_siege_look(s->world, other, &b.before);
        at_manage(&b, held[0].bytes, held[0].len, "a command to another module");
        cw_world_seal(other, CW_MANAGE_DISABLE, m->session.seq + FAR, &all, sizeof all, &held[1]);
        cw_siege_look(s->world, m, &a.before);
        at_manage(&a, held[1].bytes, held[1].len, "a command of another module's session");
    }
    /* A command with a far seq, and then a new session: its number does not save it. */
    struct cw_bytes open;
    struct cw_bytes opened;
    const struct cw_mate past = *m;
    cw_world_claim(s->world, m, &open, &opened);
    cw_siege_look(s->world, m, &a.before);
    at_manage(&a, held[0].bytes, held[0].len, "a command of an older session");
    for (uint32_t seq = 1; seq < 40; seq++) {
        cw_world_seal(&past, CW_MANAGE_DISABLE, seq * 17, &all, sizeof all, &held[1]);
        at_manage(&a, held[1].bytes, held[1].len, "a command of an older session");
        (void)memcpy(held[1].bytes + 4, &m->session.number, 4);
        at_manage(&a, held[1].bytes, held[1].len, "the same under the new number");
    }
}

/* --- authentic orders that are not to be obeyed: of an owner in error, or with an old state ------------ */

static void refuse_order(struct cw_siege *s, struct cw_mate *m, struct cw_snapshot *before,
        uint8_t type, const void *body, size_t len, cw_status wanted, const char *what)
{
    struct cw_answer answer;
    struct cw_snapshot after;
    cw_world_command(s->world, m, type, body, len, &answer);
    cw_siege_look(s->world, m, &after);
    cw_siege_case(s, answer.status == wanted, memcmp(before, &after, sizeof after) != 0,
            "%s: status %u, expected %u", what, answer.status, (unsigned)wanted);
    *before = after;
}

static void wrong_setconns(struct cw_siege *s, struct cw_mate *m)
{
    const struct cw_tie *t = &s->world->ties[0];
    const struct cw_tie *other = &s->world->ties[1];
    struct cw_setconn good = cw_world_renew(s->world, t, true);
    good.local = cw_world_index(m, t->dst_endpoint);
    struct cw_setconn w[32];
    struct {
        cw_status status;
        const char *what;
    } rows[32];
    size_t count = 0;
    /* One change each. */
#define WRONG(reason, text, ...) \
    do { \
        struct cw_setconn *x = &w[count]; \
        *x = good; \
        __VA_ARGS__; \
        rows[count].status = reason; \
        rows[count].what = text; \
        count++; \
    } while (0)
    WRONG(CW_E_REPLAY, "the epoch that is there", x->identity.epoch--);
    WRONG(CW_E_REPLAY, "an older epoch", x->identity.epoch = 0);
    WRONG(CW_E_REPLAY, "an older epoch that goes on", x->identity.epoch = 0;
            x->start = CW_SETCONN_CONTINUE);
    WRONG(CW_E_DENIED, "neither end is this module", x->identity.dst_module = 99);
    WRONG(CW_E_DENIED, "both ends are this module", x->identity.src_module = m->number);
    WRONG(CW_E_DENIED, "cipher 0", x->identity.cipher = 0);
    WRONG(CW_E_DENIED, "cipher 3", x->identity.cipher = 3);
    WRONG(CW_E_DENIED, "cipher 255", x->identity.cipher = 255);
    WRONG(CW_E_FORM, "mode 3", x->identity.mode = 3);
    WRONG(CW_E_FORM, "mode 255", x->identity.mode = 255);
    WRONG(CW_E_FORM, "reserved bytes", x->identity.zero = 1);
    WRONG(CW_E_FORM, "no window", x->window = 0);
    WRONG(CW_E_FORM, "limit 0", x->limit = 0);
    WRONG(CW_E_FORM, "start 2", x->start = 2);
    WRONG(CW_E_ABSENT, "an endpoint that is not there", x->local = 500);
    WRONG(CW_E_ABSENT, "an output as a sink", x->local = cw_world_index(m, "out_0"));
    WRONG(CW_E_ABSENT, "a handler as an input", x->local = cw_world_index(m, "answer"));
    WRONG(CW_E_ABSENT, "an entry as an input", x->local = cw_world_index(m, "emit"));
    WRONG(CW_E_ABSENT, "an input as a handler", x->identity.mode = CW_MODE_REQUEST);
    WRONG(CW_E_SPACE, "events of one byte more", x->event_max = CW_WORLD_SMALL + 1);
    WRONG(CW_E_SPACE, "events of 4 GiB", x->event_max = UINT32_MAX);
    WRONG(CW_E_REPLAY, "the channel that is there", x->channel = t->setconn.channel);
    WRONG(CW_E_REPLAY, "another connection's channel", x->channel = other->setconn.channel);
    WRONG(CW_E_STATE, "going on with what never was", x->identity.conn = 999;
            x->start = CW_SETCONN_CONTINUE);
    WRONG(CW_E_REPLAY, "the other end of its connection", x->identity.dst_module = 99;
            x->identity.src_module = m->number; x->local = cw_world_index(m, "out_1"));
#undef WRONG
    struct cw_snapshot before;
    uint8_t body[CW_SETCONN_LEN];
    cw_siege_look(s->world, m, &before);
    for (size_t i = 0; i < count; i++) {
        cw_setconn_bytes(&w[i], body);
        refuse_order(s, m, &before, CW_MANAGE_SETCONN, body, sizeof body, rows[i].status,
                rows[i].what);
    }
    cw_setconn_bytes(&good, body);
    refuse_order(s, m, &before, CW_MANAGE_SETCONN, body, sizeof body - 2, CW_E_STATE, "too short");
}

static void wrong_orders(struct cw_siege *s, struct cw_mate *m)
{
    cw_siege_group(s, "authentic orders that are not to be obeyed");
    wrong_setconns(s, m);
    struct cw_snapshot before;
    const uint8_t zeros[CW_SETCONN_LEN] = {0};
    cw_siege_look(s->world, m, &before);
    static const uint8_t unknown[] = {0, 6, 7, 0x40, 0x7f};
    for (size_t i = 0; i < sizeof unknown; i++) {
        refuse_order(s, m, &before, unknown[i], zeros, 4, CW_E_STATE, "a type that is none");
    }
    refuse_order(s, m, &before, CW_MANAGE_QUERY, zeros, 2, CW_E_STATE, "a short QUERY");
    refuse_order(s, m, &before, CW_MANAGE_QUERY, zeros, 6, CW_E_STATE, "a long QUERY");
    refuse_order(s, m, &before, CW_MANAGE_DISABLE, zeros, 2, CW_E_STATE, "a short DISABLE");
    refuse_order(s, m, &before, CW_MANAGE_DISABLE, zeros, 4, CW_E_ABSENT, "DISABLE of nothing");
    /* A module that was ended obeys nothing but queries, and takes no event. */
    const uint32_t all = CW_DISABLE_ALL;
    struct cw_answer answer;
    struct cw_bytes frame;
    const struct cw_tie *t = &s->world->ties[0];
    cw_world_emit(s->world, t, "late", 4, &frame);
    cw_world_command(s->world, m, CW_MANAGE_DISABLE, &all, sizeof all, &answer);
    uint8_t body[CW_SETCONN_LEN];
    struct cw_setconn next = cw_world_renew(s->world, t, true);
    next.local = cw_world_index(m, t->dst_endpoint);
    cw_setconn_bytes(&next, body);
    cw_siege_look(s->world, m, &before);
    refuse_order(s, m, &before, CW_MANAGE_SETCONN, body, sizeof body, CW_E_STATE,
            "SETCONN of a module that was ended");
    refuse_order(s, m, &before, CW_MANAGE_DISABLE, &all, sizeof all, CW_E_STATE,
            "DISABLE of a module that was ended");
    cw_siege_frame(s, m, &before, CW_ENTRY_EVENT, frame.bytes, frame.len,
            "a genuine event for a module that was ended");
    cw_world_again(s->world);
}

void cw_siege_manage(struct cw_siege *s)
{
    struct cw_mate *m = s->world->bob;
    open_is_bent(s, m);
    const uint8_t index[CW_QUERY_LEN] = {0};
    command_is_bent(s, m, CW_MANAGE_QUERY, index, sizeof index, "QUERY: bits, lengths, replay");
    /* A rekey of the first connection, whose source follows. */
    struct cw_tie *t = &s->world->ties[0];
    uint8_t body[CW_SETCONN_LEN];
    t->setconn = cw_world_renew(s->world, t, false);
    t->setconn.local = cw_world_index(m, t->dst_endpoint);
    cw_setconn_bytes(&t->setconn, body);
    command_is_bent(s, m, CW_MANAGE_SETCONN, body, sizeof body, "SETCONN: bits, lengths, replay");
    struct cw_answer answer;
    t->setconn.local = cw_world_index(t->src, t->src_endpoint);
    cw_setconn_bytes(&t->setconn, body);
    cw_world_command(s->world, t->src, CW_MANAGE_SETCONN, body, sizeof body, &answer);
    cw_world_pass(s->world);
    delayed(s, m);
    cw_world_pass(s->world);
    command_is_bent(s, m, CW_MANAGE_DISABLE, &t->setconn.channel, CW_DISABLE_LEN,
            "DISABLE: bits, lengths, replay");
    cw_world_tie(s->world, t, true);
    cw_world_pass(s->world);
    wrong_orders(s, m);
}
