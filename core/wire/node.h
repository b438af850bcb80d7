/* SPDX-License-Identifier: MIT */
/*
 * node.h - what an owner asks of a node, and how two nodes meet.
 *
 * What     Requests travel inside mutual TLS 1.3 as messages with a link header, are answered
 *          in order, and never carry anything secret of a module.  Links between nodes are
 *          plain TCP: frames protect themselves; the hello keeps strangers out of the queues.
 * Trust    Neither side believes the other: an owner believes modules only.
 * Source   docs/protocol.md sections 9 and 10
 *
 *   request  tag 4 (chosen by the owner, returned), fields
 *   answer   type | 0x80; tag 4, status 2 (cw_status), zero 2, fields
 *            (status not CW_OK: the fields are a text for people)
 *
 *   module   deployment 8, number 4: how requests name a module
 *   string   length 2, bytes
 */
#ifndef CW_CORE_WIRE_NODE_H
#define CW_CORE_WIRE_NODE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "core/base/status.h"
#include "core/wire/reader.h"
#include "core/wire/writer.h"

typedef enum cw_node_request {
    CW_NODE_HELLO = 0x20,    /* nothing; answer: JSON {name, tee, protection, platform}        */
    CW_NODE_LOAD = 0x21,     /* module, string name, image                                     */
    CW_NODE_UNLOAD = 0x22,   /* module                                                         */
    CW_NODE_ENTER = 0x23,    /* module, entry 1, zero 3, bytes; answer: result 1, zero 3, items
                                (REPLY, RESPONSE and ACK items only; others are relayed)       */
    CW_NODE_ROUTE = 0x24,    /* struct cw_route                                                */
    CW_NODE_UNROUTE = 0x25,  /* deployment 8, channel 4                                        */
    CW_NODE_PERIODIC = 0x26, /* module, endpoint 2, zero 2, every_ms 4 (0: stop)               */
    CW_NODE_SERVE = 0x27,    /* module, string address: accept streams there ("" stops)        */
    CW_NODE_STATUS = 0x28,   /* deployment 8 (zeros: all of this owner); answer: JSON          */
    CW_NODE_PEER = 0x29,     /* struct cw_peer                                                 */
    CW_NODE_EVENTS = 0x2a,   /* deployment 8 (zeros: all of this owner), since 8; answer: struct
                                cw_node_journal, then so many struct cw_node_event             */
    CW_NODE_QUOTE = 0x2b,    /* evidence, up to CW_QUOTE_EVIDENCE_MAX; answer: struct cw_quote:
                                what a remote verifier takes for it                            */
} cw_node_request;

#define CW_NODE_ANSWER 0x80u

struct cw_module_name {
    uint8_t deployment[CW_DEPLOYMENT_LEN];
    uint32_t number;
};

/*
 * One end of a connection at this node: deployment 8, module 4, channel 4, peer 4, flags 2,
 * window 2, event_max 4, first 8.
 */
#define CW_ROUTE_LEN 36u
#define CW_ROUTE_SOURCE 1u  /* this node has the source                                          */
#define CW_ROUTE_LATEST 2u  /* delivery latest: frames are freed when they left                  */
#define CW_ROUTE_REQUEST 4u /* request and response                                              */
#define CW_ROUTE_OWNER 8u   /* the other end is the owner, over ENTER: no peer                   */

struct cw_route {
    struct cw_module_name module; /* the local end                                     */
    uint32_t channel;
    uint32_t peer; /* of CW_NODE_PEER; 0: both ends are at this node                  */
    uint16_t flags;
    uint16_t window;
    uint32_t event_max;
    uint64_t first; /* frames below were accepted already: nothing to keep            */
};

/*
 * A link to another node: deployment 8, peer 4, dial 1, zero 3, key 32, string address.
 * The end with dial = 1 connects to the address; the other accepts.
 */
#define CW_LINK_KEY_LEN 32u

struct cw_peer {
    uint8_t deployment[CW_DEPLOYMENT_LEN];
    uint32_t peer; /* 1 .., the same number at both ends */
    uint8_t dial;
    uint8_t key[CW_LINK_KEY_LEN];
    char address[256]; /* host:port, [ipv6]:port; dial = 0: "" */
};

/*
 * The hello of a link, before any frame (types in the link header):
 *   LINK_HELLO      dialer    deployment 8, peer 4, zero 4, nonce_a 16
 *   LINK_CHALLENGE  listener  nonce_b 16, HMAC-SHA-256(key, "cw1.lnkb", deployment, peer 4,
 *                             nonce_a, nonce_b) 32
 *   LINK_PROOF      dialer    HMAC-SHA-256(key, "cw1.lnka", the same) 32
 * then frames (core/wire/frame.h) both ways, and LINK_BEAT with no bytes from an end that had
 * nothing to say for a while.
 */
#define CW_LINK_HELLO 0x10u
#define CW_LINK_CHALLENGE 0x11u
#define CW_LINK_PROOF 0x12u
#define CW_LINK_BEAT 0x13u
#define CW_LINK_NONCE_LEN 16u
#define CW_LINK_HELLO_LEN 32u
#define CW_LINK_CHALLENGE_LEN 48u
#define CW_LINK_PROOF_LEN 32u

/*
 * Evidence that only its own chip can check, turned into what others can: quote_len 4, quote,
 * collateral_len 4, collateral (what verifies the quote, as far as the chip brings it: JSON).
 */
#define CW_QUOTE_EVIDENCE_MAX 4096u
#define CW_QUOTE_MAX 65536u
#define CW_QUOTE_COLLATERAL_MAX 262144u

struct cw_quote {
    const uint8_t *quote; /* in the bytes that were decoded */
    uint32_t quote_len;
    const uint8_t *collateral;
    uint32_t collateral_len; /* 0: there is none */
};

/*
 * What a node has noted for an owner: its word, no more.
 *
 * The answer: run 8, next 8, lost 8, count 2, zero 2; then the events, oldest first:
 * seq 8, first_ms 8, last_ms 8, count 4, kind 1, reason 1, zero 2, deployment 8, module 4,
 * channel 4, peer 4, string text.
 *
 * What repeats is one event with a count.  One that grows gets a new seq: whoever asks for all
 * behind the last `next` sees it again, grown.
 */
#define CW_JOURNAL_HEADER_LEN 28u
#define CW_JOURNAL_TEXT_CAP 96u
#define CW_JOURNAL_EVENT_LEN 54u /* without the text */

struct cw_node_journal {
    uint64_t run;   /* differs after each start of the node: seq begins anew then */
    uint64_t next;  /* to ask with, the next time                                */
    uint64_t lost;  /* events that had to make room, since the start              */
    uint16_t count; /* events that follow                                         */
};

typedef enum cw_node_event_kind {
    CW_NOTED_ACCEPTED = 1,       /* frames that the module took                       */
    CW_NOTED_REFUSED = 2,        /* frames that it did not get or take: a reason      */
    CW_NOTED_RETRANSMITTED = 3,  /* frames sent again                                 */
    CW_NOTED_STALLED = 4,        /* frames wait, and nobody acknowledges              */
    CW_NOTED_MOVING = 5,         /* a stall has ended                                 */
    CW_NOTED_BACK_PRESSURE = 6,  /* the module was told to wait: its outputs are full */
    CW_NOTED_ENTRY_REFUSED = 7,  /* entries that the module refused                   */
    CW_NOTED_ASTRAY = 8,         /* frames over a link that belong to no connection   */
    CW_NOTED_STARTED = 9,
    CW_NOTED_RESTARTED = 10,
    CW_NOTED_LOST = 11,          /* the module, or its board, ended by itself: a text */
    CW_NOTED_UNLOADED = 12,
    CW_NOTED_LINK_UP = 13,
    CW_NOTED_LINK_DOWN = 14,
    CW_NOTED_OWNER = 15,         /* this owner connected: a text says from where      */
    CW_NOTED_NODE_STARTED = 16,
} cw_node_event_kind;

typedef enum cw_node_event_reason {
    CW_REASON_NONE = 0,
    CW_REASON_MODULE = 1,    /* the module refused it: forged, replayed or too long */
    CW_REASON_DUPLICATE = 2, /* its counter was seen before                         */
    CW_REASON_DROPPED = 3,   /* out of turn, or no room                             */
} cw_node_event_reason;

struct cw_node_event {
    uint64_t seq;
    uint64_t first_ms; /* the node's clock, since 1970 */
    uint64_t last_ms;
    uint32_t count;
    uint8_t kind;   /* cw_node_event_kind, or one of a later version */
    uint8_t reason;
    uint8_t deployment[CW_DEPLOYMENT_LEN];
    uint32_t module;  /* 0: none */
    uint32_t channel; /* 0: none */
    uint32_t peer;    /* 0: none */
    char text[CW_JOURNAL_TEXT_CAP];
};

void cw_node_put_module(struct cw_writer *w, const struct cw_module_name *module);
void cw_node_get_module(struct cw_reader *r, struct cw_module_name *ret_module);

/* Strings shorter than cap; longer ones are CW_E_FORM in the cursor; ret is terminated by 0. */
void cw_node_put_string(struct cw_writer *w, const char *string);
void cw_node_get_string(struct cw_reader *r, char *ret_string, size_t cap);

void cw_route_put(struct cw_writer *w, const struct cw_route *route);
void cw_route_get(struct cw_reader *r, struct cw_route *ret_route);

void cw_journal_put(struct cw_writer *w, const struct cw_node_journal *journal);
void cw_journal_get(struct cw_reader *r, struct cw_node_journal *ret_journal);

void cw_node_event_put(struct cw_writer *w, const struct cw_node_event *event);
void cw_node_event_get(struct cw_reader *r, struct cw_node_event *ret_event);

/* cw_quote_get - the cursor is CW_E_FORM if a length is beyond its bound or the bytes' end. */
void cw_quote_put(struct cw_writer *w, const struct cw_quote *quote);
void cw_quote_get(struct cw_reader *r, struct cw_quote *ret_quote);

void cw_peer_put(struct cw_writer *w, const struct cw_peer *peer);
void cw_peer_get(struct cw_reader *r, struct cw_peer *ret_peer);

#endif
