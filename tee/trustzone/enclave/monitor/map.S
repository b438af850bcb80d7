/* SPDX-License-Identifier: MIT */
/*
 * What the monitor can reach: its own memory, page by page, the interrupt controller, the secure
 * UART and GPIO.  Not the kernel, no module, no flash, nothing of the normal world.
 */
#include "tee/trustzone/enclave/boot/map.h"

    .section .rodata.map, "a"
    .balign 4096
    .global cw_monitor_map
cw_monitor_map:                         /* 2 MiB each, from 0 on */
    .org cw_monitor_map + 8 * (0x08000000 >> 21)
    .quad 0x08000000 | CW_MAP_BLOCK | CW_MAP_REGISTERS          /* interrupt controller */
    .org cw_monitor_map + 8 * (0x09000000 >> 21)
    .quad 0x09000000 | CW_MAP_BLOCK | CW_MAP_REGISTERS          /* secure UART and GPIO */
    .org cw_monitor_map + 8 * (0x0e000000 >> 21)
    .quad map_own + CW_MAP_TABLE
    .org cw_monitor_map + 4096
map_own:                                /* 4 KiB each, from 0x0e000000 on */
    .irp page, 0, 1, 2, 3
    .quad (0x0e000000 + \page * 4096) | CW_MAP_PAGE | CW_MAP_CODE
    .endr
    .irp page, 4, 5, 6, 7
    .quad (0x0e000000 + \page * 4096) | CW_MAP_PAGE | CW_MAP_CONSTANTS
    .endr
    .irp page, 8, 9, 10, 11, 12, 13, 14
    .quad (0x0e000000 + \page * 4096) | CW_MAP_PAGE | CW_MAP_DATA
    .endr
    .quad 0x0e00f000 | CW_MAP_PAGE | CW_MAP_REGISTERS           /* the pen: without caches */
    .org map_own + 4096
