/* SPDX-License-Identifier: MIT */
/*
 * wire.h - a connection on its way to being a link: the hello, then messages.  Private to link.c.
 */
#ifndef CW_NODE_WIRE_H
#define CW_NODE_WIRE_H

#include "node/conn.h"
#include "node/hello.h"
#include "node/inbox.h"
#include "node/link.h"

typedef enum cw_wire_state {
    CW_WIRE_CONNECTING,      /* dialing end   */
    CW_WIRE_WAITS_CHALLENGE, /* dialing end   */
    CW_WIRE_WAITS_HELLO,     /* listening end */
    CW_WIRE_WAITS_PROOF,     /* listening end */
    CW_WIRE_UP,
} cw_wire_state;

struct cw_wire {
    struct cw_conn *conn;
    struct cw_link_peer *link; /* NULL: unknown yet, or no longer */
    cw_wire_state state;
    struct cw_hello hello;
    struct cw_inbox inbox;
    uint64_t up_at_ms;
    uv_connect_t connect;
};

/* cw_wire_dial - NULL: it cannot be tried now. */
struct cw_wire *cw_wire_dial(struct cw_link_peer *link, const struct cw_net_address *to);

/* Calls from wire.c to link.c. */
void cw_link_went_up(struct cw_link_peer *link, struct cw_wire *wire);
void cw_link_went_down(struct cw_link_peer *link, struct cw_wire *wire);

#endif
