/* SPDX-License-Identifier: MIT */
/*
 * sign.h - SIGSTRUCT: who answers for an image, and what its SECS has to be.
 *
 * What     RSA-3072 with exponent 3, PKCS #1 v1.5, SHA-256; Q1 and Q2 for the CPU.  The same key and
 *          image give the same bytes.  Masks are strict: every bit of the attributes and of
 *          MISCSELECT is as SIGSTRUCT has it, so DEBUG is not.
 * Trust    OWNER.  The key is secret; a SIGSTRUCT that is checked is foreign bytes.
 */
#ifndef CW_TEE_SGX_OWNER_SIGN_H
#define CW_TEE_SGX_OWNER_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "silicon/sgx/arch.h"

#define CW_SIGSTRUCT_WHY_LEN 256u
#define CW_SIGSTRUCT_KEY_MAX 4096u /* bytes of a key */

struct cw_sigstruct_wish {
    uint8_t mrenclave[SGX_HASH_LEN];
    uint16_t product; /* ISVPRODID: one for each module of a platform, for it enters sealing keys */
    uint16_t version; /* ISVSVN */
};

/* cw_sigstruct_key - a new signing key, as DER (PKCS #8). */
CW_MUST_CHECK cw_status cw_sigstruct_key(uint8_t *ret_key, size_t cap, size_t *ret_len);

/* cw_sigstruct_sign - CW_E_FORM: the key is none of RSA-3072 with e = 3. */
CW_MUST_CHECK cw_status cw_sigstruct_sign(const uint8_t *key, size_t key_len,
        const struct cw_sigstruct_wish *wish, uint8_t ret_sigstruct[static SGX_SIGSTRUCT_LEN],
        char ret_why[static CW_SIGSTRUCT_WHY_LEN]);

/*
 * cw_sigstruct_check - constants, reserved bytes, the signature, Q1 and Q2.
 *
 * CW_E_FORM  it is no SIGSTRUCT, or breaks a rule; ret_why says which
 * CW_E_AUTH  the signature is wrong
 */
CW_MUST_CHECK cw_status cw_sigstruct_check(const uint8_t sigstruct[static SGX_SIGSTRUCT_LEN],
        char ret_why[static CW_SIGSTRUCT_WHY_LEN]);

/* cw_sigstruct_signer - MRSIGNER. */
void cw_sigstruct_signer(const uint8_t sigstruct[static SGX_SIGSTRUCT_LEN],
        uint8_t ret_mrsigner[static SGX_HASH_LEN]);

#endif
