/* SPDX-License-Identifier: MIT */
/*
 * abi.h - everything that two sides of a Sancus board's boundaries agree on.
 *
 * What     1. where things lie on a board   2. how a module is entered
 *          3. how its device is reached     4. what LOAD carries
 *          5. the frames between a board's firmware and its gateway
 * Trust    TRUSTED as a text; what arrives by it is the attacker's.
 * Numbers  All multi-byte fields are little-endian.  Also read by the assembler.
 */
#ifndef CW_TEE_SANCUS_ABI_H
#define CW_TEE_SANCUS_ABI_H

/*
 * 1. Places.  The board has program memory from 0x5c00 and RAM from 0x0200 to 0x41ff.
 *
 *      0x0200  RAM of the firmware           0x5c00  text of modules
 *      0x1400  data of modules               0xf000  firmware
 *      0x4200  end of RAM                    0xffe0  vectors
 *
 * Bounds are half-open.  The owner places modules; the firmware accepts any place in these.
 */
#define CW_SANCUS_TEXT_BASE 0x5c00
#define CW_SANCUS_TEXT_END 0xf000
#define CW_SANCUS_DATA_BASE 0x1400
#define CW_SANCUS_DATA_END 0x4200
#define CW_SANCUS_STACK_LEN 512 /* bytes of a module's stack */

/*
 * 2. Entry of a module: a branch to PS, from unprotected code.
 *
 *      in    r7 return address   r11 entry   r12 in_far   r13 in_len   r14 out_far   r15 out_cap
 *      back  r12, r13 = bits 15..0 and 31..16 of a cw_return, r15 = the return address; all other
 *            registers and SR are 0
 *
 * The in and out areas lie outside of the module and of the devices.  A return address inside any
 * module is a violation (a write to the module's own text); nothing ran, and nothing changed.  A
 * module that breaks an invariant, or is broken off by the chip, is dead: every further entry is a
 * violation, until it is unloaded, which always works.
 * Interrupts stay masked while a module runs.
 */
#define CW_SANCUS_ENTRY_UNLOAD 0x100 /* wipe the module and free its slot; back: all zeros */

/*
 * 3. The device module: text that holds no state, and the device's registers as its secret
 *    section.  It serves only the module that was enabled just before it, and returns to that
 *    module's PS.
 *
 *      in    r12 offset   r13 value   r14 0 read, 1 write        back  r12 value
 *
 * Entered by anyone else: a violation while its driver is loaded; else it wipes the device and
 * frees its slot, and goes on at r7.
 */

/*
 * 4. The image of a module.
 *
 *       0    magic 4 "CWS1"
 *       4    vendor 2
 *       6    PS 2   PE 2   SS 2   SE 2           the module
 *      14    PS 2   PE 2   SS 2   SE 2           its device module, or zeros
 *      22    interrupt 2, 0xffff none            number of the vector
 *      24    endpoint 2, 0xffff none             entered with CW_ENTRY_CALL
 *      26    zero 2
 *      28    text of the module (PE - PS), text of the device module (PE - PS)
 */
#define CW_SANCUS_IMAGE_MAGIC "CWS1"
#define CW_SANCUS_IMAGE_HEADER_LEN 28
#define CW_SANCUS_NO_INTERRUPT 0xffff

/*
 * 5. The serial line.  The gateway asks, the board answers; one request at a time.
 *
 *      0      2         3      4     6     8           10             10 + len
 *      +------+---------+------+-----+-----+-----------+--------------+-------+
 *      | sync | version | type | seq | len | crc(0..7) | len bytes    | crc   |
 *      +------+---------+------+-----+-----+-----------+--------------+-------+
 *
 * sync is a5 5a; a crc is CRC-16/CCITT-FALSE (polynomial 0x1021, from 0xffff); the second one
 * is over the payload and absent when len is 0.  What does not fit is skipped up to the next
 * sync.  The board listens to nothing while a module runs, so the gateway repeats a request
 * that is not answered in time, with the same seq; the board repeats its answer and does not
 * act twice.  seq 0 is for what the board says unasked.
 */
#define CW_LINE_SYNC0 0xa5
#define CW_LINE_SYNC1 0x5a
#define CW_LINE_VERSION 1
#define CW_LINE_HEADER_LEN 10
#define CW_LINE_CRC_LEN 2
#define CW_LINE_BAUD 2             /* clock cycles of one bit: RTS and CTS keep it from losing any */

#define CW_LINE_SLOTS 8            /* modules that the firmware can keep */
#define CW_LINE_IN_MAX 1024        /* bytes of a call's input  */
#define CW_LINE_OUT_MAX 1536       /* bytes of a call's items  */

/* Requests; an answer is the same with bit 7 set. */
#define CW_LINE_HELLO 1  /* -                                        HELLO, below          */
#define CW_LINE_REBOOT 2 /* -                                        none: a HELLO follows */
#define CW_LINE_WRITE 3  /* address 2, even number of bytes          status 2              */
#define CW_LINE_ENABLE 4 /* slot 2, bytes 4 .. 24 of the image       status 2, id 2, id 2  */
#define CW_LINE_CALL 5   /* slot 2, entry 2, in bytes                status 2, cw_return 4, items */
#define CW_LINE_UNLOAD 6 /* slot 2                                   status 2              */

/* Said by the board unasked, seq 0: HELLO after a start, INTERRUPT (slot 2) until it is served. */
#define CW_LINE_ANSWER 0x80
#define CW_LINE_INTERRUPT 0x90

/*
 * Every payload from the board begins with boot 2, which differs after each start.  HELLO: slots 2,
 * of these in use 2, in_max 2, out_max 2, text base 2, text end 2, data base 2, data end 2.
 */
#define CW_LINE_HELLO_LEN 16
#define CW_LINE_PAYLOAD_MAX (2 + 2 + 4 + CW_LINE_OUT_MAX)

/* Statuses of an answer. */
#define CW_LINE_OK 0
#define CW_LINE_BAD 1       /* the request makes no sense here              */
#define CW_LINE_FULL 2      /* the chip has no slot left, or refused        */
#define CW_LINE_VIOLATION 3 /* the module violated a rule of the chip: dead */

#endif
