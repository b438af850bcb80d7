/* SPDX-License-Identifier: MIT */
/*
 * frame.h - the 8 bytes in front of every message, and the numbers that stand in them.
 *
 * What     One framing for all links: between nodes, between a node and a module, and for
 *          the items that a module leaves in its caller's output area.
 * Trust    TRUSTED (decoding); what a header says proves nothing.
 * Source   docs/protocol.md section 3
 *
 *      0       4         5      6      8
 *      +-------+---------+------+------+------------------
 *      |length | version | type | zero | length bytes
 *      +-------+---------+------+------+------------------
 */
#ifndef CW_CORE_WIRE_FRAME_H
#define CW_CORE_WIRE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "core/base/status.h"

/* Types of messages that travel between modules, and of items in an output area. */
typedef enum cw_frame {
    CW_FRAME_EVENT = 1,    /* channel 4, counter 8, sealed body, tag 16             */
    CW_FRAME_REQUEST = 2,  /* the same; an answer is awaited                        */
    CW_FRAME_RESPONSE = 3, /* the same, back                                        */
    CW_FRAME_ACK = 4,      /* channel 4, count 8, tag 16                            */
    CW_FRAME_REPLY = 5,    /* item only: what the entry that was called answers     */
    CW_FRAME_STREAM_DATA = 6,  /* item only: stream 4, bytes for the outside world  */
    CW_FRAME_STREAM_CLOSE = 7, /* item only: stream 4                               */
    CW_FRAME_STREAM_TAKEN = 8, /* item only: stream 4, count 4 of bytes consumed    */
    CW_FRAME_STREAM_MORE = 9,  /* item only: stream 4; call again with no bytes     */
    CW_FRAME_LOG = 10,         /* item only: text for the node's log (debug images) */
} cw_frame;

/* Entries of a module: what its node asks of it.  Nothing here is believed by the module. */
typedef enum cw_entry {
    CW_ENTRY_ATTEST = 0,       /* in ATTEST; REPLY is EVIDENCE                          */
    CW_ENTRY_MANAGE = 1,       /* in OPEN or a sealed command; REPLY is its answer      */
    CW_ENTRY_EVENT = 2,        /* in an EVENT frame's bytes                             */
    CW_ENTRY_REQUEST = 3,      /* in a REQUEST frame's bytes; leaves a RESPONSE item    */
    CW_ENTRY_RESPONSE = 4,     /* in a RESPONSE frame's bytes, while pending            */
    CW_ENTRY_CANCEL = 5,       /* in nothing, while pending: the answer will not come   */
    CW_ENTRY_ACK_MAKE = 6,     /* in channel 4; leaves an ACK item                      */
    CW_ENTRY_ACK_TAKE = 7,     /* in an ACK frame's bytes; REPLY: channel 4, count 8    */
    CW_ENTRY_CALL = 8,         /* in index 2, zero 2, argument; REPLY is the result     */
    CW_ENTRY_STREAM_OPEN = 9,  /* in stream 4                                           */
    CW_ENTRY_STREAM_DATA = 10, /* in stream 4, bytes                                    */
    CW_ENTRY_STREAM_CLOSE = 11,/* in stream 4                                           */
} cw_entry;

/* How an entry came back: all that the untrusted side learns. */
typedef enum cw_result {
    CW_RESULT_DONE = 0,    /* accepted                                                   */
    CW_RESULT_AGAIN = 1,   /* nothing changed: no window or room, or a request pends     */
    CW_RESULT_REFUSED = 2, /* nothing changed but a count                                */
    CW_RESULT_PENDING = 3, /* a REQUEST item was left: bring RESPONSE, or CANCEL         */
} cw_result;

struct cw_link_header {
    uint32_t len;
    uint8_t type;
};

/* The header of an item as its bytes are, for a module that writes it. */
struct cw_item_header {
    uint32_t len;
    uint8_t version;
    uint8_t type;
    uint16_t zero;
};
_Static_assert(sizeof(struct cw_item_header) == CW_LINK_HEADER_LEN, "as on the wire");

/* cw_link_header_decode - CW_E_FORM: another version, nonzero reserved bytes, too long. */
CW_MUST_CHECK cw_status cw_link_header_decode(const uint8_t bytes[static CW_LINK_HEADER_LEN],
        struct cw_link_header *ret_header);

void cw_link_header_encode(const struct cw_link_header *header,
        uint8_t ret_bytes[static CW_LINK_HEADER_LEN]);

#endif
