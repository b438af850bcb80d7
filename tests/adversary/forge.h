/* SPDX-License-Identifier: MIT */
/*
 * forge.h - the forgery that broke the predecessor: AES-GCM events under one constant IV.
 *
 * What     Needs no key and no guess.  With one IV for all messages, tag = GHASH(H, ad, cipher)
 *          xor a constant, so the xor of two tags is a polynomial in H.  For two messages with
 *          the same cipher text (an empty payload: no cipher text at all) that is
 *
 *              tag1 ^ tag2 = (ad1 ^ ad2) * P,      P = H^(blocks of cipher text + 2)
 *
 *          hence P, and with it the tag of any other associated data of one block:
 *
 *              tag3 = tag1 ^ (ad1 ^ ad3) * P
 *
 * Trust    The attacker's.
 * Source   reference of the predecessor, W1; GCM: NIST SP 800-38D section 6
 */
#ifndef CW_TESTS_ADVERSARY_FORGE_H
#define CW_TESTS_ADVERSARY_FORGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CW_FORGE_BLOCK 16u

/* An element of GF(2^128) as GCM writes it: bit 0 is the first bit of the first byte. */
struct cw_forge_element {
    uint8_t bytes[CW_FORGE_BLOCK];
};

struct cw_forge_seen {
    struct cw_forge_element ad; /* padded with zeros behind */
    const uint8_t *cipher;
    size_t cipher_len;
    struct cw_forge_element tag;
};

struct cw_forge_element cw_forge_multiply(struct cw_forge_element a, struct cw_forge_element b);

/* cw_forge_invert - zero for zero. */
struct cw_forge_element cw_forge_invert(struct cw_forge_element a);

/*
 * cw_forge_power - P from two messages.
 *
 * false  the associated data is the same, or the lengths differ: nothing to learn.
 *
 * *ret_constant_iv  do equal payloads have equal cipher texts here?  If not, the attack's
 *                   assumption is false, and what it computes is worth nothing.
 */
bool cw_forge_power(const struct cw_forge_seen *first, const struct cw_forge_seen *second,
        struct cw_forge_element *ret_power, bool *ret_constant_iv);

/* cw_forge_tag - the tag of first's cipher text under other associated data. */
struct cw_forge_element cw_forge_tag(const struct cw_forge_seen *first,
        struct cw_forge_element power, struct cw_forge_element ad);

#endif
