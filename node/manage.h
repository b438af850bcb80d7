/* SPDX-License-Identifier: MIT */
/*
 * manage.h - a session of an owner: mutual TLS, then requests, one after the other.
 *
 * What     A request begins when the one before it was answered.  Meanwhile nothing more is read,
 *          so that a session holds one request and one answer, whatever its owner sends.
 * Trust    UNTRUSTED.  The peer is a stranger until its key is one of --owner.
 */
#ifndef CW_NODE_MANAGE_H
#define CW_NODE_MANAGE_H

#include "core/wire/node.h"
#include "node/conn.h"
#include "node/guest.h"
#include "node/inbox.h"

#define CW_MANAGE_ITEMS_MAX (CW_LINK_MAX - 64u) /* bytes of one answer */

struct cw_quoting; /* request.c */

struct cw_session {
    struct cw_conn *conn; /* NULL: the owner went away */
    struct cw_node *node;
    struct cw_tls *tls;
    char owner[CW_TLS_FINGERPRINT_CAP];
    struct cw_inbox inbox;
    uint64_t asked_at_ms;   /* when the last whole request came                   */
    uint64_t partial_at_ms; /* when the first byte of the next came; 0: none came */
    unsigned holds;         /* functions that still use the session               */
    bool is_known;
    bool is_busy;    /* a request is under way              */
    bool is_feeding; /* requests are being begun: no deeper */

    /* the request under way */
    uint8_t type;
    uint32_t tag;
    const uint8_t *fields; /* in the inbox */
    size_t fields_len;
    struct cw_job enter;   /* ENTER                         */
    bool is_entering;
    struct cw_quoting *quoting; /* QUOTE: what its callback gets */
    cw_entry entry;
    const uint8_t *entry_bytes;
    size_t entry_len;
    uint8_t *answer; /* link header, tag, status, fields */
    size_t answer_len;
    size_t answer_cap;
    bool answer_is_short; /* items did not fit */
};

/* cw_manage_begin - the stranger's first byte says TLS. */
void cw_manage_begin(struct cw_conn *conn);

/* cw_session_put - append to the fields of the answer. */
void cw_session_put(struct cw_session *session, const void *bytes, size_t len);

/* cw_session_answer - the request is done; what was put are its fields. */
void cw_session_answer(struct cw_session *session, cw_status status);

/* cw_session_refuse - the request failed: a text for people instead of fields. */
__attribute__((format(printf, 3, 4))) void cw_session_refuse(struct cw_session *session,
        cw_status status, const char *format, ...);

/* request.c: begin the request that stands in the session; it ends with answer or refuse. */
void cw_request_begin(struct cw_session *session);

/* request.c: the owner went away while a request was under way. */
void cw_request_forget(struct cw_session *session);

#endif
