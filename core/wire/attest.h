/* SPDX-License-Identifier: MIT */
/*
 * attest.h - ATTEST and EVIDENCE: who is there, and which life of it.
 *
 * Trust    TRUSTED (pure encoding).
 * Source   docs/protocol.md section 5
 *
 *   ATTEST    version 1, type 1, zero 2, nonce 16                                      20
 *   EVIDENCE  version 1, type 1, kind 1, state 1, session 4, deployment 8, start 16    32
 *             then the proof of the TEE: Sancus a tag of 16; others the module's X25519
 *             share of 32, then what the chip signs (native: nothing)
 */
#ifndef CW_CORE_WIRE_ATTEST_H
#define CW_CORE_WIRE_ATTEST_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "core/base/status.h"

#define CW_ATTEST_LEN 20u
#define CW_EVIDENCE_LEN 32u /* without the proof */
#define CW_CLAIM_LEN (CW_NONCE_LEN + CW_EVIDENCE_LEN) /* what a proof is computed over */

/* Types of all messages of management: below 0x80 from the owner, above from the module. */
#define CW_MANAGE_ATTEST 1u
#define CW_MANAGE_OPEN 2u
#define CW_MANAGE_SETCONN 3u
#define CW_MANAGE_QUERY 4u
#define CW_MANAGE_DISABLE 5u
#define CW_MANAGE_CONFIG 6u
#define CW_MANAGE_ANSWER 0x80u /* or-ed to the type that is answered */

#define CW_FRESH_NONE 0u    /* start is zeros                                */
#define CW_FRESH_COUNTER 1u /* start is a counter that advances at each read */
#define CW_FRESH_RANDOM 2u  /* start is random                               */

#define CW_STATE_UNCLAIMED 0u
#define CW_STATE_OPEN 1u
#define CW_STATE_DISABLED 2u

/* The structure is the bytes of the wire, as in manage.h: a module's *life*. */
struct cw_evidence {
    uint8_t version; /* CW_VERSION */
    uint8_t type;    /* CW_MANAGE_ATTEST | CW_MANAGE_ANSWER */
    uint8_t kind;    /* CW_FRESH_*; authenticated, so that an owner can insist on it */
    uint8_t state;   /* CW_STATE_* */
    uint32_t session;
    uint8_t deployment[CW_DEPLOYMENT_LEN]; /* zeros: unclaimed */
    uint8_t start[CW_START_LEN];
} __attribute__((packed, aligned(2)));
_Static_assert(sizeof(struct cw_evidence) == CW_EVIDENCE_LEN, "as on the wire");

/* For owners. */
void cw_attest_encode(const uint8_t nonce[static CW_NONCE_LEN],
        uint8_t ret_bytes[static CW_ATTEST_LEN]);

/* cw_evidence_decode - the first CW_EVIDENCE_LEN bytes; the proof follows them. */
CW_MUST_CHECK cw_status cw_evidence_decode(const uint8_t bytes[static CW_EVIDENCE_LEN],
        struct cw_evidence *ret_evidence);

#endif
