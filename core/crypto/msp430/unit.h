/* SPDX-License-Identifier: MIT */
/*
 * unit.h - the cipher of a Sancus chip.
 *
 * What     AE_WRAP and AE_UNWRAP.  key NULL is K_SM, the key that the chip derives from vendor,
 *          code and place of the module that executes the call; no software ever sees it, and
 *          only the runtime's key schedule may use it (it derives keys, and never encrypts).
 *          An empty body makes a MAC.
 * Trust    TRUSTED.
 * Shapes   All addresses and lengths even, associated data not empty: the published chip computes
 *          something else on others.
 * Calls    A refused wrap is a mistake of ours: it writes to the module's own text, a violation,
 *          which ends the call with all registers cleared.
 */
#ifndef CW_CORE_CRYPTO_MSP430_UNIT_H
#define CW_CORE_CRYPTO_MSP430_UNIT_H

#include <stddef.h>
#include <stdint.h>

/* cw_unit_wrap - another name of cw_suite_seal (core/crypto/suite.h), that takes K_SM too. */
void cw_unit_wrap(uint8_t cipher, const uint8_t *key, const uint8_t *ad, size_t ad_len,
        uint8_t *body, size_t len, uint8_t *ret_tag);

#endif
