/* SPDX-License-Identifier: MIT */
/* The cases of constant_time_test.c with the code of enclaves on x86-64. */
#include "tests/unit/core/crypto/constant_time_test.c"
