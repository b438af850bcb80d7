/* SPDX-License-Identifier: MIT */
/*
 * cose.h - COSE_Sign1 with ES256: certificates and tokens.
 *
 * What     18([protected {1: -7}, {}, payload bstr, signature bstr 64]), deterministic CBOR, nothing
 *          else; what is signed has no external data.
 * Trust    TRUSTED.  What is read comes from the attacker.
 * Source   RFC 9052 section 4.2, RFC 9053 section 2.1
 */
#ifndef CW_CORE_CRYPTO_COSE_H
#define CW_CORE_CRYPTO_COSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/crypto/p256.h"
#include "core/wire/cbor.h"

#define CW_COSE_OVERHEAD_MAX 76u /* bytes around a payload of less than 64 KiB */

/*
 * cw_cose_sign - put a signed payload.
 *
 * secret  of the signer.  The writer fails with CW_E_SPACE where there is no room; what it holds
 *         then is no message.
 */
void cw_cose_sign(struct cw_writer *w, const uint8_t *payload, size_t payload_len,
        const uint8_t secret[static CW_P256_SECRET_LEN]);

/* One that was read, and not yet checked. */
struct cw_cose {
    const uint8_t *payload; /* where it stands in what was read */
    size_t payload_len;
    uint8_t hash[32]; /* what is signed */
    uint8_t signature[CW_P256_SIGNATURE_LEN];
};

/* cw_cose_read - the next item.  The reader fails where it is none; *ret_cose is then zeros. */
void cw_cose_read(struct cw_reader *r, struct cw_cose *ret_cose);

/* cw_cose_is_by - did the holder of this key (x, y) sign it? */
CW_MUST_CHECK bool cw_cose_is_by(const struct cw_cose *cose,
        const uint8_t public_key[static CW_P256_PUBLIC_LEN]);

#endif
