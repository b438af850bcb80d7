; SPDX-License-Identifier: MIT
; Words that are no instructions are executed.
#include "silicon/sancus/tests/attacks/attack.h"
attack:
        .word   0x138a
        .word   0x0108          ; decoded as rra r8
        SUCCEEDED
