; SPDX-License-Identifier: MIT
; A module ends itself; whoever is called next is told that it was the caller.
#include "silicon/sancus/tests/attacks/attack.h"
attack:
        ENABLE  module, module_end, SECRET, SECRET_END, 0x1234
        mov     #ended, r15
        br      #module
ended:  .word   CW_SANCUS_GET_CALLER
        cmp     #1, r15
        jne     1f
        SUCCEEDED
1:      FAILED

module: .word   CW_SANCUS_DISABLE
module_end:
