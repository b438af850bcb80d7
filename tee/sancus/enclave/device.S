/* SPDX-License-Identifier: MIT */
/*
 * device.S - sdk/device.h: calls of the device module (abi.h, section 3).
 *
 * Before the first one the chip compares the device module with the tag that stands in this
 * module's measured text, and its id must be the next one after ours: ids are never used again,
 * and the device module serves the id before its own alone, so the device is ours alone.
 */
#include "silicon/sancus/arch.h"
#include "tee/sancus/enclave/state.h"

        .section .text.cw_device, "ax", @progbits
        .globl  cw_device_read, cw_device_write
cw_device_read:                         /* uint8_t (uint8_t offset) */
        clr     r14
        jmp     .Lcall
cw_device_write:                        /* void (uint8_t offset, uint8_t value) */
        mov     #1, r14
.Lcall:
        tst     &device_id
        jnz     .Lknown
        mov     r14, r11
        mov     #__cw_device_ps, r14
        mov     #cw_sancus_device_tag, r15
        .word   CW_SANCUS_VERIFY_ADDR
        mov     r15, r14
        mov     #cw_sancus_entry, r15
        .word   CW_SANCUS_GET_ID
        inc     r15
        cmp     r15, r14
        jne     .Lstranger
        mov     r14, &device_id
        mov     r11, r14
.Lknown:
        mov     r1, &cw_sancus_sp
        mov     #STATE_DEVICE, &cw_sancus_state
        br      #__cw_device_ps         /* comes back through the entry; r4 .. r10 are kept */

        .globl  cw_sancus_from_device
cw_sancus_from_device:                  /* nobody but the device module may come back so */
        .word   CW_SANCUS_GET_CALLER
        cmp     r15, &device_id
        jne     .Lstranger
        mov     &cw_sancus_sp, r1
        mov     #STATE_RUNNING, &cw_sancus_state
        ret
.Lstranger:
        br      #cw_enclave_abort

        .section .bss.cw_device, "aw", @nobits
        .balign 2
device_id: .space 2
