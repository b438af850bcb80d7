/* SPDX-License-Identifier: MIT */
/*
 * sealed.h - bytes that a module keeps outside of itself (cw_seal).
 *
 *      0  version   1   CW_SEALED_VERSION
 *      1  sealing   1   cw_sealing
 *      2  versions 18   of chip and module, as the TEE defines them (SGX: ISVSVN 2, CPUSVN 16)
 *     20  id       32   random, new in each
 *     52  body      n   AES-128-GCM, nonce zeros, the 52 bytes before as associated data
 *   52+n  tag      16
 *
 * What     The key is the chip's: derived from who the module is (sealing), versions and id, so
 *          that it encrypts this one body and no other.
 * Trust    TRUSTED.  Whoever keeps the bytes can give back any of them, or none.
 */
#ifndef CW_CORE_WIRE_SEALED_H
#define CW_CORE_WIRE_SEALED_H

#include "core/base/limits.h"

#define CW_SEALED_VERSION 1u
#define CW_SEALED_VERSIONS 2u
#define CW_SEALED_VERSIONS_LEN 18u
#define CW_SEALED_ID 20u
#define CW_SEALED_ID_LEN 32u
#define CW_SEALED_HEADER_LEN 52u

/* Bytes of a sealed body of n bytes. */
#define CW_SEALED_LEN(n) (CW_SEALED_HEADER_LEN + (size_t)(n) + CW_TAG_LEN)

/* Who can unseal, on the same chip. */
typedef enum cw_sealing {
    CW_SEAL_IMAGE = 1, /* this very image                                                     */
    CW_SEAL_SIGNER,    /* every image of this product that the same owner signed, of this
                          version or a newer one: another image of the module, or another
                          module of the product                                               */
} cw_sealing;

#endif
