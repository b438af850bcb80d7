; SPDX-License-Identifier: MIT
; The attacker guesses 16 bytes of a module's unreadable text, makes them the tag of a module of
; his own, and VERIFY tells him whether he is right.
#include "silicon/sancus/tests/attacks/attack.h"
#include "silicon/sancus/tests/attacks/key.h"
attack:
        ; the tag of `own`: a MAC of its text and bounds under an all-zero key
        mov     &own, r5               ; one word: br r7
        mov     r5, &BUFFER
        mov     #own, &BUFFER + 2
        mov     #own_end, &BUFFER + 4
        mov     #SECRET2, &BUFFER + 6
        mov     #SECRET2_END, &BUFFER + 8
        mov     #KEY, r5
1:      mov     #0, 0(r5)
        add     #2, r5
        cmp     #KEY + 16, r5
        jne     1b
        CRYPT   CW_SANCUS_WRAP, BUFFER, BUFFER + 10, BUFFER, BUFFER, BUFFER, TAG
        ; the victim's vendor has these bytes in his module
        clr     r5
2:      mov     TAG(r5), r6
        mov     r6, constants(r5)
        add     #2, r5
        cmp     #16, r5
        jne     2b
        ENABLE  victim, victim_end, SECRET, SECRET_END, 0x1234
        ENABLE  own, own_end, SECRET2, SECRET2_END, 0x6666
        mov     #own, r14
        mov     #constants, r15
        .word   CW_SANCUS_VERIFY_ADDR
        cmp     #2, r15
        jne     3f
        SUCCEEDED
3:      FAILED

own:    br      r7
own_end:
victim: br      r7
constants:
        .space  16
victim_end:
