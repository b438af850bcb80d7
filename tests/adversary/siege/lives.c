/* SPDX-License-Identifier: MIT */
/* Restarts, clones, epochs: a module that is another than the one that bytes were made for. */
#include <stdlib.h>
#include <string.h>

#include "tests/adversary/siege/siege.h"

#define HISTORY_MAX 64u

struct entered {
    unsigned entry;
    struct cw_bytes bytes;
};

/* All that ever went into a module. */
struct history {
    size_t count;
    struct entered rows[HISTORY_MAX];
};

static void keep(struct history *h, unsigned entry, const uint8_t *bytes, size_t len)
{
    if (h->count == HISTORY_MAX || len > sizeof h->rows[0].bytes.bytes) {
        cw_siege_die("the history is full");
    }
    struct entered *row = &h->rows[h->count++];
    row->entry = entry;
    row->bytes.len = len;
    (void)memcpy(row->bytes.bytes, bytes, len);
}

/* Claim bob, tie everything, let events flow, and keep every byte that went into him. */
static void live(struct cw_world *w, struct history *h)
{
    struct cw_mate *m = w->bob;
    struct cw_bytes open;
    struct cw_bytes opened;
    struct cw_bytes frame;
    struct cw_bytes back;
    *h = (struct history){0};
    cw_world_start(w, m);
    cw_world_claim(w, m, &open, &opened);
    keep(h, CW_ENTRY_MANAGE, open.bytes, open.len);
    for (size_t i = 0; i < w->tie_count; i++) {
        struct cw_tie *t = &w->ties[i];
        if (t->dst != m && t->src != m) {
            continue;
        }
        uint8_t body[CW_SETCONN_LEN];
        struct cw_bytes command;
        const struct cw_mate as_it_was = *m;
        cw_world_tie(w, t, true);
        struct cw_setconn mine = t->setconn;
        mine.local = cw_world_index(m, t->dst == m ? t->dst_endpoint : t->src_endpoint);
        cw_setconn_bytes(&mine, body);
        cw_world_seal(&as_it_was, CW_MANAGE_SETCONN, as_it_was.session.seq + 1, body, sizeof body,
                &command); /* the very bytes: sealing is deterministic */
        keep(h, CW_ENTRY_MANAGE, command.bytes, command.len);
        for (int round = 0; t->dst == m && round < 3; round++) {
            cw_world_emit(w, t, &round, sizeof round, &frame);
            const bool asks = t->output == CW_TIE_ASK;
            keep(h, asks ? CW_ENTRY_REQUEST : CW_ENTRY_EVENT, frame.bytes, frame.len);
            cw_world_deliver(w, t, &frame, &back);
            if (asks) {
                cw_world_respond(w, t, &back);
            } else if (t->setconn.identity.mode == CW_MODE_STRICT) {
                cw_world_ack(w, t, &back);
                cw_world_acked(w, t, &back);
            }
        }
    }
}

static void feed(struct cw_siege *s, struct cw_mate *m, const struct history *h, const char *what)
{
    struct cw_snapshot before;
    cw_siege_look(s->world, m, &before);
    for (size_t i = 0; i < h->count; i++) {
        const struct cw_bytes *b = &h->rows[i].bytes;
        if (h->rows[i].entry == CW_ENTRY_MANAGE) {
            cw_siege_try(s, m, &before, CW_ENTRY_MANAGE, b->bytes, b->len,
                    (struct cw_forecast){CW_FATE_UNCOUNTED, 0}, what);
            continue;
        }
        cw_siege_frame(s, m, &before, h->rows[i].entry, b->bytes, b->len, what);
        /* And dressed for every channel that is there now. */
        for (size_t k = 0; k < before.count; k++) {
            struct cw_bytes bent = *b;
            (void)memcpy(bent.bytes, &before.channels[k].channel, 4);
            cw_siege_frame(s, m, &before, h->rows[i].entry, bent.bytes, bent.len, what);
            (void)memcpy(bent.bytes + 4, &before.channels[k].count, 8);
            cw_siege_frame(s, m, &before, h->rows[i].entry, bent.bytes, bent.len, what);
        }
    }
}

static void same_life(struct cw_siege *s, struct history *h)
{
    cw_siege_group(s, "history: the same life and session");
    live(s->world, h);
    feed(s, s->world->bob, h, "history of this life");
}

static void restarted(struct cw_siege *s, const struct history *h)
{
    struct cw_bytes open;
    struct cw_bytes opened;
    cw_siege_group(s, "history: a restarted module, unclaimed");
    cw_world_start(s->world, s->world->bob);
    feed(s, s->world->bob, h, "history of the life before");
    cw_siege_group(s, "history: a restarted module, claimed and tied anew");
    s->world->bob->sessions = 0; /* even under the very same numbers */
    const uint32_t channels = s->world->next_channel;
    cw_world_claim(s->world, s->world->bob, &open, &opened);
    for (size_t i = 0; i < s->world->tie_count; i++) {
        if (s->world->ties[i].dst == s->world->bob || s->world->ties[i].src == s->world->bob) {
            cw_world_tie(s->world, &s->world->ties[i], true);
        }
    }
    s->world->next_channel = s->world->next_channel > channels ? s->world->next_channel : channels;
    feed(s, s->world->bob, h, "history of the life before");
    cw_world_pass(s->world);
}

/* A second module of the same image beside the first.  Not on a board: the place is taken. */
static void cloned(struct cw_siege *s, struct history *h)
{
    cw_siege_group(s, "history: a clone beside the module");
    live(s->world, h);
    struct cw_mate clone = {.name = "clone", .owner = s->world->bob->owner,
            .built = s->world->bob->built, .number = s->world->bob->number};
    clone.module = cw_ground_load(s->world->ground, clone.built);
    feed(s, &clone, h, "history of the module that it is a clone of");
    /* The owner is led to the clone: it is another life, the original is cut off. */
    struct cw_mate original = *s->world->bob;
    struct cw_bytes open;
    struct cw_bytes opened;
    struct cw_tie *t = &s->world->ties[0];
    const uint32_t old_channel = t->setconn.channel;
    clone.sessions = original.sessions;
    *s->world->bob = clone;
    cw_world_claim(s->world, s->world->bob, &open, &opened);
    cw_world_tie(s->world, t, true);
    struct cw_bytes frame;
    struct cw_bytes back;
    struct cw_snapshot before;
    cw_siege_look(s->world, &original, &before);
    for (int round = 0; round < 4; round++) {
        cw_world_emit(s->world, t, &round, sizeof round, &frame);
        cw_siege_frame(s, &original, &before, CW_ENTRY_EVENT, frame.bytes, frame.len,
                "an event for the clone, given to the original");
        struct cw_bytes bent = frame;
        (void)memcpy(bent.bytes, &old_channel, 4);
        cw_siege_frame(s, &original, &before, CW_ENTRY_EVENT, bent.bytes, bent.len,
                "the same under the original's channel");
        (void)memcpy(bent.bytes + 4, &before.channels[0].count, 8);
        cw_siege_frame(s, &original, &before, CW_ENTRY_EVENT, bent.bytes, bent.len,
                "the same with the original's counter");
        cw_world_deliver(s->world, t, &frame, &back);
    }
    /* What the original acknowledges is nothing to the source any more. */
    struct cw_heard heard;
    size_t len = 0;
    cw_ground_enter(s->world->ground, original.module, CW_ENTRY_ACK_MAKE,
            (const uint8_t *)&old_channel, 4, &heard);
    const uint8_t *ack = cw_heard_item(&heard, CW_FRAME_ACK, &len);
    cw_siege_look(s->world, s->world->alice, &before);
    for (int round = 0; ack != NULL && round < 2; round++) {
        struct cw_bytes bent = {.len = len};
        (void)memcpy(bent.bytes, ack, len);
        if (round == 1) {
            (void)memcpy(bent.bytes, &t->setconn.channel, 4);
        }
        cw_siege_frame(s, s->world->alice, &before, CW_ENTRY_ACK_TAKE, bent.bytes, bent.len,
                "an acknowledgement of the original");
    }
    cw_ground_unload(s->world->ground, original.module);
}

/* Frames sealed in epoch e, brought when the first one of e + 1 was taken; and after a cut. */
static void epochs(struct cw_siege *s)
{
    cw_siege_group(s, "epochs: frames, responses and acknowledgements of the one before");
    for (size_t i = 0; i < s->world->tie_count; i++) {
        struct cw_tie *t = &s->world->ties[i];
        if (t->dst != s->world->bob) {
            continue;
        }
        for (int cut = 0; cut < 2; cut++) {
            struct history h = {0};
            struct cw_bytes frame;
            struct cw_bytes back = {0};
            const bool asks = t->output == CW_TIE_ASK;
            const bool strict = t->setconn.identity.mode == CW_MODE_STRICT;
            for (int round = 0; round < 2; round++) {
                cw_world_emit(s->world, t, "old", 3, &frame);
                keep(&h, asks ? CW_ENTRY_REQUEST : CW_ENTRY_EVENT, frame.bytes, frame.len);
                cw_world_deliver(s->world, t, &frame, &back);
                if (asks) {
                    cw_world_respond(s->world, t, &back);
                } else if (strict) {
                    cw_world_ack(s->world, t, &back);
                    cw_world_acked(s->world, t, &back);
                }
            }
            cw_world_tie(s->world, t, cut == 1);
            struct cw_bytes new_back;
            cw_world_emit(s->world, t, "new", 3, &frame);
            cw_world_deliver(s->world, t, &frame, &new_back);
            feed(s, t->dst, &h, "a frame of the epoch before");
            if (strict) {
                struct history acks = {0};
                keep(&acks, CW_ENTRY_ACK_TAKE, back.bytes, back.len);
                feed(s, t->src, &acks, "an acknowledgement of the epoch before");
                cw_world_ack(s->world, t, &new_back);
                cw_world_acked(s->world, t, &new_back);
            } else if (asks) {
                cw_world_respond(s->world, t, &new_back);
            }
        }
    }
    cw_world_pass(s->world);
}

void cw_siege_lives(struct cw_siege *s)
{
    struct history *h = malloc(sizeof *h);
    if (h == NULL) {
        cw_siege_die("no memory");
    }
    epochs(s);
    same_life(s, h);
    cw_world_pass(s->world);
    restarted(s, h);
    if (s->world->ground->owner->session_dh) {
        cloned(s, h);
        cw_world_again(s->world);
    }
    free(h);
}
