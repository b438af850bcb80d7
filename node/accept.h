/* SPDX-License-Identifier: MIT */
/*
 * accept.h - the port where everybody comes in.
 *
 * What     The first byte tells: 0x16 begins TLS, so an owner; all else must be the hello of a
 *          link.  Whoever says nothing is shown out.
 */
#ifndef CW_NODE_ACCEPT_H
#define CW_NODE_ACCEPT_H

#include "node/conn.h"
#include "node/node.h"

struct cw_listener {
    uv_tcp_t tcp;
    struct cw_list place; /* in node->listeners */
    struct cw_node *node;
    char address[CW_NET_TEXT_CAP];
};

/* cw_listener_open - CW_E_SYSTEM, CW_E_FORM, CW_E_ABSENT: said on stderr. */
CW_MUST_CHECK cw_status cw_listener_open(struct cw_node *node, const char *address);
void cw_listener_close(struct cw_listener *listener);

/* cw_listener_bind - a TCP handle on an address, shared with streams.  Returns a libuv error. */
int cw_listener_bind(uv_tcp_t *tcp, const struct cw_net_address *address,
        uv_connection_cb connection, char *ret_text);

#endif
