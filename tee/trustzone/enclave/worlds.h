/* SPDX-License-Identifier: MIT */
/*
 * worlds.h - between the monitor (EL3), what boots it, and the kernel (S-EL1).
 *
 * What     Secure RAM, who has which part of it:
 *
 *              0x0e000000  monitor       64 KiB  text RX, constants R, data RW; last page: the pen
 *              0x0e010000  hand-over     64 KiB  struct cw_tz_boot; the boot code's stack behind it
 *              0x0e020000  kernel       896 KiB  text, data, tables, stacks
 *              0x0e100000  pages         15 MiB  of modules, given out by the kernel
 *
 *          The kernel is entered once, at its first byte, EL1h, MMU off, all masked, x0 = the
 *          address of struct cw_tz_boot.  Then it runs until it asks for the other world:
 *
 *              smc CW_TZ_SMC_DONE, x1..x4: results.  Comes back with
 *              x0 = cw_tz_reason, x1..x4 = x0..x3 of the normal world (of CW_TZ_CALL), x5 = its CPU
 *
 *          After CW_TZ_CALL x1..x4 are the normal world's x0..x3; after CW_TZ_INTERRUPT they are
 *          ignored and no register of the normal world changes.  The reason is not the caller's to
 *          choose: it is a register of its own.
 *          CW_TZ_SMC_DONE counts only from the secure world; from the other it is unknown.
 *
 *          The monitor is entered by boot at its first byte, EL3, MMU off, x0..x3 = at, length of
 *          the normal world's RAM, its device tree, 2 or 3 for the GIC; by a CPU that waited in the
 *          pen at its second instruction.  A pen is a word of each CPU: 0, or one of CW_TZ_PEN_*.
 *          What lies behind a part of the firmware, to the end of its memory, holds zeros.
 * Trust    TRUSTED.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_WORLDS_H
#define CW_TEE_TRUSTZONE_ENCLAVE_WORLDS_H

#define CW_TZ_MONITOR_AT 0x0e000000
#define CW_TZ_BOOT_AT 0x0e010000
#define CW_TZ_BOOT_LEN 0x00010000
#define CW_TZ_KERNEL_AT 0x0e020000
#define CW_TZ_KERNEL_END 0x0e100000
#define CW_TZ_PAGES_AT 0x0e100000
#define CW_TZ_PAGES_END 0x0f000000

#define CW_TZ_SMC_DONE 0xb2ff0000

/* The CPUs that there may be, CW_TZ_PEN_LEN bytes of the pen for each; written without caches. */
#define CW_TZ_CPUS 8
#define CW_TZ_PEN_AT 0x0e00f000
#define CW_TZ_PEN_LEN 64
#define CW_TZ_PEN_WAITS 1 /* the CPU: I am here           */
#define CW_TZ_PEN_GO 2    /* the monitor, when it waits   */

#ifndef __ASSEMBLER__

#include <stdint.h>

#include "tee/trustzone/abi.h"

typedef enum cw_tz_reason {
    CW_TZ_CALL = 1,
    CW_TZ_INTERRUPT,
} cw_tz_reason;

/* What boot leaves to the kernel, which takes it over and wipes it. */
struct cw_tz_boot {
    uint8_t attestation_key[32];   /* AK, the scalar, big-endian */
    uint8_t attestation_public[64];
    uint8_t sealing[32];           /* CDI_s */
    uint8_t seed[32];              /* of this start, for random numbers */
    uint8_t platform[32];          /* SHA-256 of the device key */
    uint8_t name[32];
    uint8_t monitor[32];           /* h_m */
    uint8_t kernel[32];            /* h_k */
    uint32_t security_version;     /* of the firmware */
    uint32_t lifecycle;
    uint64_t normal_at;            /* the normal world's RAM, from the device tree */
    uint64_t normal_len;
    uint32_t gic;                  /* 2 or 3 */
    uint32_t certificate_lens[2];  /* of AK by the device key, of the device key by its maker */
    uint8_t certificates[2][CW_TZ_CERTIFICATE_MAX]; /* COSE_Sign1, as they go into the token */
};

#endif
#endif
