/* SPDX-License-Identifier: MIT */
/*
 * gcm.h - AES-128-GCM with 12-byte nonces.
 *
 * What     Authenticated encryption.  What was computed from a key may be kept for the next time.
 * Trust    TRUSTED.  Constant time.  A nonce must never be used twice with a key.
 * Memory   All buffers are the caller's; in place (ret_cipher == body) works, other overlaps do
 *          not.  A pointer may be NULL when its length is 0.  Who wipes a key calls cw_gcm_forget.
 * Limits   body_len < 2^36 - 32.
 * Binding  core/crypto/x86_64/gcm.c for x86-64 enclaves (uses AES-NI and PCLMULQDQ without asking
 *          the CPU); else core/crypto/bearssl/gcm.c with one engine (gcm_engine.h): gcm_ct64.c for
 *          any machine, gcm_choose.c for hosted programs on x86-64 (asks), gcm_aarch64.c (is told:
 *          core/crypto/aarch64/cpu.h).
 * Source   NIST SP 800-38D, RFC 8452 appendix A; code of BearSSL; vectors in tests/vectors/gcm.txt
 */
#ifndef CW_CORE_CRYPTO_GCM_H
#define CW_CORE_CRYPTO_GCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

#define CW_GCM_KEY_LEN 16u
#define CW_GCM_NONCE_LEN 12u
#define CW_GCM_TAG_LEN 16u

/* cw_gcm_seal - encrypt and authenticate.  ret_cipher: [body_len] bytes. */
void cw_gcm_seal(const uint8_t key[static CW_GCM_KEY_LEN],
        const uint8_t nonce[static CW_GCM_NONCE_LEN],
        const uint8_t *ad, size_t ad_len, const uint8_t *body, size_t body_len,
        uint8_t *ret_cipher, uint8_t ret_tag[static CW_GCM_TAG_LEN]);

/*
 * cw_gcm_open - check, then decrypt.
 *
 * True: ret_body holds the plaintext.  False: the tag is wrong, and ret_body is all zeros.
 */
CW_MUST_CHECK bool cw_gcm_open(const uint8_t key[static CW_GCM_KEY_LEN],
        const uint8_t nonce[static CW_GCM_NONCE_LEN],
        const uint8_t *ad, size_t ad_len, const uint8_t *cipher, size_t body_len,
        const uint8_t tag[static CW_GCM_TAG_LEN], uint8_t *ret_body);

/* cw_gcm_forget - wipe what was kept of keys. */
void cw_gcm_forget(void);

#endif
