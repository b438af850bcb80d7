/* SPDX-License-Identifier: MIT */
/*
 * stream.h - bytes between the outside world and a module that serves it.
 *
 * What     An outlet is an address where a module is served; each connection to it is a stream
 *          with a number.  The module gets pieces of what came, says how much it used, and what
 *          it leaves as items goes out.  A module that has more to say than fits is called again
 *          when the socket has drained.
 *
 *     OPENING --module: done--> OPEN --CLOSE item--> flushed, lingers --> gone
 *                                 |---peer ends---> STREAM_CLOSE entered --> gone
 *
 * Trust    UNTRUSTED.  Bytes are the outside world's; the module protects itself.
 */
#ifndef CW_NODE_STREAM_H
#define CW_NODE_STREAM_H

#include "node/conn.h"
#include "node/guest.h"

#define CW_STREAM_PIECE_MAX 2048u  /* bytes that one entry brings         */
#define CW_STREAM_PER_GUEST_MAX 256u
#define CW_OUTLET_MAX 8u           /* addresses of one module             */

struct cw_outlet {
    uv_tcp_t tcp;
    struct cw_list of_guest; /* in guest->outlets */
    struct cw_guest *guest;
    char asked[CW_NET_TEXT_CAP];
    char address[CW_NET_TEXT_CAP]; /* with the port that the system chose */
    uint32_t open_count;
    uint64_t accepted_count;
    uint64_t refused_count;
};

/*
 * cw_outlet_set - serve this module at one more address; "" ends all that it has.
 *
 * CW_E_DENIED  not an address that --allow-listen allows
 * CW_E_FORM, CW_E_SPACE, CW_E_SYSTEM  ret_why says it
 */
CW_MUST_CHECK cw_status cw_outlet_set(struct cw_guest *guest, const char *address, char *ret_why,
        size_t why_cap);

/* cw_stream_item - the module says something about, or through, a stream. */
void cw_stream_item(struct cw_guest *guest, cw_frame type, const uint8_t *bytes, size_t len);

/* cw_stream_reset_all - the module lost what it knew of its streams. */
void cw_stream_reset_all(struct cw_guest *guest);

/* cw_stream_stop_all - the module goes: outlets too. */
void cw_stream_stop_all(struct cw_guest *guest);

/* --- between outlet.c and stream.c ---------------------------------------------------------------- */

/* cw_stream_connection - somebody connects to an outlet. */
void cw_stream_connection(uv_stream_t *tcp, int status);

/* cw_stream_orphan_all - the outlets of this module go, its streams stay. */
void cw_stream_orphan_all(struct cw_guest *guest);

void cw_outlet_close_all(struct cw_guest *guest);

#endif
