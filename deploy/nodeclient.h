/* SPDX-License-Identifier: MIT */
/*
 * nodeclient.h - requests to one node, over mutual TLS with pinned keys.
 *
 * What     Blocking; answers come in the order of the requests, so several may be under way
 *          (post, post, take, take), also at several nodes at once.
 * Calls    From several threads between cw_nodeclient_hold and _release, one at a time; from one
 *          thread alone without.
 * Trust    OWNER.  What a node answers is the node's word, no more.
 * Errors   CW_E_SYSTEM: the connection broke, or the node breaks the protocol; a line was logged
 *          and the connection is of no more use: all that follows fails in silence.
 */
#ifndef CW_DEPLOY_NODECLIENT_H
#define CW_DEPLOY_NODECLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/wire/node.h"
#include "posix/tls.h"

struct cw_nodeclient; /* private to nodeclient.c */

struct cw_node_answer {
    cw_status status;     /* what the node says became of the request           */
    const uint8_t *bytes; /* fields, or a text for people; until the next take  */
    size_t len;
};

/*
 * cw_nodeclient_connect - fingerprint NULL: whoever answers (see cw_nodeclient_peer).
 *
 * name  how messages call the node
 *
 * CW_E_AUTH  another key than the pinned one; nothing was logged, ret_why tells
 * CW_E_SYSTEM, CW_E_ABSENT  no connection; nothing was logged, ret_why tells
 */
CW_MUST_CHECK cw_status cw_nodeclient_connect(struct cw_tls_identity *identity, const char *name,
        const char *address, const char *fingerprint, uint32_t timeout_ms,
        struct cw_nodeclient **ret_client, char ret_why[static CW_TLS_WHY_CAP]);

const char *cw_nodeclient_peer(const struct cw_nodeclient *c);
const char *cw_nodeclient_name(const struct cw_nodeclient *c);

/* cw_nodeclient_hold - nobody else asks, and the answer taken last stays, until the release. */
void cw_nodeclient_hold(struct cw_nodeclient *c);
void cw_nodeclient_release(struct cw_nodeclient *c);

CW_MUST_CHECK cw_status cw_nodeclient_post(struct cw_nodeclient *c, cw_node_request type,
        const uint8_t *fields, size_t len);
CW_MUST_CHECK cw_status cw_nodeclient_take(struct cw_nodeclient *c,
        struct cw_node_answer *ret_answer);

/* cw_nodeclient_ask - post and take; no other request may be under way. */
CW_MUST_CHECK cw_status cw_nodeclient_ask(struct cw_nodeclient *c, cw_node_request type,
        const uint8_t *fields, size_t len, struct cw_node_answer *ret_answer);

/* cw_nodeclient_text - the answer's text for people, printable. */
void cw_nodeclient_text(const struct cw_node_answer *answer, char *ret_text, size_t cap);

void cw_nodeclient_close(struct cw_nodeclient *c);

#endif
