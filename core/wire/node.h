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

void cw_node_put_module(struct cw_writer *w, const struct cw_module_name *module);
void cw_node_get_module(struct cw_reader *r, struct cw_module_name *ret_module);

/* Strings shorter than cap; longer ones are CW_E_FORM in the cursor; ret is terminated by 0. */
void cw_node_put_string(struct cw_writer *w, const char *string);
void cw_node_get_string(struct cw_reader *r, char *ret_string, size_t cap);

void cw_route_put(struct cw_writer *w, const struct cw_route *route);
void cw_route_get(struct cw_reader *r, struct cw_route *ret_route);

void cw_peer_put(struct cw_writer *w, const struct cw_peer *peer);
void cw_peer_get(struct cw_reader *r, struct cw_peer *ret_peer);

#endif
