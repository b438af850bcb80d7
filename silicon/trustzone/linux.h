/* SPDX-License-Identifier: MIT */
/*
 * linux.h - what a boot loader does for Linux: the few instructions that start it, its device tree.
 *
 * What     The secure world enters the normal world at CW_TZ_NORMAL_AT and knows no Linux.  So
 *          there lie four instructions, which enter the kernel as its documents ask for, and behind
 *          them the device tree: QEMU's own, with what Linux needs to know of a secure world
 *          (its power and CPUs, its messages) and where the initramfs is, and without what QEMU put
 *          there for the secure world alone.
 *
 *              CW_TZ_NORMAL_AT  code, device tree     CW_LINUX_KERNEL_AT  the kernel
 *              CW_LINUX_INITRAMFS_AT  the initramfs
 *
 * Trust    SILICON.
 * Source   Linux, Documentation/arm64/booting.rst, Documentation/devicetree/bindings/arm/{psci.yaml,
 *          firmware/linaro,optee-tz.yaml}
 */
#ifndef CW_SILICON_TRUSTZONE_LINUX_H
#define CW_SILICON_TRUSTZONE_LINUX_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "silicon/trustzone/port.h"

#define CW_LINUX_KERNEL_AT 0x40400000ul
#define CW_LINUX_INITRAMFS_AT 0x4a000000ul
#define CW_LINUX_TREE_OFFSET 0x1000u /* of the device tree in the start */
#define CW_LINUX_START_MAX 0x200000u /* bytes of both, up to the kernel */

/*
 * cw_linux_start - what has to lie at CW_TZ_NORMAL_AT.
 *
 * tree           [tree_len] bytes: the machine's device tree, as QEMU writes it
 * initramfs_len  0: none
 * arguments      of the kernel
 * ret_start      [CW_LINUX_START_MAX] bytes
 *
 * CW_E_FORM      tree is none, or not of such a machine
 */
CW_MUST_CHECK cw_status cw_linux_start(const uint8_t *tree, size_t tree_len,
        uint64_t initramfs_len, const char *arguments, uint8_t *ret_start, size_t *ret_start_len);

#endif
