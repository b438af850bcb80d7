; SPDX-License-Identifier: MIT
; Port 1 belongs to a module.  Unprotected code sets a direction register all the same.
#include "silicon/sancus/tests/attacks/attack.h"
attack:
        ENABLE  driver, driver_end, CW_P1IN, CW_P2IN, 0x1234
        mov.b   #0x55, &CW_P1DIR
        ENTER   driver
        cmp     #0x55, r15
        jne     1f
        SUCCEEDED
1:      FAILED

driver:
        mov.b   &CW_P1DIR, r15
        br      r7
driver_end:
