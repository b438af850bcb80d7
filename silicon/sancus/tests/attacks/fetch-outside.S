; SPDX-License-Identifier: MIT
; A jump to where there is no program memory executes what the bus last held, up to memory that is.
#include "silicon/sancus/tests/attacks/attack.h"
attack:
        mov     #begin, r5
        br      #begin - 0x10
        nop                     ; the stale word
        FAILED

        .section .first, "ax"
begin:  SUCCEEDED
