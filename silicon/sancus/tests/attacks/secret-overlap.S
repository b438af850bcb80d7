; SPDX-License-Identifier: MIT
; A new module's data overlap the victim's: the victim can no longer use its own.
#include "silicon/sancus/tests/attacks/attack.h"
attack:
        ENABLE  victim, victim_end, SECRET, SECRET_END, 0x1234
        ENABLE  other, other_end, SECRET + 8, SECRET_END + 8, 0x6666
        mov     #won, &RECOVER
        ENTER   victim
        FAILED
won:    SUCCEEDED

victim: mov     #1, &SECRET + 10
        br      r7
victim_end:
other:  br      r7
other_end:
