/* SPDX-License-Identifier: MIT */
/* The cases of gcm_test.c with the engine of enclaves on x86-64, core/crypto/bearssl/gcm_x86ni.c. */
#define ENGINE_NEEDS_AES 1
#include "tests/unit/core/crypto/gcm_test.c"
