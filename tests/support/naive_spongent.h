/* SPDX-License-Identifier: MIT */
/*
 * naive_spongent.h - SPONGENT and SpongeWrap, bit by bit from the specification's formulas.
 *
 * What     The oracle of core/crypto and of the emulated chip, and the baseline of the benchmark.
 *          Shares no line with either.  Any length is allowed, odd and empty ones included.
 * Trust    Test code.  Neither fast nor constant-time.
 *
 * security_bits is 128 (336-bit state, 16-byte keys and tags) or 64 (176-bit state, 8 bytes).
 */
#ifndef CW_TESTS_SUPPORT_NAIVE_SPONGENT_H
#define CW_TESTS_SUPPORT_NAIVE_SPONGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* naive_spongent_permute - state: [42] bytes for 128, [22] bytes for 64. */
void naive_spongent_permute(unsigned security_bits, uint8_t *state);

/* naive_spongent_wrap - key and ret_tag: [security_bits / 8] bytes; ret_cipher: [body_len]. */
void naive_spongent_wrap(unsigned security_bits, const uint8_t *key,
        const uint8_t *ad, size_t ad_len, const uint8_t *body, size_t body_len,
        uint8_t *ret_cipher, uint8_t *ret_tag);

/* naive_spongent_unwrap - ret_body gets the plaintext even when the tag is wrong. */
bool naive_spongent_unwrap(unsigned security_bits, const uint8_t *key,
        const uint8_t *ad, size_t ad_len, const uint8_t *cipher, size_t body_len,
        const uint8_t *tag, uint8_t *ret_body);

#endif
