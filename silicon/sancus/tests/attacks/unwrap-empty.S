; SPDX-License-Identifier: MIT
; An authentic message without a body is refused.
#include "silicon/sancus/tests/attacks/attack.h"
#include "silicon/sancus/tests/attacks/key.h"
attack:
        CRYPT   CW_SANCUS_WRAP, BUFFER, BUFFER + 2, BUFFER, BUFFER, BUFFER, TAG
        CRYPT   CW_SANCUS_UNWRAP, BUFFER, BUFFER + 2, BUFFER, BUFFER, BUFFER, TAG
        tst     r15
        jnz     1f
        SUCCEEDED
1:      FAILED
