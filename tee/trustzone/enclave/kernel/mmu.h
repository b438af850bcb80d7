/* SPDX-License-Identifier: MIT */
/*
 * mmu.h - translation tables of S-EL1 and S-EL0.
 *
 * What     One table per module, in TTBR0; all share the kernel's part, which S-EL0 cannot
 *          touch.  Nothing is writable and executable (SCTLR.WXN besides); memory of the normal
 *          world is mapped with NS = 1, never executable.
 *
 *              0x0000000000  kernel: its text RX, constants R, data RW, pages of modules RW; the
 *                            journal's flash; secure devices, interrupt controller.  VA = PA
 *              0x0040000000  the module that runs
 *              CW_TZ_NORMAL_VA  RAM of the normal world
 * Trust    TRUSTED.
 * Source   Arm ARM (DDI 0487), D8: 4 KiB granule, 39 bits
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_MMU_H
#define CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_MMU_H

#include <stddef.h>
#include <stdint.h>

#include "tee/trustzone/enclave/kernel/space.h"

#define CW_TZ_NORMAL_VA 0x1000000000ul

/* Pages that the tables of a module take, at most: one of each level above its pages, and one for
 * each 2 MiB that it touches (image, stack, window). */
#define CW_TZ_TABLES 5u

/*
 * cw_tz_mmu_open - turn it on, with the hand-over of boot still there.
 *
 * normal_len  bytes; whole blocks of 2 MiB are mapped.  Returns how many bytes that is.
 */
uint64_t cw_tz_mmu_open(uint64_t normal_at, uint64_t normal_len);

/* cw_tz_mmu_forget_boot - the hand-over is no longer mapped. */
void cw_tz_mmu_forget_boot(void);

/* cw_tz_mmu_make - tables of a space, in [CW_TZ_TABLES] pages of zeros; what they hold now is what
 * S-EL0 executes. */
void cw_tz_mmu_make(const struct cw_tz_space *space, uint8_t *tables);

/*
 * cw_tz_mmu_use - those tables from now on, and nothing is remembered of others.
 *
 * They stay when the module has left, as the kernel's part of all tables is the same, until another
 * module runs or these are dropped: changing them costs what the CPU had remembered.  There are no
 * ASIDs: one module runs at a time, and a world's switch that changes the ASID costs more in QEMU.
 */
void cw_tz_mmu_use(const void *tables);

/* cw_tz_mmu_drop - the kernel's own; nothing of a module's is used or remembered, its pages may go. */
void cw_tz_mmu_drop(void);

#endif
