; SPDX-License-Identifier: MIT
; The tag of nothing depends on no key.
#include "silicon/sancus/tests/attacks/attack.h"
#include "silicon/sancus/tests/attacks/key.h"
attack:
        mov     #0x1111, &BUFFER
        CRYPT   CW_SANCUS_WRAP, BUFFER, BUFFER + 2, BUFFER, BUFFER, BUFFER, TAG
        CRYPT   CW_SANCUS_WRAP, BUFFER, BUFFER, BUFFER, BUFFER, BUFFER, TAG
        mov     #0x4711, &KEY
        CRYPT   CW_SANCUS_WRAP, BUFFER, BUFFER + 2, BUFFER, BUFFER, BUFFER, TAG2
        CRYPT   CW_SANCUS_WRAP, BUFFER, BUFFER, BUFFER, BUFFER, BUFFER, TAG2
        cmp     &TAG, &TAG2
        jne     1f
        cmp     &TAG + 2, &TAG2 + 2
        jne     1f
        SUCCEEDED
1:      FAILED
