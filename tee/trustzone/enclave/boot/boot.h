/* SPDX-License-Identifier: MIT */
/*
 * boot.h - the first code after reset: measure, derive, hand over.
 *
 * What     Copies monitor and kernel from flash to secure RAM and measures them there, derives the
 *          keys that follow from the measurements, erases what nobody else may learn, and leaves
 *          struct cw_tz_boot to the kernel.  Whatever is wrong ends with a line on the secure
 *          console and power off: a device does not start half.
 * Trust    TRUSTED by assumption: nothing measures it.  The device tree and the device block are
 *          the board's; both are checked as if they were not.
 * Calls    cw_boot_main once, on the first CPU, by start.S.
 * Source   tee/trustzone/abi.h parts 6 and 7; tee/trustzone/enclave/worlds.h
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_BOOT_BOOT_H
#define CW_TEE_TRUSTZONE_ENCLAVE_BOOT_BOOT_H

#include <stdint.h>

#include "tee/trustzone/enclave/worlds.h"

/* x0..x3 of the monitor. */
struct cw_boot_end {
    uint64_t normal_at;
    uint64_t normal_len;
    uint64_t tree_at;
    uint64_t gic;
};

void cw_boot_main(struct cw_boot_end *ret_end);

/* cw_boot_stop - says why, and turns the board off. */
_Noreturn void cw_boot_stop(const char *reason);

/* cw_boot_fault - of the vectors: an exception in boot itself. */
_Noreturn void cw_boot_fault(uint64_t esr, uint64_t elr, uint64_t far);

/*
 * cw_boot_identity - who this device is, running this firmware: all keys and certificates.
 *
 * boot      has its measurements, lifecycle and security version; gets the rest but the seed
 * ret_mix   a secret of the device for random numbers
 *
 * Stops if the device block is not one.
 */
void cw_boot_identity(struct cw_tz_boot *boot, uint8_t ret_mix[static 32]);

#endif
