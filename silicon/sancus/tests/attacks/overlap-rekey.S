; SPDX-License-Identifier: MIT
; A new module that overlaps the victim's last word gives the victim its own key.
#include "silicon/sancus/tests/attacks/attack.h"
#include "silicon/sancus/tests/attacks/mac.h"
attack:
        ENABLE  victim, victim_end, SECRET, SECRET_END, 0x1234
        mov     #TAG, r8
        ENTER   victim
        ENABLE  victim_tail, behind_victim, SECRET2, SECRET2_END, 0x6666
        mov     #TAG2, r8
        ENTER   victim
        BRANCH_IF_TAGS_EQUAL same
        SUCCEEDED
same:   FAILED
