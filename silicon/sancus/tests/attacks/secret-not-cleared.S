; SPDX-License-Identifier: MIT
; What the attacker has put into the data section is there when the module starts.
#include "silicon/sancus/tests/attacks/attack.h"
attack:
        mov     #0x1234, &SECRET
        ENABLE  module, module_end, SECRET, SECRET_END, 0x1234
        ENTER   module
        cmp     #0x1234, r15
        jne     1f
        SUCCEEDED
1:      FAILED

module: mov     &SECRET, r15
        br      r7
module_end:
