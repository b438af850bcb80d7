/* SPDX-License-Identifier: MIT */
/*
 * map.h - entries of EL3's translation tables, for the assembler.
 *
 * What     4 KiB granule.  Tables of boot and monitor are constants, written here and nowhere else:
 *          nothing that runs can change them.  No entry is both writable and executable; CW_EL3_ON
 *          has WXN besides.
 * Trust    TRUSTED.
 * Source   Arm ARM (DDI 0487), D8
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_BOOT_MAP_H
#define CW_TEE_TRUSTZONE_ENCLAVE_BOOT_MAP_H

#define CW_MAP_BLOCK 0x401        /* accessed, valid */
#define CW_MAP_TABLE 0x3
#define CW_MAP_PAGE 0x403
#define CW_MAP_DEVICE 0x40        /* MAIR's first; bit 6 is 1 at EL3 */
#define CW_MAP_NORMAL 0x344       /* MAIR's second, inner shareable */
#define CW_MAP_NS 0x20
#define CW_MAP_READ_ONLY 0x80
#define CW_MAP_NO_EXECUTE 0x0040000000000000

#define CW_MAP_CODE (CW_MAP_NORMAL | CW_MAP_READ_ONLY)
#define CW_MAP_CONSTANTS (CW_MAP_NORMAL | CW_MAP_READ_ONLY | CW_MAP_NO_EXECUTE)
#define CW_MAP_DATA (CW_MAP_NORMAL | CW_MAP_NO_EXECUTE)
#define CW_MAP_REGISTERS (CW_MAP_DEVICE | CW_MAP_NO_EXECUTE)

#define CW_MAIR 0xff00            /* device without gathering, reordering, early answers; write-back */
#define CW_TCR_EL3(t0sz) (0x80803500 | (t0sz)) /* 4 KiB, walks cached and inner shareable, 32 bits */

#define CW_SCTLR_EL3_OFF 0x30c50830 /* what reads as 1 */
#define CW_SCTLR_EL3_ON 0x30cd183d  /* and MMU, caches, stack alignment, WXN; M, C, SA, I */

#endif
