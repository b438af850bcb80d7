/* SPDX-License-Identifier: MIT */
/* key.h - wrap and unwrap with the key at KEY. */
#ifndef CW_SILICON_SANCUS_TESTS_ATTACKS_KEY_H
#define CW_SILICON_SANCUS_TESTS_ATTACKS_KEY_H

.macro CRYPT command, ad, ad_end, in, in_end, out, tag
        mov     #KEY, r9
        mov     #\ad, r10
        mov     #\ad_end, r11
        mov     #\in, r12
        mov     #\in_end, r13
        mov     #\out, r14
        mov     #\tag, r15
        .word   \command
.endm

#endif
