/* SPDX-License-Identifier: MIT */
/* The cases of gcm_test.c with the code of enclaves on x86-64, core/crypto/x86_64/gcm.c. */
#define ENGINE_NEEDS_AES 1
#include "tests/unit/core/crypto/gcm_test.c"
