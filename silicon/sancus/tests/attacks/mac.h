/* SPDX-License-Identifier: MIT */
/* mac.h - a victim whose key shows: it makes the MAC of 4 bytes under its own key. */
#ifndef CW_SILICON_SANCUS_TESTS_ATTACKS_MAC_H
#define CW_SILICON_SANCUS_TESTS_ATTACKS_MAC_H

/* Compare TAG and TAG2: equal, or not. */
.macro BRANCH_IF_TAGS_EQUAL to
        cmp     &TAG, &TAG2
        jne     2f
        cmp     &TAG + 2, &TAG2 + 2
        jeq     \to
2:
.endm

        .text
        br      #attack         /* the victim lies apart, in front of the attack */
victim: clr     r9
        mov     #BUFFER, r10
        mov     #BUFFER + 4, r11
        mov     #BUFFER, r12
        mov     #BUFFER, r13
        mov     #BUFFER, r14
        mov     r8, r15
        .word   CW_SANCUS_WRAP
        br      r7
victim_tail:
        nop
victim_end:
        nop
        nop
behind_victim:

#endif
