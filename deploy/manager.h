/* SPDX-License-Identifier: MIT */
/*
 * manager.h - the owner's side of attestation and of a management session.
 *
 * What     The mirror image of sdk/session_chip.c and sdk/session_dh.c: makes ATTEST, OPEN and
 *          sealed commands, and believes nothing but what verifies.  Does no I/O.
 * Trust    OWNER.  What comes back is foreign bytes.
 * Memory   The caller owns struct cw_manager and wipes it (cw_manager_end).
 * Source   docs/protocol.md sections 5 and 6
 *
 *     begin --attest--> evidence (the caller verifies the proof) --open--> opened
 *           --> command, answer, command, answer ...
 */
#ifndef CW_DEPLOY_MANAGER_H
#define CW_DEPLOY_MANAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "core/base/status.h"
#include "core/wire/attest.h"
#include "core/wire/manage.h"

/* The longest message of a session but CONFIG: SETCONN. */
#define CW_MANAGER_MESSAGE_MAX (CW_MANAGE_HEADER_LEN + CW_SETCONN_LEN + CW_TAG_LEN)
#define CW_MANAGER_CONFIG_MAX \
    (CW_MANAGE_HEADER_LEN + CW_CONFIG_HEADER_LEN + CW_CONFIG_MAX + CW_TAG_LEN)

struct cw_manager {
    bool dh; /* the module agrees on keys; else the chip gives it one */
    bool is_open;
    uint8_t nonce[CW_NONCE_LEN];
    uint8_t life[CW_EVIDENCE_LEN];
    struct cw_evidence evidence; /* the same, decoded */
    uint8_t share[CW_DH_LEN];    /* dh: the module's X_m */
    uint32_t number;
    uint32_t seq;
    uint8_t key_open[CW_KEY_LEN];
    uint8_t key_in[CW_KEY_LEN];
    uint8_t key_out[CW_KEY_LEN];
};

/* cw_manager_begin - nonce: fresh random bytes.  ret_message is ATTEST. */
void cw_manager_begin(struct cw_manager *s, bool dh, const uint8_t nonce[static CW_NONCE_LEN],
        uint8_t ret_message[static CW_ATTEST_LEN]);

/*
 * cw_manager_evidence - take EVIDENCE apart; nothing of it is believed yet.
 *
 * ret_report     dh: what the chip must have signed
 * ret_proof      into bytes: what the TEE's backend verifies
 */
CW_MUST_CHECK cw_status cw_manager_evidence(struct cw_manager *s, const uint8_t *bytes, size_t len,
        uint8_t ret_report[static 32], const uint8_t **ret_proof, size_t *ret_proof_len);

/*
 * cw_manager_open - OPEN as number, above all that the evidence and the owner know of.
 *
 * root_key      chip: the module's key.  Else NULL
 * owner_secret  dh: the owner's static X25519 key, whose public half the image has.  Else NULL
 * share_secret  dh: 32 fresh random bytes.  Else NULL
 *
 * CW_E_AUTH  dh: the module's share is none
 */
CW_MUST_CHECK cw_status cw_manager_open(struct cw_manager *s, uint32_t number,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN], uint32_t module,
        const uint8_t *root_key, const uint8_t *owner_secret, const uint8_t *share_secret,
        uint8_t ret_message[static CW_MANAGER_MESSAGE_MAX], size_t *ret_len);

/* cw_manager_opened - OPENED; the session is open on CW_OK. */
CW_MUST_CHECK cw_status cw_manager_opened(struct cw_manager *s, const uint8_t *bytes, size_t len);

/* cw_manager_command - seal a command; ret_message has room for header, body and tag. */
CW_MUST_CHECK cw_status cw_manager_command(struct cw_manager *s, uint8_t type, const void *body,
        size_t body_len, uint8_t ret_message[static CW_MANAGER_MESSAGE_MAX], size_t *ret_len);

/*
 * cw_manager_answer - open the answer to the command last made, in place.
 *
 *
 * CW_OK      authentic
 * CW_E_AUTH, CW_E_SHORT, CW_E_FORM, CW_E_REPLAY  it is not that answer
 */
CW_MUST_CHECK cw_status cw_manager_answer(struct cw_manager *s, uint8_t type, uint8_t *bytes,
        size_t len, struct cw_answer *ret_answer);

/* cw_manager_end - wipe it. */
void cw_manager_end(struct cw_manager *s);

/* cw_setconn_bytes - the body of SETCONN. */
void cw_setconn_bytes(const struct cw_setconn *setconn,
        uint8_t ret_bytes[static CW_SETCONN_LEN]);

#endif
