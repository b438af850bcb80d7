; SPDX-License-Identifier: MIT
; The answer to a violation is an interrupt that the attacker serves: he simply goes on.
#include "silicon/sancus/tests/attacks/attack.h"
attack:
        ENABLE  module, module_end, SECRET, SECRET_END, 0x1234
        mov     &SECRET, r10
        mov     &SECRET, r10
        cmp     #2, &VIOLATIONS
        jne     1f
        SUCCEEDED
1:      FAILED

module: br      r7
module_end:
