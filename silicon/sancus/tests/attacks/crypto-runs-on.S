; SPDX-License-Identifier: MIT
; WRAP of a module's data by strangers says that all went well.
#include "silicon/sancus/tests/attacks/attack.h"
#include "silicon/sancus/tests/attacks/key.h"
attack:
        ENABLE  module, module_end, SECRET, SECRET_END, 0x1234
        CRYPT   CW_SANCUS_WRAP, BUFFER, BUFFER + 2, SECRET, SECRET + 4, BUFFER + 0x20, TAG
        cmp     #1, r15
        jne     1f
        SUCCEEDED
1:      FAILED

module: br      r7
module_end:
