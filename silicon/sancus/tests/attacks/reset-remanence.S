; SPDX-License-Identifier: MIT
; A module stores a key; the attacker lets the watchdog reset the chip and reads it.
#include "silicon/sancus/tests/attacks/attack.h"
attack:
        bit.b   #1, &CW_IFG1            ; set: the watchdog has reset the chip
        jnz     second
        ENABLE  module, module_end, SECRET, SECRET_END, 0x1234
        ENTER   module
        mov     #0, &CW_WDTCTL          ; wrong password
9:      jmp     9b
second: cmp     #0x5ec7, &SECRET
        jne     1f
        SUCCEEDED
1:      FAILED

module: mov     #0x5ec7, &SECRET
        br      r7
module_end:
