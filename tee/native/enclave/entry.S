/* SPDX-License-Identifier: MIT */
/* The process begins here: arguments and environment above %rsp are of no interest. */
    .section .text.cw_entry, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    xorl %ebp, %ebp
    andq $-16, %rsp
    call cw_port_main
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
