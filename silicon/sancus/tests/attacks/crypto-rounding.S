; SPDX-License-Identifier: MIT
; Two different messages, by their addresses, have one tag.
#include "silicon/sancus/tests/attacks/attack.h"
#include "silicon/sancus/tests/attacks/key.h"
attack:
        CRYPT   CW_SANCUS_WRAP, BUFFER, BUFFER + 4, BUFFER, BUFFER, BUFFER, TAG
        CRYPT   CW_SANCUS_WRAP, BUFFER, BUFFER + 3, BUFFER, BUFFER, BUFFER, TAG2
        cmp     #1, r15
        jne     1f
        cmp     &TAG, &TAG2
        jne     1f
        SUCCEEDED
1:      FAILED
