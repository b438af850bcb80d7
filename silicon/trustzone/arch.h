/* SPDX-License-Identifier: MIT */
/*
 * arch.h - the machine: QEMU's `virt` with `secure=on`, as software sees it.
 *
 * What     Addresses, interrupt numbers and registers.  "S": only the secure world reaches it;
 *          an access of the normal world aborts, its DMA reads zeros.
 * Source   QEMU 7.2, hw/arm/virt.c; Arm PL011 (DDI 0183), PL061 (DDI 0190), GICv2 (IHI 0048),
 *          GICv3 (IHI 0069); CFI with Intel's command set
 */
#ifndef CW_SILICON_TRUSTZONE_ARCH_H
#define CW_SILICON_TRUSTZONE_ARCH_H

/* --- memory ------------------------------------------------------------------------------------ */

#define TZ_FLASH 0x00000000ul          /* S; the reset vector is its first word                   */
#define TZ_FLASH_LEN 0x04000000ul
#define TZ_FLASH_SECTOR 0x00040000ul   /* two chips of 16 bits side by side: commands are doubled */
#define TZ_SECURE_RAM 0x0e000000ul     /* S */
#define TZ_SECURE_RAM_LEN 0x01000000ul
#define TZ_RAM 0x40000000ul            /* both; QEMU writes the device tree at its start          */
#define TZ_RAM_END 0x4000000000ul      /* of what can be there; how much: the device tree         */

/* --- devices: one page each ------------------------------------------------------------------------ */

#define TZ_GICD 0x08000000ul
#define TZ_GICC 0x08010000ul           /* GICv2 */
#define TZ_GICR 0x080a0000ul           /* GICv3: 0x20000 a CPU */
#define TZ_UART 0x09000000ul           /* PL011 of the normal world                               */
#define TZ_UART_INTERRUPT 33
#define TZ_RTC 0x09010000ul            /* PL031; the normal world sets it: no secure clock        */
#define TZ_SECURE_UART 0x09040000ul    /* S, PL011 */
#define TZ_SECURE_UART_INTERRUPT 40
#define TZ_SECURE_GPIO 0x090b0000ul    /* S, PL061 */
#define TZ_SECURE_GPIO_INTERRUPT 32
#define TZ_VIRTIO 0x0a000000ul         /* virtio-mmio, TZ_VIRTIO_LEN apart                        */
#define TZ_VIRTIO_LEN 0x200ul
#define TZ_VIRTIO_COUNT 32
#define TZ_VIRTIO_INTERRUPT 48         /* of the first; the n-th has this + n                     */
#define TZ_SECURE_TIMER_INTERRUPT 29   /* CNTPS, of each CPU                                      */

/* Lines of the secure GPIO: what QEMU has wired, and what the board has. */
#define TZ_LINE_POWER_OFF 0
#define TZ_LINE_RESET 1
#define TZ_LINE_BUTTON 3               /* in: 1 while it is down */
#define TZ_LINE_LED 7                  /* out: 1 is lit          */

#define PL011_DR 0x000
#define PL011_FR 0x018
#define PL011_FR_RX_EMPTY 0x10
#define PL011_FR_TX_FULL 0x20
#define PL011_LCR_H 0x02c
#define PL011_CR 0x030
#define PL011_IMSC 0x038
#define PL011_ICR 0x044
#define PL011_RX 0x10                  /* bit of IMSC and ICR */

#define PL061_DATA(mask) (4u * (mask)) /* reads and writes only the lines of the mask */
#define PL061_DIR 0x400                /* 1: out */
#define PL061_IS 0x404
#define PL061_IBE 0x408
#define PL061_IEV 0x40c
#define PL061_IE 0x410
#define PL061_RIS 0x414
#define PL061_MIS 0x418
#define PL061_IC 0x41c

#endif
