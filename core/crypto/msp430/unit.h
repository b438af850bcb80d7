/* SPDX-License-Identifier: MIT */
/*
 * unit.h - the cipher of a Sancus chip, as one structure of operands.
 *
 * What     AE_WRAP and AE_UNWRAP.  key NULL is K_SM, the key that the chip derives from vendor,
 *          code and place of the module that executes the call; no software ever sees it, and
 *          only the runtime's key schedule may use it (it derives keys, and never encrypts).
 *          An empty body makes a MAC; out is then not used.
 * Trust    TRUSTED.
 * Shapes   All addresses and lengths even, associated data not empty: the published chip computes
 *          something else on others.
 * Calls    A refused wrap is a mistake of ours: it writes to the module's own text, a violation,
 *          which ends the call with all registers cleared.
 */
#ifndef CW_CORE_CRYPTO_MSP430_UNIT_H
#define CW_CORE_CRYPTO_MSP430_UNIT_H

#include <stdbool.h>
#include <stdint.h>

struct cw_unit {
    const uint8_t *key;
    const uint8_t *ad, *ad_end;
    const uint8_t *body, *body_end;
    uint8_t *out;
    const uint8_t *tag; /* wrap writes it, unwrap reads it */
};

void cw_unit_wrap(const struct cw_unit *operands);

/* cw_unit_unwrap - false: wrong tag; some chips have written to out all the same. */
bool cw_unit_unwrap(const struct cw_unit *operands);

#endif
