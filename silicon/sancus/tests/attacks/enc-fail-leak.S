; SPDX-License-Identifier: MIT
; Confidential code with a corrupted tag: it is refused, and can be read afterwards.
; 64-bit chip; the ciphertext is a published vector.
#include "silicon/sancus/tests/attacks/attack.h"
attack:
        mov     #tag, r9
        mov     #0xa1b2, r10
        mov     #0x1234, r11
        mov     #module, r12
        mov     #module_end, r13
        mov     #SECRET, r14
        mov     #SECRET_END, r15
        .word   CW_SANCUS_ENABLE
        tst     r15
        jnz     1f
        cmp     #0x403a, &module
        jne     1f
        cmp     #0x4303, &module + 6
        jne     1f
        SUCCEEDED
1:      FAILED

module: .byte   0x16, 0xb4, 0x24, 0x15, 0x49, 0x70, 0xd9, 0xe9
module_end:
tag:    .byte   0x96, 0x91, 0x38, 0x92, 0xa4, 0x9c, 0x39, 0x55  ; first bit wrong
