/* SPDX-License-Identifier: MIT */
/*
 * spongent64.h - SpongeWrap with 64-bit security, for Sancus chips built that way.
 *
 * What     As spongent.h, over the 176-bit permutation of 90 rounds, with keys and tags of 8
 *          bytes.  No module runtime uses it: 64 bits are too few for new designs.  The owner and
 *          the emulated chip need it for such chips as exist.
 * Trust    TRUSTED.  Constant time.
 * Shapes   As in spongent.h.
 * Source   SPONGENT (CHES 2011), SpongeWrap (SAC 2011); vectors in tests/vectors/spongent.txt
 */
#ifndef CW_CORE_CRYPTO_SPONGENT64_H
#define CW_CORE_CRYPTO_SPONGENT64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CW_SPONGENT64_KEY_LEN 8u
#define CW_SPONGENT64_TAG_LEN 8u

/* cw_spongent64_wrap - encrypt and authenticate.  ret_cipher: [body_len] bytes. */
void cw_spongent64_wrap(const uint8_t key[static CW_SPONGENT64_KEY_LEN],
        const uint8_t *ad, size_t ad_len,
        const uint8_t *body, size_t body_len,
        uint8_t *ret_cipher, uint8_t ret_tag[static CW_SPONGENT64_TAG_LEN]);

/*
 * cw_spongent64_unwrap - check and decrypt.
 *
 * True: ret_body holds the plaintext.  False: the tag is wrong, and ret_body is all zeros.
 */
bool cw_spongent64_unwrap(const uint8_t key[static CW_SPONGENT64_KEY_LEN],
        const uint8_t *ad, size_t ad_len,
        const uint8_t *cipher, size_t body_len,
        const uint8_t tag[static CW_SPONGENT64_TAG_LEN], uint8_t *ret_body);

/* cw_spongent64_mac - the tag of a wrap of an empty body. */
void cw_spongent64_mac(const uint8_t key[static CW_SPONGENT64_KEY_LEN],
        const uint8_t *message, size_t message_len,
        uint8_t ret_tag[static CW_SPONGENT64_TAG_LEN]);

#endif
