; SPDX-License-Identifier: MIT
; A module changes its own, attested text.
#include "silicon/sancus/tests/attacks/attack.h"
attack:
        mov     #lost, &RECOVER
        ENABLE  module, module_end, SECRET, SECRET_END, 0x1234
        ENTER   module
        cmp     #0x2211, r15
        jne     lost
        SUCCEEDED
lost:   FAILED

module:
        mov.b   #0x22, &constant + 1
        mov     &constant, r15
        br      r7
constant:
        .word   0x1111
module_end:
