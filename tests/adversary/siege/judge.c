/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/reader.h"
#include "core/wire/writer.h"
#include "posix/log.h"
#include "tests/adversary/siege/siege.h"

#define SHOWN_MAX 20u

/* --- counting ------------------------------------------------------------------------------------ */

void cw_siege_group(struct cw_siege *s, const char *name)
{
    for (size_t i = 0; i < s->group_count; i++) {
        if (strcmp(s->groups[i].name, name) == 0) {
            s->group = &s->groups[i];
            return;
        }
    }
    if (s->group_count == CW_SIEGE_GROUPS_MAX) {
        cw_siege_die("too many groups");
    }
    s->group = &s->groups[s->group_count++];
    *s->group = (struct cw_group){.name = name};
}

void cw_siege_case(struct cw_siege *s, bool refused, bool changed, const char *format, ...)
{
    struct cw_group *g = s->group;
    g->cases++;
    g->refused += refused;
    g->changed += changed;
    if ((refused && !changed) || s->shown == SHOWN_MAX) {
        return;
    }
    s->shown++;
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    cw_log_error("%s: %s: %s%s", g->name, line, refused ? "" : "not refused as it must be",
            changed ? ", and something changed" : "");
}

bool cw_siege_report(const struct cw_siege *s, bool json, const char *tee)
{
    struct cw_group all = {.name = tee};
    json_t *groups = json_array();
    for (size_t i = 0; i < s->group_count; i++) {
        const struct cw_group *g = &s->groups[i];
        all.cases += g->cases;
        all.refused += g->refused;
        all.changed += g->changed;
        json_array_append_new(groups, json_pack("{s:s, s:i, s:i, s:i}", "group", g->name, "cases",
                                              g->cases, "refused", g->refused, "changed",
                                              g->changed));
        if (!json) {
            printf("  %7u cases, %7u refused, %u changed state  %s\n", g->cases, g->refused,
                    g->changed, g->name);
        }
    }
    json_t *whole = json_pack("{s:s, s:i, s:i, s:i, s:o}", "tee", tee, "cases", all.cases,
            "refused", all.refused, "changed", all.changed, "groups", groups);
    if (json && json_dumpf(whole, stdout, JSON_COMPACT) == 0) {
        printf("\n");
    } else if (!json) {
        printf("%s: %u cases, %u refused with the expected reason, %u changed state\n", tee,
                all.cases, all.refused, all.changed);
    }
    json_decref(whole);
    return all.cases > 0 && all.refused == all.cases && all.changed == 0;
}

/* --- looking ------------------------------------------------------------------------------------- */

/* life, and what the module itself tells: anyone may ask for both. */
static void look_from_outside(struct cw_world *w, struct cw_mate *m, struct cw_snapshot *ret)
{
    struct cw_heard heard;
    size_t len = 0;
    uint8_t attest[CW_ATTEST_LEN];
    static const uint8_t nonce[CW_NONCE_LEN];
    cw_attest_encode(nonce, attest);
    cw_ground_enter(w->ground, m->module, CW_ENTRY_ATTEST, attest, sizeof attest, &heard);
    const uint8_t *life = cw_heard_item(&heard, CW_FRAME_REPLY, &len);
    if (life == NULL || len < CW_EVIDENCE_LEN) {
        cw_siege_die("%s gives no evidence", m->name);
    }
    (void)memcpy(ret->life, life, CW_EVIDENCE_LEN);
    uint8_t call[4] = {0};
    const uint16_t index = cw_world_index(m, "look");
    call[0] = (uint8_t)index;
    call[1] = (uint8_t)(index >> 8);
    cw_ground_enter(w->ground, m->module, CW_ENTRY_CALL, call, sizeof call, &heard);
    const uint8_t *look = cw_heard_item(&heard, CW_FRAME_REPLY, &len);
    if (look == NULL || len > sizeof ret->look) {
        cw_siege_die("%s cannot be looked at", m->name);
    }
    (void)memcpy(ret->look, look, len);
}

void cw_siege_look(struct cw_world *w, struct cw_mate *m, struct cw_snapshot *ret)
{
    *ret = (struct cw_snapshot){.count = 0};
    look_from_outside(w, m, ret);
    if (!m->session.is_open) {
        return;
    }
    size_t total = 1;
    for (uint16_t i = 0; i < total; i++) {
        const uint8_t index[CW_QUERY_LEN] = {(uint8_t)i, (uint8_t)(i >> 8)};
        struct cw_answer answer;
        cw_world_command(w, m, CW_MANAGE_QUERY, index, sizeof index, &answer);
        total = answer.total;
        if (total > CW_WORLD_CHANNELS) {
            cw_siege_die("%s has more channels than expected", m->name);
        }
        if (i < total) {
            ret->channels[i] = answer;
        }
    }
    ret->count = total;
}

/* --- what must become of bytes ---------------------------------------------------------------------- */

static const struct cw_tie *tie_of(const struct cw_world *w, uint32_t conn)
{
    for (size_t i = 0; i < w->tie_count; i++) {
        if (w->ties[i].setconn.identity.conn == conn) {
            return &w->ties[i]; /* a twin has the same shape */
        }
    }
    cw_siege_die("nobody knows connection %u", conn);
}

/* Steps 1, 3, 4 and 6 of section 7; step 5 (again) cannot be where no output is full. */
static cw_fate fate_at_sink(const struct cw_answer *c, unsigned mode, unsigned entry,
        const uint8_t *bytes, size_t len)
{
    struct cw_reader r = cw_reader_over(bytes, len);
    (void)cw_reader_u32(&r);
    const uint64_t counter = cw_reader_u64(&r);
    if (entry != (mode == CW_MODE_REQUEST ? CW_ENTRY_REQUEST : CW_ENTRY_EVENT)) {
        return CW_FATE_UNCOUNTED;
    }
    if (len < CW_FRAME_LEN(0) || len % 2 != 0 || len > CW_FRAME_LEN(CW_WORLD_SMALL)) {
        return CW_FATE_AUTH;
    }
    const bool is_next = mode == CW_MODE_STRICT ? counter == c->count : counter >= c->count;
    return is_next && counter != UINT64_MAX ? CW_FATE_AUTH : CW_FATE_REPLAY;
}

/* An acknowledgement of no more than was sealed; the answer to a request comes by no such entry. */
static cw_fate fate_at_source(const struct cw_answer *c, unsigned mode, unsigned entry,
        const uint8_t *bytes, size_t len)
{
    struct cw_reader r = cw_reader_over(bytes, len);
    (void)cw_reader_u32(&r);
    const uint64_t counter = cw_reader_u64(&r);
    if (entry != CW_ENTRY_ACK_TAKE || mode == CW_MODE_REQUEST) {
        return CW_FATE_UNCOUNTED;
    }
    const bool has_form = len >= CW_FRAME_LEN(0) && len % 2 == 0 && len <= CW_FRAME_LEN(CW_WORLD_SMALL);
    const bool is_due = counter <= c->count && counter != UINT64_MAX;
    return mode == CW_MODE_STRICT && has_form && !is_due ? CW_FATE_REPLAY : CW_FATE_AUTH;
}

struct cw_forecast cw_siege_forecast(const struct cw_world *w, const struct cw_snapshot *before,
        unsigned entry, const uint8_t *bytes, size_t len)
{
    struct cw_reader r = cw_reader_over(bytes, len);
    const uint32_t id = cw_reader_u32(&r);
    for (size_t i = 0; r.status == CW_OK && len <= CW_WORLD_IN_CAP && i < before->count; i++) {
        const struct cw_answer *c = &before->channels[i];
        if (c->channel != id || (c->flags & CW_ANSWER_CLOSED) != 0) {
            continue;
        }
        const unsigned mode = tie_of(w, c->conn)->setconn.identity.mode;
        const bool is_source = (c->flags & CW_ANSWER_SOURCE) != 0;
        return (struct cw_forecast){(is_source ? fate_at_source : fate_at_sink)(c, mode, entry, bytes, len), id};
    }
    return (struct cw_forecast){CW_FATE_UNCOUNTED, 0};
}

static void count_up(uint16_t *count)
{
    *count = (uint16_t)(*count + (*count != UINT16_MAX));
}

static void expect(struct cw_snapshot *s, struct cw_forecast forecast)
{
    for (size_t i = 0; i < s->count; i++) {
        struct cw_answer *c = &s->channels[i];
        if (c->channel == forecast.channel && (c->flags & CW_ANSWER_CLOSED) == 0) {
            if (forecast.fate == CW_FATE_AUTH) {
                count_up(&c->refused_auth);
            } else if (forecast.fate == CW_FATE_REPLAY) {
                count_up(&c->refused_replay);
            }
        }
    }
}

/* Is the difference in refusal counts alone?  Then the reason is another, and nothing worse. */
static bool is_worse(const struct cw_snapshot *expected, const struct cw_snapshot *after)
{
    struct cw_snapshot a = *expected;
    struct cw_snapshot b = *after;
    for (size_t i = 0; i < CW_WORLD_CHANNELS; i++) {
        a.channels[i].refused_auth = b.channels[i].refused_auth = 0;
        a.channels[i].refused_replay = b.channels[i].refused_replay = 0;
    }
    return memcmp(&a, &b, sizeof a) != 0;
}

void cw_siege_try(struct cw_siege *s, struct cw_mate *m, struct cw_snapshot *before,
        unsigned entry, const uint8_t *bytes, size_t len, struct cw_forecast forecast,
        const char *what)
{
    struct cw_heard heard;
    struct cw_snapshot after;
    cw_ground_enter(s->world->ground, m->module, entry, bytes, len, &heard);
    if (!heard.is_there) {
        cw_siege_die("%s: %s died of it", what, m->name);
    }
    const cw_result wanted =
            forecast.fate == CW_FATE_AGAIN ? CW_RESULT_AGAIN : CW_RESULT_REFUSED;
    const bool refused = heard.result == wanted && heard.items_len == 0;
    if (!refused) { /* said before the look, which may fail for it */
        cw_siege_case(s, false, heard.result == CW_RESULT_DONE || heard.items_len != 0,
                "%s at %s, entry %u, %zu bytes (result %u)", what, m->name, entry, len,
                heard.result);
        cw_siege_look(s->world, m, before);
        return;
    }
    cw_siege_look(s->world, m, &after);
    struct cw_snapshot expected = *before;
    expect(&expected, forecast);
    const bool same = memcmp(&expected, &after, sizeof after) == 0;
    const bool changed = !same && is_worse(&expected, &after);
    cw_siege_case(s, same || changed, changed, "%s at %s, entry %u, %zu bytes (result %u)", what,
            m->name, entry, len, heard.result);
    *before = after;
}

void cw_siege_frame(struct cw_siege *s, struct cw_mate *m, struct cw_snapshot *before,
        unsigned entry, const uint8_t *bytes, size_t len, const char *what)
{
    cw_siege_try(s, m, before, entry, bytes, len,
            cw_siege_forecast(s->world, before, entry, bytes, len), what);
}

bool cw_siege_skips(struct cw_siege *s)
{
    return s->stride >= 8 && s->turn++ % 7 != 0;
}

/* --- bending ---------------------------------------------------------------------------------------- */

void cw_siege_bend(const struct cw_siege *s, const struct cw_bytes *genuine, cw_bend_fn attack,
        void *ctx)
{
    uint8_t bent[2048];
    char what[48];
    if (s->is_planted) {
        attack(ctx, genuine->bytes, genuine->len, "planted: the genuine message");
    }
    (void)memcpy(bent, genuine->bytes, genuine->len);
    for (unsigned bit = 0; bit < 8 * genuine->len; bit += s->stride) {
        bent[bit / 8] ^= (uint8_t)(1u << bit % 8);
        (void)snprintf(what, sizeof what, "bit %u flipped", bit);
        attack(ctx, bent, genuine->len, what);
        bent[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < genuine->len; len += s->stride < 8 ? 1 : 3) {
        (void)snprintf(what, sizeof what, "cut to %zu bytes", len);
        attack(ctx, genuine->bytes, len, what);
    }
    static const size_t longer[] = {1, 2, 3, 4, 8, 16, 17, 64, 100, 1000};
    for (size_t i = 0; i < sizeof longer / sizeof *longer; i++) {
        for (int fill = 0; fill < 2; fill++) {
            (void)memset(bent + genuine->len, fill * 0x80, longer[i]);
            (void)snprintf(what, sizeof what, "%zu bytes longer", longer[i]);
            attack(ctx, bent, genuine->len + longer[i], what);
        }
    }
}
