/* SPDX-License-Identifier: MIT */
#include "node/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/link.h"
#include "node/relay.h"

/* Slots with seq 0 are empty; the order is that of seq. */
struct list {
    struct cw_node_event *slot;
    size_t cap;
};

struct cw_journal {
    struct cw_node_event life_slot[CW_JOURNAL_LIFE_CAP];
    struct cw_node_event traffic_slot[CW_JOURNAL_TRAFFIC_CAP];
    uint64_t seq, lost;
};

static uint64_t wall_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- lists --------------------------------------------------------------------------------------- */

static bool is_traffic(uint8_t kind)
{
    return kind == CW_NOTED_ACCEPTED || kind == CW_NOTED_REFUSED ||
            kind == CW_NOTED_RETRANSMITTED || kind == CW_NOTED_BACK_PRESSURE ||
            kind == CW_NOTED_ENTRY_REFUSED || kind == CW_NOTED_ASTRAY;
}

static bool is_same(const struct cw_node_event *a, const struct cw_node_event *b)
{
    return a->kind == b->kind && a->reason == b->reason && a->module == b->module &&
            a->channel == b->channel && a->peer == b->peer &&
            memcmp(a->deployment, b->deployment, sizeof a->deployment) == 0;
}

/* The newest event of the same key to grow, or NULL: a new one is due. */
static struct cw_node_event *to_grow(const struct list *list, const struct cw_node_event *event)
{
    struct cw_node_event *newest = NULL;
    size_t same = 0;
    for (size_t i = 0; i < list->cap; i++) {
        struct cw_node_event *e = &list->slot[i];
        if (e->seq == 0 || !is_same(e, event)) {
            continue;
        }
        same++;
        if (newest == NULL || e->seq > newest->seq) {
            newest = e;
        }
    }
    return newest != NULL &&
                    (event->last_ms - newest->last_ms < CW_JOURNAL_MERGE_MS ||
                            same >= CW_JOURNAL_SAME_MAX)
            ? newest
            : NULL;
}

static struct cw_node_event *oldest(const struct list *list)
{
    struct cw_node_event *found = &list->slot[0];
    for (size_t i = 1; i < list->cap; i++) {
        if (list->slot[i].seq < found->seq) {
            found = &list->slot[i];
        }
    }
    return found;
}

static void take(struct cw_journal *journal, struct cw_node_event *event)
{
    const struct list list = is_traffic(event->kind)
            ? (struct list){journal->traffic_slot, CW_JOURNAL_TRAFFIC_CAP}
            : (struct list){journal->life_slot, CW_JOURNAL_LIFE_CAP};
    struct cw_node_event *at = to_grow(&list, event);
    event->seq = ++journal->seq;
    if (at != NULL) {
        const uint32_t room = UINT32_MAX - at->count;
        at->count += event->count < room ? event->count : room;
        at->last_ms = event->last_ms > at->first_ms ? event->last_ms : at->first_ms;
        at->seq = event->seq;
        memcpy(at->text, event->text, sizeof at->text);
        return;
    }
    at = oldest(&list);
    journal->lost += at->seq != 0;
    *at = *event;
}

/* --- owners -------------------------------------------------------------------------------------- */

static struct cw_journal **journal_of(struct cw_node *node, const char *owner)
{
    for (size_t i = 0; i < node->config->owner_count; i++) {
        if (strcmp(node->config->owners[i], owner) == 0) {
            return &node->journals[i];
        }
    }
    return NULL;
}

static void note(struct cw_node *node, const char *owner, struct cw_node_event *event)
{
    struct cw_journal **at = journal_of(node, owner);
    if (at == NULL || node->is_closing) {
        return;
    }
    event->first_ms = event->last_ms = wall_ms();
    event->count += event->count == 0;
    if (*at == NULL) {
        *at = calloc(1, sizeof **at);
        if (*at == NULL) {
            return; /* no memory: a hint less */
        }
        struct cw_node_event start = {.kind = CW_NOTED_NODE_STARTED, .count = 1,
                .first_ms = node->started_ms, .last_ms = node->started_ms};
        take(*at, &start);
    }
    take(*at, event);
}

/* Bounded, and harmless on a terminal. */
static void put_text(struct cw_node_event *event, const char *text)
{
    (void)snprintf(event->text, sizeof event->text, "%s", text);
    for (char *c = event->text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = '?';
        }
    }
}

/* --- what happened ------------------------------------------------------------------------------- */

static struct cw_node_event event_of(const struct cw_guest *guest, cw_node_event_kind kind,
        uint64_t count)
{
    struct cw_node_event event = {.kind = (uint8_t)kind, .module = guest->number,
            .count = count > UINT32_MAX ? UINT32_MAX : (uint32_t)count};
    memcpy(event.deployment, guest->tenancy->deployment, sizeof event.deployment);
    return event;
}

void cw_journal_guest(struct cw_guest *guest, cw_node_event_kind kind, const char *why)
{
    struct cw_node_event event = event_of(guest, kind, 1);
    put_text(&event, why != NULL ? why : guest->name);
    note(guest->node, guest->tenancy->owner, &event);
}

void cw_journal_link(struct cw_link_peer *link, cw_node_event_kind kind)
{
    struct cw_node_event event = {.kind = (uint8_t)kind, .peer = link->peer.peer, .count = 1};
    memcpy(event.deployment, link->tenancy->deployment, sizeof event.deployment);
    put_text(&event, cw_link_address(link));
    note(link->node, link->tenancy->owner, &event);
}

void cw_journal_owner(struct cw_node *node, const char *owner, const char *address)
{
    struct cw_node_event event = {.kind = CW_NOTED_OWNER, .count = 1};
    put_text(&event, address);
    note(node, owner, &event);
}

/* --- counts -------------------------------------------------------------------------------------- */

static void grown(struct cw_relay *relay, uint64_t *seen, uint64_t now, cw_node_event_kind kind,
        cw_node_event_reason reason)
{
    if (now <= *seen) {
        *seen = now; /* it may have been made anew */
        return;
    }
    struct cw_node_event event = event_of(relay->guest, kind, now - *seen);
    event.reason = (uint8_t)reason;
    event.channel = relay->route.channel;
    event.peer = relay->route.peer;
    note(relay->node, relay->guest->tenancy->owner, &event);
    *seen = now;
}

static void look_for_stall(struct cw_relay *relay)
{
    struct cw_journal_seen *seen = &relay->seen;
    const uint64_t now_ms = cw_node_now_ms(relay->node);
    const bool waits = (relay->route.flags & CW_ROUTE_SOURCE) != 0 && relay->store.count > 0;
    if (!waits || relay->acked != seen->acked || seen->acked_at_ms == 0) {
        seen->acked = relay->acked;
        seen->acked_at_ms = now_ms;
    }
    const bool is_stalled = waits && now_ms - seen->acked_at_ms >= CW_JOURNAL_STALL_MS;
    if (is_stalled == seen->is_stalled) {
        return;
    }
    seen->is_stalled = is_stalled;
    struct cw_node_event event = event_of(relay->guest,
            is_stalled ? CW_NOTED_STALLED : CW_NOTED_MOVING, 1);
    event.channel = relay->route.channel;
    event.peer = relay->route.peer;
    if (is_stalled) {
        (void)snprintf(event.text, sizeof event.text, "%u frames wait%s", relay->store.count,
                relay->link != NULL && !cw_link_is_up(relay->link) ? ", the link is down" : "");
    }
    note(relay->node, relay->guest->tenancy->owner, &event);
}

void cw_journal_relay(struct cw_relay *r)
{
    struct cw_journal_seen *seen = &r->seen;
    grown(r, &seen->taken, r->delivered_count, CW_NOTED_ACCEPTED, CW_REASON_NONE);
    grown(r, &seen->refused, r->refused_count, CW_NOTED_REFUSED, CW_REASON_MODULE);
    grown(r, &seen->duplicate, r->duplicate_count, CW_NOTED_REFUSED, CW_REASON_DUPLICATE);
    grown(r, &seen->dropped, r->dropped_count, CW_NOTED_REFUSED, CW_REASON_DROPPED);
    grown(r, &seen->resent, r->resent_count, CW_NOTED_RETRANSMITTED, CW_REASON_NONE);
}

static void look_at_guest(struct cw_guest *guest)
{
    struct cw_journal_seen *seen = &guest->seen;
    if (guest->again > seen->resent) {
        struct cw_node_event event = event_of(guest, CW_NOTED_BACK_PRESSURE,
                guest->again - seen->resent);
        note(guest->node, guest->tenancy->owner, &event);
        seen->resent = guest->again;
    }
    if (guest->refused > seen->refused) {
        struct cw_node_event event = event_of(guest, CW_NOTED_ENTRY_REFUSED,
                guest->refused - seen->refused);
        note(guest->node, guest->tenancy->owner, &event);
        seen->refused = guest->refused;
    }
    CW_LIST_EACH (place, &guest->relays) {
        struct cw_relay *relay = CW_LISTED(place, struct cw_relay, of_guest);
        cw_journal_relay(relay);
        look_for_stall(relay);
    }
}

void cw_journal_look(struct cw_node *node)
{
    const uint64_t now_ms = cw_node_now_ms(node);
    if (node->is_closing || now_ms - node->journal_looked_ms < CW_JOURNAL_LOOK_MS) {
        return;
    }
    node->journal_looked_ms = now_ms;
    CW_LIST_EACH (place, &node->guests) {
        look_at_guest(CW_LISTED(place, struct cw_guest, place));
    }
    CW_LIST_EACH (place, &node->links) {
        struct cw_link_peer *link = CW_LISTED(place, struct cw_link_peer, place);
        if (link->astray > link->astray_seen) {
            struct cw_node_event event = {.kind = CW_NOTED_ASTRAY, .peer = link->peer.peer,
                    .count = (uint32_t)(link->astray - link->astray_seen)};
            memcpy(event.deployment, link->tenancy->deployment, sizeof event.deployment);
            note(node, link->tenancy->owner, &event);
            link->astray_seen = link->astray;
        }
    }
}

/* --- the answer ---------------------------------------------------------------------------------- */

static int by_seq(const void *a, const void *b)
{
    const struct cw_node_event *const *x = a;
    const struct cw_node_event *const *y = b;
    return ((*x)->seq > (*y)->seq) - ((*x)->seq < (*y)->seq);
}

static size_t pick(const struct list *list, const uint8_t *deployment, uint64_t since,
        const struct cw_node_event **ret_events)
{
    static const uint8_t none[CW_DEPLOYMENT_LEN] = {0};
    size_t count = 0;
    for (size_t i = 0; i < list->cap; i++) {
        const struct cw_node_event *e = &list->slot[i];
        const bool concerns = deployment == NULL ||
                memcmp(e->deployment, deployment, sizeof e->deployment) == 0 ||
                memcmp(e->deployment, none, sizeof none) == 0; /* of the node, or the owner */
        if (e->seq > since && concerns) {
            ret_events[count++] = e;
        }
    }
    return count;
}

void cw_journal_write(struct cw_node *node, const char *owner, const uint8_t *deployment,
        uint64_t since, struct cw_writer *w)
{
    const struct cw_node_event *events[CW_JOURNAL_LIFE_CAP + CW_JOURNAL_TRAFFIC_CAP];
    struct cw_journal **at = journal_of(node, owner);
    struct cw_journal *journal = at != NULL ? *at : NULL;
    size_t count = 0;
    if (journal != NULL) {
        const struct list life = {journal->life_slot, CW_JOURNAL_LIFE_CAP};
        const struct list traffic = {journal->traffic_slot, CW_JOURNAL_TRAFFIC_CAP};
        count = pick(&life, deployment, since, events);
        count += pick(&traffic, deployment, since, events + count);
        qsort(events, count, sizeof *events, by_seq);
    }
    const struct cw_node_journal header = {.run = node->started_ms, .next = journal != NULL ? journal->seq : 0,
            .lost = journal != NULL ? journal->lost : 0, .count = (uint16_t)count};
    cw_journal_put(w, &header);
    for (size_t i = 0; i < count; i++) {
        cw_node_event_put(w, events[i]);
    }
}

void cw_journal_close(struct cw_node *node)
{
    for (size_t i = 0; i < CW_NODE_OWNER_MAX; i++) {
        free(node->journals[i]);
        node->journals[i] = NULL;
    }
}
