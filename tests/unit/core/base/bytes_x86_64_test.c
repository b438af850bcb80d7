/* SPDX-License-Identifier: MIT */
/* The cases of bytes_test.c with the code of enclaves on x86-64. */
#include "tests/unit/core/base/bytes_test.c"
