/* SPDX-License-Identifier: MIT */
/*
 * spongent_own.h - the one use of a Sancus module's own key.
 *
 * What     MAC under K_SM, the key that the chip derives from vendor, code and place of the
 *          module that executes the call.  No software ever sees that key.
 * Trust    TRUSTED.  K_SM only derives keys and never encrypts: this is the only function that
 *          uses it, and it is to be called by the runtime's key schedule alone.
 * Shapes   As in spongent.h: len even, at least 2; message and tag at even addresses.
 * Binding  Exists for the MSP430 alone (core/crypto/msp430/spongent.S).
 */
#ifndef CW_CORE_CRYPTO_SPONGENT_OWN_H
#define CW_CORE_CRYPTO_SPONGENT_OWN_H

#include <stddef.h>
#include <stdint.h>

#include "core/crypto/spongent.h"

void cw_spongent_mac_own(const uint8_t *message, size_t len,
        uint8_t ret_tag[static CW_SPONGENT_TAG_LEN]);

#endif
