/* SPDX-License-Identifier: MIT */
/*
 * relay.h - one end of a connection at this node, and what happens there.
 *
 * What     The source's end keeps sealed frames until its own module says that they were
 *          accepted (strict), or until they left (latest).  The sink's end keeps what arrived until
 *          the module took it.  Ends of a connection within this node meet without a socket.
 *
 *          source, strict   store --sent--> sink ... ACK --module--> count, which frees
 *          sink, strict     arrive --module: done--> owes an ACK: at half a window, or when idle
 *          request          kept until the response is here; the sink's end keeps the response
 *
 * Trust    UNTRUSTED.  Counters are read to avoid useless work; modules alone decide.
 * Memory   Stores are reserved when a route is made, out of --max-store.
 */
#ifndef CW_NODE_RELAY_H
#define CW_NODE_RELAY_H

#include "core/wire/node.h"
#include "node/guest.h"
#include "node/store.h"

struct cw_link_peer;

#define CW_RELAY_RESEND_MS 300u /* the first wait before frames go again; then ever longer */

struct cw_relay {
    struct cw_relay *bucket_next;
    struct cw_list of_guest; /* in guest->relays                                        */
    struct cw_list of_link;  /* in link->relays                                         */
    struct cw_list dirty;    /* in link->dirty or node->dirty_relays: something to send */
    struct cw_list waiting;  /* in node->waiting                                        */
    struct cw_list ack_due;  /* in node->ack_due                                        */
    struct cw_node *node;
    struct cw_guest *guest;
    struct cw_link_peer *link; /* NULL: the other end is here, or the owner */
    struct cw_route route;
    uint64_t reserved_len;
    struct cw_store store;

    /* source */
    uint32_t sent; /* frames at the store's beginning that left */
    uint64_t acked;
    uint64_t waits_since_ms;
    uint32_t resend_ms;
    bool is_orphan; /* its module restarted: nobody can acknowledge any more */
    struct cw_job ack_take;
    uint8_t ack_in[CW_ACK_LEN];
    bool has_ack_in;

    /* sink */
    struct cw_job deliver;
    struct cw_job ack_make;
    uint8_t ack_channel[4];
    uint8_t ack_out[CW_LINK_HEADER_LEN + CW_ACK_LEN];
    bool has_ack_out;
    bool is_next_known;
    uint64_t next; /* counter that is awaited from the other end */
    uint32_t unacked;
    uint64_t delivered_at_ms;

    /* request: at the source the answer that came, at the sink the one that was given last */
    uint8_t *response; /* link header, frame */
    size_t response_len;
    size_t response_cap;
    bool is_awaiting;
    bool has_response; /* source: not given to the module yet; sink: to be sent */

    struct cw_journal_seen seen;

    /* for status */
    uint64_t sent_count;
    uint64_t resent_count;
    uint64_t delivered_count;
    uint64_t refused_count;
    uint64_t dropped_count;
    uint64_t duplicate_count;
};

/*
 * cw_relay_add - make or change one end.
 *
 * CW_E_ABSENT  no such module of this owner, or no such peer
 * CW_E_SPACE   the store is full: ret_why says how much is needed
 * CW_E_FORM    an event_max that no link carries
 */
CW_MUST_CHECK cw_status cw_relay_add(struct cw_node *node, const char *owner,
        const struct cw_route *route, char *ret_why, size_t why_cap);

/* cw_relay_remove - both ends of a channel.  CW_E_ABSENT: there is none of this owner. */
CW_MUST_CHECK cw_status cw_relay_remove(struct cw_node *node, const char *owner,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN], uint32_t channel);

void cw_relay_remove_all(struct cw_guest *guest);
void cw_relay_lost_all(struct cw_guest *guest);

/* cw_relay_find - NULL: there is no such end. */
struct cw_relay *cw_relay_find(struct cw_node *node, const struct cw_tenancy *tenancy,
        uint32_t channel, bool source);

/* cw_relay_arrived - a message from the other end: over a link, or from within. */
void cw_relay_arrived(struct cw_link_peer *link, cw_frame type, const uint8_t *frame, size_t len);

/* cw_relay_next - what is to be sent next, whole with its link header; false: nothing. */
bool cw_relay_next(struct cw_relay *relay, const uint8_t **ret_bytes, size_t *ret_len);

/* cw_relay_sent - the one that cw_relay_next showed is on its way. */
void cw_relay_sent(struct cw_relay *relay);

/* cw_relay_mark - it has something to send. */
void cw_relay_mark(struct cw_relay *relay);

/* cw_relay_link_up - a link is new: what may have been lost with the old one goes again. */
void cw_relay_link_up(struct cw_link_peer *link);

/* cw_relay_flush_local - move frames between ends within this node. */
void cw_relay_flush_local(struct cw_node *node);

/* cw_relay_tick - send again what nobody answered. */
void cw_relay_tick(struct cw_node *node);

/* cw_relay_ack_due - ask idle sinks for the acknowledgements that they owe. */
void cw_relay_ack_due(struct cw_node *node);

/* The channel and the counter of a frame of at least CW_EVENT_HEADER_LEN bytes. */
uint32_t cw_relay_channel(const uint8_t *frame);
uint64_t cw_relay_counter(const uint8_t *frame);

/* cw_relay_keep_response - CW_E_SPACE: too long, or the store is full. */
CW_MUST_CHECK cw_status cw_relay_keep_response(struct cw_relay *relay, const uint8_t *frame,
        size_t len);

/* --- source.c: items of the module, and what comes back ------------------------------------------ */

void cw_source_init(struct cw_relay *relay);
void cw_source_event(struct cw_guest *guest, const uint8_t *frame, size_t len);
void cw_source_request(struct cw_guest *guest, const uint8_t *frame, size_t len);
void cw_source_ack(struct cw_relay *relay, const uint8_t *ack, size_t len);
void cw_source_response(struct cw_relay *relay, const uint8_t *frame, size_t len);

/* cw_source_take_response - true once for each response. */
bool cw_source_take_response(struct cw_relay *relay, const uint8_t **ret_frame, size_t *ret_len);

/* cw_source_abandon - its module waits no longer. */
void cw_source_abandon(struct cw_relay *relay);

/* cw_source_free - frames below count were accepted, says the module. */
void cw_source_free(struct cw_relay *relay, uint64_t count);

/* cw_source_wait - from now on somebody owes this end an answer. */
void cw_source_wait(struct cw_relay *relay);

/* --- sink.c: frames for the module --------------------------------------------------------------- */

void cw_sink_init(struct cw_relay *relay);

/* cw_sink_has_room - would one more frame be kept? */
bool cw_sink_has_room(const struct cw_relay *relay);
void cw_sink_frame(struct cw_relay *relay, cw_frame type, const uint8_t *frame, size_t len);
void cw_sink_lost(struct cw_relay *relay);

#endif
