/* SPDX-License-Identifier: MIT */
/*
 * link.h - the way to another node, as an owner described it with PEER.
 *
 * What     One TCP connection per peer record.  The dialing end connects again and again; the
 *          other waits.  Both prove the key before a frame is taken.  A newer connection that
 *          proves the key replaces the old one.  What is ready is written together.
 *
 *     (dial)   DOWN --connected--> HELLO sent --challenge holds--> UP --broken--> DOWN, later again
 *     (listen) DOWN --hello--> CHALLENGE sent --proof holds--> UP --broken--> DOWN
 *
 * Trust    UNTRUSTED.
 * Source   docs/protocol.md section 9
 */
#ifndef CW_NODE_LINK_H
#define CW_NODE_LINK_H

#include "core/wire/node.h"
#include "node/conn.h"
#include "node/node.h"

struct cw_wire; /* a connection that is to be, or is, the link */

struct cw_link_peer {
    struct cw_list place;  /* in node->links                  */
    struct cw_list marked; /* in node->dirty_links            */
    struct cw_list relays; /* ends of connections over it     */
    struct cw_list dirty;  /* of them, those with something to send */
    struct cw_node *node;
    struct cw_tenancy *tenancy;
    struct cw_peer peer;
    struct cw_wire *wire; /* being made (dialing end), or up */
    uv_timer_t redial;
    uv_getaddrinfo_t resolve;
    uint32_t redial_ms;
    bool is_resolving;
    bool is_leaving;
    bool is_timer_closed;
    uint32_t up_count;
    uint64_t astray; /* messages for no connection of this peer */
    uint64_t astray_seen; /* of them, in the journal */
};

/*
 * cw_link_add - a peer, or new facts about one.
 *
 * CW_E_DENIED, CW_E_SPACE  as cw_tenancy_join
 * CW_E_FORM                dial without an address that can be dialed
 */
CW_MUST_CHECK cw_status cw_link_add(struct cw_node *node, const char *owner,
        const struct cw_peer *peer);

/* cw_link_remove_all - a deployment has no module here any more. */
void cw_link_remove_all(struct cw_node *node, const struct cw_tenancy *tenancy);

/* cw_link_find - NULL: no such peer. */
struct cw_link_peer *cw_link_find(struct cw_node *node, const struct cw_tenancy *tenancy,
        uint32_t peer);

bool cw_link_is_up(const struct cw_link_peer *link);

/* cw_link_address - of the connection that is up, or "". */
const char *cw_link_address(const struct cw_link_peer *link);

/* cw_link_mark - one of its relays has something to send. */
void cw_link_mark(struct cw_link_peer *link);

/* cw_link_flush - write what all marked links have. */
void cw_link_flush(struct cw_node *node);

/* cw_link_greet - a stranger's first bytes may be a hello: from now on it is judged as such. */
void cw_link_greet(struct cw_conn *conn);

#endif
