; SPDX-License-Identifier: MIT
; The attacker uses up all ids: from then on everything is a violation, the handler's first
; instruction included.  The stack pointer goes down for ever, so it starts at the top.
#define ON_VIOLATION exhausted
#include "silicon/sancus/tests/attacks/attack.h"
attack:
        mov     #0xfff0, r1
        mov     #CW_SANCUS_DISABLE, &module
        ENABLE  module, module_end, SECRET, SECRET, 0x6666
        tst     r15
        jz      refused
        mov     #attack, r15
        br      #module
refused:
        FAILED
exhausted:
        mov     #0x600d, r4
9:      jmp     9b

module: .word   CW_SANCUS_DISABLE
module_end:
