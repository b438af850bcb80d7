/* SPDX-License-Identifier: MIT */
/*
 * manage.h - OPEN and the sealed commands of an owner, with their answers.
 *
 * Trust    TRUSTED (pure encoding).  Bodies are decoded after their tag was verified.
 * Source   docs/protocol.md sections 5 and 6
 *
 *   header    version 1, type 1, flags 2 (zero), session 4, seq 4                      12
 *   OPEN      header, nonce 16, deployment 8, module 4, [share 32]; tag 16       56 or 88
 *   OPENED    header, status 2, zero 2; tag 16                                         32
 *   command   header, sealed body, tag 16
 *   answer    header, sealed body, tag 16
 */
#ifndef CW_CORE_WIRE_MANAGE_H
#define CW_CORE_WIRE_MANAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "core/base/status.h"
#include "core/wire/attest.h"

struct cw_manage_header {
    uint8_t type;
    uint32_t session;
    uint32_t seq;
};

CW_MUST_CHECK cw_status cw_manage_header_decode(
        const uint8_t bytes[static CW_MANAGE_HEADER_LEN], struct cw_manage_header *ret_header);
void cw_manage_header_encode(const struct cw_manage_header *header,
        uint8_t ret_bytes[static CW_MANAGE_HEADER_LEN]);

/* OPEN: everything in front of the tag; the share is there where the TEE agrees on keys by DH. */
#define CW_OPEN_LEN 40u    /* header 12, nonce 16, deployment 8, module 4 */
#define CW_OPENED_LEN 32u

struct cw_open {
    uint32_t session;
    uint8_t nonce[CW_NONCE_LEN];
    uint8_t deployment[CW_DEPLOYMENT_LEN];
    uint32_t module;
};

CW_MUST_CHECK cw_status cw_open_decode(const uint8_t bytes[static CW_OPEN_LEN],
        struct cw_open *ret_open);
void cw_open_encode(const struct cw_open *open, uint8_t ret_bytes[static CW_OPEN_LEN]);

/* SETCONN: make this module one end of a connection. */
#define CW_SETCONN_LEN 60u

#define CW_MODE_STRICT 0u
#define CW_MODE_LATEST 1u
#define CW_MODE_REQUEST 2u

#define CW_SETCONN_CONTINUE 0u /* the count runs on from the epoch installed before */
#define CW_SETCONN_CUT 1u      /* the count becomes first                           */

struct cw_setconn {
    uint32_t conn;
    uint32_t epoch;
    uint32_t channel;
    uint32_t src_module;
    uint32_t dst_module;
    uint16_t src_endpoint;
    uint16_t dst_endpoint;
    uint8_t cipher;     /* CW_CIPHER_*                                    */
    uint8_t mode;       /* CW_MODE_*                                      */
    uint8_t limit_log2; /* the source refuses at 2^limit_log2, 1..63      */
    uint8_t start;      /* CW_SETCONN_CONTINUE or _CUT                    */
    uint16_t window;    /* unacknowledged frames at most; strict: >= 1    */
    uint16_t local;     /* index in this image's endpoint table           */
    uint32_t event_max; /* payload bytes                                  */
    uint64_t first;
    CW_EVEN uint8_t key[CW_KEY_LEN];
};

CW_MUST_CHECK cw_status cw_setconn_decode(const uint8_t *bytes, size_t len,
        struct cw_setconn *ret_setconn);
void cw_setconn_encode(const struct cw_setconn *setconn,
        uint8_t ret_bytes[static CW_SETCONN_LEN]);

/* The answer to SETCONN, DISABLE and any command refused. */
#define CW_ANSWER_LEN 24u

struct cw_answer {
    uint32_t channel;
    uint16_t status; /* a cw_status */
    uint64_t count;
    uint8_t check[CW_CHECK_LEN]; /* SETCONN: confirms key and context; else zeros */
};

CW_MUST_CHECK cw_status cw_answer_decode(const uint8_t *bytes, size_t len,
        struct cw_answer *ret_answer);
void cw_answer_encode(const struct cw_answer *answer, uint8_t ret_bytes[static CW_ANSWER_LEN]);

/* QUERY: one channel of the table, by index; total tells how many there are. */
#define CW_QUERY_LEN 4u
#define CW_QUERIED_LEN 44u

#define CW_QUERIED_SOURCE 1u   /* flags: this end seals                  */
#define CW_QUERIED_DISABLED 2u /* the final counts of a disabled channel */

struct cw_queried {
    uint16_t index;
    uint16_t total;
    uint32_t channel; /* zeros from here on where index >= total */
    uint32_t conn;
    uint32_t epoch;
    uint16_t flags;
    uint16_t refused_auth;   /* wrong tags, saturating                     */
    uint64_t count;          /* source: next to seal; sink: next expected  */
    uint64_t acked;          /* source, strict: verified acknowledgements  */
    uint32_t gaps;           /* sink, latest: events that never came       */
    uint16_t refused_replay; /* a hint: counted before the tag is checked  */
    uint16_t dropped;        /* source: outputs that found no room         */
};

CW_MUST_CHECK cw_status cw_query_decode(const uint8_t *bytes, size_t len, uint16_t *ret_index);
void cw_query_encode(uint16_t index, uint8_t ret_bytes[static CW_QUERY_LEN]);
CW_MUST_CHECK cw_status cw_queried_decode(const uint8_t *bytes, size_t len,
        struct cw_queried *ret_queried);
void cw_queried_encode(const struct cw_queried *queried,
        uint8_t ret_bytes[static CW_QUERIED_LEN]);

/* DISABLE: one channel, or the whole module. */
#define CW_DISABLE_LEN 4u
#define CW_DISABLE_ALL 0xffffffffu

CW_MUST_CHECK cw_status cw_disable_decode(const uint8_t *bytes, size_t len,
        uint32_t *ret_channel);
void cw_disable_encode(uint32_t channel, uint8_t ret_bytes[static CW_DISABLE_LEN]);

#endif
