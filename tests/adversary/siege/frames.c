/* SPDX-License-Identifier: MIT */
/* Events, requests, responses and acknowledgements, bent in every way, and counters that jump. */
#include <stdio.h>
#include <string.h>

#include "tests/adversary/siege/siege.h"

struct aim {
    struct cw_siege *siege;
    struct cw_mate *mate;
    struct cw_snapshot before;
    unsigned entry;
};

static void at_entry(void *ctx, const uint8_t *bytes, size_t len, const char *what)
{
    struct aim *a = ctx;
    cw_siege_frame(a->siege, a->mate, &a->before, a->entry, bytes, len, what);
}

static void bend_at(struct cw_siege *s, struct cw_mate *m, unsigned entry,
        const struct cw_bytes *genuine)
{
    struct aim a = {.siege = s, .mate = m, .entry = entry};
    cw_siege_look(s->world, m, &a.before);
    cw_siege_bend(s, genuine, at_entry, &a);
}

/* --- responses: the module waits, and cannot be looked at ---------------------------------------------- */

struct waiting {
    struct cw_siege *siege;
    const struct cw_tie *tie;
    const struct cw_bytes *genuine;
    uint16_t auth;
    uint16_t replay;
};

/* What a response is refused for, in the order of section 7: shape, channel, counter, tag. */
static void at_waiting(void *ctx, const uint8_t *bytes, size_t len, const char *what)
{
    struct waiting *a = ctx;
    struct cw_heard heard;
    cw_ground_enter(a->siege->world->ground, a->tie->src->module, CW_ENTRY_RESPONSE, bytes, len,
            &heard);
    cw_siege_case(a->siege, heard.is_there && heard.result == CW_RESULT_REFUSED &&
            heard.items_len == 0, false, "response: %s (result %u)", what, heard.result);
    const bool shape = len >= CW_FRAME_LEN(0) && len % 2 == 0 &&
            len <= CW_FRAME_LEN(CW_WORLD_SMALL);
    const bool other = shape && memcmp(bytes, a->genuine->bytes, 4) == 0 &&
            memcmp(bytes + 4, a->genuine->bytes + 4, 8) != 0;
    a->auth = (uint16_t)(a->auth + (!other && len <= CW_WORLD_IN_CAP)); /* else it is not taken in */
    a->replay = (uint16_t)(a->replay + other);
}

/* While a request pends everything else waits. */
static void other_entries(struct cw_siege *s, const struct cw_tie *t, const struct cw_bytes *back)
{
    for (unsigned entry = 0; entry <= 13; entry++) {
        if (entry == CW_ENTRY_RESPONSE || entry == CW_ENTRY_CANCEL) {
            continue;
        }
        struct cw_heard heard;
        cw_ground_enter(s->world->ground, t->src->module, entry, back->bytes, back->len, &heard);
        cw_siege_case(s, heard.is_there && heard.result == CW_RESULT_AGAIN &&
                heard.items_len == 0, false, "entry %u while a request pends (result %u)", entry,
                heard.result);
    }
}

static void responses(struct cw_siege *s, const struct cw_tie *t, const struct cw_bytes *old)
{
    struct cw_snapshot before;
    struct cw_snapshot after;
    struct cw_bytes frame;
    struct cw_bytes back;
    cw_siege_look(s->world, t->src, &before);
    cw_world_emit(s->world, t, "what is it?", 11, &frame);
    cw_world_deliver(s->world, t, &frame, &back);
    struct waiting a = {s, t, &back, 0, 0};
    cw_siege_bend(s, &back, at_waiting, &a);
    at_waiting(&a, old->bytes, old->len, "the response to the request before");
    at_waiting(&a, frame.bytes, frame.len, "the request itself, reflected");
    other_entries(s, t, &back);
    cw_world_respond(s->world, t, &back);
    cw_siege_look(s->world, t->src, &after);
    /* All of them together: the counts say what was refused and why, one answer came. */
    struct cw_answer *c = NULL;
    for (size_t i = 0; i < before.count; i++) {
        c = before.channels[i].channel == t->setconn.channel ? &before.channels[i] : c;
    }
    if (c == NULL) {
        cw_siege_die("no channel of %s", t->name);
    }
    c->count++;
    c->acked = c->count;
    c->refused_auth = (uint16_t)(c->refused_auth + a.auth);
    c->refused_replay = (uint16_t)(c->refused_replay + a.replay);
    before.look[8]++; /* one answer more */
    (void)memcpy(before.look + 10, after.look + 10, sizeof after.look - 10);
    cw_siege_case(s, true, memcmp(&before, &after, sizeof after) != 0,
            "%u wrong tags and %u wrong counters in responses are counted as such", a.auth,
            a.replay);
}

/* --- the groups ------------------------------------------------------------------------------------------ */

static void one_tie(struct cw_siege *s, const struct cw_tie *t)
{
    struct cw_bytes frame;
    struct cw_bytes back;
    const bool asks = t->output == CW_TIE_ASK;
    cw_world_emit(s->world, t, "bend me", 7, &frame);
    bend_at(s, t->dst, asks ? CW_ENTRY_REQUEST : CW_ENTRY_EVENT, &frame);
    cw_world_deliver(s->world, t, &frame, &back); /* what was bent is good */
    if (asks) {
        cw_world_respond(s->world, t, &back);
        cw_siege_group(s, "responses: bits, lengths, replay, reflection");
        responses(s, t, &back);
    } else if (t->setconn.identity.mode == CW_MODE_STRICT) {
        cw_siege_group(s, "acknowledgements: bits, lengths");
        cw_world_ack(s->world, t, &back);
        bend_at(s, t->src, CW_ENTRY_ACK_TAKE, &back);
        cw_world_acked(s->world, t, &back);
    }
}

void cw_siege_frames(struct cw_siege *s)
{
    static const char *const names[] = {"events, strict: bits, lengths",
            "events, latest: bits, lengths", "requests: bits, lengths"};
    for (size_t i = 0; i < s->world->tie_count; i++) {
        const struct cw_tie *t = &s->world->ties[i];
        if (t->dst == s->world->bob) {
            const bool spongent = strcmp(t->name, "spongent") == 0;
            cw_siege_group(s, spongent ? "events, strict, spongent: bits, lengths"
                                       : names[t->setconn.identity.mode]);
            one_tie(s, t);
        }
    }
    cw_world_pass(s->world);
}

static void put_u64(uint8_t *bytes, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

/* Genuine frames with another counter written on them. */
static void jumps(struct cw_siege *s, const struct cw_tie *t)
{
    struct cw_bytes frame;
    struct cw_bytes back;
    struct cw_snapshot before;
    const unsigned entry = t->output == CW_TIE_ASK ? CW_ENTRY_REQUEST : CW_ENTRY_EVENT;
    cw_world_emit(s->world, t, "jump", 4, &frame);
    uint64_t now;
    (void)memcpy(&now, frame.bytes + 4, sizeof now);
    cw_siege_look(s->world, t->dst, &before);
    struct cw_bytes bent = frame;
    for (unsigned shift = 0; shift < 64; shift++) {
        const uint64_t step = UINT64_C(1) << shift;
        const uint64_t values[] = {now + step, now - step, step, step - 1, ~step};
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            if (values[i] == now || cw_siege_skips(s)) {
                continue;
            }
            put_u64(bent.bytes + 4, values[i]);
            cw_siege_frame(s, t->dst, &before, entry, bent.bytes, bent.len, "another counter");
        }
    }
    cw_world_deliver(s->world, t, &frame, &back);
    if (t->output == CW_TIE_ASK) {
        cw_world_respond(s->world, t, &back);
    } else if (t->setconn.identity.mode == CW_MODE_STRICT) {
        cw_world_ack(s->world, t, &back);
        /* An acknowledgement of another count. */
        cw_siege_look(s->world, t->src, &before);
        bent = back;
        for (unsigned shift = 0; shift < 64; shift++) {
            put_u64(bent.bytes + 4, (now + 1) ^ (UINT64_C(1) << shift));
            cw_siege_frame(s, t->src, &before, CW_ENTRY_ACK_TAKE, bent.bytes, bent.len,
                    "another count");
        }
        cw_world_acked(s->world, t, &back);
    }
}

void cw_siege_counters(struct cw_siege *s)
{
    cw_siege_group(s, "counters that jump: huge, zero, wrapped");
    for (size_t i = 0; i < s->world->tie_count; i++) {
        if (s->world->ties[i].dst == s->world->bob) {
            jumps(s, &s->world->ties[i]);
        }
    }
    cw_world_pass(s->world);
}

void cw_siege_flood(struct cw_siege *s, unsigned count)
{
    cw_siege_group(s, "floods of forgeries: counts saturate, genuine events pass");
    const struct cw_tie *t = &s->world->ties[0];
    struct cw_bytes frame;
    struct cw_bytes back;
    struct cw_snapshot before;
    struct cw_snapshot after;
    cw_world_emit(s->world, t, "through", 7, &frame);
    cw_siege_look(s->world, t->dst, &before);
    struct cw_bytes bent = frame;
    bent.bytes[bent.len - 1] ^= 1;
    unsigned refused = 0;
    for (unsigned i = 0; i < count; i++) {
        struct cw_heard heard;
        cw_ground_enter(s->world->ground, t->dst->module, CW_ENTRY_EVENT, bent.bytes, bent.len,
                &heard);
        refused += heard.is_there && heard.result == CW_RESULT_REFUSED && heard.items_len == 0;
    }
    cw_siege_look(s->world, t->dst, &after);
    for (size_t i = 0; i < before.count; i++) {
        struct cw_answer *c = &before.channels[i];
        if (c->channel == t->setconn.channel) {
            const uint32_t sum = (uint32_t)c->refused_auth + count;
            c->refused_auth = (uint16_t)(sum > UINT16_MAX ? UINT16_MAX : sum);
        }
    }
    cw_siege_case(s, refused == count, memcmp(&before, &after, sizeof after) != 0,
            "%u of %u forgeries refused", refused, count);
    cw_world_deliver(s->world, t, &frame, &back);
    cw_world_ack(s->world, t, &back);
    cw_world_acked(s->world, t, &back);
    cw_world_pass(s->world);
}
