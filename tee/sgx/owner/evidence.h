/* SPDX-License-Identifier: MIT */
/*
 * evidence.h - what the owner asks of a module's quote, and the CPU of a node on this machine.
 *
 * What     A module's proof is what its node answered to CW_NODE_QUOTE: a quote, and collateral.
 *          The policy is the strictest that the image allows: this MRENCLAVE, this signer, this
 *          ISVPRODID and ISVSVN, this REPORTDATA, no DEBUG, XFRM 3, and the machine that the
 *          descriptor pins.  An emulated machine has to be pinned; of Intel's any will do unless
 *          one is.
 * Trust    OWNER.  Quote and collateral are foreign bytes.
 */
#ifndef CW_TEE_SGX_OWNER_EVIDENCE_H
#define CW_TEE_SGX_OWNER_EVIDENCE_H

#include "tee/owner.h"

/* Verdicts of Intel's about a machine that a descriptor may allow; ends with NULL. */
extern const char *const cw_sgx_statuses[];

/* cw_sgx_verify - struct cw_owner_backend's verify. */
cw_status cw_sgx_verify(const struct cw_owner_node *node, const struct cw_owner_built *built,
        const uint8_t nonce[static CW_NONCE_LEN], const uint8_t life[static 32],
        const uint8_t *report, const uint8_t *proof, size_t proof_len,
        struct cw_owner_verdict *ret_verdict);

/* cw_sgx_verify_at - the same at a time, in seconds since 1970. */
CW_MUST_CHECK cw_status cw_sgx_verify_at(int64_t time, const struct cw_owner_node *node,
        const struct cw_owner_built *built, const uint8_t report[static 32], const uint8_t *proof,
        size_t proof_len, struct cw_owner_verdict *ret_verdict);

extern const struct cw_owner_local cw_sgx_local;

/* cw_sgx_examine - what this machine has: hardware, its devices, what the emulated CPU needs. */
void cw_sgx_examine(const char *sdk_dir, cw_owner_say_fn *say, void *ctx);

#endif
