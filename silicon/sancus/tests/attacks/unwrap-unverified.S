; SPDX-License-Identifier: MIT
; UNWRAP with a wrong tag: the plaintext is there nevertheless.
#include "silicon/sancus/tests/attacks/attack.h"
#include "silicon/sancus/tests/attacks/key.h"
attack:
        mov     #0x1111, &BUFFER + 0x10
        CRYPT   CW_SANCUS_WRAP, BUFFER, BUFFER + 2, BUFFER + 0x10, BUFFER + 0x12, BUFFER + 0x20, TAG
        xor     #1, &TAG
        CRYPT   CW_SANCUS_UNWRAP, BUFFER, BUFFER + 2, BUFFER + 0x20, BUFFER + 0x22, BUFFER + 0x30, TAG
        tst     r15
        jnz     1f
        cmp     #0x1111, &BUFFER + 0x30
        jne     1f
        SUCCEEDED
1:      FAILED
