/* SPDX-License-Identifier: MIT */
/* The owner against a module whose key comes from its chip (sdk/session_chip.c). */
#define IS_AGREEMENT false
#include "tests/unit/deploy/manager_cases.h"
