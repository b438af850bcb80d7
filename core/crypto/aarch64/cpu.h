/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - which instructions this CPU has for cryptography.
 *
 * What     Who starts an image says it once, before anything of it is used; as long as nobody did,
 *          there are none.  S-EL0 may not ask the CPU; who can, tells it.
 * Trust    TRUSTED.
 */
#ifndef CW_CORE_CRYPTO_AARCH64_CPU_H
#define CW_CORE_CRYPTO_AARCH64_CPU_H

#include <stdint.h>

#define CW_CPU_AES 0x1u /* AESE, AESMC, PMULL of 64 bits */

extern uint32_t cw_cpu;

#endif
