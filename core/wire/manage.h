/* SPDX-License-Identifier: MIT */
/*
 * manage.h - OPEN and the sealed commands of an owner, with their answers.
 *
 * Trust    TRUSTED (pure encoding).  Bodies are decoded after their tag was verified.
 * Source   docs/protocol.md sections 5 and 6
 *
 *   header    version 1, type 1, flags 2 (zero), session 4, seq 4                      12
 *   OPEN      header, nonce 16, deployment 8, module 4, [share 32]; tag 16       56 or 88
 *   OPENED    header; tag 16                                                           28
 *   command   header, sealed body, tag 16
 *   answer    header, sealed body, tag 16
 *
 * The structures below *are* the bytes of the wire: every machine that we build for is
 * little-endian, and sizes and offsets are asserted.  A module looks at them in a message that it
 * owns already (they may alias its bytes); so no decoder stands in what must be trusted.
 */
#ifndef CW_CORE_WIRE_MANAGE_H
#define CW_CORE_WIRE_MANAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "core/base/status.h"
#include "core/wire/attest.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the structures are the wire");

#define CW_PACKED __attribute__((packed, aligned(2), may_alias))

struct cw_manage_header {
    uint8_t version; /* CW_VERSION */
    uint8_t type;    /* CW_MANAGE_* */
    uint16_t flags;  /* zero */
    uint32_t session;
    uint32_t seq;
} CW_PACKED;
_Static_assert(sizeof(struct cw_manage_header) == CW_MANAGE_HEADER_LEN, "as on the wire");

/* OPEN: everything in front of the tag; the share is there where the TEE agrees on keys by DH. */
#define CW_OPEN_LEN 40u
#define CW_OPENED_LEN 28u

struct cw_open {
    struct cw_manage_header header; /* seq 0 */
    uint8_t nonce[CW_NONCE_LEN];
    uint8_t deployment[CW_DEPLOYMENT_LEN];
    uint32_t module;
} CW_PACKED;
_Static_assert(sizeof(struct cw_open) == CW_OPEN_LEN, "as on the wire");

struct cw_opened {
    struct cw_manage_header header; /* that of OPEN, its type answered */
    uint8_t tag[CW_TAG_LEN];
} CW_PACKED;
_Static_assert(sizeof(struct cw_opened) == CW_OPENED_LEN, "as on the wire");

/* What names a channel, and so is bound into its keys. */
struct cw_identity {
    uint32_t conn;
    uint32_t epoch;
    uint32_t src_module;
    uint16_t src_endpoint;
    uint32_t dst_module;
    uint16_t dst_endpoint;
    uint8_t cipher; /* CW_CIPHER_* */
    uint8_t mode;   /* CW_MODE_*   */
    uint16_t zero;
} CW_PACKED;
_Static_assert(sizeof(struct cw_identity) == 24, "as on the wire");

#define CW_MODE_STRICT 0u
#define CW_MODE_LATEST 1u
#define CW_MODE_REQUEST 2u

/* SETCONN: make this module one end of a connection. */
#define CW_SETCONN_LEN 70u

#define CW_SETCONN_CONTINUE 0u /* the count runs on from the epoch installed before */
#define CW_SETCONN_CUT 1u      /* the count becomes first                           */

struct cw_setconn {
    struct cw_identity identity;
    uint32_t channel;
    uint32_t event_max; /* payload bytes                                       */
    uint64_t first;
    uint64_t limit;     /* the source seals no counter from here on            */
    uint16_t window;    /* unacknowledged frames at most, at least 1           */
    uint16_t local;     /* index in this image's endpoint table                */
    uint16_t start;     /* CW_SETCONN_CONTINUE or _CUT                         */
    uint8_t key[CW_KEY_LEN];
} CW_PACKED;
_Static_assert(sizeof(struct cw_setconn) == CW_SETCONN_LEN, "as on the wire");

/* QUERY: one channel of the table, by index; total tells how many there are. */
#define CW_QUERY_LEN 4u

struct cw_query {
    uint16_t index;
    uint16_t zero;
} CW_PACKED;
_Static_assert(sizeof(struct cw_query) == CW_QUERY_LEN, "as on the wire");

/* The answer to every command: what became of it, and the channel that it was about. */
#define CW_ANSWER_LEN 60u

#define CW_ANSWER_SOURCE 0x0001u /* flags: this end seals                */
#define CW_ANSWER_CLOSED 0x0200u /* the final counts of a closed channel */

struct cw_answer {
    uint16_t status; /* a cw_status */
    uint16_t total;  /* QUERY: channels in the table */
    uint32_t channel; /* zeros from here on where there is none */
    uint32_t conn;
    uint32_t epoch;
    uint16_t flags;
    uint16_t refused_auth;   /* wrong tags, saturating                           */
    uint64_t count;          /* source: next to seal; sink: next expected        */
    uint64_t acked;          /* source, strict: verified acknowledgements        */
    uint32_t gaps;           /* sink, latest: events that never came             */
    uint16_t refused_replay; /* a hint: counted before the tag is checked        */
    uint16_t dropped;        /* source: outputs that found no room               */
    uint8_t check[CW_CHECK_LEN]; /* SETCONN: confirms key and context; else zeros */
} CW_PACKED;
_Static_assert(sizeof(struct cw_answer) == CW_ANSWER_LEN, "as on the wire");

struct cw_answered {
    struct cw_manage_header header; /* that of the command, its type answered */
    struct cw_answer answer;        /* sealed */
    uint8_t tag[CW_TAG_LEN];
} CW_PACKED;

#define CW_ANSWERED_LEN (CW_MANAGE_HEADER_LEN + CW_ANSWER_LEN + CW_TAG_LEN)
_Static_assert(sizeof(struct cw_answered) == CW_ANSWERED_LEN, "as on the wire");

/* DISABLE: channel 4; one channel, or the whole module. */
#define CW_DISABLE_LEN 4u
#define CW_DISABLE_ALL 0xffffffffu

struct cw_disable {
    uint32_t channel;
} CW_PACKED;
_Static_assert(sizeof(struct cw_disable) == CW_DISABLE_LEN, "as on the wire");

/* CONFIG: a parameter of the module's own, whole; then len bytes of value, and zeros to an even end. */
#define CW_CONFIG_MAX 4096u /* bytes of a value */

struct cw_config_header {
    uint16_t local; /* index in this image's endpoint table */
    uint16_t len;
} CW_PACKED;
#define CW_CONFIG_HEADER_LEN 4u
_Static_assert(sizeof(struct cw_config_header) == CW_CONFIG_HEADER_LEN, "as on the wire");

/*
 * For owners: fill in what is the same in every message of a kind (version, type, zeros), and
 * take an answer apart.  Decoders give CW_E_SHORT or CW_E_FORM.
 */
struct cw_manage_header cw_manage_header(uint8_t type, uint32_t session, uint32_t seq);
CW_MUST_CHECK cw_status cw_manage_header_decode(const uint8_t *bytes, size_t len,
        struct cw_manage_header *ret_header);
CW_MUST_CHECK cw_status cw_answer_decode(const uint8_t *bytes, size_t len,
        struct cw_answer *ret_answer);

#endif
