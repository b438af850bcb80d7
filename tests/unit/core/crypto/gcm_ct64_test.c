/* SPDX-License-Identifier: MIT */
/* The cases of gcm_test.c with the engine for any machine, core/crypto/bearssl/gcm_ct64.c. */
#include "tests/unit/core/crypto/gcm_test.c"
