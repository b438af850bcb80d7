/* SPDX-License-Identifier: MIT */
/*
 * leave.S - out in the middle of a call, and back in with the next one (entry.S has the door).
 *
 * Registers that C keeps, and the place of the result, stay on the module's own stack.
 */
#include "tee/sancus/enclave/state.h"

        .section .text.cw_leave, "ax", @progbits
/* void cw_enclave_leave(cw_return value (r12, r13), struct cw_call *ret_next (r14)) */
        .globl  cw_enclave_leave
cw_enclave_leave:
        .irp    r, 4, 5, 6, 7, 8, 9, 10
        push    r\r
        .endr
        push    r14
        mov     r1, &cw_sancus_sp
        mov     #STATE_LEFT, &cw_sancus_state
        br      #cw_sancus_out
        .globl  cw_sancus_resume
cw_sancus_resume:
        mov     &cw_sancus_sp, r1
        mov     #STATE_RUNNING, &cw_sancus_state
        mov     r7, &cw_sancus_back
        pop     r15
        .irp    r, 12, 14, 13, 8, 11    /* struct cw_call */
        mov     r\r, 0(r15)
        incd    r15
        .endr
        .irp    r, 10, 9, 8, 7, 6, 5, 4
        pop     r\r
        .endr
        ret
