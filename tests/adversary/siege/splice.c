/* SPDX-License-Identifier: MIT */
/* Anything anywhere else than it belongs: connections, directions, owners, entries, types. */
#include <stdio.h>
#include <string.h>

#include "tests/adversary/siege/siege.h"

#define FRAMES_MAX 24u

struct caught {
    char what[48];
    struct cw_bytes bytes;
};

static void keep(struct caught *c, const char *what, const uint8_t *bytes, size_t len)
{
    if (len > sizeof c->bytes.bytes) {
        cw_siege_die("%s is too long to keep", what);
    }
    (void)snprintf(c->what, sizeof c->what, "%s", what);
    (void)memcpy(c->bytes.bytes, bytes, len);
    c->bytes.len = len;
}

/* Of bob's owner, and what bob answered. */
static size_t catch_management(struct cw_world *w, struct caught *caught)
{
    struct cw_mate *m = w->bob;
    struct cw_mate shadow = *m;
    struct cw_bytes evidence;
    struct cw_bytes open;
    struct cw_bytes opened;
    struct cw_bytes command;
    struct cw_heard heard;
    size_t len = 0;
    const uint8_t index[CW_QUERY_LEN] = {0};
    cw_world_attest(w, &shadow, &evidence);
    cw_world_claim(w, m, &open, &opened);
    cw_world_seal(m, CW_MANAGE_QUERY, m->session.seq + 1, index, sizeof index, &command);
    m->session.seq++;
    cw_ground_enter(w->ground, m->module, CW_ENTRY_MANAGE, command.bytes, command.len, &heard);
    const uint8_t *answer = cw_heard_item(&heard, CW_FRAME_REPLY, &len);
    if (answer == NULL) {
        cw_siege_die("bob does not answer");
    }
    keep(&caught[0], "evidence", evidence.bytes, evidence.len);
    keep(&caught[1], "OPEN", open.bytes, open.len);
    keep(&caught[2], "OPENED", opened.bytes, opened.len);
    keep(&caught[3], "a command", command.bytes, command.len);
    keep(&caught[4], "an answer", answer, len);
    return 5;
}

/* One of everything that travels, delivered, so that nobody expects it any more. */
static size_t catch_all(struct cw_world *w, struct caught *caught)
{
    size_t count = catch_management(w, caught);
    for (size_t i = 0; i < w->tie_count; i++) {
        const struct cw_tie *t = &w->ties[i];
        struct caught *frame = &caught[count++];
        struct caught *back = &caught[count++];
        (void)snprintf(frame->what, sizeof frame->what, "frame of %s", t->name);
        (void)snprintf(back->what, sizeof back->what, "answer of %s", t->name);
        cw_world_emit(w, t, "splice", 6, &frame->bytes);
        cw_world_deliver(w, t, &frame->bytes, &back->bytes);
        if (t->output == CW_TIE_ASK) {
            cw_world_respond(w, t, &back->bytes);
        } else if (t->setconn.identity.mode == CW_MODE_STRICT) {
            cw_world_ack(w, t, &back->bytes);
            cw_world_acked(w, t, &back->bytes);
        } else {
            count--;
        }
    }
    return count;
}

/* An acknowledgement is good twice: it says what was true.  That is no attack. */
static bool is_old_truth(const struct cw_snapshot *at, unsigned entry, const struct cw_bytes *b)
{
    return entry == CW_ENTRY_ACK_TAKE && b->len == CW_ACK_LEN && at->count > 0;
}

static void everywhere(struct cw_siege *s, struct cw_mate *m, const struct caught *c)
{
    static const unsigned entries[] = {CW_ENTRY_ATTEST, CW_ENTRY_MANAGE, CW_ENTRY_EVENT,
            CW_ENTRY_REQUEST, CW_ENTRY_RESPONSE, CW_ENTRY_CANCEL, CW_ENTRY_ACK_TAKE,
            CW_ENTRY_STREAM_OPEN, CW_ENTRY_STREAM_DATA, CW_ENTRY_STREAM_CLOSE, 12, 13, 0x40, 0x7f};
    struct cw_snapshot before;
    cw_siege_look(s->world, m, &before);
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        const bool as_is = !is_old_truth(&before, entries[i], &c->bytes);
        if (as_is && !cw_siege_skips(s)) {
            cw_siege_frame(s, m, &before, entries[i], c->bytes.bytes, c->bytes.len, c->what);
        }
        /* Under the number of each channel here; then with the counter that it expects. */
        for (size_t k = 0; k < before.count; k++) {
            struct cw_bytes bent = c->bytes;
            const bool same = memcmp(bent.bytes, &before.channels[k].channel, 4) == 0;
            (void)memcpy(bent.bytes, &before.channels[k].channel, 4);
            if ((as_is || !same) && !cw_siege_skips(s)) {
                cw_siege_frame(s, m, &before, entries[i], bent.bytes, bent.len, c->what);
            }
            (void)memcpy(bent.bytes + 4, &before.channels[k].count, 8);
            if (memcmp(bent.bytes, c->bytes.bytes, bent.len) != 0 && !cw_siege_skips(s)) {
                cw_siege_frame(s, m, &before, entries[i], bent.bytes, bent.len, c->what);
            }
        }
    }
}

void cw_siege_splice(struct cw_siege *s)
{
    static struct caught caught[FRAMES_MAX];
    cw_siege_group(s, "splices: other connections, directions, owners, entries; replay");
    const size_t count = catch_all(s->world, caught);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < s->world->mate_count; k++) {
            everywhere(s, &s->world->mates[k], &caught[i]);
        }
    }
    cw_world_pass(s->world);
}
