/* SPDX-License-Identifier: MIT */
/*
 * spongent.h - SpongeWrap over SPONGENT, bit-exact with the Sancus chip.
 *
 * What     Authenticated encryption and a MAC.  128-bit security: the 336-bit permutation of
 *          170 rounds.
 * Trust    TRUSTED.  Constant time: no branch and no index depends on key or data.
 * Memory   All buffers are the caller's.  Bytes are plain strings, as the chip sees them.
 * Shapes   Associated data: even length, at least 2.  Body: even length; 0 for a MAC.  The chip
 *          computes something else on odd or empty input, so the protocol never has any.
 *          In place (ret_cipher == body) works.
 * Binding  One symbol, several files: an image for the MSP430 gets the chip's instructions, an
 *          enclave the version of its CPU, both at link time; a hosted program one that chooses
 *          at start.
 * Source   SPONGENT (CHES 2011), SpongeWrap (SAC 2011) with the chip's parameters; vectors in
 *          tests/vectors/spongent.txt
 */
#ifndef CW_CORE_CRYPTO_SPONGENT_H
#define CW_CORE_CRYPTO_SPONGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CW_SPONGENT_KEY_LEN 16u
#define CW_SPONGENT_TAG_LEN 16u

/* cw_spongent_wrap - encrypt and authenticate.  ret_cipher: [body_len] bytes. */
void cw_spongent_wrap(const uint8_t key[static CW_SPONGENT_KEY_LEN],
        const uint8_t *ad, size_t ad_len,
        const uint8_t *body, size_t body_len,
        uint8_t *ret_cipher, uint8_t ret_tag[static CW_SPONGENT_TAG_LEN]);

/*
 * cw_spongent_unwrap - check and decrypt; body_len >= 2.
 *
 * True: ret_body holds the plaintext.  False: the tag is wrong, and ret_body is all zeros.
 */
bool cw_spongent_unwrap(const uint8_t key[static CW_SPONGENT_KEY_LEN],
        const uint8_t *ad, size_t ad_len,
        const uint8_t *cipher, size_t body_len,
        const uint8_t tag[static CW_SPONGENT_TAG_LEN], uint8_t *ret_body);

/* cw_spongent_mac - the tag of a wrap of an empty body. */
void cw_spongent_mac(const uint8_t key[static CW_SPONGENT_KEY_LEN],
        const uint8_t *message, size_t message_len,
        uint8_t ret_tag[static CW_SPONGENT_TAG_LEN]);

#endif
