; SPDX-License-Identifier: MIT
; The stack pointer points into a module's data: an interrupt saves nothing and goes on.
#define ON_PORT1 interrupted
#include "silicon/sancus/tests/attacks/attack.h"
attack:
        ENABLE  module, module_end, SECRET, SECRET_END, 0x1234
        mov     #SECRET + 0x10, r1
        mov.b   #1, &CW_P1IE
        mov.b   #1, &CW_P1IFG
        bis     #8, r2
        nop
        nop
        FAILED
interrupted:
        SUCCEEDED

module: br      r7
module_end:
