; SPDX-License-Identifier: MIT
; A module is made whose text overlaps another's.
#include "silicon/sancus/tests/attacks/attack.h"
attack:
        ENABLE  victim, victim_end, SECRET, SECRET_END, 0x1234
        ENABLE  overlapping, overlapping_end, SECRET2, SECRET2_END, 0x6666
        tst     r15
        jz      1f
        SUCCEEDED
1:      FAILED

victim: mov     #1, r15
        br      r7
overlapping:
        nop
victim_end:
        nop
overlapping_end:
