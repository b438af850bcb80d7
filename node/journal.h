/* SPDX-License-Identifier: MIT */
/*
 * journal.h - what happened at a node, for the owners whom it concerns.
 *
 * What     A bounded list for each owner, in memory only.  What repeats is one event with a
 *          count, and what modules live through has a list of its own, so that a peer or a
 *          network that makes much noise cannot push it out.
 * Trust    UNTRUSTED: a node may write here what it likes.  Owners take it as a hint; the counts
 *          that modules answer are the truth.
 * Speed    Frames are not noted one by one: the relays' counts are looked at twice a second.
 *
 *   merged   same kind, reason, module, channel and peer: within CW_JOURNAL_MERGE_MS of the last
 *            one, or from the CW_JOURNAL_SAME_MAX-th such event on
 */
#ifndef CW_NODE_JOURNAL_H
#define CW_NODE_JOURNAL_H

#include "core/wire/node.h"
#include "core/wire/writer.h"

#define CW_JOURNAL_MERGE_MS 10000u
#define CW_JOURNAL_SAME_MAX 8u
#define CW_JOURNAL_LIFE_CAP 256u    /* events of modules, links, owners */
#define CW_JOURNAL_TRAFFIC_CAP 256u /* events of frames and entries     */
#define CW_JOURNAL_LOOK_MS 500u
#define CW_JOURNAL_STALL_MS 2000u   /* without an acknowledgement, while frames wait */

struct cw_node;
struct cw_guest;
struct cw_link_peer;
struct cw_relay;

/* A part of a relay, a module, a link: what of its counts was noted. */
struct cw_journal_seen {
    uint64_t taken, refused, duplicate, dropped, resent, acked;
    uint64_t acked_at_ms;
    bool is_stalled;
};

/* cw_journal_guest - a module's life; why: a text, or NULL. */
void cw_journal_guest(struct cw_guest *guest, cw_node_event_kind kind, const char *why);
void cw_journal_link(struct cw_link_peer *link, cw_node_event_kind kind);

/* cw_journal_owner - this owner connected from an address. */
void cw_journal_owner(struct cw_node *node, const char *owner, const char *address);

/* cw_journal_relay - look at one end now; it is about to go. */
void cw_journal_relay(struct cw_relay *relay);

/* cw_journal_look - at all counts, when it is time. */
void cw_journal_look(struct cw_node *node);

/*
 * cw_journal_write - the answer to CW_NODE_EVENTS.
 *
 * deployment  NULL: all of this owner
 */
void cw_journal_write(struct cw_node *node, const char *owner, const uint8_t *deployment,
        uint64_t since, struct cw_writer *w);

/* Bytes that it writes at most. */
#define CW_JOURNAL_WRITE_MAX                                                                       \
    (CW_JOURNAL_HEADER_LEN +                                                                       \
            (CW_JOURNAL_LIFE_CAP + CW_JOURNAL_TRAFFIC_CAP) *                                       \
                    (CW_JOURNAL_EVENT_LEN + CW_JOURNAL_TEXT_CAP))

void cw_journal_close(struct cw_node *node);

#endif
