/* SPDX-License-Identifier: MIT */
/*
 * arch.h - the Sancus microcontroller as its manual describes it.
 *
 * What     Instruction words, vectors, memory map and device registers of an openMSP430 with the
 *          Sancus 2 extension, and of the board around it.  Numbers only, so that C and assembly
 *          may both include it.
 * Trust    TRUSTED: modules and firmware rely on these addresses.
 * Source   openMSP430 manual; MSP430x1xx family guide; Sancus 2.0 (TOPS 2017)
 */
#ifndef CW_SILICON_SANCUS_ARCH_H
#define CW_SILICON_SANCUS_ARCH_H

/*
 * Sancus instructions, one word each.  All operands are in registers.
 *
 *   DISABLE       inside a module: its text and data become zero, PC := r15
 *   ENABLE        r9 tag (if r10 != 0), r10 nonce (0: plain text), r11 vendor,
 *                 r12/r13 public section, r14/r15 secret section; r15 := id, or 0
 *   VERIFY_ADDR   r14 address in the module, r15 tag; r15 := id, or 0
 *   VERIFY_PREV   r15 tag; r15 := id of the previous module, or 0
 *   WRAP, UNWRAP  r9 key (0: the module's own), r10/r11 associated data, r12/r13 input,
 *                 r14 output, r15 tag; r15 := 1, or 0.  Sections are half-open.
 *   GET_ID        r15 address; r15 := id, or 0
 *   GET_CALLER    r15 := id of the previous module
 *   STACK_GUARD   r15 lowest allowed SP, 0 = off
 *   CLIX          a no-operation of two cycles in the default build
 */
#define CW_SANCUS_DISABLE 0x1380
#define CW_SANCUS_ENABLE 0x1381
#define CW_SANCUS_VERIFY_ADDR 0x1382
#define CW_SANCUS_VERIFY_PREV 0x1383
#define CW_SANCUS_WRAP 0x1384
#define CW_SANCUS_UNWRAP 0x1385
#define CW_SANCUS_GET_ID 0x1386
#define CW_SANCUS_GET_CALLER 0x1387
#define CW_SANCUS_STACK_GUARD 0x1388
#define CW_SANCUS_CLIX 0x1389

/* Ids that are not modules: unprotected code, hardware entering interrupt n, reset. */
#define CW_SANCUS_ID_NONE 0x0000
#define CW_SANCUS_ID_IRQ 0xfff0
#define CW_SANCUS_ID_RESET 0xffff

/* Status register. */
#define CW_SR_C 0x0001
#define CW_SR_Z 0x0002
#define CW_SR_N 0x0004
#define CW_SR_GIE 0x0008
#define CW_SR_CPUOFF 0x0010
#define CW_SR_OSCOFF 0x0020
#define CW_SR_SCG1 0x0080
#define CW_SR_V 0x0100
#define CW_SR_WRITABLE 0x01bf      /* by software */
#define CW_SR_VIOLATION 0x4000   /* in a saved SR: this interrupt is a violation */
#define CW_SR_SM 0x8000          /* the last interrupt hit a module */

/* Interrupt vectors: the word at CW_VECTORS + 2 * number.  Higher numbers win. */
#define CW_VECTORS 0xffe0
#define CW_IRQ_PORT1 2
#define CW_IRQ_PORT2 3
#define CW_IRQ_UART_TX 6
#define CW_IRQ_UART_RX 7
#define CW_IRQ_TIMER_A1 8
#define CW_IRQ_TIMER_A0 9
#define CW_IRQ_WATCHDOG 10
#define CW_IRQ_VIOLATION 13
#define CW_IRQ_NMI 14
#define CW_IRQ_RESET 15

/* Memory map: devices, RAM from here, program memory to the top. */
#define CW_PERIPHERAL_END 0x0200
#define CW_RAM_BASE 0x0200
#define CW_RAM_LEN_DEFAULT 0x4000    /* 16 KiB */
#define CW_ROM_LEN_DEFAULT 0xa400    /* 41 KiB, from 0x5c00 */

/* Special function registers. */
#define CW_IE1 0x0000                /* bit 0: watchdog interval, bit 4: NMI */
#define CW_IFG1 0x0002
#define CW_CPU_ID_LO 0x0004
#define CW_CPU_ID_HI 0x0006

/* Ports.  1 and 2 have interrupts (IFG, IES, IE). */
#define CW_P3IN 0x0018
#define CW_P4IN 0x001c
#define CW_P1IN 0x0020
#define CW_P1OUT 0x0021
#define CW_P1DIR 0x0022
#define CW_P1IFG 0x0023
#define CW_P1IES 0x0024
#define CW_P1IE 0x0025
#define CW_P1SEL 0x0026
#define CW_P2IN 0x0028
#define CW_P2OUT 0x0029
#define CW_P2DIR 0x002a
#define CW_P2IFG 0x002b
#define CW_P2IES 0x002c
#define CW_P2IE 0x002d
#define CW_P2SEL 0x002e
#define CW_P5IN 0x0030
#define CW_P6IN 0x0034

#define CW_BCSCTL1 0x0057            /* bits 5..4: ACLK divider */
#define CW_BCSCTL2 0x0058            /* bit 3: SMCLK from LFXT, bits 2..1: its divider */

/* The board's button drives P1.0 (1 while pressed), its LED hangs on P2.0. */
#define CW_BUTTON_BIT 0x01
#define CW_LED_BIT 0x01

#define CW_DMA_ADDR 0x0070
#define CW_DMA_COUNT 0x0072
#define CW_DMA_TRACE 0x0074
#define CW_DMA_TRACE_OFFSET 0x0076

/* UART 1.  BAUD = clock / rate. */
#define CW_UART_CTL 0x0080
#define CW_UART_STAT 0x0081
#define CW_UART_BAUD 0x0082
#define CW_UART_TXD 0x0084
#define CW_UART_RXD 0x0085
#define CW_UART_CTL_ENABLE 0x01
#define CW_UART_CTL_SMCLK 0x02
#define CW_UART_CTL_RX_IE 0x10
#define CW_UART_CTL_RX_OVERFLOW_IE 0x20
#define CW_UART_CTL_TX_IE 0x40
#define CW_UART_CTL_TX_EMPTY_IE 0x80
#define CW_UART_STAT_RX_BUSY 0x01
#define CW_UART_STAT_TX_BUSY 0x04
#define CW_UART_STAT_TX_FULL 0x08
#define CW_UART_STAT_RX_PENDING 0x10      /* write 1 to clear, like the three below */
#define CW_UART_STAT_RX_OVERFLOW 0x20
#define CW_UART_STAT_TX_PENDING 0x40
#define CW_UART_STAT_TX_EMPTY_PENDING 0x80

#define CW_LED_DIGITS 0x0090              /* eight byte registers */

/*
 * Character display, 16 cells.  Board device.
 *   CTL   write 1: clear and go to cell 0; write 0x80 | n: go to cell n (0 .. 15)
 *   DATA  write: put a character, go to the next cell (wraps); read: the character there
 */
#define CW_DISPLAY_CTL 0x00a0
#define CW_DISPLAY_DATA 0x00a1
#define CW_DISPLAY_LEN 16

#define CW_FILE_STATUS 0x00c0
#define CW_FILE_DATA 0x00c2

#define CW_WDTCTL 0x0120                  /* write 0x5aXX; 0x5a80 holds it */
#define CW_TAIV 0x012e

/* Hardware multiplier. */
#define CW_MPY 0x0130
#define CW_MPYS 0x0132
#define CW_MAC 0x0134
#define CW_MACS 0x0136
#define CW_OP2 0x0138
#define CW_RESLO 0x013a
#define CW_RESHI 0x013c
#define CW_SUMEXT 0x013e

/*
 * Random source.  Board device.  Every word read consumes two fresh random bytes; a byte read
 * consumes two as well and gives one.  Writes are ignored; there is nothing to configure.
 */
#define CW_RANDOM 0x0140

/*
 * Non-volatile counter, 64 bits.  Board device.  Reading COUNTER0 advances the counter, makes
 * the new value durable, latches it, and gives bits 15..0; COUNTER1..3 give the latched bits
 * 31..16, 47..32, 63..48.  The first value ever is 1.  It never goes back: not at reset, not at
 * power-off.  Writes are ignored.  All ones means that the counter's memory failed.
 */
#define CW_COUNTER0 0x0148
#define CW_COUNTER1 0x014a
#define CW_COUNTER2 0x014c
#define CW_COUNTER3 0x014e

#define CW_SPI_DATA 0x0150
#define CW_SPI_CTL 0x0151
#define CW_SPI_STATUS 0x0152

/* Timer A, three capture/compare units. */
#define CW_TACTL 0x0160
#define CW_TACCTL0 0x0162
#define CW_TACCTL1 0x0164
#define CW_TACCTL2 0x0166
#define CW_TAR 0x0170
#define CW_TACCR0 0x0172
#define CW_TACCR1 0x0174
#define CW_TACCR2 0x0176

#define CW_TSC0 0x0190                    /* any write: snapshot; four words, low first */

#endif
