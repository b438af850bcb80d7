/* SPDX-License-Identifier: MIT */
/*
 * entry.S - the one way in and out of a module (abi.h, section 2).
 *
 * Every register is hostile on entry.  Nothing is pushed before the own stack is there, and the
 * stack guard turns an overflow into a violation.  Interrupts stay off, so there is no saved
 * state to protect and no nesting; what breaks off a run all the same (a violation, an NMI)
 * leaves STATE_RUNNING behind, and the module is dead.
 */
#include "silicon/sancus/arch.h"
#include "tee/sancus/abi.h"
#include "tee/sancus/enclave/state.h"

        .section .text.entry, "ax", @progbits
        .globl  cw_sancus_entry, cw_sancus_out, cw_enclave_abort
        .weak   cw_sancus_resume, cw_sancus_from_device /* leave.S, device.S: where they are needed */
cw_sancus_entry:
        dint
        cmp     #STATE_DEVICE, &cw_sancus_state
        jeq     .Lfrom_device
        mov     r15, r8
        mov     r7, r15                 /* a result goes to unprotected code, never to a module */
        .word   CW_SANCUS_GET_ID
        tst     r15
        jnz     cw_enclave_abort
        cmp     #CW_SANCUS_ENTRY_UNLOAD, r11
        jeq     .Lunload
        mov     #__cw_stack_start, r15
        .word   CW_SANCUS_STACK_GUARD
        cmp     #STATE_IDLE, &cw_sancus_state
        jeq     .Lcall
        cmp     #STATE_LEFT, &cw_sancus_state
        jeq     .Lresume
        tst     &cw_sancus_state
        jz      .Lfirst

/* The write to the own text ends the call with all registers cleared; the state stays. */
cw_enclave_abort:
        mov     r15, &cw_sancus_entry
        jmp     cw_enclave_abort

.Lfirst:                                /* a chip need not have cleared the secret section */
        mov     #__cw_data_load, r9
        mov     #__cw_ss, r15
1:      clr     r10
        cmp     #__cw_bss_start, r15
        jhs     2f
        mov     @r9+, r10
2:      mov     r10, 0(r15)
        incd    r15
        cmp     #__cw_se, r15
        jne     1b

.Lcall:
        mov     #__cw_se, r1
        mov     #STATE_RUNNING, &cw_sancus_state
        mov     r7, &cw_sancus_back
        .irp    r, 11, 8, 13, 14, 12    /* struct cw_call, its last field first */
        push    r\r
        .endr
        mov     r1, r12
        call    #cw_run
        mov     #STATE_IDLE, &cw_sancus_state
cw_sancus_out:                               /* r12, r13 the result, r15 where to; no more leaves */
        mov     &cw_sancus_back, r15
        .irp    r, 1, 4, 5, 6, 7, 8, 9, 10, 11, 14, 2
        clr     r\r
        .endr
        br      r15

.Lresume:
        br      #cw_sancus_resume
.Lfrom_device:
        br      #cw_sancus_from_device
.Lunload:
        mov     r7, r15
        .irp    r, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 2
        clr     r\r
        .endr
        .word   CW_SANCUS_DISABLE       /* continues at r15 */

        .section .bss.cw_sancus, "aw", @nobits
        .balign 2
        .globl  cw_sancus_state, cw_sancus_sp, cw_sancus_back
cw_sancus_state: .space 2
cw_sancus_sp: .space 2
cw_sancus_back: .space 2
