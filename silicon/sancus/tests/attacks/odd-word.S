; SPDX-License-Identifier: MIT
; A word at an odd address is the word below it.
#include "silicon/sancus/tests/attacks/attack.h"
attack:
        mov     #0x1234, &BUFFER
        mov     #BUFFER + 1, r5
        mov     @r5, r6
        cmp     #0x1234, r6
        jne     1f
        SUCCEEDED
1:      FAILED
